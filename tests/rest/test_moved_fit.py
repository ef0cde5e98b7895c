"""A fit that is interrupted, moved and resumed: the weights of an undisturbed one."""

import lightning.pytorch as pl
import pytest
import torch

from alphanet_pl.config.compose import load_settings
from alphanet_pl.fit.train import train


class StopAfter(pl.Callback):
    """Ctrl-C at the beginning of an epoch, once what the last one left has been written."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.current_epoch == self.epoch:
            raise KeyboardInterrupt


def settings_in(runs, panel):
    words = (
        "variant=v2.1", f"runs={runs}", f"data.panel={panel}", "asof=2012-01-10",
        "data.in_sample_days=180", "trainer.max_epochs=6", "trainer.learning_rate=1e-2",
        "trainer.accelerator=cpu", "trainer.threads=1", "trainer.progress=false",
    )  # fmt: skip
    return load_settings("train", words)


def test_a_fit_that_was_moved_ends_with_the_weights_of_an_undisturbed_one(small_panel, tmp_path):
    whole = train(settings_in(tmp_path / "whole", small_panel.path))
    assert whole.record["best_epoch"] < 3  # else a forgotten best would not show
    with pytest.raises(KeyboardInterrupt):
        train(settings_in(tmp_path / "here", small_panel.path), callbacks=[StopAfter(3)])
    (tmp_path / "here").rename(tmp_path / "there")
    moved = train(settings_in(tmp_path / "there", small_panel.path))
    assert moved.record["best_epoch"] == whole.record["best_epoch"]
    ours, theirs = (
        torch.load(fit.folder / "best.ckpt", weights_only=True)["state_dict"]
        for fit in (moved, whole)
    )
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
