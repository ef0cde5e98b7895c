"""Two processes that train one fit: one is signalled, one is killed, and the fit goes on."""

import os
import signal
import socket
import time

import pandas as pd
import pytest
import torch
from helpers.small_study import ASOF, Study
from helpers.waiting import epochs_of, until
from helpers.warm import Warm

from datamodules.panel import Panel

EPOCHS = 8
"""Of them the last five are left when a rank is killed or signalled."""
RANKS = 2


@pytest.fixture(scope="session")
def words(study):
    asof = Panel.open(study.runs / "demo" / "panel.zarr").dates[ASOF]
    return (
        "variant=v2.1",
        f"asof={asof}",
        f"trainer.max_epochs={EPOCHS}",
        f"data.dates_per_step={RANKS}",
    )


@pytest.fixture
def scontrol(tmp_path):
    """Slurm's command, noting what it is asked for."""
    script = tmp_path / "scontrol"
    script.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/asked\n')
    script.chmod(0o755)
    return tmp_path / "asked"


def start(study: Study, folder, *words: str) -> list[Warm]:
    """The tasks of a step as srun starts them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    job = {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "OMP_NUM_THREADS": "1",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "SLURM_JOB_ID": "77",
        "SLURM_STEP_ID": "0",
        "SLURM_NODEID": "0",
        "SLURM_NNODES": "1",
        "SLURM_NTASKS": str(RANKS),
        "SLURM_NTASKS_PER_NODE": str(RANKS),
    }
    return [
        Warm(
            study.words("train", *words),
            os.environ | job | {"SLURM_PROCID": str(rank), "SLURM_LOCALID": str(rank)},
        )
        for rank in range(RANKS)
    ]


def await_checkpoint(study: Study, experiment: str, ranks) -> None:
    until(lambda: list(study.runs.glob(f"{experiment}/*/*/*/last.ckpt")), *ranks)


def folder_of(study: Study, experiment: str):
    (folder,) = (path.parent for path in study.runs.glob(f"{experiment}/*/*/*/fit.json"))
    return folder


@pytest.fixture(scope="session")
def local(study, words):
    """What two processes say that Lightning starts, outside of Slurm: the undisturbed fit.

    Once a session, not a module: pytest runs the kills of all files first, and would start a fit
    again that is done.
    """
    process = study.start("train", *words, "experiment=local", f"trainer.devices={RANKS}")
    said, err = process.communicate()
    assert process.returncode == 0, err
    return said, err


@pytest.fixture(scope="session")
def undisturbed(study, local):
    return folder_of(study, "local")


def ends_like(folder, undisturbed) -> None:
    one, other = (
        torch.load(place / "last.ckpt", weights_only=True) for place in (undisturbed, folder)
    )
    assert one["global_step"] == other["global_step"]
    torch.testing.assert_close(other["state_dict"], one["state_dict"], rtol=1e-6, atol=1e-6)
    rows = [pd.read_csv(place / "metrics.csv") for place in (undisturbed, folder)]
    pd.testing.assert_frame_equal(*rows, rtol=1e-6, atol=1e-6)


def finish(study: Study, folder, words) -> None:
    """Both ranks to their end; the first speaks for both."""
    ranks = start(study, folder, *words)
    (said, first), (quiet, second) = (rank.communicate() for rank in ranks)
    assert [rank.returncode for rank in ranks] == [0, 0], first + second
    assert said.count("fit: ") == 1
    assert quiet + second == ""


def test_processes_that_lightning_starts_speak_with_one_voice(local):
    said, err = local
    assert said.count("fit: ") == 1
    trained, *epochs = err.splitlines()
    assert trained.startswith("train v2.1 seed 0 as of ")
    assert [line.split()[:2] for line in epochs] == [
        ["epoch", str(epoch)] for epoch in range(EPOCHS)
    ]


def test_a_signal_to_one_rank_stops_both_at_the_same_step(study, words, undisturbed, scontrol):
    words = (*words, "experiment=signalled")
    ranks = start(study, scontrol.parent, *words)
    await_checkpoint(study, "signalled", ranks)
    ranks[1].send_signal(signal.SIGUSR1)
    (_, first), (said, second) = (rank.communicate() for rank in ranks)
    assert [rank.returncode for rank in ranks] == [75, 0], first + second
    saved = torch.load(folder_of(study, "signalled") / "last.ckpt", weights_only=True)
    sentence = f"requeued: job 77 continues at epoch {saved['epoch']}, step {saved['global_step']}"
    assert first.splitlines()[-1] == sentence
    assert said + second == ""
    assert scontrol.read_text() == "requeue 77\n"
    finish(study, scontrol.parent, words)
    ends_like(folder_of(study, "signalled"), undisturbed)


@pytest.mark.parametrize("victim", range(RANKS))
def test_a_rank_killed_at_a_random_moment_ends_the_other_within_a_minute_and_the_fit_resumes(
    study, words, undisturbed, scontrol, victim, kill, chance
):
    experiment = f"killed_{victim}_{kill}"
    words = (*words, f"experiment={experiment}")
    ranks = start(study, scontrol.parent, *words)
    await_checkpoint(study, experiment, ranks)
    # Not after a time alone: on a fast machine the fit would be done.
    epochs = chance.randint(1, 3)
    until(lambda: epochs_of(folder_of(study, experiment)) >= epochs, *ranks)
    time.sleep(chance.uniform(0, 0.1))
    ranks[victim].kill()
    survivor = ranks[1 - victim]
    _, err = survivor.communicate(timeout=60)
    ranks[victim].communicate()
    assert survivor.returncode == 1
    who = "[rank 1] " if victim == 0 else ""
    assert f"{who}error: process {1 - victim} of {RANKS} has lost another" in err
    assert "Traceback" not in err
    assert err.splitlines()[-1].startswith("HINT: ")
    finish(study, scontrol.parent, words)
    ends_like(folder_of(study, experiment), undisturbed)
