"""The planted signal: what it is made of, and how strongly it drives the drift of returns.

Every ingredient is a function of the last thirty sessions that the six operators can form.
With s_k the standardised ingredients at the close t, c_t the scale and w_k the weights below,

    expected ten-session log return   mu_t    = c_t  sum_k w_k s_k
    drift of session t + 1            delta_t = c_t  sum_k w_k s_k / h_k

where h_k = E_t[s_k(t) + ... + s_k(t + 9)] / s_k(t) is how long ingredient k lasts. Shocks have
mean zero in logs, so mu orders the medians of the outcomes, which is what a rank correlation sees.
"""

from dataclasses import dataclass

import numpy as np

from datamodules.market.windows import Windows

MEMORY = 0.9  # of the exponentially weighted return that reverses
CLIP = 2.5


@dataclass(frozen=True)
class Ingredient:
    """Weight w in the expected return, and lasting h in sessions (at most 10)."""

    weight: float
    lasting: float


INGREDIENTS: dict[str, Ingredient] = {
    "reversal": Ingredient(-0.45, 6.1),
    "turnover": Ingredient(-0.35, 9.9),
    "volatility": Ingredient(-0.45, 9.35),
    "price_volume": Ingredient(-0.65, 6.5),
    "steadiness": Ingredient(0.60, 8.8),
    "crowded_reversal": Ingredient(-0.10, 6.1),
}
GAIN = 0.89  # ranks against Pearson, suspensions, limits: fitted once


class Signal:
    """Follows the market session by session and says what it expects."""

    def __init__(self, stocks: int, rank_ic: float) -> None:
        self._windows = Windows(stocks)
        self._trend = np.zeros(stocks)
        self._strength = GAIN * rank_ic
        self.score = np.zeros(stocks)

    @property
    def known(self) -> np.ndarray:
        """Stocks with a complete picture, the only ones with an expectation (N,)."""
        return self._windows.complete

    def push(
        self, returns: np.ndarray, close: np.ndarray, turn: np.ndarray, traded: np.ndarray
    ) -> None:
        """Take in a session: log returns, adjusted closes, turnovers (N,) of those traded."""
        self._windows.push(returns, close, turn, traded)
        kept = MEMORY * self._trend + (1 - MEMORY) * returns
        self._trend = np.where(traded, kept, 0.0)

    def expect(self, dispersion: float) -> tuple[np.ndarray, np.ndarray]:
        """Return expected ten-session return and next session's drift (N,), zero where unknown.

        Args:
            dispersion: Expected cross-sectional deviation of the ten-session return.
        """
        parts = self.ingredients()
        mean, drift = np.zeros(len(self._trend)), np.zeros(len(self._trend))
        for name, part in parts.items():
            mean += INGREDIENTS[name].weight * part
            drift += INGREDIENTS[name].weight / INGREDIENTS[name].lasting * part
        spread = mean[self.known].std() if self.known.any() else 0.0
        if spread == 0:
            return mean, drift
        self.score = mean / spread
        scale = self._strength * dispersion / spread
        return scale * mean, scale * drift

    def ingredients(self) -> dict[str, np.ndarray]:
        """Return each ingredient as a clipped cross-sectional z-score (N,)."""
        known = self.known
        trend = standardise(self._trend, known)
        turnover = standardise(self._windows.turnover(), known)
        return {
            "reversal": trend,
            "turnover": turnover,
            "volatility": standardise(self._windows.volatility(), known),
            "price_volume": standardise(self._windows.price_volume(), known),
            "steadiness": standardise(self._windows.steadiness(), known),
            "crowded_reversal": standardise(trend * turnover, known),
        }


def standardise(values: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Return z-scores over the stocks in `among`, clipped at 2.5, and 0 elsewhere (N,)."""
    if among.sum() < 2:
        return np.zeros(len(values))
    kept = values[among]
    deviation = kept.std()
    if deviation < 1e-12:
        return np.zeros(len(values))
    return np.where(among, np.clip((values - kept.mean()) / deviation, -CLIP, CLIP), 0.0)
