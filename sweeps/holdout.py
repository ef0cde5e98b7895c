"""What the fits of a sweep are worth after their window: scores on sessions that none has seen."""

from collections.abc import Sequence
from itertools import combinations
from math import nan

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alphanet_pl.config.settings import EvaluationSettings, Statistics
from alphanet_pl.evaluation.signal.cross_sections import cut_factor
from alphanet_pl.evaluation.signal.ranks import equal_buckets, rank_correlation
from alphanet_pl.factor.predict import score
from alphanet_pl.fit.folder import Fit
from datamodules.base.errors import EvaluationError
from datamodules.panel import Panel

HOLDOUT_SESSIONS = 100
"""Sessions after a fit's window that are judged: most of the half year until the next fit."""
VOLATILITY = "residual_volatility"

Scores = dict[int, NDArray[np.float64]]
"""Scores (S, N) by seed, NaN absent."""


def judge_out_of_sample(
    panel: Panel,
    options: EvaluationSettings,
    fits: Sequence[Fit],
    statistics: Statistics = "running",
) -> dict[str, float]:
    """Judge the fits of one configuration on the sessions that begin with their as-of session.

    Args:
        panel: The panel.
        options: Step, label, filter and number of layers.
        fits: Finished fits of the same settings and as-of session, one a seed.
        statistics: By which they score, `score.statistics`.

    Returns:
        sections (cross-sections judged, 0 where the panel ends with the window); the mean over
        single seeds and its standard error (NAME_error) of rank_ic (of the industry-and-size-
        neutral scores), top_excess (the top layer's return less the pool's, a section, before
        cost) and volatility (rank correlation of the published scores with residual volatility);
        rank_ic_of_mean (of the mean of the seeds); correlation of two seeds' scores, its error a
        jackknife. NaN where the panel does not say.
    """
    sessions = sessions_after(panel, fits[0].asof, options.step)
    scores = _dense(score(panel, sessions, fits, statistics=statistics), panel, sessions)
    together = np.mean(list(scores.values()), axis=0)
    try:
        alone = [_judge(panel, sessions, each, options) for each in scores.values()]
        of_mean = _judge(panel, sessions, together, options)
    except EvaluationError:  # the panel ends with the window
        return {"sections": 0}
    out = {"sections": of_mean.pop("sections"), "rank_ic_of_mean": of_mean["rank_ic"]}
    for name in of_mean:
        values = np.array([one[name] for one in alone])
        values = values[np.isfinite(values)]
        out[name] = float(values.mean()) if len(values) else nan
        error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else nan
        out[f"{name}_error"] = float(error)
    out["correlation"], out["correlation_error"] = seed_correlation(scores)
    return out


def sessions_after(panel: Panel, asof: np.datetime64, step: int) -> NDArray[np.int64]:
    """Every `step`-th of the HOLDOUT_SESSIONS that begin with the as-of session."""
    first = int(np.searchsorted(panel.dates, asof))
    return np.arange(first, min(first + HOLDOUT_SESSIONS, len(panel.dates)), step)


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
        return nan, nan
    mean = float(np.mean(list(pairs.values())))
    count = len(scores)
    if count < 3:
        return mean, nan
    without = np.array(
        [np.mean([v for pair, v in pairs.items() if seed not in pair]) for seed in scores]
    )
    return mean, float(np.sqrt((count - 1) / count * np.sum((without - without.mean()) ** 2)))


def top_excess(scores: NDArray[np.floating], forward: NDArray[np.floating], layers: int) -> float:
    """Mean return of the highest of equal layers less that of all stocks, over the sections.

    Args:
        scores: (S, N).
        forward: (S, N) return over the step.
        layers: How many layers there are.
    """
    known = np.where(np.isfinite(forward), scores, np.nan)
    top = equal_buckets(known, layers) == layers - 1
    each = [
        values[chosen].mean() - values[np.isfinite(row)].mean()
        for values, chosen, row in zip(forward, top, known, strict=True)
        if chosen.any()
    ]
    return float(np.mean(each)) if each else nan


def _judge(
    panel: Panel, sessions: NDArray[np.int64], scores: NDArray[np.float64],
    options: EvaluationSettings,
) -> dict[str, float]:  # fmt: skip
    dense = np.full((len(panel.dates), len(panel.codes)), np.nan)
    dense[sessions] = scores
    cut = cut_factor(panel, options, dense)
    volatility = nan
    if VOLATILITY in cut.panel.styles:
        style = cut.read("styles")[:, :, list(cut.panel.styles).index(VOLATILITY)]
        found = rank_correlation(cut.published, np.ascontiguousarray(style))
        volatility = float(np.nanmean(found)) if np.isfinite(found).any() else nan
    return {
        "sections": len(cut.rows),
        "rank_ic": float(np.nanmean(rank_correlation(cut.neutral, cut.forward))),
        "top_excess": top_excess(cut.neutral, cut.forward, options.layers),
        "volatility": volatility,
    }


def _dense(table: pd.DataFrame, panel: Panel, sessions: NDArray[np.int64]) -> Scores:
    """Each seed's column of a factor on the sessions' axes."""
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
