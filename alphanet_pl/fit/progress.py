"""What one fit shows: a line an epoch that stays, and on a terminal a bar with the time left."""

import logging
import sys
import time
import warnings
from typing import Any

import lightning.pytorch as pl
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from datamodules.base.words import duration, log


class Display(pl.Callback):
    """A caller's own display of many fits: a fit that is given one shows nothing itself."""


class EpochLines(pl.Callback):
    """One line an epoch, and one that says where a resumed fit goes on."""

    def say(self, line: str) -> None:
        """Print a line."""
        log(line)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Say where a resumed fit goes on."""
        if trainer.is_global_zero and trainer.global_step:
            self.say(
                f"resumed: goes on in epoch {trainer.current_epoch}, step {trainer.global_step}"
            )

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Say how the epoch went, and how long it has been since the best one."""
        if not trainer.is_global_zero:
            return
        values = trainer.callback_metrics
        figures = [f"{name} {float(value):.4f}" for name, value in values.items()]
        waited, patience = _waited(trainer)
        figures.append(
            f"{waited} of {patience} without a better one" if waited else "the best so far"
        )
        self.say("  ".join([f"epoch {trainer.current_epoch}", *figures]))


class EpochBar(EpochLines):
    """The same lines on a terminal, and below them the steps of the epoch and the time left."""

    def __init__(self) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[left]}"),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("", left="")
        self._begun, self._first = 0.0, 0

    def say(self, line: str) -> None:
        """Print a line above the bar."""
        self._bar.console.print(line, highlight=False, markup=False, soft_wrap=True)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Begin to show."""
        self._begun, self._first = time.monotonic(), trainer.current_epoch
        self._bar.start()
        super().on_train_start(trainer, pl_module)

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Show the step."""
        self._bar.update(
            self._task,
            description=f"epoch {trainer.current_epoch}",
            completed=batch_idx + 1,
            total=int(trainer.num_training_batches),
        )

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Say the epoch's line, and work out the time left."""
        super().on_train_epoch_end(trainer, pl_module)
        done = trainer.current_epoch + 1 - self._first
        self._bar.update(self._task, left=_left(trainer, (time.monotonic() - self._begun) / done))

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Take the bar away."""
        self._bar.stop()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Take the bar away."""
        self._bar.stop()


def _waited(trainer: pl.Trainer) -> tuple[int, int]:
    """Epochs since the best one, and how many early stopping allows; it looks at this one later."""
    stopping = trainer.early_stopping_callback
    assert stopping is not None
    value = trainer.callback_metrics[stopping.monitor]
    better = stopping.monitor_op(value, stopping.best_score.to(value.device))
    return 0 if better else stopping.wait_count + 1, stopping.patience


def _left(trainer: pl.Trainer, per_epoch: float) -> str:
    """From no better epoch any more to as many as there may be."""
    assert trainer.max_epochs is not None
    most = trainer.max_epochs - trainer.current_epoch - 1
    waited, patience = _waited(trainer)
    spans = [duration(epochs * per_epoch) for epochs in (min(most, patience - waited), most)]
    return f"{' to '.join(dict.fromkeys(spans))} left"


def quiet() -> None:
    """Keep advertising, diaries and warnings about what is meant here off the screen."""
    for name in (
        "lightning.pytorch.utilities.rank_zero",
        "lightning.fabric.utilities.seed",
        "lightning.fabric.utilities.distributed",
        "mlflow.store.db.utils",
    ):
        logging.getLogger(name).setLevel(logging.WARNING)
    # "Experiment with name ... not found. Creating it." reads as the user's mistake.
    logging.getLogger("lightning.pytorch.loggers.mlflow").setLevel(logging.ERROR)
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
    """The display that fits where the output goes."""
    return EpochBar() if wanted and sys.stderr.isatty() else EpochLines()
