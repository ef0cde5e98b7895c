"""What the trained arms of docs/beyond.md need and the product lacks, as a user's own classes.

What loses goes with its arm; what wins moves into the product.
"""

import torch
from torch import Tensor

from alphanet_pl.model.losses import DateError
from alphanet_pl.model.metrics import average_ranks
from alphanet_pl.model.operators import SixOperators


class RankedOperators(SixOperators):
    """The six operators' features by their rank among the stocks that traded in the window."""

    def __call__(self, days_FTN: Tensor) -> Tensor:
        """Ranks (C, N), mean 0, between -1/2 and 1/2."""
        features_CN = super().__call__(days_FTN)
        count = features_CN.shape[1]
        ranks = (average_ranks(features_CN) - (count + 1) / 2) / count
        return ranks.to(features_CN.dtype)


class RankCorrelation(DateError):
    """Minus the correlation of a date's scores with the normal scores of its labels' ranks.

    A label of fat tails is a z-score in the report; RankIC sees its rank.
    """

    def __call__(self, prediction: Tensor, label: Tensor, weight: Tensor) -> Tensor:
        """Return the scalar of one date; long-side weights are left aside."""
        share = (average_ranks(label) - 0.5) / len(label)
        wanted = torch.special.ndtri(share).to(prediction.dtype)
        x, y = prediction - prediction.mean(), wanted - wanted.mean()
        return -(x @ y) / (x.norm() * y.norm()).clamp_min(1e-12)
