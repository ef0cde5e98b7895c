"""Daily turnover of float shares, tied to volatility, to the size and to the sign of returns."""

import numpy as np

from datamodules.market.streams import Stream, stream
from datamodules.market.traits import Traits


class Turnover:
    """Log turnover = usual level + slow wander + market + |return| + signed return + noise."""

    def __init__(self, traits: Traits, seed: int) -> None:
        self._traits, self._seed = traits, seed
        stocks = len(traits.turnover)
        self._slow = np.zeros(stocks)
        self._leaning = np.zeros(stocks)
        self._market = 0.0

    def step(self, day: int, returns: np.ndarray, market: float, age: np.ndarray) -> np.ndarray:
        """Return the session's turnover (N,), at most 0.6.

        Args:
            day: Session number.
            returns: Log returns of the session, (N,).
            market: The market's shock in standard deviations.
            age: Sessions since listing, (N,); the young change hands more.
        """
        rng = stream(self._seed, Stream.TURNOVER, day)
        wander, lean, noise = rng.standard_normal((3, len(returns)))
        self._slow = 0.96 * self._slow + 0.11 * wander
        self._leaning = 0.98 * self._leaning + 0.03 * lean
        crowd = float(rng.standard_normal())
        self._market = 0.95 * self._market + 0.04 * (abs(market) - 0.8) + 0.03 * crowd
        scaled = np.clip(returns / (self._traits.sigma * 1.5), -4, 4)
        log = self._traits.turnover + self._slow + self._market + 0.35 * (np.abs(scaled) - 0.7)
        log += (0.1 + self._leaning) * scaled + self._traits.restless * noise
        log += 1.2 * np.exp(-np.maximum(age, 0) / 60.0)
        return np.minimum(np.exp(log), 0.6)
