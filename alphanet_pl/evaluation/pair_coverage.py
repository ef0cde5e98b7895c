"""How many of the feature pairs several models of feature-layer dropout look at (figure 5)."""

from collections.abc import Iterable
from itertools import combinations
from math import comb
from typing import TypeVar

Feature = TypeVar("Feature", int, str)


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
