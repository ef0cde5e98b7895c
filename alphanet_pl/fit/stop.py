"""How a fit ends early: all processes together on a signal, or because one of them is lost."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
import torch.distributed as dist

from alphanet_pl.job import signals
from alphanet_pl.job.signals import Interrupted
from alphanet_pl.job.world import World
from alphanet_pl.model.module import AlphaNetModule
from datamodules.base.errors import UnfinishedError

_SAID_BY_GLOO = ("gloo", "Connection closed by peer", "Connection reset by peer")
"""Gloo raises plain RuntimeErrors; NCCL and the store raise DistError."""


class StopRequested(Exception):
    """A fit that a signal asked to stop, whose progress is saved.

    Attributes:
        request: signals.STOP or signals.REQUEUE.
        where: How far it is, in words.
    """

    def __init__(self, request: int, where: str) -> None:
        super().__init__(where)
        self.request, self.where = request, where


def answer_stop(stop: StopRequested, world: World) -> Interrupted:
    """Have the job requeued where that is right, once all of the fit is written and sent.

    A requeue ends what still runs of the job, so it comes last: a logger would lose what it had
    not sent yet. All processes call this; one that ends earlier would take the others with it.
    """
    first = world.rank == 0
    interrupted = signals.stop_or_requeue(stop.request, stop.where) if first else Interrupted("", 0)
    if world.size > 1:
        dist.barrier()
    return interrupted


class StopOnSignal(pl.Callback):
    """Saves a checkpoint where a signal asks for it, and ends the fit with `StopRequested`.

    Lightning's own answer to Slurm's signal saves inside the handler, which deadlocks when another
    process is inside a collective at that moment. Here all processes compare notes after each batch
    (the largest request counts), so all save the same step.

    Args:
        path: The checkpoint.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._train_loss: torch.Tensor | None = None

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Begin to note signals (Lightning has just set its own handler); continue the mean.

        Raises:
            UnfinishedError: The processes have resumed from different checkpoints.
        """
        signals.install()
        _check_alike(trainer)
        stopping = trainer.early_stopping_callback
        if stopping is not None and stopping.wait_count >= stopping.patience:
            # Lightning restores how long it has waited, and forgets that it had enough: a fit that
            # was killed just after its last epoch would train one more.
            trainer.should_stop = True
        if self._train_loss is not None:
            _module(pl_module).continue_train_loss(self._train_loss)
        self._train_loss = None

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Stop here if any process was asked to; after an epoch's last batch its end comes first.

        Raises:
            StopRequested: The checkpoint is written.
        """
        request = _agreed_request(trainer)
        last = trainer.fit_loop.epoch_loop.batch_progress.is_last_batch
        if request == signals.GO_ON or last:
            return
        self._train_loss = _module(pl_module).train_loss_so_far()
        trainer.save_checkpoint(self._path, weights_only=False)
        raise StopRequested(request, f"epoch {trainer.current_epoch}, step {trainer.global_step}")

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Keep the running mean of an epoch that is not at its end."""
        if self._train_loss is not None:
            checkpoint["train_loss"] = self._train_loss

    def on_load_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Take the running mean up again."""
        self._train_loss = checkpoint.get("train_loss")


@contextmanager
def peer_lost_explained(world: World) -> Iterator[None]:
    """Replace a backend's error by a sentence on the process that died or hangs.

    Raises:
        UnfinishedError: In its place; a fault of the fit itself stays what it is.
    """
    try:
        yield
    except RuntimeError as error:
        said = str(error).strip().splitlines() or [type(error).__name__]
        by_backend = isinstance(error, dist.DistError) or any(
            word in said[0] for word in _SAID_BY_GLOO
        )
        if world.size == 1 or not by_backend:
            raise
        raise UnfinishedError(
            f"process {world.rank} of {world.size} has lost another ({_first_sentence(said[0])})",
            "the processes of a fit train together; what was saved at the last epoch is intact",
            "the lost one's own lines, or the node's log, say why; the same command continues",
        ) from error


def _first_sentence(said: str) -> str:
    """A backend's words, without the place in its source before and good wishes after them."""
    return re.split(r"[.!] ", re.sub(r"^\[[^]]*\.\w+:\d+\] ", "", said))[0].rstrip(".")


def _agreed_request(trainer: pl.Trainer) -> int:
    if trainer.world_size == 1:
        return signals.pending_request()
    request = torch.tensor(signals.pending_request(), device=trainer.strategy.root_device)
    dist.all_reduce(request, dist.ReduceOp.MAX)
    return int(request)


def _check_alike(trainer: pl.Trainer) -> None:
    """Each process finds its checkpoint itself, and a shared disk may show one of them less."""
    if trainer.world_size == 1:
        return
    mine = torch.tensor([trainer.current_epoch, trainer.global_step])
    mine = mine.to(trainer.strategy.root_device)
    least, most = mine.clone(), mine.clone()
    dist.all_reduce(least, dist.ReduceOp.MIN)
    dist.all_reduce(most, dist.ReduceOp.MAX)
    if not torch.equal(least, most):
        raise UnfinishedError(
            f"the processes resumed from steps {int(least[1])} to {int(most[1])}",
            "they train together from one checkpoint, which the shared disk showed to some only",
            "the same command again",
        )


def _module(pl_module: pl.LightningModule) -> AlphaNetModule:
    assert isinstance(pl_module, AlphaNetModule)
    return pl_module
