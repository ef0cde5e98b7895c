"""The arms of docs/beyond.md that train nothing: v2's fits, scored otherwise.

for arm, scores in rescored(fit, before, linear, sessions, panel): ...
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from alphanet_pl.factor.predict import score
from alphanet_pl.fit.folder import Fit
from alphanet_pl.model.batchnorm import BatchNorm, FeatureNorm
from alphanet_pl.model.module import AlphaNetModule
from datamodules.batches.windows import Windows
from datamodules.panel import Panel

ARMS = ("own", "both", "deeper", "blend", "union")


def rescored(
    fit: Fit, before: Fit | None, linear: Fit | None, sessions: np.ndarray, panel: Panel
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Score these sessions by each arm; `date`, `code` and `factor` as of `predict.score`.

    Args:
        fit: Of v2.
        before: The fit of the window before, of the same seed; without it there is no `deeper`.
        linear: The fit of ridge of the same window; without it there is no `blend`, and no
            `union` of it and `own`.
        sessions: Session indices.
        panel: The panel.
    """
    own = score(panel, sessions, [OwnFit(fit.folder, fit.record)])
    yield "own", own
    running = score(panel, sessions, [fit])
    yield "both", _mean(running, own)
    if before is not None:
        yield "deeper", score(panel, sessions, [before, fit])
    if linear is not None:
        other = score(panel, sessions, [linear])
        yield "blend", _mean(running, other)
        yield "union", _mean(own, other)


def _mean(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """The mean of two scores of the same dates and stocks, each standardised within a date."""
    return one.assign(factor=(_standardised(one) + _standardised(other)) / 2)


def _standardised(scores: pd.DataFrame) -> pd.Series:
    by_date = scores.groupby("date")["factor"]
    return (scores["factor"] - by_date.transform("mean")) / by_date.transform("std")


@dataclass(frozen=True)
class OwnFit(Fit):
    """A fit that scores each date by the statistics of its own cross-section."""

    def load(self) -> AlphaNetModule:
        """See `Fit`."""
        module = super().load()
        use_own_statistics(module.network)
        return module


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


def use_own_statistics(network: torch.nn.Module) -> None:
    """Give a network norms that never use running statistics, of the same weights."""
    for name, kind in (("feature_norm", OwnFeatureNorm), ("state_norm", OwnStateNorm)):
        trained: BatchNorm = getattr(network, name)
        own = kind(len(trained.weight), trained.eps, trained.momentum)
        own.load_state_dict(trained.state_dict())
        setattr(network, name, own.train(trained.training))
