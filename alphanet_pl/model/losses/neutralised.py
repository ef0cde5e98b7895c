"""v2.2: a loss that sees only what the style factors leave of a prediction.

Let M = I - QQ' for one date, Q the orthonormal basis of its styles and intercept. The loss is
mean((y - M y_hat)^2), its gradient -(2/n) M (y - y_hat): what of y_hat lies among the styles
costs nothing and learns nothing, so the factor to publish is M y_hat.

It serves any network, in ten lines:

    from alphanet_pl.model.losses.neutralised import NeutralisedLoss
    from datamodules.batches.cross_sections import CrossSections

    class MyModule(pl.LightningModule):
        def __init__(self):
            super().__init__()
            self.net, self.loss = torch.nn.Linear(8, 1), NeutralisedLoss()

        def training_step(self, batch, _):  # batch: inputs, label, date, basis of whole dates
            return self.loss(self.net(batch[0])[:, 0], CrossSections(*batch))

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters())

The rows of a date come together, and `basis` stacks `orthonormal_basis(exposures)` of each date
(datamodules/batches/style_basis.py).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from alphanet_pl.model.losses.loss import Loss, Residual
from datamodules.base.errors import ConfigError, FitError
from datamodules.batches.cross_sections import CrossSections


def style_residual(values: Tensor, batch: CrossSections) -> Tensor:
    """M values: what is left of each date's values after regression on its styles.

    Block-diagonal: every date is projected by its own rows of the basis. Pooled over dates, or
    over a batch of shuffled rows, a projection removes next to nothing.

    Args:
        values: (S,) predictions or labels.
        batch: Its `date` and `basis`.

    Returns:
        (S,) of the same type; on each date orthogonal to every style and of mean 0.

    Raises:
        ConfigError: The batch has no basis, or does not hold whole cross-sections.
        FitError: A date has no more stocks than its basis has columns: nothing is left of it.

    Source: HT21, v2.2; evaluation notes 4.1.
    """
    if batch.basis is None:
        raise ConfigError(
            "a neutralised loss was given batches without style bases",
            "the style exposures of every stock",
            "prepare the panel with data.styles=available, or set loss.neutralise=false",
        )
    basis = batch.basis.to(values.dtype)
    counts = _whole_sections(batch.date, basis.shape[1])
    parts = zip(values.split(counts), basis.split(counts), strict=True)
    return torch.cat([part - own @ (own.mT @ part) for part, own in parts])


def _whole_sections(date: Tensor, columns: int) -> list[int]:
    """Stocks of each date, checked: dates that come in one piece and are large enough."""
    runs, lengths = torch.unique_consecutive(date.long(), return_counts=True)
    sessions, counts = torch.stack([runs, lengths]).tolist()
    if len(set(sessions)) < len(sessions):
        raise ConfigError(
            f"{len(sessions)} runs of rows of {len(set(sessions))} dates were given in one batch",
            "a neutralised loss needs whole cross-sections, each date's rows together",
            "shuffle dates, not rows",
        )
    least = columns + 1
    small = [(s, n) for s, n in zip(sessions, counts, strict=True) if n < least]
    if small:
        raise FitError(
            f"session {small[0][0]} has {small[0][1]} stocks",
            f"a neutralised loss needs at least {least}, one more than styles and intercept",
            "leave such dates out, or batch whole cross-sections instead of rows",
        )
    return counts


@dataclass(frozen=True)
class NeutralisedLoss(Loss):
    """Mean over stocks of weight * (label - M prediction)^2.

    M stays unweighted under long-side weights, which enter the squared error alone; the gradient
    is then -(2/n) M W (y - M y_hat). The weights follow the realised return, unknown when
    a prediction is published: a weighted projection could not be repeated there, and its
    residual would keep a plain correlation with the styles.

    Attributes:
        weights: Weight of each stock in training; None for one each.
        residual: M, by date.
    """

    residual: Residual | None = style_residual
