import random
import shutil
import signal
import subprocess
import time
from contextlib import suppress

import pandas as pd
import pytest
import torch
from helpers.small_study import ASOF, Study, call

from alphanet_pl.checkpoints import is_whole
from alphanet_pl.files import read_json, write_json
from datamodules.panel import Panel

EPOCHS = 6


@pytest.fixture(scope="module")
def words(study):
    asof = Panel.open(study.runs / "demo" / "panel.zarr").dates[ASOF]
    return ("variant=v2", f"asof={asof}", f"trainer.max_epochs={EPOCHS}", "experiment=resume")


@pytest.fixture(scope="module")
def undisturbed(study, words):
    _finish(study, *words, "seed=1", "experiment=undisturbed")
    return _folder(study, "undisturbed")


def _folder(study: Study, experiment: str):
    (folder,) = (path.parent for path in study.runs.glob(f"{experiment}/*/*/*/fit.json"))
    return folder


def _rows(folder) -> int:
    path = folder / "metrics.csv"
    return len(pd.read_csv(path)) if path.is_file() else 0


def _finish(study: Study, *words: str) -> None:
    """Run a fit to its end, in this process: no start-up time."""
    assert call(study, "train", *words) == 0


def _ends_like(folder, undisturbed) -> None:
    """Bit for bit: weights, best weights and every epoch's metrics."""
    for name in ("best.ckpt", "last.ckpt"):
        one, other = (
            torch.load(place / name, weights_only=True)["state_dict"]
            for place in (undisturbed, folder)
        )
        assert all(torch.equal(one[key], other[key]) for key in one)
    pd.testing.assert_frame_equal(
        pd.read_csv(undisturbed / "metrics.csv"), pd.read_csv(folder / "metrics.csv")
    )
    assert not (folder / "lock.json").exists()


def _await(study, process, pattern: str) -> None:
    """Wait until a fit has written a file, and is in its next epoch."""
    deadline = time.monotonic() + 120
    while not list(study.runs.glob(pattern)):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_fit_killed_at_random_moments_ends_with_the_same_weights(study, words, undisturbed):
    """The first kill lands in training; others wherever they happen to, start-up included."""
    chance = random.Random(20)
    for kill in range(4):
        process = study.start("train", *words, "seed=1", "experiment=killed")
        if kill == 0:
            _await(study, process, "killed/*/*/*/last.ckpt")
            time.sleep(chance.uniform(0, 0.2))
        else:
            time.sleep(chance.uniform(1, 5))
        process.kill()
        process.communicate()
    folder = _folder(study, "killed")
    assert _rows(folder) < EPOCHS
    _finish(study, *words, "seed=1", "experiment=killed")
    _ends_like(folder, undisturbed)


@pytest.mark.parametrize(
    ("number", "state", "status"),
    [
        (signal.SIGUSR1, "RUNNING", 75),
        (signal.SIGTERM, "RUNNING", 75),  # preempted
        (signal.SIGTERM, "COMPLETING", 143),
    ],
)
def test_a_signal_from_slurm_stops_an_epoch_that_another_run_ends_alike(
    study, words, undisturbed, slurm_job, monkeypatch, number, state, status
):
    monkeypatch.setenv("STATE", state)
    name = f"{number.name}_{state}"
    process = study.start("train", *words, "seed=1", f"experiment={name}", "logger=wandb")
    _await(study, process, f"{name}/*/*/*/last.ckpt")
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == status, err
    folder = _folder(study, name)
    saved = torch.load(folder / "last.ckpt", weights_only=True)
    steps = saved["loops"]["fit_loop"]["epoch_loop.batch_progress"]["current"]["processed"]
    sentence = f"epoch {saved['epoch']}, step {saved['global_step']}"
    assert sentence in err
    assert slurm_job.exists() == (status == 75)
    run_id = (folder / "wandb_id").read_text()
    monkeypatch.delenv("SLURM_JOB_ID")
    _finish(study, *words, "seed=1", f"experiment={name}", "logger=wandb")
    assert (folder / "wandb_id").read_text() == run_id
    assert {path.name.rpartition("-")[2] for path in folder.glob("wandb/offline-run-*")} == {run_id}
    assert steps > 0
    _ends_like(folder, undisturbed)


