"""The IC test: RankIC at every section, its summary, decay and breakdowns.

Arrays are (sections, stocks): the caller picks the rows, every `step` sessions, so that forward
windows of `step` sessions do not overlap. NaN means absent; the caller has set to NaN what a filter
leaves out. Paper: tables 9, 17 and 25, figures 10, 18 and 26.

Example: `ic_summary(rank_correlation(neutralise(factor, industry, log_cap), forward)).mean`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alphanet_pl.evaluation.signal.cross_sections import (
    HORIZONS,
    FactorSections,
    Sections,
    usual_step,
)
from alphanet_pl.evaluation.signal.ranks import (
    equal_buckets,
    grouped_rank_correlation,
    rank_correlation,
)
from alphanet_pl.evaluation.types import Brief, Dates, Floats, Number, Series
from alphanet_pl.factor.store import read_scores, seed_columns

SIZE_BUCKETS = 5


@dataclass(frozen=True, repr=False)
class ICSummary(Brief):
    """RankIC statistics over n cross-sections (tables 9, 17 and 25, and what they leave out)."""

    mean: Number
    std: Number
    """ddof 1."""
    icir: Number
    """mean / std, not annualised."""
    positive_share: Number
    n: int
    standard_error: Number
    """std / sqrt(n): right where the forward windows do not overlap."""
    naive_t: Number
    newey_west_t: Number
    newey_west_lag: int


@dataclass(frozen=True, repr=False)
class Decay(Brief):
    """RankIC of one factor against returns over 1, 2, ... sessions ahead."""

    horizon: list[int]
    mean: list[Number]
    icir: list[Number]
    n: list[int]


@dataclass(frozen=True, repr=False)
class ICBlock(Brief):
    """Everything about the RankIC of one form (raw or neutral) of a factor."""

    summary: ICSummary
    series: Series
    cumulative: list[Number]
    decay: Decay
    by_year: dict[str, ICSummary]
    by_industry: dict[str, ICSummary]
    by_size: list[ICSummary]
    """Equal buckets of ln float cap, smallest first."""
    autocorrelation: dict[str, Number]
    """Mean rank correlation with the factor k sections earlier, by k."""


@dataclass(frozen=True)
class Achievable:
    """What a factor could reach: the RankIC of the true expected return (simulated market)."""

    summary: ICSummary
    share_reached: Number
    """Mean RankIC of the raw factor over that of the truth."""


@dataclass(frozen=True, repr=False)
class ICResult(Brief):
    """The IC test."""

    horizon: int
    step: int
    label: str
    filter: str
    neutral: ICBlock
    raw: ICBlock
    achievable: Achievable | None
    by_seed: dict[str, ICSummary] = field(default_factory=dict)
    """Neutral factor of each seed alone; empty for a factor of one seed."""


def ic_summary(ics: Floats) -> ICSummary:
    """Mean, standard deviation, IC_IR, share above zero and t statistics of a RankIC series.

    Args:
        ics: (S,) RankIC in time order; NaN sections are left out and not counted in n.
    """
    known = ics[np.isfinite(ics)]
    n = len(known)
    mean = float(known.mean()) if n else np.nan
    std = float(known.std(ddof=1)) if n > 1 else np.nan
    error = std / np.sqrt(n) if n else np.nan
    lag = newey_west_lag(n)
    return ICSummary(
        mean=mean,
        std=std,
        icir=_over(mean, std),
        positive_share=float((known > 0).mean()) if n else np.nan,
        n=n,
        standard_error=float(error),
        naive_t=_over(mean, error),
        newey_west_t=newey_west_t(known, lag),
        newey_west_lag=lag,
    )


def newey_west_lag(n: int) -> int:
    """Newey and West's rule of thumb, floor(4 (n / 100)^(2/9)): 4 lags for 254 sections."""
    return int(4 * (n / 100) ** (2 / 9))


def newey_west_t(values: Floats, lag: int) -> float:
    """The t statistic of the mean, robust to autocorrelation up to `lag` (Bartlett weights).

    The long-run variance is gamma_0 + 2 sum_k (1 - k / (lag + 1)) gamma_k with autocovariances
    divided by n (no small-sample correction).
    """
    n = len(values)
    if n < 2:
        return np.nan
    centred = values - values.mean()
    variance = centred @ centred / n
    for k in range(1, min(lag, n - 1) + 1):
        variance += 2 * (1 - k / (lag + 1)) * (centred[k:] @ centred[:-k]) / n
    return _over(float(values.mean()), float(np.sqrt(max(variance, 0.0) / n)))


def ic_by_year(ics: Floats, dates: Dates) -> dict[str, ICSummary]:
    """Summary of the sections of each calendar year; (S,) RankIC and their dates."""
    years = dates.astype("datetime64[Y]").astype(str)
    return {str(year): ic_summary(ics[years == year]) for year in np.unique(years)}


