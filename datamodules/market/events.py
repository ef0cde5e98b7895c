"""What happens to stocks besides trading: listings, delistings, suspensions, ST spells."""

from dataclasses import dataclass

import numpy as np

from datamodules.market.streams import Stream, stream
from datamodules.market.traits import Traits

YEAR = 244.0  # sessions
SHORT_SUSPENSIONS = 0.5  # a stock and a year; 1 to 15 sessions
LONG_SUSPENSIONS = 0.1  # 40 to 160 sessions
ST_SPELLS = 0.02  # 200 to 500 sessions
ST_BEFORE_DELISTING = 150  # sessions
PENNY_SESSIONS = 20  # closes below one yuan that end a listing


@dataclass(frozen=True)
class Status:
    """One session's state of N stocks (bool); age counts sessions since listing."""

    listed: np.ndarray
    traded: np.ndarray
    is_st: np.ndarray
    first_day: np.ndarray
    age: np.ndarray


class Events:
    """Remaining lengths of suspensions and ST spells, drawn session by session."""

    def __init__(self, traits: Traits, seed: int) -> None:
        self._seed = seed
        self._listed_on, self._delisted_on = traits.listed_on, traits.delisted_on.copy()
        stocks = len(traits.codes)
        self._suspended = np.zeros(stocks, int)
        self._special = np.zeros(stocks, int)
        self._pennies = np.zeros(stocks, int)

    def step(self, day: int, close: np.ndarray) -> Status:
        """Open a session.

        Args:
            day: Session number.
            close: Last closes in cents, (N,).
        """
        rng = stream(self._seed, Stream.EVENTS, day)
        age = day - self._listed_on
        self._strike_off_pennies(day, close)
        listed = (age >= 0) & (day < self._delisted_on)
        self._suspend(rng, listed & (age > 30))
        self._mark_st(rng, day)
        return Status(
            listed=listed,
            traded=listed & (self._suspended == 0),
            is_st=listed & (self._special > 0),
            first_day=age == 0,
            age=age,
        )

    def _strike_off_pennies(self, day: int, close: np.ndarray) -> None:
        self._pennies = np.where(close < 100, self._pennies + 1, 0)
        ends = np.where(self._pennies > PENNY_SESSIONS, day, self._delisted_on)
        self._delisted_on = np.minimum(self._delisted_on, ends)

    def _suspend(self, rng: np.random.Generator, may: np.ndarray) -> None:
        self._suspended = np.maximum(self._suspended - 1, 0)
        draw = rng.random(len(may))
        short = np.minimum(rng.geometric(0.25, len(may)), 15)
        long = rng.integers(40, 161, len(may))
        length = np.where(draw < LONG_SUSPENSIONS / YEAR, long, 0)
        either = (SHORT_SUSPENSIONS + LONG_SUSPENSIONS) / YEAR
        length = np.where((draw >= LONG_SUSPENSIONS / YEAR) & (draw < either), short, length)
        self._suspended = np.where(may & (self._suspended == 0), length, self._suspended)

    def _mark_st(self, rng: np.random.Generator, day: int) -> None:
        self._special = np.maximum(self._special - 1, 0)
        begins = rng.random(len(self._special)) < ST_SPELLS / YEAR
        length = np.where(begins, rng.integers(200, 501, len(begins)), 0)
        remaining = self._delisted_on - day
        doomed = (remaining > 0) & (remaining <= ST_BEFORE_DELISTING)
        self._special = np.maximum(self._special, np.where(doomed, remaining, length))
