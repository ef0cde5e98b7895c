"""Descriptors from prices, turnover and capitalisation, for a block of dates.

BETA RSTR DASTD CMRA HSIGMA STOM STOQ STOA LNCAP as Barra CNE5 defines them ("CNE5 Descriptor
Details", 2013; the report's table 33), the risk-free rate being 0. Days without an observation
weigh 0; a window with too few of them gives NaN.
"""

import numpy as np
from numpy.typing import NDArray

from datamodules.settings import StyleProfile
from datamodules.styles.rolling import (
    Array,
    band,
    rolling_mean,
    rows_back,
    weighted_line,
    weighted_moments,
)

_MONTHS = {"STOM": 1, "STOQ": 3, "STOA": 12}
_RANGE_MONTHS = 12


def log_cap(cap: NDArray) -> Array:
    """LNCAP: natural logarithm of capitalisation in yuan, NaN where it is not positive."""
    return _log(np.asarray(cap, np.float64))


def market_and_risk(
    returns: NDArray, market: NDArray, start: int, block: int, profile: StyleProfile
) -> dict[str, Array]:
    """BETA, HSIGMA, DASTD and RSTR of a block of dates.

    Args:
        returns: (D, N) simple returns, NaN where not traded.
        market: (D,) simple returns of the market.
        start: First date of the block.
        block: Dates B in it.
        profile: Windows, half-lives and least shares of observed days.

    Returns:
        (B, N) arrays by descriptor: a slope, and per-day standard deviations and mean log return.
    """
    days, least = profile.beta_days, profile.min_observed
    weights = band(block, days, profile.beta_half_life)
    rows = rows_back(returns, start, block, days - 1)
    beta, residual = weighted_line(
        rows, rows_back(market, start, block, days - 1), weights, days, least * days
    )
    days = profile.volatility_days
    rows = rows_back(returns, start, block, days - 1)
    weights = band(block, days, profile.volatility_half_life)
    _, volatility = weighted_moments(rows, weights, days, least * days)
    return {"BETA": beta, "HSIGMA": residual, "DASTD": volatility,
            "RSTR": _momentum(returns, start, block, profile)}  # fmt: skip


def cumulative_range(close: NDArray, start: int, block: int, profile: StyleProfile) -> Array:
    """CMRA: spread of the cumulative log return over 1 .. 12 months.

    `past`: Z(T) = ln(P_t / P_(t-21T)), CMRA = max Z - min Z (CNE5). `forward`: Z(T) =
    ln(P_(t-252+21T) / P_(t-252)) cut at -0.99, CMRA = ln(1 + max Z) - ln(1 + min Z).

    Args:
        close: (D, N) adjusted close, carried through suspensions, NaN before the listing.
        start: First date of the block.
        block: Dates B in it.
        profile: Month in days and the form.

    Returns:
        (B, N); NaN where the stock was not listed 12 months ago.
    """
    month = profile.month_days
    reach = _RANGE_MONTHS * month
    logs = _log(rows_back(close, start, block, reach))
    if profile.range_form == "past":
        anchor, offsets = logs[reach:], [month * k for k in range(_RANGE_MONTHS)]
    else:
        anchor, offsets = logs[:block], [month * k for k in range(1, _RANGE_MONTHS + 1)]
    low, high = np.full(anchor.shape, np.inf), np.full(anchor.shape, -np.inf)
    for offset in offsets:
        change = logs[offset : offset + block] - anchor
        change = -change if profile.range_form == "past" else np.maximum(change, -0.99)
        np.minimum(low, change, out=low)
        np.maximum(high, change, out=high)
    return high - low if profile.range_form == "past" else np.log1p(high) - np.log1p(low)


def liquidity(
    turn: NDArray, close: NDArray, start: int, block: int, profile: StyleProfile
) -> dict[str, Array]:
    """STOM, STOQ, STOA: logarithm of the mean monthly turnover over 1, 3 and 12 months.

    Args:
        turn: (D, N) share of the float that changed hands; NaN or 0 where not traded.
        close: (D, N) adjusted close, carried: it says who is listed.
        start: First date of the block.
        block: Dates B in it.
        profile: Month in days, and whether a listed day without trading counts as 0 turnover.

    Returns:
        (B, N) arrays by descriptor; NaN without turnover in the window.
    """
    reach = max(_MONTHS.values()) * profile.month_days - 1
    rows = rows_back(turn, start, block, reach)
    rows[~(rows > 0)] = np.nan
    if profile.suspended_turnover == "zero":
        listed = np.isfinite(rows_back(close, start, block, reach))
        rows[listed & np.isnan(rows)] = 0.0
    measures = {}
    for name, months in _MONTHS.items():
        days = months * profile.month_days
        mean = rolling_mean(rows[reach + 1 - days :], days, profile.min_observed * days)
        measures[name] = _log(mean * profile.month_days)
    return measures


def market_returns(
    returns: NDArray, float_cap: NDArray, universe: NDArray, index_close: NDArray | None
) -> Array:
    """Return of the market: of the index, else of the universe weighted by yesterday's cap.

    Args:
        returns: (D, N) simple returns, NaN where not traded.
        float_cap: (D, N) yuan.
        universe: (D, N) stocks that count, known at each date.
        index_close: (D,) closes of an index, or None.

    Returns:
        (D,) simple returns; NaN on the first date and wherever there is nothing to go by.
    """
    market = np.full(len(returns), np.nan)
    if index_close is not None:
        market[1:] = np.asarray(index_close, np.float64)[1:] / index_close[:-1] - 1
        return market
    for t in range(1, len(returns)):
        use = universe[t - 1] & np.isfinite(returns[t]) & (float_cap[t - 1] > 0)
        if use.any():
            market[t] = np.average(returns[t, use], weights=float_cap[t - 1, use])
    return market


def _momentum(returns: NDArray, start: int, block: int, profile: StyleProfile) -> Array:
    """RSTR: weighted mean of ln(1 + r) over the window that ends `momentum_lag` days back."""
    days, lag = profile.momentum_days, profile.momentum_lag
    rows = rows_back(returns, start, block, days + lag - 1)
    weights = band(block, days, profile.momentum_half_life, lag)
    least = profile.min_observed_momentum * days
    return weighted_moments(_log(1.0 + rows), weights, days, least)[0]


def _log(values: Array) -> Array:
    return np.log(values, out=np.full(values.shape, np.nan), where=values > 0)
