"""The callback that ends a fit whose loss is no number any more, at that step and in one sentence.

After one such step every weight may be nan, and what follows only costs time: nothing of it may
become a checkpoint, and the sentence says where to look.
"""

from typing import Any, NamedTuple

import lightning.pytorch as pl
import torch
import torch.distributed as dist
from torch import Tensor

from datamodules.base.errors import FitError
from datamodules.batches.cross_sections import CrossSections
from datamodules.batches.datamodule import CrossSectionDataModule

EXTREME = 1e8
"""Times a channel's median in a batch: turnover spans five orders of magnitude on real data."""

_QUOTED = {"return1": "close"}
"""Quotes column behind a channel that is not one itself."""


class Step(NamedTuple):
    """A training step whose loss is still to be looked at."""

    loss: Tensor
    batch: CrossSections
    bad: Tensor
    """On the host once `copied` has happened: 1 where the loss of any process is not finite."""
    copied: "torch.cuda.Event | None"
    where: str


class FiniteLoss(pl.Callback):
    """Raises on all processes alike at the first training or validation loss that is not finite.

    A GPU is not waited for: the answer to a step is read when the next one has been queued, or
    something is about to be validated or saved. On a CPU there is nothing to wait for. Validation
    waits for every batch anyway, in its RankIC.
    """

    def __init__(self) -> None:
        self._step: Step | None = None
        self._invalid: tuple[Tensor, CrossSections] | None = None

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: CrossSections,
        batch_idx: int,
    ) -> None:
        """Note this step's loss, and read the last one's (on a CPU this one's)."""
        self._settle(trainer)
        loss = outputs["loss"].detach()
        bad = _anywhere(trainer, ~loss.isfinite())
        where = f"epoch {trainer.current_epoch}, step {trainer.global_step}"
        copied = None
        if bad.is_cuda:
            there, bad = bad, torch.empty(bad.shape, dtype=bad.dtype, pin_memory=True)
            bad.copy_(there, non_blocking=True)
            copied = torch.cuda.Event()
            copied.record()
        self._step = Step(loss, batch, bad, copied, where)
        if copied is None:
            self._settle(trainer)

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Read the last step's loss."""
        self._settle(trainer)

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Read the last step's loss before its weights are written."""
        self._settle(trainer)

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: CrossSections,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Note the first batch without a finite loss; processes have unlike numbers of them."""
        if self._invalid is None and not outputs.isfinite():
            self._invalid = outputs, batch

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Compare notes, before a checkpoint is chosen."""
        found, self._invalid = self._invalid, None
        bad = torch.tensor(found is not None, device=trainer.strategy.root_device)
        if _anywhere(trainer, bad):
            raise _error(trainer, "validation", f"epoch {trainer.current_epoch}", found)

    def _settle(self, trainer: pl.Trainer) -> None:
        step, self._step = self._step, None
        if step is None:
            return
        if step.copied is not None:
            step.copied.synchronize()
        if step.bad:
            found = None if step.loss.isfinite() else (step.loss, step.batch)
            raise _error(trainer, "training", step.where, found)


def _anywhere(trainer: pl.Trainer, bad: Tensor) -> Tensor:
    """Whether it is so on any process, still on the device."""
    bad = bad.int()
    if trainer.world_size > 1:
        dist.all_reduce(bad, dist.ReduceOp.MAX)
    return bad


def _error(
    trainer: pl.Trainer, kind: str, where: str, found: tuple[Tensor, CrossSections] | None
) -> FitError:
    given = f"the {kind} loss is not finite any more ({where})"
    smaller = "a smaller trainer.learning_rate"
    if found is None:
        return FitError(given, "another process of this fit, which says more, met it", smaller)
    loss, batch = found
    given = f"the {kind} loss is {float(loss)} ({where})"
    data = trainer.datamodule  # type: ignore[attr-defined]
    assert isinstance(data, CrossSectionDataModule)
    channel, rows, largest, usual = _extremes(data.pictures_of(batch))
    if not len(rows):
        return FitError(given, "no value of its pictures stands out", smaller)
    name = data.features[channel]
    column = name.split("/")[0]
    column = _QUOTED.get(column, column)
    names = ", ".join(data.name_row(batch, row) for row in rows)
    return FitError(
        given,
        f"{name} reaches {largest:.2g} where {usual:.2g} is usual, at {names}",
        f"look at {column} in these quotes, and at data.scale.quotes.{column}; else {smaller}",
    )


def _extremes(pictures_SFT: Tensor) -> tuple[int, list[int], float, float]:
    """The channel that stands out most: its number, up to three rows, largest and usual size."""
    sizes_SF = pictures_SFT.abs().amax(2).nan_to_num(nan=torch.inf, posinf=torch.inf)
    usual_F = sizes_SF.median(0).values.clamp_min(torch.finfo(sizes_SF.dtype).tiny)
    ratios_SF = sizes_SF.double() / usual_F.double()
    channel = int(ratios_SF.amax(0).argmax())
    ratios, rows = ratios_SF[:, channel].topk(min(3, len(ratios_SF)))
    chosen = rows[ratios > EXTREME].tolist()
    return channel, chosen, float(sizes_SF[:, channel].max()), float(usual_F[channel])
