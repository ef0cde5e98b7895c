"""Share counts, splits, dividends and unlocks, and the adjustment factor that follows from them."""

import numpy as np

from datamodules.market.streams import Stream, stream
from datamodules.market.traits import Traits

YEAR = 244.0  # sessions
UNLOCKS_AT = (244, 732)  # sessions after listing: founders and funds, then the controlling holder


class Shares:
    """Total, float and free-float shares (whole numbers) and the back-adjusting factor, (N,)."""

    def __init__(self, traits: Traits, seed: int) -> None:
        self._seed = seed
        rng = stream(seed, Stream.ACTIONS)
        stocks = len(traits.codes)
        self.total = np.maximum(np.rint(traits.total_cap / traits.price / 1e4) * 1e4, 1e6)
        age = np.maximum(-traits.listed_on, 0)
        share = np.where(age < UNLOCKS_AT[0], 0.25, np.where(age < UNLOCKS_AT[1], 0.55, 0.85))
        self._floating = np.clip(share + 0.1 * rng.standard_normal(stocks), 0.2, 1.0)
        self._free = rng.uniform(0.4, 0.9, stocks)
        self.adj_factor = np.ones(stocks)

    @property
    def float(self) -> np.ndarray:
        """Shares that may trade."""
        return np.rint(self.total * self._floating / 100) * 100

    @property
    def free(self) -> np.ndarray:
        """Float shares outside the hands of lasting holders."""
        return np.rint(self.float * self._free / 100) * 100

    def step(
        self, day: int, date: np.datetime64, close: np.ndarray, traded: np.ndarray, age: np.ndarray
    ) -> np.ndarray:
        """Apply the session's corporate actions and return the exchange's previous close in cents.

        Args:
            day: Session number.
            date: Its date; dividends fall in May, June and July.
            close: Last closes in cents, (N,) integers.
            traded: Stocks that trade today; nothing goes ex while suspended.
            age: Sessions since listing, (N,).
        """
        rng = stream(self._seed, Stream.ACTIONS, 1 + day)
        draw, cash, bonus = rng.random((3, len(close)))
        self._unlock(rng, age)
        month = date.astype("datetime64[M]").astype(int) % 12 + 1
        season = 0.011 if month in (5, 6, 7) else 0.0002
        acts = traded & (age > 60) & (draw < season)
        dividend = np.where(acts & (cash < 0.85), np.rint(close * 0.03 * cash), 0)
        splits = acts & ((bonus < 0.1) | (close > 4000) & (bonus < 0.7))
        ratio = np.where(splits, np.where(bonus * 1e3 % 1 < 0.5, 0.5, 1.0), 0.0)
        exact = (close - dividend) / (1 + ratio)
        prev_close = np.where(acts, np.floor(exact + 0.5), close).astype(np.int64)
        self.total = np.rint(self.total * (1 + ratio))
        self.adj_factor = self.adj_factor * (close / prev_close)
        return prev_close

    def _unlock(self, rng: np.random.Generator, age: np.ndarray) -> None:
        """Let locked shares float at fixed ages and now and then."""
        freed = np.where(np.isin(age, UNLOCKS_AT), 0.3, 0.0)
        freed += np.where(rng.random(len(age)) < 0.15 / YEAR, 0.05, 0.0)
        self._floating = np.minimum(self._floating + freed, 1.0)
