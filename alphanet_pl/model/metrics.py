"""RankIC while training: the mean over dates of the rank correlation of factor and label.

metric = RankIC()
metric.update(prediction_S, label_S, date_S)
metric.compute()
"""

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric


class RankIC(Metric):
    """Mean over dates of Spearman's correlation, ties ranked by their average.

    A row counts where both values are finite. A date without variation in either has correlation 0
    (a constant prediction ranks nothing); a date with fewer than two rows is no date. Each date is
    counted once, also where several ranks or repeated batches bring it.
    """

    higher_is_better = True
    is_differentiable = False
    full_state_update = False
    dates: list[Tensor]
    correlations: list[Tensor]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.add_state("dates", [], dist_reduce_fx="cat")
        self.add_state("correlations", [], dist_reduce_fx="cat")

    def update(self, prediction: Tensor, label: Tensor, date: Tensor) -> None:
        """Add whole cross-sections: (S,) each, rows of one date contiguous."""
        known = prediction.isfinite() & label.isfinite()
        prediction, label, date = prediction.detach()[known], label[known], date[known]
        dates, counts = torch.unique_consecutive(date, return_counts=True)
        sizes = counts.tolist()
        sections = zip(prediction.split(sizes), label.split(sizes), strict=True)
        values = [rank_correlation(factor, truth) for factor, truth in sections]
        if values:
            enough = counts >= 2
            # Both of the metric's own type: that is what torchmetrics sends for a rank without any.
            self.dates.append(dates[enough].to(self.dtype))
            self.correlations.append(torch.stack(values)[enough].to(self.dtype))

    def compute(self) -> Tensor:
        """Return the mean RankIC, NaN before any date."""
        if not len(self.dates):
            return torch.tensor(torch.nan, device=self.device)
        dates, correlations = _flat(self.dates), _flat(self.correlations)
        order = dates.argsort(stable=True)
        first = torch.ones_like(dates, dtype=torch.bool)
        first[1:] = dates[order].diff() != 0
        return correlations[order][first].mean()


def _flat(state: list[Tensor] | Tensor) -> Tensor:
    return state if isinstance(state, Tensor) else torch.cat(state)


def rank_correlation(x: Tensor, y: Tensor) -> Tensor:
    """Return Spearman's correlation of two (S,) tensors in float64; 0 where either is constant."""
    x, y = (ranks - ranks.mean() for ranks in (average_ranks(x), average_ranks(y)))
    return torch.nan_to_num((x @ y) / (x.norm() * y.norm()), nan=0.0)


def average_ranks(x: Tensor) -> Tensor:
    """Return 1-based ranks (..., S) in float64, ties sharing their average."""
    ascending, order = x.sort()
    places = torch.arange(1.0, x.shape[-1] + 1, device=x.device, dtype=torch.float64)
    begins = torch.ones_like(x, dtype=torch.bool)
    begins[..., 1:] = ascending[..., 1:] != ascending[..., :-1]
    first = torch.where(begins, places, 0).cummax(-1).values
    # Of a run of equal values the last place is before the next run's first.
    ends = begins.roll(-1, -1)
    last = torch.where(ends, places, torch.inf).flip(-1).cummin(-1).values.flip(-1)
    return torch.empty_like(first).scatter_(-1, order, (first + last) / 2)
