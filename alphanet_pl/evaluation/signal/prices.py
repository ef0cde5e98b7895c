"""The prices that portfolios are valued and traded at."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from alphanet_pl.evaluation.types import Bools, Dates, Floats
from datamodules.panel import Panel
from datamodules.prepare.grid import ffill


@dataclass(frozen=True)
class Market:
    """Prices of a period; T sessions, N stocks.

    Attributes:
        dates: (T,) sessions.
        close: (T, N) adjusted close, carried forward through suspensions and past a delisting; NaN
            before the first trade.
        vwap: (T, N) adjusted vwap, NaN where not traded.
        listed: (L, N) bool, L >= T: to the panel's end, however early a test ends.
    """

    dates: Dates
    close: Floats
    vwap: Floats
    listed: Bools

    @cached_property
    def last_listed(self) -> NDArray[np.int64]:
        """(N,) last row on which each stock is listed; -1 if never."""
        reverse = self.listed[::-1].argmax(axis=0)
        return np.where(self.listed.any(axis=0), len(self.listed) - 1 - reverse, -1)

    def gone(self, row: int) -> Bools:
        """(N,) stocks that have left the market for good: sold at their last price, never bought.

        On the panel's last sessions a stock that is merely absent looks the same as one that left.
        """
        return self.last_listed < row

    def halted(self, rows: NDArray[np.integer]) -> Bools:
        """(S, N) stocks that do not trade on these rows and have not left for good."""
        return ~np.isfinite(self.vwap[rows]) & (self.last_listed >= rows[:, None])


def read_market(panel: Panel, start: int, stop: int) -> Market:
    """Read sessions [start, stop) of a panel; a test ends on the market's last session.

    Raises:
        PanelError: No such sessions, or a damaged array.
    """
    close = panel.read("close", start, stop)
    return Market(
        dates=panel.dates[start:stop],
        close=ffill(close, np.isfinite(close)),
        vwap=panel.read("vwap", start, stop),
        listed=panel.read("listed", start, len(panel.dates)),
    )
