"""What the fits of a sweep are worth after their window: scores on sessions that none has seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alphanet_pl.config.settings import EvaluationSettings
from alphanet_pl.evaluation.signal.cross_sections import FactorSections, cut_factor
from alphanet_pl.evaluation.signal.ranks import equal_buckets, rank_correlation
from alphanet_pl.factor.predict import score
from alphanet_pl.fit.folder import Fit, read_record
from datamodules.base.errors import EvaluationError
from datamodules.panel import Panel

AHEAD = 100
"""Sessions after a fit's window that are judged: most of the half year until the next fit."""
VOLATILITY = "residual_volatility"

Scores = dict[int, NDArray[np.float64]]
"""Scores (S, N) by seed, NaN absent."""


@dataclass(frozen=True)
class Alone:
    """What one seed's scores are worth; NaN where the panel does not say.

    Attributes:
        rank_ic: Mean RankIC of the industry-and-size-neutral scores.
        top_excess: Mean return of the top layer less the pool's, per section, before cost.
        volatility: Mean rank correlation of the published scores with residual volatility.
    """

    rank_ic: float
    top_excess: float
    volatility: float


@dataclass(frozen=True)
class Worth:
    """What the fits of one configuration are worth on the sessions after their window.

    Attributes:
        sections: Cross-sections judged.
        alone: Each seed.
        together: The mean of the seeds.
        correlation: Mean rank correlation of two seeds' scores, over all pairs; NaN for one seed.
        correlation_error: Jackknife standard error over the seeds; NaN below three.
    """

    sections: int
    alone: dict[int, Alone]
    together: Alone
    correlation: float
    correlation_error: float


def worth(panel: Panel, folders: Sequence[Path], options: EvaluationSettings) -> Worth | None:
    """Judge the fits of one configuration; None where the panel ends with their window.

    Args:
        panel: The panel.
        folders: Finished fits of the same settings and as-of session, one a seed.
        options: Step, label, filter and number of layers.
    """
    fits = [Fit(folder, read_record(folder) or {}) for folder in folders]
    sessions = sessions_after(panel, fits[0].asof, options.step)
    scores = _dense(score(panel, sessions, fits), panel, sessions)
    together = np.mean(list(scores.values()), axis=0)
    try:
        alone = {seed: _judge(panel, sessions, each, options) for seed, each in scores.items()}
        mean = _judge(panel, sessions, together, options)
    except EvaluationError:
        return None
    correlation, error = seed_correlation(scores)
    return Worth(len(sessions), alone, mean, correlation, error)


def sessions_after(panel: Panel, asof: np.datetime64, step: int) -> NDArray[np.int64]:
    """Every `step`-th session of the AHEAD that begin with the as-of session."""
    first = int(np.searchsorted(panel.dates, asof))
    return np.arange(first, min(first + AHEAD, len(panel.dates)), step)


def seed_correlation(scores: Scores) -> tuple[float, float]:
    """Mean rank correlation of two seeds over all pairs and sections, and its standard error.

    Pairs share seeds, so they are not independent draws; the jackknife leaves out one seed with
    all of its pairs at a time.
    """
    pairs = {
        pair: float(np.nanmean(rank_correlation(scores[pair[0]], scores[pair[1]])))
        for pair in combinations(scores, 2)
    }
    if not pairs:
        return float("nan"), float("nan")
    mean = float(np.mean(list(pairs.values())))
    count = len(scores)
    if count < 3:
        return mean, float("nan")
    without = np.array(
        [np.mean([v for pair, v in pairs.items() if seed not in pair]) for seed in scores]
    )
    return mean, float(np.sqrt((count - 1) / count * np.sum((without - without.mean()) ** 2)))


def top_excess(scores: NDArray[np.floating], forward: NDArray[np.floating], layers: int) -> float:
    """Mean return of the highest of equal layers less that of all stocks, over the sections.

    Args:
        scores: (S, N).
        forward: (S, N) return to the next section.
        layers: How many layers there are.
    """
    known = np.where(np.isfinite(forward), scores, np.nan)
    top = equal_buckets(known, layers) == layers - 1
    each = [
        values[chosen].mean() - values[np.isfinite(row)].mean()
        for values, chosen, row in zip(forward, top, known, strict=True)
        if chosen.any()
    ]
    return float(np.mean(each)) if each else float("nan")


def _judge(
    panel: Panel, sessions: NDArray[np.int64], scores: NDArray[np.float64],
    options: EvaluationSettings,
) -> Alone:  # fmt: skip
    dense = np.full((len(panel.dates), len(panel.codes)), np.nan)
    dense[sessions] = scores
    cut = cut_factor(panel, options, dense)
    return Alone(
        rank_ic=float(np.nanmean(rank_correlation(cut.neutral, cut.forward))),
        top_excess=top_excess(cut.neutral, cut.forward, options.layers),
        volatility=_volatility(cut),
    )


def _volatility(cut: FactorSections) -> float:
    if VOLATILITY not in cut.panel.styles:
        return float("nan")
    style = cut.read("styles")[:, :, list(cut.panel.styles).index(VOLATILITY)]
    found = rank_correlation(cut.published, np.ascontiguousarray(style))
    return float(np.nanmean(found)) if np.isfinite(found).any() else float("nan")


def _dense(table: pd.DataFrame, panel: Panel, sessions: NDArray[np.int64]) -> Scores:
    dates = table["date"].to_numpy().astype("datetime64[D]")
    rows = np.searchsorted(panel.dates[sessions], dates)
    columns = pd.Index(panel.codes).get_indexer(table["code"].astype(str))
    out: Scores = {}
    for name in table.columns:
        if name.startswith("seed_"):
            dense = np.full((len(sessions), len(panel.codes)), np.nan)
            dense[rows, columns] = table[name].to_numpy(np.float64)
            out[int(name.removeprefix("seed_"))] = dense
    return out
