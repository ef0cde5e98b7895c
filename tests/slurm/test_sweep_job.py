"""slurm/sweep.sh: Ray over the nodes of a job, and trials on each of them."""

from pathlib import Path

import pandas as pd
import pytest
from helpers.slurm_jobs import FIT, TWO, Site, records, states

pytestmark = pytest.mark.timeout(2400)  # Ray starts three times, on whatever cores are left

SWEEP = ("sweep=dropout", "sweep.axes.model.n=[6,8]", "sweep.axes.seed=[0,1]", *FIT[:2], FIT[3])
"""Two trials a node, whose job has one core there: what is signalled has some left to do."""
LONG = ("trainer.max_epochs=12", "trainer.patience=12")


TIMED = ["seconds", "seconds_per_epoch", "folder"]


@pytest.fixture(scope="module")
def swept(site: Site) -> pd.DataFrame:
    """The table of a sweep over two nodes that nothing disturbed."""
    job = site.submit(TWO, *SWEEP, *LONG, "experiment=sweep", script="sweep.sh")
    assert site.ends(job, seconds=800) == "COMPLETED", site.log(job)
    return _table(site, "sweep")


def test_a_sweep_runs_on_all_nodes_of_its_job(site, swept):
    assert swept["status"].tolist() == ["done"] * 4
    logs = (site.runs / "sweep" / "sweeps" / "dropout" / "logs").glob("*.log")
    assert len({path.read_text(encoding="utf-8").split()[2] for path in logs}) == 2


def test_a_signal_before_the_time_limit_requeues_the_sweep_which_goes_on_on_another_node(
    site, swept
):
    job = _on_node1(site, "moved")
    site.call(["scancel", "--batch", "--signal=USR1", job])  # as --signal=B:USR1@120 has Slurm do
    _to_node2(site, job)
    _ends_on_node2(site, job, "moved", swept)
    assert records(job)[0]["Restarts"] == "1"
    assert f"requeued: job {job} does what is left" in site.log(job)


@pytest.mark.long
def test_a_sweep_whose_node_is_taken_goes_on_on_another_and_ends_with_the_same_table(site, swept):
    job = _on_node1(site, "taken")
    site.call(["scontrol", "requeuehold", job])
    _to_node2(site, job)
    site.call(["scontrol", "release", job])
    _ends_on_node2(site, job, "taken", swept)


def _on_node1(site: Site, experiment: str) -> str:
    """A sweep that has begun on one node."""
    one = ("--nodes=1", "--ntasks-per-node=1", "--cpus-per-task=2", "--nodelist=node1")
    job = site.submit(one, *SWEEP, *LONG, f"experiment={experiment}", script="sweep.sh")
    site.until(lambda: _begun(site, experiment), job, seconds=800)
    return job


def _to_node2(site: Site, job: str) -> None:
    """Once it waits to run again, let it do so elsewhere."""
    site.until(lambda: states(job) == ["PENDING"], job)
    site.call(["scontrol", "update", f"JobId={job}", "ReqNodeList=node2"])


def _ends_on_node2(site: Site, job: str, experiment: str, swept: pd.DataFrame) -> None:
    """It completes there, quietly, with the table of a sweep that nothing disturbed."""
    assert site.ends(job, seconds=800) == "COMPLETED", site.log(job)
    assert records(job)[0]["NodeList"] == "node2"
    assert "failed and is tried again" not in site.log(job)
    assert "ray stop" not in site.log(job)
    table = _table(site, experiment)
    pd.testing.assert_frame_equal(table.drop(columns=TIMED), swept.drop(columns=TIMED))


def test_a_mistake_in_a_sweep_fails_its_job(site):
    words = ("sweep.axes.model.n=[6,16]", "sweep=dropout", "experiment=mistake")
    job = site.submit(TWO, *words, script="sweep.sh")
    assert site.ends(job) == "FAILED", site.log(job)
    assert "HINT: sweep.axes.model.n=[15]" in site.log(job)


def _table(site: Site, experiment: str) -> pd.DataFrame:
    return pd.read_csv(site.runs / experiment / "sweeps" / "dropout" / "trials.csv")


def _begun(site: Site, experiment: str) -> list[Path]:
    """Fits that have ended an epoch."""
    return list(site.runs.glob(f"{experiment}/*/*/*/metrics.csv"))
