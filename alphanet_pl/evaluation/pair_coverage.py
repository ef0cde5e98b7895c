"""Figure 5: how many of the feature pairs several models of feature-layer dropout look at.

Example: `simulate(n=8, models=10, total=15, draws=1000, seed=0).mean()`  # 0.955
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import TypeVar

import numpy as np
import pandas as pd

from alphanet_pl.evaluation.paper import PRINTED
from alphanet_pl.evaluation.types import Number

Feature = TypeVar("Feature", int, str)

MODELS, DRAWS, SEED = 10, 1000, 2021
"""The paper's figure: 1000 simulations of ten models."""
PRINTED_TOTAL = 15
"""Features of the paper's figure."""


@dataclass(frozen=True)
class PairCoverage:
    """How many feature pairs an ensemble of sampled extractors sees (figure 5)."""

    n: int
    models: int
    share: Number
    """Reached by the samples of these models."""
    exact: Number
    """Expected share, 1 - (1 - n(n-1)/(f(f-1)))^models."""
    printed: float | None


def pair_coverage(samples: Sequence[Sequence[str]], total: int) -> PairCoverage | None:
    """Share of the feature pairs that at least one model's sample holds, and what is expected.

    Args:
        samples: The n features of each model; no model, no coverage.
        total: Features there are.
    """
    if not samples:
        return None
    n, models = len(samples[0]), len(samples)
    return PairCoverage(
        n=n,
        models=models,
        share=covered_share(samples, total),
        exact=expected_share(n, models, total),
        printed=printed_share(n, total) if models == MODELS else None,
    )


def printed_share(n: int, total: int) -> float | None:
    """Share of the pairs that figure 5 prints for ten models of n features; None where it has none.

    Args:
        n: Features of each model.
        total: Features there are; the figure is of 15.
    """
    share = PRINTED.coverage.get(n) if total == PRINTED_TOTAL else None
    return None if share is None else share / 100


def covered_share(samples: Iterable[Iterable[Feature]], total: int) -> float:
    """Share of the pairs of `total` features that at least one sample holds."""
    reached = {pair for sample in samples for pair in combinations(sorted(sample), 2)}
    return len(reached) / comb(total, 2)


def expected_share(n: int, models: int, total: int) -> float:
    """The share that independent samples of n features hold on average.

    1 - (1 - n(n-1) / (f(f-1)))^models: each model misses a given pair with the same probability.
    """
    missed: float = 1 - comb(n, 2) / comb(total, 2)
    return 1 - missed**models


def simulate(n: int, models: int, total: int, draws: int, seed: int) -> np.ndarray:
    """Draw models at random, and count the pairs that they cover.

    Args:
        n: Features that a model samples.
        models: Models in an ensemble.
        total: Features there are.
        draws: Ensembles to simulate.
        seed: Of the simulation.

    Returns:
        (draws,) share of the total(total-1)/2 pairs that each ensemble covers.
    """
    random = np.random.default_rng(seed)
    order = random.random((draws, models, total), dtype=np.float32).argsort(axis=-1)
    holds = (order < n).astype(np.float32)  # (draws, models, total): each row n ones
    together = holds.transpose(0, 2, 1) @ holds  # models that hold both features of a pair
    first, second = np.triu_indices(total, 1)
    share: np.ndarray = (together[:, first, second] > 0).mean(axis=1)
    return share


def figure_5(total: int) -> pd.DataFrame:
    """The figure's points for so many features, a row each n that the paper prints.

    Returns:
        Shares: simulated, the mean; error, its standard error; spread, the standard deviation
        between simulations, which one set of ten models may miss by; exact, the expected one;
        printed.
    """
    rows = {}
    for n in PRINTED.coverage:
        if n > total:
            continue
        drawn = simulate(n, MODELS, total, DRAWS, SEED)
        spread = drawn.std(ddof=1)
        exact = expected_share(n, MODELS, total)
        printed = printed_share(n, total)
        rows[n] = (drawn.mean(), spread / np.sqrt(DRAWS), spread, exact, printed)
    columns = ["simulated", "error", "spread", "exact", "printed"]
    shares = pd.DataFrame.from_dict(rows, orient="index", columns=columns, dtype=float)
    return shares.rename_axis("n")
