"""The callback that stops a fit between two batches, all of its processes together."""

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
import torch.distributed as dist

from alphanet_pl.job.signals import GO_ON, Interrupted, answer, asked, listen
from alphanet_pl.model.module import AlphaNetModule
from datamodules.base.errors import UnfinishedError


class Survive(pl.Callback):
    """Saves a checkpoint where a signal asks for it, and ends the fit with `Interrupted`.

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
        listen()
        _check_alike(trainer)
        stopping = trainer.early_stopping_callback
        if stopping is not None and stopping.wait_count >= stopping.patience:
            # Lightning restores how long it has waited, and forgets that it had enough: a fit that
            # was killed just after its last epoch would train one more.
            trainer.should_stop = True
        if self._train_loss is not None and trainer.is_global_zero:
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
            Interrupted: The checkpoint is written, and the job requeued where that is right.
        """
        request = _agreed(trainer)
        if request == GO_ON or trainer.fit_loop.epoch_loop.batch_progress.is_last_batch:
            return
        self._train_loss = _module(pl_module).train_loss_so_far()
        trainer.save_checkpoint(self._path, weights_only=False)
        where = f"epoch {trainer.current_epoch}, step {trainer.global_step}"
        stop = answer(request, where) if trainer.is_global_zero else Interrupted("", 0)
        # A process that ends earlier would take the one that is requeueing with it.
        trainer.strategy.barrier()
        raise stop

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


def _agreed(trainer: pl.Trainer) -> int:
    if trainer.world_size == 1:
        return asked()
    request = torch.tensor(asked(), device=trainer.strategy.root_device)
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
