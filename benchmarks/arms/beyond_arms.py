"""What the arms of docs/beyond.md need and the product lacks, named as a user's own classes.

What loses goes with its arm; what wins moves into the product.
"""

import torch
from torch import Tensor

from alphanet_pl.model.batchnorm import BatchNorm, FeatureNorm
from alphanet_pl.model.fused import FusedAlphaNet, read_out
from alphanet_pl.model.losses import DateError
from alphanet_pl.model.metrics import average_ranks
from alphanet_pl.model.operators import SixOperators
from datamodules.batches.windows import Windows


class OwnFeatureNorm(FeatureNorm):
    """Scores by the statistics of each date's own cross-section, as a step is trained."""

    def forward(self, windows: Windows) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        """Return scale and shift (D, W, C); see `FeatureNorm`."""
        if self.training:
            return super().forward(windows)
        inverse_D1C = torch.rsqrt(windows.variance + self.eps)[:, None]
        ratio = (windows.scale * inverse_D1C).to(self.weight.dtype)
        offset = (windows.location - windows.mean[:, None]) * inverse_D1C
        return self.weight * ratio, self.bias + self.weight * offset.to(self.weight.dtype)


class OwnStateNorm(BatchNorm):
    """The same for the state; what is validated or scored comes one date at a time."""

    def forward(self, x_CN: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return centred, scale and shift; see `BatchNorm`."""
        if self.training:
            return super().forward(x_CN)
        variance, mean = torch.var_mean(x_CN, 1, correction=0)
        return x_CN - mean[:, None], self._scale(variance), self.bias


class OwnStatistics(FusedAlphaNet):
    """AlphaNet-v2 whose norms never use running statistics."""

    def _build(self, width: int, units: int, generator: torch.Generator) -> None:
        super()._build(width, units, generator)
        self.feature_norm = OwnFeatureNorm(width, *self._norm)
        self.state_norm = OwnStateNorm(units, *self._norm)


class DroppedFeatures(FusedAlphaNet):
    """AlphaNet-v2 of whose features each step leaves out a share, in all windows and stocks alike.

    Feature-layer dropout of v2.1 fixes pairs for a model's life; this one draws anew each step.
    """

    draws = True
    share = 0.3
    """Of the features left out."""

    def _predict(self, windows: Windows) -> Tensor:
        if not self.training:
            return super()._predict(windows)
        kept = torch.rand(self.width, device=windows.values.device) >= self.share
        scale_DWC, shift_DWC = self.feature_norm(windows)
        grown = kept.to(scale_DWC.dtype) / (1 - self.share)
        state_HS = self.lstm(windows.values, windows.counts, scale_DWC * grown, shift_DWC * grown)
        return read_out(self.head, self.state_norm, state_HS)


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
