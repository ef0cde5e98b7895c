"""How many stocks a factor scores, and how many feature pairs its models look at."""

import numpy as np

from alphanet_pl.evaluation.on_panel.cut import Cut
from alphanet_pl.evaluation.pairs import covered_share, expected_share
from alphanet_pl.evaluation.printed import PRINTED
from alphanet_pl.evaluation.schema import PairCoverage, StockCoverage
from alphanet_pl.sampling import sample_features

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


def pair_coverage(seeds: list[int], n: int, total: int) -> PairCoverage | None:
    """Share of the feature pairs that at least one seed's sample holds (figure 5).

    Args:
        seeds: The factor's seeds, each of which decides its own sample; none, no coverage.
        n: Features that a model samples.
        total: Features there are.

    Returns:
        The share reached by these seeds, and the expected one,
        1 - (1 - n(n-1) / (f(f-1)))^models.
    """
    if not seeds:
        return None
    printed = PRINTED.coverage.get(n) if len(seeds) == PRINTED_MODELS else None
    return PairCoverage(
        n=n,
        models=len(seeds),
        share=covered_share((sample_features(seed, n, total) for seed in seeds), total),
        exact=expected_share(n, len(seeds), total),
        printed=None if printed is None else printed / 100,
    )
