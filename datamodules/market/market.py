"""Simulates a whole market, session by session, and delivers its tables.

    simulate(MarketSettings(stocks=300, days=900), Path("runs/demo/tables"))

Everything on session t is drawn from streams of (seed, component, t) and from what happened
before: a longer simulation begins with exactly the rows of a shorter one.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from datamodules.market.alpha import Signal
from datamodules.market.calendar import sessions
from datamodules.market.checks import check_market, check_past
from datamodules.market.events import Events, Status
from datamodules.market.fundamentals import quarter_ends, simulate_fundamentals
from datamodules.market.index import SEASONED, Index
from datamodules.market.intraday import ISSUE_LIMIT, Bars, draw_bars, limit_percent
from datamodules.market.returns import Returns
from datamodules.market.shares import Shares
from datamodules.market.streams import Stream, stream
from datamodules.market.traits import draw_traits
from datamodules.market.turnover import Turnover
from datamodules.market.write import Delivery
from datamodules.settings import MarketSettings


def simulate(settings: MarketSettings, out: Path) -> None:
    """Write quotes, fundamentals, index, index_members and truth (Parquet) into the folder `out`.

    Raises:
        ConfigError: Too small to be a market, an impossible strength, or days in the future.
        TableError: `out` holds something else.
    """
    check_market(settings)
    calendar = sessions(settings.start, settings.days)
    check_past(settings, calendar[-1])
    market = _Market(settings, calendar)
    with Delivery(Path(out), market.traits.codes) as delivery:
        for day in range(settings.days):
            market.step(day, delivery)
        delivery.write("fundamentals", market.fundamentals())
        delivery.write("index", market.index.close())
        delivery.write("index_members", market.index.members(market.traits.codes))


class _Market:
    """All components, and the state they share: closes in cents and the drift of the session."""

    def __init__(self, settings: MarketSettings, calendar: np.ndarray) -> None:
        self._seed, self._calendar = settings.seed, calendar
        self.traits = draw_traits(settings.stocks, settings.seed, calendar[0])
        self._returns = Returns(self.traits, settings.seed)
        self._turnover = Turnover(self.traits, settings.seed)
        self._events = Events(self.traits, settings.seed)
        self._shares = Shares(self.traits, settings.seed)
        self._signal = Signal(settings.stocks, settings.rank_ic)
        self.index = Index(settings.stocks, calendar)
        self._opening = self._shares.total.copy()
        self._quarters: dict[np.datetime64, np.ndarray] = {}
        self._ends = quarter_ends(calendar)
        self._close = np.rint(self.traits.price * 100).astype(np.int64)
        self._drift = np.zeros(settings.stocks)
        self._eligible = np.ones(settings.stocks, bool)

    def step(self, day: int, delivery: Delivery) -> None:
        """Simulate one session and hand its rows over."""
        date, seed = self._calendar[day], self._seed
        status = self._events.step(day, self._close)
        self._record_quarter(day)
        cap = self._shares.float * self._close
        prev = self._shares.step(day, date, self._close, status.traded, status.age)
        volatility = self._returns.volatility
        wanted, shock = self._returns.step(day, self._drift, self._signal.score)
        wanted += np.where(status.first_day, 0.25, 0.0)
        percent = limit_percent(self.traits.board, status.is_st, date)
        percent = np.where(status.first_day, ISSUE_LIMIT, percent)
        bars = draw_bars(stream(seed, Stream.INTRADAY, day), prev, wanted, volatility, percent)
        ret = np.where(status.traded, bars.close / prev - 1, 0.0)
        turn = self._turnover.step(day, np.log1p(ret), shock, status.age)
        volume = np.rint(np.where(bars.locked, 0.15, 1.0) * turn * self._shares.float / 100) * 100
        volume = np.where(status.traded, np.maximum(volume, 100), 0)
        self._close = np.where(status.traded, bars.close, prev)
        self.index.step(day, self._eligible, status.listed, cap, ret)
        self._eligible = status.traded & ~status.is_st & (status.age >= SEASONED)
        self._signal.push(
            np.log1p(ret),
            self._close * self._shares.adj_factor,
            np.where(status.traded, volume / self._shares.float, 1.0),
            status.traded,
        )
        expected, self._drift = self._signal.expect(self._returns.dispersion())
        self._deliver(delivery, date, status, bars, prev, volume)
        known = np.flatnonzero(self._signal.known & status.listed)
        delivery.truth.add(date, known, {"expected_return": expected[known]})

    def fundamentals(self) -> pd.DataFrame:
        """Return the accounts announced by the last session."""
        return simulate_fundamentals(
            self.traits, self._seed, self._calendar, self._quarters, self._opening
        )

    def _record_quarter(self, day: int) -> None:
        """Keep total shares at the period ends that passed since the last session."""
        since = self._calendar[day - 1] if day else self._calendar[0]
        for end in self._ends[(self._ends >= since) & (self._ends < self._calendar[day])]:
            self._quarters[end] = self._shares.total.copy()

    def _deliver(
        self,
        delivery: Delivery,
        date: np.datetime64,
        status: Status,
        bars: Bars,
        prev: np.ndarray,
        volume: np.ndarray,
    ) -> None:
        """Write the session's quotes as a vendor would: a suspended stock keeps its last close."""
        rows = np.flatnonzero(status.listed)
        traded = status.traded[rows]
        prices = {"open": bars.open, "high": bars.high, "low": bars.low, "close": bars.close}
        columns = {n: np.where(traded, p[rows], prev[rows]) / 100 for n, p in prices.items()}
        vwap = np.where(traded, bars.vwap[rows], np.nan)
        shares, free = self._shares.float[rows], self._shares.free[rows]
        amount = np.where(traded, np.round(bars.vwap[rows] * volume[rows], 2), 0.0)
        columns |= {
            "vwap": vwap,
            "volume": volume[rows],
            "amount": amount,
            "adj_factor": self._shares.adj_factor[rows],
            "turn": volume[rows] / shares,
            "free_turn": volume[rows] / free,
            "float_cap": shares * columns["close"],
            "total_cap": self._shares.total[rows] * columns["close"],
            "traded": traded,
            "is_st": status.is_st[rows],
            "industry": self.traits.industry[rows],
            "prev_close": prev[rows] / 100,
        }
        delivery.quotes.add(date, rows, columns)
