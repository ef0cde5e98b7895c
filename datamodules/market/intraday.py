"""A session's prices in integer cents: limits, close, open, high, low, vwap."""

from dataclasses import dataclass

import numpy as np

from datamodules.market.traits import CHINEXT, MAIN, STAR

CHINEXT_WIDENS = np.datetime64("2020-08-24")
ISSUE_LIMIT = 44  # percent above the issue price on the first session
NEAR, MAGNET = 0.8, 0.6  # closes beyond this share of the limit, and how many end at it
LOCKED = 0.15  # share of limit closes that were locked at the limit all day


@dataclass(frozen=True)
class Bars:
    """One session of N stocks; prices in cents, vwap in yuan."""

    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    vwap: np.ndarray
    locked: np.ndarray  # bool: one price all day, at the limit


def limit_percent(board: np.ndarray, is_st: np.ndarray, date: np.datetime64) -> np.ndarray:
    """Return the daily price limit in percent (N,); evaluation notes, section 3.3."""
    percent = np.where(is_st & (board == MAIN), 5, 10)
    if date < CHINEXT_WIDENS:
        percent = np.where(is_st & (board == CHINEXT), 5, percent)
    else:
        percent = np.where(board == CHINEXT, 20, percent)
    return np.where(board == STAR, 20, percent)


def limits(prev_close: np.ndarray, percent: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return lower and upper limit in cents, rounded half-up as the exchange does."""
    return (prev_close * (100 - percent) + 50) // 100, (prev_close * (100 + percent) + 50) // 100


def draw_bars(
    rng: np.random.Generator,
    prev_close: np.ndarray,
    returns: np.ndarray,
    volatility: np.ndarray,
    percent: np.ndarray,
) -> Bars:
    """Draw a session around its log returns.

    Args:
        rng: The session's generator.
        prev_close: The exchange's previous close in cents, (N,) integers.
        returns: Log returns wanted; the limits and whole cents have the last word.
        volatility: Daily volatility, which widens the range, (N,).
        percent: Price limit in percent, (N,) integers.
    """
    down, up = limits(prev_close, percent)
    down = np.maximum(down, 1)
    gap, above, below, lean = rng.standard_normal((4, len(returns)))

    def whole(price: np.ndarray) -> np.ndarray:
        return np.clip(np.rint(price), down, up).astype(np.int64)

    close = whole(prev_close * np.exp(returns))
    pulled = rng.random(len(close)) < MAGNET
    close = np.where(pulled & (close > prev_close + NEAR * (up - prev_close)), up, close)
    close = np.where(pulled & (close < prev_close - NEAR * (prev_close - down)), down, close)
    open_ = whole(prev_close * np.exp(0.12 * returns + 0.4 * volatility * gap))
    high = whole(np.maximum(open_, close) * np.exp(0.7 * volatility * np.abs(above)))
    low = whole(np.minimum(open_, close) * np.exp(-0.7 * volatility * np.abs(below)))
    locked = ((close == up) | (close == down)) & (rng.random(len(close)) < LOCKED)
    open_, high, low = (np.where(locked, close, price) for price in (open_, high, low))
    middle = (open_ + high + low + close) / 4 + 0.1 * lean * (high - low)
    vwap = np.rint(np.clip(middle, low, high) * 100) / 10000  # 10^-4 yuan
    return Bars(open_, high, low, close, vwap, locked)
