import re
import shutil
import signal
import subprocess
import time
from contextlib import suppress

import pandas as pd
import pytest
import torch
from helpers.small_study import ASOF, Study, call
from helpers.waiting import epochs_of, until

from alphanet_pl.fit.folder import is_whole
from datamodules.base.files import read_json, write_json
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


def _as_a_kill_leaves_it(folder) -> None:
    """Let a fit that is done look like one that was killed before it could say so."""
    write_json(
        folder / "fit.json",
        read_json(folder / "fit.json") | {"status": "running", "metrics": None},
    )


def _await(study, process, pattern: str) -> None:
    """Wait until a fit has written a file, and is in its next epoch."""
    until(lambda: list(study.runs.glob(pattern)), process)


def _await_nearly_done(study: Study, experiment: str, seconds: float) -> None:
    """Wait, but on a fast machine not so long that the fit is done."""
    folder, end = _folder(study, experiment), time.monotonic() + seconds
    while time.monotonic() < end and epochs_of(folder) < EPOCHS - 2:
        time.sleep(0.01)


def test_a_fit_killed_at_random_moments_ends_with_the_same_weights(
    study, words, undisturbed, kill, chance
):
    """The first kill lands in training; others wherever they happen to, start-up included."""
    experiment = f"killed_{kill}"
    for again in range(4):
        process = study.start("train", *words, "seed=1", f"experiment={experiment}")
        if again:
            _await_nearly_done(study, experiment, seconds=chance.uniform(1, 5))
        else:
            _await(study, process, f"{experiment}/*/*/*/last.ckpt")
            time.sleep(chance.uniform(0, 0.2))
        process.kill()
        process.communicate()
    folder = _folder(study, experiment)
    assert epochs_of(folder) < EPOCHS
    _finish(study, *words, "seed=1", f"experiment={experiment}")
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
    _, err = process.communicate()
    assert process.returncode == status, err
    folder = _folder(study, name)
    saved = torch.load(folder / "last.ckpt", weights_only=True)
    steps = saved["loops"]["fit_loop"]["epoch_loop.batch_progress"]["current"]["processed"]
    sentence = f"epoch {saved['epoch']}, step {saved['global_step']}"
    assert sentence in err
    assert ("requeue 77" in slurm_job.read_text()) == (status == 75)
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
    _, err = process.communicate()
    assert process.returncode == 0, err
    _ends_like(_folder(study, "stale"), undisturbed)


def test_a_fit_killed_after_its_early_stop_trains_no_further_epoch(study, words):
    patient = (*words, "seed=1", "experiment=patient", "trainer.patience=1")
    _finish(study, *patient, "trainer.max_epochs=50")
    folder = _folder(study, "patient")
    kept = folder.with_name("kept")
    shutil.copytree(folder, kept)
    record, losses = read_json(folder / "fit.json"), pd.read_csv(folder / "metrics.csv")["val/loss"]
    assert losses.idxmin() == record["best_epoch"]
    assert 1 < epochs_of(folder) == record["best_epoch"] + 2 < 50  # one epoch of patience
    _as_a_kill_leaves_it(folder)
    _finish(study, *patient, "trainer.max_epochs=50")
    assert read_json(folder / "fit.json")["metrics"] == read_json(kept / "fit.json")["metrics"]
    _ends_like(folder, kept)


def test_sigterm_outside_of_slurm_is_like_ctrl_c(study, words, undisturbed):
    process = study.start("train", *words, "seed=1", "experiment=term")
    _await(study, process, "term/*/*/*/last.ckpt")
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate()
    assert process.returncode == 130
    said = r"interrupted at epoch \d, step \d+: the same command continues where it stopped"
    assert re.fullmatch(said, err.splitlines()[-1])
    _finish(study, *words, "seed=1", "experiment=term")
    _ends_like(_folder(study, "term"), undisturbed)


def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(study, words, undisturbed, capsys):
    _finish(study, *words, "seed=1", "experiment=damaged")
    folder = _folder(study, "damaged")
    _as_a_kill_leaves_it(folder)
    last = folder / "last.ckpt"
    last.write_bytes(last.read_bytes()[:1000])
    capsys.readouterr()
    _finish(study, *words, "seed=1", "experiment=damaged")
    assert "last.ckpt is damaged" in capsys.readouterr().err
    _ends_like(folder, undisturbed)


def test_a_second_command_on_the_same_fit_is_refused(study, words, capsys):
    first = study.start("train", *words, "seed=1", "experiment=twice")
    _await(study, first, "twice/*/*/*/last.ckpt")
    first.send_signal(signal.SIGSTOP)  # cannot finish before the second has asked
    assert call(study, "train", *words, "seed=1", "experiment=twice") == 2
    assert f"is being trained by process {first.pid} on" in capsys.readouterr().err
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
    until(lambda: list(small_disk.glob("*/*/*/*/last.ckpt")), process)
    with suppress(OSError), (small_disk / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4096))
    _, err = process.communicate()
    assert process.returncode == 2, err
    (folder,) = small_disk.glob("*/*/*/*")
    assert f"error: {folder} cannot be written to (No space left on device)" in err
    assert "Traceback" not in err
    assert is_whole(folder / "last.ckpt")
    (small_disk / "filler").unlink()
    _finish(study, *words, "seed=1", *place, "variant=v2.1")
    _finish(study, *words, "seed=1", "experiment=roomy", "variant=v2.1")
    _ends_like(folder, _folder(study, "roomy"))


@pytest.mark.parametrize("residency", ["stream", "disk", "device"])
def test_where_the_panel_lives_does_not_change_the_weights(study, words, undisturbed, residency):
    _finish(study, *words, "seed=1", f"experiment={residency}", f"data.residency={residency}")
    one, other = (
        torch.load(place / "best.ckpt", weights_only=True)["state_dict"]
        for place in (undisturbed, _folder(study, residency))
    )
    assert all(torch.equal(one[key], other[key]) for key in one)
    assert _folder(study, residency).name == undisturbed.name
