"""Who is at a price limit, exact to the cent: prices are integer cents, limits those of the rules.

The rules are in canon/limits.py.
"""

from dataclasses import dataclass

import numpy as np

from datamodules.canon.limits import A_SHARES, NO_LIMIT, LimitTable, limit_cents
from datamodules.prepare.grid import QuoteGrid, ffill, lag


@dataclass(frozen=True)
class Limits:
    """Each day's limit prices, (D, S) int64 cents, NO_LIMIT where there is none."""

    up: np.ndarray
    down: np.ndarray


def cents(price: np.ndarray) -> np.ndarray:
    """Return prices as int64 cents, half up; NaN becomes NO_LIMIT.

    The small addend makes a product such as 10.01 x 0.5 (5.00499... in binary) round as 5.005.
    """
    known = np.isfinite(price)
    return np.floor(np.where(known, price, 0) * 100 + 0.5 + 1e-6).astype(np.int64)


def limit_prices(grid: QuoteGrid, is_st: np.ndarray, table: LimitTable = A_SHARES) -> Limits:
    """Compute the limits in force on each day.

    Args:
        grid: The quotes; unadjusted prices.
        is_st: (D, S) bool.
        table: The market's rules.
    """
    previous = previous_close(grid)
    percent = limit_percent(grid, is_st, table)
    limited = (previous > 0) & (percent != NO_LIMIT)
    down, up = limit_cents(previous, percent)
    return Limits(np.where(limited, up, NO_LIMIT), np.where(limited, down, NO_LIMIT))


def limit_percent(grid: QuoteGrid, is_st: np.ndarray, table: LimitTable = A_SHARES) -> np.ndarray:
    """Return each stock's daily limit, (D, S) int64 percent, NO_LIMIT where it has none."""
    boards = np.array([table.board_of(str(code)) for code in grid.codes])
    # a stock that the panel begins with is older than the panel, and past any free days
    older = np.where(grid.listed[0], np.int32(10**6), np.int32(0))
    age = np.cumsum(grid.traded, axis=0, dtype=np.int32) + older
    return table.percent(boards, grid.dates, is_st, age)


def previous_close(grid: QuoteGrid) -> np.ndarray:
    """Return the close that limits refer to, (D, S) int64 cents; NO_LIMIT on a first day.

    The exchange's own where quotes give it; else the last traded close, however long ago, times
    adj_factor of that day over adj_factor of this one.
    """
    factor = grid.column("adj_factor")
    adjusted = ffill(grid.adjusted("close"), grid.traded)
    with np.errstate(divide="ignore"):  # a day without trading may have a factor of 0
        previous = cents(lag(adjusted, np.nan) / factor)
    if not grid.has("prev_close"):
        return previous
    given = cents(grid.column("prev_close"))
    return np.where(given > 0, given, previous)


def at_limit_close(grid: QuoteGrid, limits: Limits) -> np.ndarray:
    """Return (D, S) bool: traded, and closed exactly at the upper or lower limit."""
    close = cents(grid.when_traded("close"))
    return (close > 0) & ((close == limits.up) | (close == limits.down))


def stuck_at_limit(grid: QuoteGrid, limit: np.ndarray) -> np.ndarray:
    """Say where an order against a limit would hardly have been filled all day.

    Args:
        grid: The quotes; unadjusted prices.
        limit: (D, S) int64 cents: the upper limits (nobody could buy) or the lower (nor sell).

    Returns:
        (D, S) bool: one price all day, the limit; or open and vwap (to the cent) at the limit.
    """
    price = {name: cents(grid.when_traded(name)) for name in ("open", "high", "low", "vwap")}
    one_price = (price["high"] == limit) & (price["low"] == limit)
    opened = (price["open"] == limit) & (price["vwap"] == limit)
    return (limit > 0) & (one_price | opened)
