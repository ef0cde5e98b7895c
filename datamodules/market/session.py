"""A session of trading: returns of a factor model, turnover tied to them, prices inside the limits.

Every shock has mean zero, so that the conditional mean of a return is the planted drift plus the
constant DRIFT, and no exposure to any factor is paid.
"""

from dataclasses import dataclass

import numpy as np

from datamodules.canon.limits import NO_LIMIT, limit_cents
from datamodules.market.stocks import Stocks

DRIFT = 0.0003  # log return a session, the same for every stock: it carries no ranking
MARKET, INDUSTRY = 0.0135, 0.007  # long-run volatilities a session
STYLES = np.array([0.0025, 0.0025, 0.0020, 0.0015])
CROWD = 0.0020  # of stocks that the planted signal makes alike, per unit of it
ARCH, GARCH = 0.10, 0.86
CALM, STORM = 0.4, 4.0  # bounds of a variance around its long-run value
FREEDOM = 4  # degrees of freedom of the shocks
HORIZON = 10

ISSUE_LIMIT = 44  # percent, on sessions without a limit of the exchange
NEAR, MAGNET = 0.8, 0.6  # closes beyond this share of the limit, and how many end at it
LOCKED = 0.15  # share of limit closes that were locked at the limit all day


class Returns:
    """Daily log returns of N stocks, each with a GARCH(1, 1) variance of its own."""

    def __init__(self, stocks: Stocks) -> None:
        self._stocks = stocks
        self._usual = stocks.sigma**2
        self._own = self._usual.copy()
        self._slow = np.zeros(len(stocks.sigma))

    @property
    def volatility(self) -> np.ndarray:
        """Each stock's own volatility on the coming session (N,)."""
        return np.sqrt(self._own)

    def dispersion(self) -> float:
        """Return the expected cross-sectional deviation of the coming ten-session return."""
        betas = self._stocks.beta.var() * MARKET**2
        own = 0.5 * (self._own + self._usual * np.exp(2 * self._slow)).mean()
        return float(np.sqrt(HORIZON * (own + betas + INDUSTRY**2 + (STYLES**2).sum() + CROWD**2)))

    def step(self, rng: np.random.Generator, drift: np.ndarray, signal: np.ndarray) -> np.ndarray:
        """Simulate a session's log returns (N,).

        Args:
            rng: The session's.
            drift: Planted mean of the log returns, (N,).
            signal: What is known of each stock, in standard deviations, (N,): those who trade it
                move its stocks together, up or down, which gives the signal its risk.
        """
        stocks = self._stocks
        industries = INDUSTRY * _student(rng, stocks.industry.max() + 1)
        styles = STYLES * _student(rng, len(STYLES))
        own = np.clip(_student(rng, len(drift)), -6, 6)
        common = stocks.beta * (MARKET * rng.standard_normal())
        common += industries[stocks.industry] + stocks.styles @ styles
        common += signal * (CROWD * _student(rng, 1))
        total = DRIFT + drift + common + self.volatility * own
        # risk wanders by 14% with a half-life of 69 sessions, and follows shocks
        self._slow = 0.99 * self._slow + 0.02 * rng.standard_normal(len(drift))
        usual = self._usual * np.exp(2 * self._slow)
        grown = (1 - ARCH - GARCH) * usual + self._own * (ARCH * own**2 + GARCH)
        self._own = np.clip(grown, CALM * usual, STORM * usual)
        return total


class Turnover:
    """Log turnover = usual level + slow wander + |return| + signed return + noise."""

    def __init__(self, stocks: Stocks) -> None:
        self._stocks = stocks
        self._slow, self._leaning = np.zeros((2, len(stocks.codes)))

    def step(self, rng: np.random.Generator, returns: np.ndarray, age: np.ndarray) -> np.ndarray:
        """Return the session's turnover of float shares (N,), at most 0.6.

        Args:
            rng: The session's.
            returns: Log returns of the session, (N,).
            age: Sessions since listing, (N,); the young change hands more.
        """
        wander, lean, noise = rng.standard_normal((3, len(returns)))
        self._slow = 0.96 * self._slow + 0.11 * wander
        self._leaning = 0.98 * self._leaning + 0.03 * lean
        scaled = np.clip(returns / (self._stocks.sigma * 1.5), -4, 4)
        log = self._stocks.turnover + self._slow + 0.35 * (np.abs(scaled) - 0.7)
        log += (0.1 + self._leaning) * scaled + self._stocks.restless * noise
        log += 1.2 * np.exp(-np.maximum(age, 0) / 60.0)
        return np.minimum(np.exp(log), 0.6)


@dataclass(frozen=True)
class Bars:
    """One session of N stocks; prices in cents, vwap in yuan."""

    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    vwap: np.ndarray
    locked: np.ndarray  # bool: one price all day, at the limit


def draw_bars(
    rng: np.random.Generator,
    prev_close: np.ndarray,
    returns: np.ndarray,
    volatility: np.ndarray,
    percent: np.ndarray,
) -> Bars:
    """Draw a session around its log returns.

    Args:
        rng: The session's.
        prev_close: The exchange's previous close in cents, (N,) integers.
        returns: Log returns wanted; the limits and whole cents have the last word.
        volatility: Daily volatility, which widens the range, (N,).
        percent: Price limit in percent, (N,) integers; NO_LIMIT without one.
    """
    down, up = limit_cents(prev_close, np.where(percent == NO_LIMIT, ISSUE_LIMIT, percent))
    down = np.maximum(down, 1)
    gap, above, below, lean = rng.standard_normal((4, len(returns)))
    pulled, stuck = rng.random((2, len(returns)))

    def whole(price: np.ndarray) -> np.ndarray:
        return np.clip(np.rint(price), down, up).astype(np.int64)

    close = whole(prev_close * np.exp(returns))
    near_up = close > prev_close + NEAR * (up - prev_close)
    near_down = close < prev_close - NEAR * (prev_close - down)
    close = np.where((pulled < MAGNET) & near_up, up, close)
    close = np.where((pulled < MAGNET) & near_down, down, close)
    open_ = whole(prev_close * np.exp(0.12 * returns + 0.4 * volatility * gap))
    high = whole(np.maximum(open_, close) * np.exp(0.7 * volatility * np.abs(above)))
    low = whole(np.minimum(open_, close) * np.exp(-0.7 * volatility * np.abs(below)))
    locked = ((close == up) | (close == down)) & (stuck < LOCKED)
    open_, high, low = (np.where(locked, close, price) for price in (open_, high, low))
    middle = (open_ + high + low + close) / 4 + 0.1 * lean * (high - low)
    vwap = np.rint(np.clip(middle, low, high) * 100) / 10000  # 10^-4 yuan
    return Bars(open_, high, low, close, vwap, locked)


def _student(rng: np.random.Generator, size: int) -> np.ndarray:
    """Return unit-variance Student shocks (size,)."""
    return rng.standard_t(FREEDOM, size) * np.sqrt((FREEDOM - 2) / FREEDOM)
