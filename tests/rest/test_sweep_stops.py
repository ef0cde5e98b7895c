"""What every trial would meet ends the sweep at once, with one sentence."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from helpers.small_study import ASOF, Study, call

from alphanet_pl.config.compose import load_settings
from datamodules.panel import Panel
from sweeps.plan import plan
from sweeps.trial import FATAL, Work, package_root, run_trial, worker_settings

AXES = ("sweep=dropout", "sweep.axes.model.n=[6]", "sweep.axes.seed=[0,1]")


def _asof(study: Study) -> str:
    return f"asof={Panel.open(study.runs / 'demo' / 'panel.zarr').dates[ASOF]}"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 300 kB: too small for one checkpoint."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"this account may not mount a small disk: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture(autouse=True)
def outside_of_slurm(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trial forgets the job that it is in; a test gets it back."""
    for name in [name for name in os.environ if name.startswith("SLURM_")]:
        monkeypatch.delenv(name)


def test_a_full_disk_is_told_apart_from_a_trial_that_fails(study, small_disk):
    words = study.words("sweep", *AXES, _asof(study), f"data.panel={study.runs}/demo/panel.zarr")
    (one, _) = plan(load_settings("sweep", [*words[1:], f"runs={small_disk}"]))
    settings = worker_settings(one.trial.settings, cpus=1, gpus=0, group="g")
    work = Work(settings, small_disk / "trial.log", report_epochs=False, package=package_root())
    result = run_trial({"trial": one.trial.name}, {one.trial.name: work})
    assert result[FATAL].startswith("the disk is full"), result


def test_a_disk_without_room_for_a_trials_log_is_full_too(study, small_disk):
    with suppress(OSError), (small_disk / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4096))
    work = Work(
        load_settings("train", []),
        small_disk / "logs" / "trial.log",
        report_epochs=False,
        package=package_root(),
    )
    result = run_trial({"trial": "one"}, {"one": work})
    assert result[FATAL].startswith("the disk is full"), result


def test_a_damaged_panel_ends_the_sweep_with_one_sentence(study, tmp_path, capfd):
    panel = tmp_path / "panel.zarr"
    shutil.copytree(study.runs / "demo" / "panel.zarr", panel)
    (shard,) = [path for path in panel.glob("features/c/0/*/0") if path.is_file()][:1]
    content = bytearray(shard.read_bytes())
    content[len(content) // 3] ^= 0xFF
    shard.write_bytes(content)
    words = (*AXES, _asof(study), f"data.panel={panel}", "experiment=damaged_panel")
    assert call(study, "sweep", *words) == 1
    said = capfd.readouterr().err
    assert "error: 2 of 2 trials missing: array 'features' is damaged in" in said
    assert "HINT: " in said
    assert "Traceback" not in said
