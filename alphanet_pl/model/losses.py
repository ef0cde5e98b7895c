"""What a fit minimises: an error, of whose stocks, of what of a prediction; three free choices.

The error is each stock's (squared, unless the settings name another) or one number a date, such as
a correlation. Long-side weights (v2.3) and neutralisation (v2.2) go with any.

Neutralised: let M = I - QQ' for one date, Q the orthonormal basis of its styles and intercept. The
loss is mean((y - M y_hat)^2), its gradient -(2/n) M (y - y_hat): what of y_hat lies among the
styles costs nothing and learns nothing, so the factor to publish is M y_hat. It serves any network:
the rows of a date come together, and `basis` stacks `orthonormal_basis(exposures)` of each date
(datamodules/batches/style_basis.py). The README shows it in ten lines.

    loss = build_loss(LossSettings(long_weight=2.0))
    scalar = loss(prediction_S, batch)
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor

from alphanet_pl.config.settings import LossSettings
from alphanet_pl.model.named import Kind
from datamodules.base.errors import ConfigError, FitError
from datamodules.batches.cross_sections import CrossSections

Weights = Callable[[CrossSections], Tensor]
"""From a batch to the weight (S,) of each of its stocks."""

Residual = Callable[[Tensor, CrossSections], Tensor]
"""From values (S,) and their batch to what remains (S,) of them, projected date by date."""


class Error:
    """What `loss.error` names: a `StockError` or a `DateError`.

    Attributes:
        stops_on: What a fit stops on and keeps the best epoch of: val/loss, the lower the better,
            or val/rank_ic, the higher the better.
    """

    stops_on: str = "val/loss"


class StockError(Error):
    """An error of each stock, averaged over stocks."""

    def __call__(self, prediction: Tensor, label: Tensor) -> Tensor:
        """Return the errors (S,) of predictions (S,)."""
        raise NotImplementedError


class DateError(Error):
    """One number a date, the lower the better, averaged over dates.

    What is blind to a prediction's scale says little about when to stop, hence the RankIC.
    """

    stops_on = "val/rank_ic"

    def __call__(self, prediction: Tensor, label: Tensor, weight: Tensor) -> Tensor:
        """Return the scalar of one date from its predictions, labels and weights (S,) each."""
        raise NotImplementedError


@dataclass(frozen=True)
class SquaredError(StockError):
    """(label - prediction)^2, as in the reports."""

    def __call__(self, prediction: Tensor, label: Tensor) -> Tensor:
        """Return the errors (S,)."""
        return (prediction - label).square()


LOSSES = Kind("loss.error", Error, {"squared": SquaredError}, "loss.arguments")


@dataclass(frozen=True)
class Loss:
    """Mean over stocks of weight * error(residual(prediction), label), or over dates of theirs.

    Keras semantics of `sample_weight`: the sum is divided by the number of stocks, not by the sum
    of the weights. Weights and residual are data and need no gradient.

    Attributes:
        weights: Weight of each stock in training; None for one each.
        residual: What the loss sees of a prediction; None for all of it.
        error: Of each stock or of each date.
    """

    weights: Weights | None = None
    residual: Residual | None = None
    error: Error = SquaredError()

    def __call__(
        self, prediction: Tensor, batch: CrossSections, share: Tensor | int | None = None
    ) -> Tensor:
        """Return the training loss, a scalar.

        With several ranks it is local sum * ranks / global count: DDP averages gradients over
        ranks, and that average is exactly the gradient of one process that holds all rows.

        Args:
            prediction: (S,) of the network.
            batch: Its cross-sections.
            share: `self.share(batch)`, where it is known already.
        """
        weights = None if self.weights is None else self.weights(batch)
        errors = self._errors(self.published(prediction, batch), batch.label, batch, weights)
        if not _several_ranks():
            return errors.mean()
        return errors.sum() / (self.share(batch) if share is None else share)

    def share(self, batch: CrossSections) -> Tensor | int:
        """Stocks (or dates) of all ranks over the number of ranks; of one process, its own."""
        own = self.count(batch)
        if not _several_ranks():
            return own
        count = torch.tensor(float(own), device=batch.label.device)
        dist.all_reduce(count)
        return count / dist.get_world_size()

    def count(self, batch: CrossSections) -> int:
        """What the loss is a mean over: stocks, or dates."""
        return len(_stocks_a_date(batch)) if self._by_date else len(batch.label)

    def selection(self, prediction: Tensor, batch: CrossSections) -> Tensor:
        """Return val/loss: the error within dates, a mean over `count`.

        Unweighted, and residual against residual: the label's part outside the residual is a floor
        that differs by date and that no model can move. What is left of it
        is centred on each date, since the level of a date's scores ranks nothing: batch norm hides
        it in training, and in evaluation it drifts by as much as there is to gain.
        """
        label = batch.label if self.residual is None else self.residual(batch.label, batch)
        counts = _stocks_a_date(batch)
        prediction, label = (
            torch.cat([part - part.mean() for part in values.split(counts)])
            for values in (self.published(prediction, batch), label)
        )
        return self._errors(prediction, label, batch, None).mean()

    def published(self, prediction: Tensor, batch: CrossSections) -> Tensor:
        """Return the factor (S,) that the loss sees and that predict writes."""
        return prediction if self.residual is None else self.residual(prediction, batch)

    @property
    def stops_on(self) -> str:
        """The metric that stops a fit."""
        return self.error.stops_on

    @property
    def _by_date(self) -> bool:
        return isinstance(self.error, DateError)

    def _errors(
        self, prediction: Tensor, label: Tensor, batch: CrossSections, weights: Tensor | None
    ) -> Tensor:
        """Weighted errors, of stocks (S,) or of dates (D,)."""
        error = self.error
        if isinstance(error, DateError):
            counts = _stocks_a_date(batch)
            weights = torch.ones_like(label) if weights is None else weights
            parts = (values.split(counts) for values in (prediction, label, weights))
            return torch.stack([error(*date) for date in zip(*parts, strict=True)])
        assert isinstance(error, StockError)
        errors = error(prediction, label)
        if errors.shape != label.shape:
            raise ConfigError(
                f"loss.error gave {tuple(errors.shape)} errors of {len(label)} stocks",
                "a StockError gives one of each stock, a DateError one number a date",
                f"return a tensor of shape ({len(label)},)",
            )
        return errors if weights is None else errors * weights


def build_loss(settings: LossSettings) -> Loss:
    """Return the loss that the settings describe; see `Kind.known` for one of the user's own."""
    weights = LongSide(settings.long_weight) if settings.long_weight != 1 else None
    error = LOSSES.make(settings.error, settings.arguments, {})
    residual = style_residual if settings.neutralise else None
    return Loss(weights, residual, error)


