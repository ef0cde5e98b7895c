"""Figure 5: the share of the feature pairs that ten models of feature-layer dropout cover.

Example: `simulate(n=8, models=10, total=15, draws=1000, seed=0).mean()`  # 0.955
"""

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from alphanet_pl.evaluation.pair_coverage import expected_share
from alphanet_pl.evaluation.paper import PRINTED
from alphanet_pl.evaluation.report.look import ACCENT, MUTED, styled

MODELS, DRAWS, SEED = 10, 1000, 2021
"""The report's figure: 1000 simulations of ten models."""


@dataclass(frozen=True)
class Covered:
    """One n of the figure; shares as fractions.

    Args:
        n: Features that a model samples.
        simulated: Mean share over the simulations.
        spread: Standard deviation between simulations: what one set of ten models may miss by.
        exact: The share that is expected.
        printed: The share that the report prints.
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


def figure_5(total: int) -> list[Covered]:
    """The figure's points, one for each n that the report prints.

    Args:
        total: Features there are.
    """
    points = []
    for n, printed in PRINTED.coverage.items():
        shares = simulate(n, MODELS, total, DRAWS, SEED)
        points.append(
            Covered(
                n=n,
                simulated=float(shares.mean()),
                spread=float(shares.std(ddof=1)),
                exact=expected_share(n, MODELS, total),
                printed=printed / 100,
            )
        )
    return points


def draw(points: list[Covered]) -> go.Figure:
    """Simulated shares with their spread between ensembles, the formula, the report's numbers."""
    numbers = [point.n for point in points]
    figure = go.Figure()
    figure.add_scatter(
        x=numbers,
        y=[point.simulated for point in points],
        error_y={"array": [point.spread for point in points], "color": ACCENT},
        mode="markers",
        marker={"color": ACCENT, "size": 9},
        name=f"simulated, {DRAWS} ensembles: mean and standard deviation",
    )
    figure.add_scatter(
        x=numbers,
        y=[point.exact for point in points],
        mode="lines",
        line={"color": MUTED},
        name="exact",
    )
    figure.add_scatter(
        x=numbers,
        y=[point.printed for point in points],
        mode="markers",
        marker={"color": MUTED, "size": 11, "symbol": "x-thin-open"},
        name="the report's figure 5",
    )
    figure = styled(figure, f"Share of feature pairs that {MODELS} models cover")
    figure.update_xaxes(title={"text": "n, features sampled by each model"}, dtick=1)
    figure.update_yaxes(tickformat=".0%", hoverformat=".2%")
    return figure
