"""Shares of a GPU on a real Ray, whose GPUs are only counted: the fits compute on the CPU."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
import ray
from helpers.small_study import ASOF, Study, call
from ray.cluster_utils import Cluster

from datamodules.panel import Panel

pytestmark = pytest.mark.long
EPOCHS = 24
"""A fit outlasts the start of the other worker many times, whatever else is on the cores."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """Address of two nodes: two cores with one GPU, three cores without."""
    made = Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 2, "num_gpus": 1, "include_dashboard": False},
    )
    try:
        made.add_node(num_cpus=3, num_gpus=0)
        yield made.address
    finally:
        ray.shutdown()
        made.shutdown()


@pytest.fixture(scope="module")
def sweep(study: Study, cluster: str) -> Callable[..., int]:
    """Run a sweep of two seeds on the cluster; its status."""
    asof = Panel.open(study.runs / "demo" / "panel.zarr").dates[ASOF]
    axes = ("sweep=dropout", "sweep.axes.model.n=[6]", "sweep.axes.seed=[0,1]", f"asof={asof}")
    place = (f"ray.address='{cluster}'", "ray.nodes=2", "experiment=shared")

    def run(*overrides: str) -> int:
        return call(study, "sweep", *axes, *place, *overrides)

    return run


@dataclass(frozen=True)
class Shared:
    """Logs of two trials that asked for half a GPU each."""

    logs: list[Path]

    def texts(self) -> list[str]:
        return [path.read_text(encoding="utf-8") for path in self.logs]


@pytest.fixture(scope="module")
def shared(sweep: Callable[..., int], study: Study) -> Shared:
    long = (f"trainer.max_epochs={EPOCHS}", f"trainer.patience={EPOCHS}")
    assert sweep("sweep.gpus_per_trial=0.5", *long) == 0
    return Shared(sorted((study.runs / "shared/sweeps/dropout/logs").glob("*.log")))


def test_two_trials_that_share_a_gpu_run_at_once(shared):
    begun = [datetime.fromisoformat(text.split()[1]).timestamp() for text in shared.texts()]
    ended = [path.stat().st_mtime for path in shared.logs]
    assert len(begun) == 2
    assert max(begun) < min(ended)
    assert len(set(re.findall(r"process (\d+)", "".join(shared.texts())))) == 2


def test_both_see_the_same_gpu_and_no_other(shared):
    assert [re.findall(r"^GPU (.*)$", text, re.MULTILINE) for text in shared.texts()] == [
        ["0"], ["0"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "lacks", "hint"),
    [
        (("sweep.cpus_per_trial=4",), "the largest node of the cluster has 3 cores",
         "sweep.cpus_per_trial=3"),
        (("sweep.cpus_per_trial=3", "sweep.gpus_per_trial=0.25"),
         "nodes of the cluster that have a GPU have at most 2 cores", "sweep.cpus_per_trial=2"),
    ],
    ids=["cores", "cores beside a GPU"],
)  # fmt: skip
def test_what_no_node_has_is_refused_and_not_waited_for(sweep, capfd, asked, lacks, hint):
    assert sweep(*asked, "trainer.threads=null", "experiment=refused") == 2
    said = capfd.readouterr().err
    assert lacks in said
    assert f"HINT: {hint}" in said


def test_a_share_of_a_gpu_where_there_is_none_is_refused(study, capfd):
    asof = Panel.open(study.runs / "demo" / "panel.zarr").dates[ASOF]
    words = ("sweep=seeds", "variant=v2.1", f"asof={asof}", "experiment=refused")
    assert call(study, "sweep", *words, "sweep.gpus_per_trial=0.5") == 2
    said = capfd.readouterr().err
    assert "Ray sees 0 GPUs on the best node" in said
    assert "HINT: sweep.gpus_per_trial=0" in said
