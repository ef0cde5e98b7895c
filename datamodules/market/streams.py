"""A random stream for each component and day, so that more days never change earlier ones."""

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """The components that draw random numbers; a value, once given, is never reused."""

    TRAITS = 0
    FACTORS = 1
    SHOCKS = 2
    TURNOVER = 3
    INTRADAY = 4
    EVENTS = 5
    ACTIONS = 6
    FUNDAMENTALS = 7


def stream(seed: int, component: Stream, day: int = 0) -> np.random.Generator:
    """Return the generator of one component on one day (session number; quarter for accounts)."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(int(component), day)))
