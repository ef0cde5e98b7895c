"""How many of the stocks that could be scored a factor scores."""

from dataclasses import dataclass

import numpy as np

from alphanet_pl.evaluation.signal.cross_sections import FactorSections
from alphanet_pl.evaluation.types import Number


@dataclass(frozen=True)
class StockCoverage:
    """How many of the stocks that could be scored have a score, at each section."""

    dates: list[str]
    scored: list[int]
    universe: list[int]
    mean_share: Number


def stock_coverage_of(cut: FactorSections) -> StockCoverage:
    """How many of the scorable stocks have a score at each section."""
    universe = cut.read("scorable").sum(axis=1)
    scored = np.isfinite(cut.daily[cut.rows]).sum(axis=1)
    return StockCoverage(
        dates=cut.dates.astype(str).tolist(),
        scored=scored.tolist(),
        universe=universe.tolist(),
        mean_share=float((scored / np.maximum(universe, 1)).mean()),
    )
