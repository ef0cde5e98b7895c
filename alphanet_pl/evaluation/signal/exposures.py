"""Style exposures: how much of a factor is size, momentum, volatility, ... through time."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alphanet_pl.evaluation.signal.cross_sections import FactorSections
from alphanet_pl.evaluation.signal.ranks import rank_correlation
from alphanet_pl.evaluation.types import Brief, Floats, Number
from alphanet_pl.factor.store import has_raw, read_factor


@dataclass(frozen=True, repr=False)
class Exposure(Brief):
    """Rank correlation of the factor with one style through time."""

    mean: Number
    mean_absolute: Number
    n: int


@dataclass(frozen=True, repr=False)
class ExposuresResult(Brief):
    """Style exposures of the published factor."""

    sections: list[str]
    styles: dict[str, Exposure]
    series: dict[str, list[Number]]
    before_projection: dict[str, Exposure] | None
    """Of a neutralised model's predictions before their projection; null for the others."""


def judge_exposures(
    factor: Floats,
    styles: Floats,
    names: Sequence[str],
    dates: NDArray[np.datetime64],
    raw: Floats | None = None,
) -> ExposuresResult:
    """Mean and mean absolute exposure to each style, and the series behind them.

    The mean says in which direction a factor leans; the mean absolute says how much of it is style,
    also where the direction changes through time.

    Args:
        factor: (D, N) published factor.
        styles: (D, N, K) style exposures, NaN absent.
        names: K style names.
        dates: (D,).
        raw: (D, N) a neutralised model's predictions before projection, or None.
    """

    def by_style(scores: Floats) -> dict[str, Floats]:
        columns = (np.ascontiguousarray(styles[:, :, k]) for k in range(len(names)))
        return {
            name: rank_correlation(scores, column)
            for name, column in zip(names, columns, strict=True)
        }

    found, before = by_style(factor), {} if raw is None else by_style(raw)
    return ExposuresResult(
        sections=dates.astype(str).tolist(),
        styles={name: _summary(series) for name, series in found.items()},
        series={name: series.tolist() for name, series in found.items()},
        before_projection={name: _summary(series) for name, series in before.items()} or None,
    )


def _summary(values: Floats) -> Exposure:
    """Of (D,) correlations, NaN at the dates on which the style is absent."""
    known = values[np.isfinite(values)]
    return Exposure(
        mean=float(known.mean()) if len(known) else np.nan,
        mean_absolute=float(np.abs(known).mean()) if len(known) else np.nan,
        n=len(known),
    )


def exposures_of(cut: FactorSections, path: Path) -> ExposuresResult | None:
    """Exposures of the factor, and of a neutralised model's predictions before projection.

    Args:
        cut: The factor.
        path: Its file, which may hold those predictions.
    """
    if not cut.panel.has("styles"):
        return None
    raw = None
    if has_raw(path):
        before = read_factor(path, cut.panel, "raw")[cut.first + cut.rows]
        raw = np.where(np.isfinite(cut.published), before, np.nan)
    return judge_exposures(cut.published, cut.read("styles"), cut.panel.styles, cut.dates, raw)