def _several_ranks() -> bool:
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def _stocks_a_date(batch: CrossSections) -> list[int]:
    counts: list[int] = torch.unique_consecutive(batch.date, return_counts=True)[1].tolist()
    return counts


@dataclass(frozen=True)
class LongSide:
    """Weight of the stocks whose average rank by label is above (n + 1) / 2; the rest weigh 1.

    An odd section's median, and a tie across the middle, weigh 1. Validation is unweighted.

    Attributes:
        weight: Of the better half.

    Source: HT21, v2.3 (weights 2 and 1); ties share their average rank.
    """

    weight: float

    def __call__(self, batch: CrossSections) -> Tensor:
        """Return the weights (S,), each date ranked by itself; a date's rows are contiguous."""
        sections = batch.label.split(_stocks_a_date(batch))
        better = torch.cat([_better_half(label) for label in sections])
        return better.to(batch.label.dtype) * (self.weight - 1) + 1


def _better_half(label: Tensor) -> Tensor:
    """Return where more labels lie below than above: the same as an average rank > (n + 1) / 2.

    Only labels equal to the median need counting, so a selection replaces a sort.
    """
    median = label.median()
    ties_lean_up = (label < median).sum() > (label > median).sum()
    return (label > median) | ((label == median) & ties_lean_up)


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

    Source: HT21, v2.2.
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
