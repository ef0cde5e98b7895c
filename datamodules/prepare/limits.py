"""Price limits of the exchanges: effective-dated rules, exact to the cent.

Source: the exchanges' trading rules as collected in HT21's period and after. Main board 10%, ST 5%;
ChiNext as the main board until 2020-08-21, 20% (ST too) from 2020-08-24; STAR 20% from its first
day, 2019-07-22; Beijing 30% from 2021-11-15. Prices are integer cents: rounding floats to the cent
is wrong for 4% of prices (1.15 at 10% is 1.27 and 1.04; floats say 1.26 and 1.03).
"""

from dataclasses import dataclass

import numpy as np

from datamodules.prepare.grid import Dense, before, carried

NO_LIMIT = 0
"""Percent where there is no limit, and cents where none is known."""

_BOARDS = {
    "SZ300": "chinext", "SZ301": "chinext", "SH688": "star", "SH689": "star",
}  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """Limits of a board from a date on.

    Attributes:
        board: main, chinext, star or beijing.
        since: First day.
        percent: Of the previous close, each way.
        st_percent: The same for stocks under special treatment.
        free_days: Trading days after the listing without any limit.
    """

    board: str
    since: str
    percent: int
    st_percent: int
    free_days: int


RULES = (
    Rule("main", "1996-12-16", 10, 5, 1),
    Rule("main", "2023-04-10", 10, 5, 5),
    Rule("chinext", "2009-10-30", 10, 5, 1),
    Rule("chinext", "2020-08-24", 20, 20, 5),
    Rule("star", "2019-07-22", 20, 20, 5),
    Rule("beijing", "2021-11-15", 30, 30, 1),
)
"""Later rules of a board replace earlier ones for every stock of it. `free_days` goes by the rule
in force on the day: a stock of the old regime is past it anyway."""


@dataclass(frozen=True)
class Limits:
    """Each day's limit prices, (D, S) int64 cents, NO_LIMIT where there is none."""

    up: np.ndarray
    down: np.ndarray


def board_of(code: str) -> str:
    """Return the board of a code such as SZ300001."""
    return "beijing" if code.startswith("BJ") else _BOARDS.get(code[:5], "main")


def cents(price: np.ndarray) -> np.ndarray:
    """Return prices as int64 cents, half up; NaN becomes NO_LIMIT.

    The small addend makes a product such as 10.01 x 0.5 (5.00499... in binary) round as 5.005.
    """
    known = np.isfinite(price)
    return np.floor(np.where(known, price, 0) * 100 + 0.5 + 1e-6).astype(np.int64)


def limit_prices(dense: Dense, is_st: np.ndarray) -> Limits:
    """Compute the limits in force on each day.

    Args:
        dense: The quotes; unadjusted prices.
        is_st: (D, S) bool.
    """
    previous = previous_close(dense)
    percent = limit_percent(dense, is_st)
    limited = (previous > 0) & (percent != NO_LIMIT)
    up = np.where(limited, (previous * (100 + percent) + 50) // 100, NO_LIMIT)
    down = np.where(limited, (previous * (100 - percent) + 50) // 100, NO_LIMIT)
    return Limits(up, down)


def previous_close(dense: Dense) -> np.ndarray:
    """Return the close that limits refer to, (D, S) int64 cents; NO_LIMIT on a first day.

    The exchange's own where quotes give it; else the last traded close, however long ago, times
    adj_factor of that day over adj_factor of this one.
    """
    factor = dense.column("adj_factor")
    adjusted = carried(dense.adjusted("close"), dense.traded)
    previous = cents(before(adjusted, np.nan) / factor)
    if not dense.has("prev_close"):
        return previous
    given = cents(dense.column("prev_close"))
    return np.where(given > 0, given, previous)


def limit_percent(dense: Dense, is_st: np.ndarray) -> np.ndarray:
    """Return each stock's daily limit, (D, S) int64 percent, NO_LIMIT where it has none."""
    boards = np.array([board_of(str(code)) for code in dense.codes])
    age = _trading_days_since_listing(dense)
    percent = np.full(dense.shape, NO_LIMIT, dtype=np.int64)
    for rule in RULES:
        rows = slice(int(np.searchsorted(dense.dates, np.datetime64(rule.since))), None)
        columns = boards == rule.board
        plain = np.where(is_st[rows, columns], rule.st_percent, rule.percent)
        free = age[rows, columns] <= rule.free_days
        percent[rows, columns] = np.where(free, NO_LIMIT, plain)
    return percent


def at_limit_close(dense: Dense, limits: Limits) -> np.ndarray:
    """Return (D, S) bool: traded, and closed exactly at the upper or lower limit."""
    close = cents(dense.when_traded("close"))
    return (close > 0) & ((close == limits.up) | (close == limits.down))


def locked(dense: Dense, limit: np.ndarray) -> np.ndarray:
    """Say where an order against a limit would hardly have been filled all day.

    Args:
        dense: The quotes; unadjusted prices.
        limit: (D, S) int64 cents: the upper limits (nobody could buy) or the lower (nor sell).

    Returns:
        (D, S) bool: one price all day, the limit; or open and vwap (to the cent) at the limit.
    """
    price = {name: cents(dense.when_traded(name)) for name in ("open", "high", "low", "vwap")}
    one_price = (price["high"] == limit) & (price["low"] == limit)
    opened = (price["open"] == limit) & (price["vwap"] == limit)
    return (limit > 0) & (one_price | opened)


def _trading_days_since_listing(dense: Dense) -> np.ndarray:
    """Count traded days including today; large for stocks older than the panel."""
    age = np.cumsum(dense.traded, axis=0, dtype=np.int32)
    return age + np.where(dense.listed[0], np.int32(10**6), np.int32(0))