def test_a_checkpoint_that_lightning_left_on_slurm_is_not_resumed(
    study, words, undisturbed, slurm_job, monkeypatch, tmp_path
):
    """Told nothing, Lightning resumes the `hpc_ckpt` of the folder that a job is in: any run's."""
    monkeypatch.setenv("SLURM_NTASKS", "1")
    monkeypatch.chdir(tmp_path)
    shutil.copy(study.fits()[0] / "last.ckpt", tmp_path / "hpc_ckpt_1.ckpt")
    process = study.start("train", *words, "seed=1", "experiment=stale")
    _, err = process.communicate(timeout=100)
    assert process.returncode == 0, err
    _ends_like(_folder(study, "stale"), undisturbed)


def test_a_fit_killed_after_its_early_stop_trains_no_further_epoch(study, words):
    patient = (*words, "seed=1", "experiment=patient", "trainer.patience=1")
    _finish(study, *patient, "trainer.max_epochs=50")
    folder = _folder(study, "patient")
    kept = folder.with_name("kept")
    shutil.copytree(folder, kept)
    assert 1 < _rows(folder) < 50
    record = read_json(folder / "fit.json") | {"status": "running", "metrics": None}
    write_json(folder / "fit.json", record)  # as a kill at that moment leaves it
    _finish(study, *patient, "trainer.max_epochs=50")
    assert read_json(folder / "fit.json")["metrics"] == read_json(kept / "fit.json")["metrics"]
    _ends_like(folder, kept)


def test_sigterm_outside_of_slurm_is_like_ctrl_c(study, words, undisturbed):
    process = study.start("train", *words, "seed=1", "experiment=term")
    _await(study, process, "term/*/*/*/last.ckpt")
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.splitlines()[-1] == "interrupted: the same command continues where it stopped"
    _finish(study, *words, "seed=1", "experiment=term")
    _ends_like(_folder(study, "term"), undisturbed)


def _stopped(study, words, name: str):
    """A fit killed after two epochs or more."""
    process = study.start("train", *words, "seed=1", f"experiment={name}")
    _await(study, process, f"{name}/*/*/*/previous.ckpt")
    process.kill()
    process.communicate()
    return _folder(study, name)


def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(study, words, undisturbed):
    folder = _stopped(study, words, "damaged")
    last = folder / "last.ckpt"
    last.write_bytes(last.read_bytes()[:1000])
    process = study.start("train", *words, "seed=1", "experiment=damaged")
    _, err = process.communicate(timeout=100)
    assert process.returncode == 0, err
    assert "last.ckpt is damaged" in err
    _ends_like(folder, undisturbed)


def test_a_second_command_on_the_same_fit_is_refused(study, words):
    first = study.start("train", *words, "seed=1", "experiment=twice")
    _await(study, first, "twice/*/*/*/last.ckpt")
    first.send_signal(signal.SIGSTOP)  # cannot finish before the second has asked
    second = study.start("train", *words, "seed=1", "experiment=twice")
    _, err = second.communicate(timeout=60)
    assert second.returncode == 2
    assert f"is being trained by process {first.pid} on" in err
    first.kill()
    first.communicate()


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 2 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "none", folder], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_ends_in_a_sentence_and_costs_nothing_saved(
    study, words, undisturbed, small_disk
):
    place = (f"runs={small_disk}", f"data.panel={study.runs}/demo/panel.zarr")
    process = study.start("train", *words, "seed=1", *place, "variant=v2.1")
    deadline = time.monotonic() + 120
    while not list(small_disk.glob("*/*/*/*/last.ckpt")) and time.monotonic() < deadline:
        time.sleep(0.01)
    with suppress(OSError), (small_disk / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4096))
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2, err
    (folder,) = small_disk.glob("*/*/*/*")
    assert f"error: {folder} cannot be written to (No space left on device)" in err
    assert "Traceback" not in err
    assert is_whole(folder / "last.ckpt")
    (small_disk / "filler").unlink()
    _finish(study, *words, "seed=1", *place, "variant=v2.1")
    _finish(study, *words, "seed=1", "experiment=roomy", "variant=v2.1")
    _ends_like(folder, _folder(study, "roomy"))


@pytest.mark.parametrize("residency", ["stream", "device"])
def test_where_the_panel_lives_does_not_change_the_weights(study, words, undisturbed, residency):
    _finish(study, *words, "seed=1", f"experiment={residency}", f"data.residency={residency}")
    one, other = (
        torch.load(place / "best.ckpt", weights_only=True)["state_dict"]
        for place in (undisturbed, _folder(study, residency))
    )
    assert all(torch.equal(one[key], other[key]) for key in one)
    assert _folder(study, residency).name == undisturbed.name