def ic_by_industry(
    factor: Floats, forward: Floats, industry: NDArray[np.integer], names: Sequence[str]
) -> dict[str, ICSummary]:
    """Summary of the RankIC inside each industry.

    Args:
        factor: (S, N).
        forward: (S, N).
        industry: (S, N) index into names, negative unknown.
        names: Industry names.
    """
    inside = grouped_rank_correlation(factor, forward, industry, len(names))
    return {name: ic_summary(column) for name, column in zip(names, inside.T, strict=True)}


def ic_by_size(factor: Floats, forward: Floats, log_cap: Floats) -> list[ICSummary]:
    """Summary of the RankIC inside each of five equal size buckets, smallest first.

    Args:
        factor: (S, N).
        forward: (S, N).
        log_cap: (S, N) ln float capitalisation; buckets are cut among the stocks with a factor.
    """
    bucket = equal_buckets(np.where(np.isfinite(factor), log_cap, np.nan), SIZE_BUCKETS)
    inside = grouped_rank_correlation(factor, forward, bucket, SIZE_BUCKETS)
    return [ic_summary(column) for column in inside.T]


def ic_decay(
    factor: Floats, returns: Callable[[int], Floats], horizons: Sequence[int] = HORIZONS
) -> Decay:
    """RankIC of a factor (S, N) against returns over 1, 2, ... sessions from the same sections.

    Args:
        factor: (S, N).
        returns: Sessions ahead -> (S, N) return.
        horizons: Sessions ahead.
    """
    found = [ic_summary(rank_correlation(factor, returns(horizon))) for horizon in horizons]
    return Decay(
        horizon=list(horizons),
        mean=[each.mean for each in found],
        icir=[each.icir for each in found],
        n=[each.n for each in found],
    )


def autocorrelation(factor: Floats, lags: Sequence[int] = (1, 2, 3, 4, 5)) -> dict[str, float]:
    """Mean rank correlation of each section's factor with the one k sections earlier, by k."""
    out = {}
    for lag in lags:
        pairs = rank_correlation(factor[lag:], factor[:-lag])
        out[str(lag)] = float(np.nanmean(pairs)) if np.isfinite(pairs).any() else np.nan
    return out


def ic_block(factor: Floats, forward: Floats, at: Sections) -> ICBlock:
    """Every RankIC figure of one form of a factor.

    Args:
        factor: (S, N) raw or neutral factor at the sections.
        forward: (S, N) return over the step.
        at: The sections.
    """
    ics = rank_correlation(factor, forward)
    return ICBlock(
        summary=ic_summary(ics),
        series=Series(dates=at.dates.astype(str).tolist(), values=ics.tolist()),
        cumulative=np.nancumsum(ics).tolist(),
        decay=ic_decay(factor, at.returns),
        by_year=ic_by_year(ics, at.dates),
        by_industry=ic_by_industry(factor, forward, at.industry, at.industries),
        by_size=ic_by_size(factor, forward, at.log_cap),
        autocorrelation=autocorrelation(factor),
    )


def achievable(factor: Floats, truth: Floats, forward: Floats) -> Achievable:
    """RankIC of the true expected return, and the share of it that a factor reaches.

    Args:
        factor: (S, N) raw factor.
        truth: (S, N) true expected return, which only a simulated market knows.
        forward: (S, N) realised return. All three are compared on the stocks that have a factor.
    """
    known = np.where(np.isfinite(factor), truth, np.nan)
    best = ic_summary(rank_correlation(known, forward))
    reached = ic_summary(rank_correlation(factor, forward)).mean
    return Achievable(summary=best, share_reached=_over(reached, best.mean))


def _over(numerator: float, denominator: float) -> float:
    return float(numerator / denominator) if denominator else np.nan


def ic_of(cut: FactorSections, path: Path) -> ICResult:
    """The IC test of the raw and of the industry-and-size-neutral factor.

    Args:
        cut: The factor.
        path: Its file, which may hold the seeds that it is the mean of.
    """
    options = cut.options
    truth = cut.read("true_return") if cut.panel.has("true_return") else None
    return ICResult(
        horizon=options.step,
        step=usual_step(cut.rows) or options.step,
        label=options.label,
        filter=options.filter,
        neutral=ic_block(cut.neutral, cut.forward, cut),
        raw=ic_block(cut.published, cut.forward, cut),
        achievable=None if truth is None else achievable(cut.published, truth, cut.forward),
        by_seed=_by_seed(cut, path),
    )


def _by_seed(cut: FactorSections, path: Path) -> dict[str, ICSummary]:
    names = seed_columns(path)
    if len(names) < 2:
        return {}
    alone = read_scores(path, cut.panel, cut.first + cut.rows, list(names.values()))
    return {
        str(seed): ic_summary(rank_correlation(cut.neutral_of(alone[name]), cut.forward))
        for seed, name in names.items()
    }
