"""The IC test: RankIC at every section, its summary, decay and breakdowns.

Arrays are (sections, stocks): the caller picks the rows, every `step` sessions, so that forward
windows of `step` sessions do not overlap. NaN means absent; the caller has set to NaN what a filter
leaves out. Report: tables 9, 17 and 25, figures 10, 18 and 26.

Example: `ic_summary(rank_correlation(neutralise(factor, industry, log_cap), forward))["mean"]`.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from alphanet_pl.evaluation.results import Achievable, Decay, ICBlock, ICSummary, Series
from alphanet_pl.evaluation.signal.ranks import (
    equal_buckets,
    grouped_rank_correlation,
    rank_correlation,
)

Floats = NDArray[np.floating]
Dates = NDArray[np.datetime64]
SIZE_BUCKETS = 5
HORIZONS = tuple(range(1, 21))


def sections(start: int, stop: int, step: int) -> NDArray[np.int64]:
    """Session indices start, start + step, ... below stop: the test's cross-sections."""
    return np.arange(start, stop, step)


def forward_returns(price: Floats, rows: NDArray[np.integer], horizon: int, lag: int = 0) -> Floats:
    """Return from session t + lag to t + lag + horizon at the rows t.

    Args:
        price: (T, N) adjusted price, carried forward where there is no trade.
        rows: (S,) session indices.
        horizon: Sessions ahead.
        lag: 0 for a label from close to close, 1 for vwap of t + 1 to vwap of t + 1 + horizon.

    Returns:
        (S, N) float64; NaN where the window reaches past the last session.
    """
    out = np.full((len(rows), price.shape[1]), np.nan)
    inside = rows + lag + horizon < len(price)
    begin = rows[inside] + lag
    out[inside] = price[begin + horizon] / price[begin] - 1.0
    return out


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
    factor: Floats,
    price: Floats,
    rows: NDArray[np.integer],
    horizons: Sequence[int] = HORIZONS,
    lag: int = 0,
) -> Decay:
    """RankIC at the same sections against returns over 1, 2, ... sessions.

    Args:
        factor: (S, N) at the rows.
        price: (T, N) adjusted price, carried forward.
        rows: (S,) session indices of the sections.
        horizons: Sessions ahead.
        lag: See `forward_returns`.
    """
    found = [
        ic_summary(rank_correlation(factor, forward_returns(price, rows, horizon, lag)))
        for horizon in horizons
    ]
    return Decay(
        horizon=list(horizons),
        mean=[each["mean"] for each in found],
        icir=[each["icir"] for each in found],
        n=[each["n"] for each in found],
    )


def autocorrelation(factor: Floats, lags: Sequence[int] = (1, 2, 3, 4, 5)) -> dict[str, float]:
    """Mean rank correlation of each section's factor with the one k sections earlier, by k."""
    out = {}
    for lag in lags:
        pairs = rank_correlation(factor[lag:], factor[:-lag])
        out[str(lag)] = float(np.nanmean(pairs)) if np.isfinite(pairs).any() else np.nan
    return out


def ic_block(
    factor: Floats,
    forward: Floats,
    dates: Dates,
    *,
    price: Floats,
    rows: NDArray[np.integer],
    industry: NDArray[np.integer],
    names: Sequence[str],
    log_cap: Floats,
    lag: int = 0,
) -> ICBlock:
    """Every RankIC figure of one form of a factor.

    Args:
        factor: (S, N) raw or neutral factor at the sections.
        forward: (S, N) return to the next section.
        dates: (S,) sections.
        price: (T, N) adjusted price, carried forward, for the decay.
        rows: (S,) the sections' rows in `price`.
        industry: (S, N).
        names: Industry names.
        log_cap: (S, N).
        lag: See `forward_returns`.
    """
    ics = rank_correlation(factor, forward)
    return ICBlock(
        summary=ic_summary(ics),
        series=Series(dates=dates.astype(str).tolist(), values=ics.tolist()),
        cumulative=np.nancumsum(ics).tolist(),
        decay=ic_decay(factor, price, rows, lag=lag),
        by_year=ic_by_year(ics, dates),
        by_industry=ic_by_industry(factor, forward, industry, names),
        by_size=ic_by_size(factor, forward, log_cap),
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
    reached = ic_summary(rank_correlation(factor, forward))["mean"]
    return Achievable(summary=best, share_reached=_over(reached, best["mean"]))


def _over(numerator: float, denominator: float) -> float:
    return float(numerator / denominator) if denominator else np.nan
