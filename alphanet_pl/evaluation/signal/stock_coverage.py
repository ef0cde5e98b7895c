"""How many stocks a factor scores, and how many feature pairs its models look at."""

from collections.abc import Sequence

import numpy as np

from alphanet_pl.evaluation.pair_coverage import covered_share, expected_share
from alphanet_pl.evaluation.paper import PRINTED
from alphanet_pl.evaluation.results import PairCoverage, StockCoverage
from alphanet_pl.evaluation.signal.cross_sections import Cut

PRINTED_MODELS = 10
"""Models in the report's figure 5."""


def stock_coverage_of(cut: Cut) -> StockCoverage:
    """How many of the scorable stocks have a score at each section."""
    universe = cut.read("scorable").sum(axis=1)
    scored = np.isfinite(cut.daily[cut.rows]).sum(axis=1)
    return StockCoverage(
        dates=cut.dates.astype(str).tolist(),
        scored=scored.tolist(),
        universe=universe.tolist(),
        mean_share=float((scored / np.maximum(universe, 1)).mean()),
    )


def pair_coverage(samples: Sequence[Sequence[str]], total: int) -> PairCoverage | None:
    """Share of the feature pairs that at least one model's sample holds (figure 5).

    Args:
        samples: The n features of each model; no model, no coverage.
        total: Features there are.

    Returns:
        The share reached by these models, and the expected one,
        1 - (1 - n(n-1) / (f(f-1)))^models.
    """
    if not samples:
        return None
    n, models = len(samples[0]), len(samples)
    printed = PRINTED.coverage.get(n) if models == PRINTED_MODELS else None
    return PairCoverage(
        n=n,
        models=models,
        share=covered_share(samples, total),
        exact=expected_share(n, models, total),
        printed=None if printed is None else printed / 100,
    )
