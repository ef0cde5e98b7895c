"""A bar on a terminal, one line an epoch elsewhere."""

import logging
import sys
import warnings

import lightning.pytorch as pl
from lightning.pytorch.callbacks import RichProgressBar

from datamodules.base.words import log


class Display(pl.Callback):
    """A caller's own display of many fits: a fit that is given one shows nothing itself."""


class EpochLines(pl.Callback):
    """One line an epoch, for logs."""

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Say how the epoch went."""
        if trainer.is_global_zero:
            values = trainer.callback_metrics
            figures = "  ".join(f"{name} {float(value):.4f}" for name, value in values.items())
            log(f"epoch {trainer.current_epoch}  {figures}")


def quiet() -> None:
    """Keep Lightning's advertising and its warnings about what is meant here off the screen."""
    for name in (
        "lightning.pytorch.utilities.rank_zero",
        "lightning.fabric.utilities.seed",
        "lightning.fabric.utilities.distributed",
    ):
        logging.getLogger(name).setLevel(logging.WARNING)
    for message in (
        ".*does not have many workers.*",  # gathering a picture from memory takes a millisecond
        ".*exists and is not empty.*",  # a fit folder is where a resumed fit belongs
        ".*`srun` command is available.*",  # read_world says what is wrong, if anything is
        ".*broadcast_buffers. is deprecated.*",  # its successor is not in every torch served
        ".*your dataloader is not resumable.*",  # the sampler skips what a resumed epoch has taken
        ".*smaller than the logging interval.*",  # curves are of whole epochs
        ".*Encountered `nan` values in tensor.*",  # FiniteLoss ends the fit with a better sentence
        ".*isinstance\\(treespec, LeafSpec\\).*",
    ):
        warnings.filterwarnings("ignore", message)


def progress_callback(wanted: bool) -> pl.Callback:
    """The progress display that fits where the output goes."""
    if wanted and sys.stderr.isatty():
        return RichProgressBar(leave=False)
    return EpochLines()
