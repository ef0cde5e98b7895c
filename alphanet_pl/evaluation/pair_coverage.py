"""Figure 5: how many of the feature pairs several models of feature-layer dropout look at.

Example: `simulate(n=8, models=10, total=15, draws=1000, seed=0).mean()`  # 0.955
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import TypeVar

import numpy as np

Feature = TypeVar("Feature", int, str)

MODELS, DRAWS, SEED = 10, 1000, 2021
"""The paper's figure: 1000 simulations of ten models."""


@dataclass(frozen=True)
class Covered:
    """One n of the figure; shares as fractions.

    Args:
        n: Features that a model samples.
        simulated: Mean share over the simulations.
        spread: Standard deviation between simulations: what one set of ten models may miss by.
        exact: The share that is expected.
        printed: The share that the paper prints.
    """

    n: int
    simulated: float
    spread: float
    exact: float
    printed: float

    @property
    def error(self) -> float:
        """Standard error of the simulated mean."""
        return float(self.spread / np.sqrt(DRAWS))


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


def figure_5(total: int, printed: Mapping[int, float]) -> list[Covered]:
    """The figure's points, one for each n that the paper prints.

    Args:
        total: Features there are.
        printed: n -> the paper's share in percent (`paper.PRINTED.coverage`).
    """
    points = []
    for n, share in printed.items():
        shares = simulate(n, MODELS, total, DRAWS, SEED)
        points.append(
            Covered(
                n=n,
                simulated=float(shares.mean()),
                spread=float(shares.std(ddof=1)),
                exact=expected_share(n, MODELS, total),
                printed=share / 100,
            )
        )
    return points
