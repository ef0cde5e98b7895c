"""The planted signal: what it is made of, and how strongly it drives the drift of returns.

Every ingredient is a function of the last thirty sessions that the six operators can form.
With s_k the standardised ingredients at the close t, c_t the scale and w_k the weights below,

    expected ten-session log return   mu_t    = c_t  sum_k w_k s_k
    drift of session t + 1            delta_t = c_t  sum_k w_k s_k / h_k

where h_k = E_t[s_k(t) + ... + s_k(t + 9)] / s_k(t) is how long ingredient k lasts. Shocks have
mean zero in logs, so mu orders the medians of the outcomes, which is what a rank correlation sees.
"""

import numpy as np

from datamodules.styles.standardise import standardise

PICTURE, WINDOW = 30, 10  # sessions: those of the network, three windows to a picture
MEMORY = 0.9  # of the exponentially weighted return that reverses
CLIP = 2.5

INGREDIENTS: dict[str, tuple[float, float]] = {
    "reversal": (-0.45, 6.1),
    "turnover": (-0.35, 9.9),
    "volatility": (-0.45, 9.35),
    "price_volume": (-0.65, 6.5),
    "steadiness": (0.60, 8.8),
    "crowded_reversal": (-0.10, 6.1),
}
"""Weight w in the expected return, and lasting h in sessions (at most 10)."""

GAIN = 0.89  # ranks against Pearson, suspensions, limits: fitted once


class Signal:
    """Follows N stocks session by session and says what it expects of those with whole pictures."""

    def __init__(self, stocks: int, rank_ic: float) -> None:
        self._pictures = np.ones((3, PICTURE, stocks))  # returns, closes, turnovers; newest last
        self._run = np.zeros(stocks, int)
        self._trend = np.zeros(stocks)
        self._strength = GAIN * rank_ic
        self.score = np.zeros(stocks)

    @property
    def known(self) -> np.ndarray:
        """Stocks whose whole picture was traded, the only ones with an expectation (N,)."""
        return self._run >= PICTURE

    def push(
        self, returns: np.ndarray, close: np.ndarray, turn: np.ndarray, traded: np.ndarray
    ) -> None:
        """Take in a session: log returns, adjusted closes, turnovers (N,) of those traded."""
        for rows, values in zip(self._pictures, (returns, close, turn), strict=True):
            rows[:-1] = rows[1:]
            rows[-1] = np.where(traded, values, rows[-2])
        self._run = np.where(traded, self._run + 1, 0)
        self._trend = np.where(traded, MEMORY * self._trend + (1 - MEMORY) * returns, 0.0)

    def expect(self, dispersion: float) -> tuple[np.ndarray, np.ndarray]:
        """Return expected ten-session return and next session's drift (N,), zero where unknown.

        Args:
            dispersion: Expected cross-sectional deviation of the ten-session return.
        """
        known = self.known
        parts = {"reversal": self._trend, **statistics(*self._pictures)}
        parts = {name: clipped_zscore(part, known) for name, part in parts.items()}
        crowded = parts["reversal"] * parts["turnover"]
        parts["crowded_reversal"] = clipped_zscore(crowded, known)
        mean, drift = np.zeros((2, len(known)))
        for name, (weight, lasting) in INGREDIENTS.items():
            mean += weight * parts[name]
            drift += weight / lasting * parts[name]
        spread = mean[known].std() if known.any() else 0.0
        if spread == 0:
            return mean, drift
        self.score = mean / spread
        scale = self._strength * dispersion / spread
        return scale * mean, scale * drift


def statistics(returns: np.ndarray, close: np.ndarray, turn: np.ndarray) -> dict[str, np.ndarray]:
    """Return what the signal takes from pictures (30, N) of these channels, (N,) by name.

    Mean of log turnover and log deviation of returns over the picture; log(mean / deviation) of
    turnover and correlation of close and turnover, averaged over its three windows.
    """
    close, turns = (rows.reshape(-1, WINDOW, rows.shape[1]) for rows in (close, turn))
    mean = turns.mean(axis=1)
    close, away = close - close.mean(axis=1, keepdims=True), turns - mean[:, None]
    scale = np.sqrt((close**2).sum(axis=1) * (away**2).sum(axis=1))
    correlation = (close * away).sum(axis=1) / np.maximum(scale, 1e-300)
    return {
        "turnover": np.log(turn).mean(axis=0),
        "volatility": np.log(returns.std(axis=0) + 1e-4),
        "steadiness": np.log(mean / (turns.std(axis=1) + 1e-3 * mean)).mean(axis=0),
        "price_volume": correlation.mean(axis=0),
    }


def clipped_zscore(values: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Return z-scores over the stocks in `among`, clipped at 2.5, and 0 elsewhere (N,)."""
    scores = standardise(np.where(among, values, np.nan), np.ones(len(values)))
    return np.nan_to_num(np.clip(scores, -CLIP, CLIP))
