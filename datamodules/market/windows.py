"""The last thirty sessions of every stock, and the window statistics the planted signal is made of.

Windows are those of the network: three of ten sessions, the newest last.
"""

import numpy as np

PICTURE, WINDOW = 30, 10
WINDOWS = PICTURE // WINDOW


class Windows:
    """Ring of log returns, adjusted closes and turnovers, (30, N), newest row last."""

    def __init__(self, stocks: int) -> None:
        self.returns, self.close, self.turn = (np.ones((PICTURE, stocks)) for _ in range(3))
        self.run = np.zeros(stocks, int)

    def push(
        self, returns: np.ndarray, close: np.ndarray, turn: np.ndarray, traded: np.ndarray
    ) -> None:
        """Append a session; a session without trade breaks the run that a picture needs."""
        for ring, new in ((self.returns, returns), (self.close, close), (self.turn, turn)):
            ring[:-1] = ring[1:]
            ring[-1] = np.where(traded, new, ring[-2])
        self.run = np.where(traded, self.run + 1, 0)

    @property
    def complete(self) -> np.ndarray:
        """Stocks whose whole picture was traded (N,)."""
        return self.run >= PICTURE

    def volatility(self) -> np.ndarray:
        """Return the log standard deviation of daily returns over the picture (N,)."""
        return np.log(self.returns.std(axis=0) + 1e-4)

    def turnover(self) -> np.ndarray:
        """Return the mean log turnover over the picture (N,)."""
        return np.log(self.turn).mean(axis=0)

    def steadiness(self) -> np.ndarray:
        """Return log(mean / deviation) of turnover, averaged over the three windows (N,)."""
        turn = self._windows(self.turn)
        mean = turn.mean(axis=1)
        return np.log(mean / (turn.std(axis=1) + 1e-3 * mean)).mean(axis=0)

    def price_volume(self) -> np.ndarray:
        """Return the correlation of close and turnover, averaged over the three windows (N,)."""
        close, turn = (
            ring - ring.mean(axis=1, keepdims=True)
            for ring in (self._windows(self.close), self._windows(self.turn))
        )
        scale = np.sqrt((close**2).sum(axis=1) * (turn**2).sum(axis=1))
        return ((close * turn).sum(axis=1) / np.maximum(scale, 1e-300)).mean(axis=0)

    @staticmethod
    def _windows(ring: np.ndarray) -> np.ndarray:
        return ring.reshape(WINDOWS, WINDOW, -1)
