"""A loss that is no number in one process of two: both stop, and each says what it saw."""

import os
import socket
from pathlib import Path

import torch
from helpers.warm import spawn

from alphanet_pl.config.compose import load_settings
from alphanet_pl.config.settings import Settings
from alphanet_pl.fit.train import train
from alphanet_pl.fit.trainer import leave_group
from alphanet_pl.model.losses import Loss
from datamodules.base.errors import FitError
from datamodules.base.files import read_json


def rank_of_two(rank: int, port: int, job: Settings) -> None:
    """The second process alone meets a loss that is nan."""
    os.environ |= {"LOCAL_RANK": str(rank), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    selection = Loss.selection
    if rank:
        Loss.selection = lambda self, *given: selection(self, *given) * torch.nan
    try:
        train(job)
    except FitError as error:
        Path(f"{job.runs}/rank{rank}").write_text(error.given)
    leave_group()


def test_all_processes_stop_alike(small_panel, tmp_path):
    words = (
        "variant=v2.1", f"runs={tmp_path}", f"data.panel={small_panel.path}", "asof=2012-01-10",
        "data.in_sample_days=180", "data.dates_per_step=2", "trainer.devices=2",
        "trainer.max_epochs=2", "trainer.learning_rate=1e-3", "trainer.accelerator=cpu",
        "trainer.threads=1", "trainer.progress=false",
    )  # fmt: skip
    job = load_settings("train", words)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    spawn(rank_of_two, (port, job), ranks=2)
    said = [(Path(job.runs) / f"rank{rank}").read_text() for rank in (0, 1)]
    assert said == [
        "the validation loss is not finite any more (epoch 0)",
        "the validation loss is nan (epoch 0)",
    ]
    (record,) = tmp_path.glob("*/*/*/*/fit.json")
    assert read_json(record)["status"] == "failed"
