"""The long-side weights of v2.3: the better half of each cross-section weighs more."""

from dataclasses import dataclass

import torch
from torch import Tensor

from datamodules.batches.cross_sections import CrossSections


@dataclass(frozen=True)
class LongSide:
    """Weight of the stocks whose average rank by label is above (n + 1) / 2; the rest weigh 1.

    An odd section's median, and a tie across the middle, weigh 1. Validation is unweighted.

    Attributes:
        weight: Of the better half.

    Source: HT21, v2.3 (weights 2 and 1); ranks as in evaluation notes 4.2.
    """

    weight: float

    def __call__(self, batch: CrossSections) -> Tensor:
        """Return the weights (S,), each date ranked by itself; a date's rows are contiguous."""
        counts = torch.unique_consecutive(batch.date, return_counts=True)[1].tolist()
        sections = batch.label.split(counts)
        better = torch.cat([_better_half(label) for label in sections])
        return better.to(batch.label.dtype) * (self.weight - 1) + 1


def _better_half(label: Tensor) -> Tensor:
    """Return where more labels lie below than above: the same as an average rank > (n + 1) / 2.

    Only labels equal to the median need counting, so a selection replaces a sort.
    """
    median = label.median()
    ties_lean_up = (label < median).sum() > (label > median).sum()
    return (label > median) | ((label == median) & ties_lean_up)
