"""Squared error between label and prediction, optionally weighted, optionally of a residual."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor

from datamodules.batches.cross_sections import CrossSections

Weights = Callable[[CrossSections], Tensor]
"""From a batch to the weight (S,) of each of its stocks."""

Residual = Callable[[Tensor, CrossSections], Tensor]
"""From values (S,) and their batch to what remains (S,) of them, projected date by date."""


@dataclass(frozen=True)
class Loss:
    """Mean over stocks of weight * (label - residual(prediction))^2.

    Keras semantics of `sample_weight`: the sum is divided by the number of stocks, not by the sum
    of the weights (evaluation notes 4.2). Both parts are data, so neither needs a gradient.

    Attributes:
        weights: Weight of each stock in training; None for one each.
        residual: What the loss sees of a prediction; None for all of it.
    """

    weights: Weights | None = None
    residual: Residual | None = None

    def __call__(
        self, prediction: Tensor, batch: CrossSections, stocks: Tensor | int | None = None
    ) -> Tensor:
        """Return the training loss, a scalar.

        With several ranks it is local sum * ranks / global count: DDP averages gradients over
        ranks, and that average is exactly the gradient of one process that holds all rows.

        Args:
            prediction: (S,) of the network.
            batch: Its cross-sections.
            stocks: `mean_stocks` of the batch, where it is known already.
        """
        errors = (self.published(prediction, batch) - batch.label).square()
        if self.weights is not None:
            errors = errors * self.weights(batch)
        if not _several_ranks():
            return errors.mean()
        share = mean_stocks(batch) if stocks is None else stocks
        return errors.sum() / share

    def selection(self, prediction: Tensor, batch: CrossSections) -> Tensor:
        """Return what early stopping compares: the squared error within dates, one a stock.

        Unweighted, and residual against residual: the label's part outside the residual is a floor
        that differs by date and that no model can move (evaluation notes 4.1). What is left of it
        is centred on each date, since the level of a date's scores ranks nothing: batch norm hides
        it in training, and in evaluation it drifts by as much as there is to gain.
        """
        label = batch.label if self.residual is None else self.residual(batch.label, batch)
        errors = self.published(prediction, batch) - label
        counts = torch.unique_consecutive(batch.date, return_counts=True)[1].tolist()
        return torch.cat([part - part.mean() for part in errors.split(counts)]).square().mean()

    def published(self, prediction: Tensor, batch: CrossSections) -> Tensor:
        """Return the factor (S,) that the loss sees and that predict writes."""
        return prediction if self.residual is None else self.residual(prediction, batch)


def mean_stocks(batch: CrossSections) -> Tensor | int:
    """Stocks in the batches of all ranks over the number of ranks; of one process, its own."""
    if not _several_ranks():
        return len(batch.label)
    count = torch.tensor(float(len(batch.label)), device=batch.label.device)
    dist.all_reduce(count)
    return count / dist.get_world_size()


def _several_ranks() -> bool:
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1
