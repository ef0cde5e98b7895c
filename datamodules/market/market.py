"""Simulates a whole market, session by session, and delivers its tables.

    simulate(MarketSettings(stocks=300, days=900), Path("runs/demo/tables"))

Everything on session t is drawn from the stream of (seed, t) and from what happened before: a
longer simulation begins with exactly the rows of a shorter one.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from datamodules.base.errors import ConfigError
from datamodules.canon.limits import A_SHARES
from datamodules.market.alpha import Signal
from datamodules.market.session import Bars, Returns, Turnover, draw_bars
from datamodules.market.stocks import Events, Shares, Status, draw_stocks
from datamodules.market.tables import Index, SessionRows, delivered, simulate_fundamentals
from datamodules.settings import MarketSettings

SEASONED = 60  # sessions since listing, before the index takes a stock


def simulate(settings: MarketSettings, out: Path) -> None:
    """Write quotes, fundamentals, index, index_members and truth (Parquet) into the folder `out`.

    Raises:
        ConfigError: Days in the future.
        TableError: `out` holds something else.
    """
    market = _Market(settings, checked_calendar(settings))
    with delivered(Path(out)) as folder:
        for day in range(settings.days):
            market.step(day)
        market.quotes.write(folder / "quotes.parquet", market.stocks.codes)
        market.truth.write(folder / "truth.parquet", market.stocks.codes)
        tables = {
            "fundamentals": market.fundamentals(),
            "index": market.index.close(),
            "index_members": market.index.members(),
        }
        for name, table in tables.items():
            table.to_parquet(folder / f"{name}.parquet", index=False)


def checked_calendar(settings: MarketSettings) -> np.ndarray:
    """Return the sessions, weekdays from `start` on, of settings that can be simulated.

    Raises:
        ConfigError: Naming the setting that cannot.
    """
    start = np.datetime64(settings.start)
    calendar = np.busday_offset(start, np.arange(settings.days), roll="forward")
    if calendar[-1] > np.datetime64("today"):  # every reader of tables would refuse it
        given = f"{settings.days} sessions from {settings.start} reach {calendar[-1]}"
        hint = "set an earlier data.market.start, or fewer data.market.days"
        raise ConfigError(given, "a market that ends by today", hint)
    return calendar


class _Market:
    """All components, and the state they share: closes in cents and the drift of the session."""

    def __init__(self, settings: MarketSettings, calendar: np.ndarray) -> None:
        rng = np.random.default_rng([settings.seed, 0])
        self._seed, self._calendar = settings.seed, calendar
        self.stocks = draw_stocks(rng, settings.stocks, calendar[0])
        self.index = Index(self.stocks, calendar)
        self.quotes, self.truth = SessionRows(), SessionRows()
        self._events, self._shares = Events(self.stocks), Shares(rng, self.stocks)
        self._returns, self._turnover = Returns(self.stocks), Turnover(self.stocks)
        self._signal = Signal(settings.stocks, settings.rank_ic)
        self._totals = [self._shares.total]
        self._close = np.rint(self.stocks.price * 100).astype(np.int64)
        self._drift = np.zeros(settings.stocks)
        self._eligible = np.ones(settings.stocks, bool)

    def step(self, day: int) -> None:
        """Simulate one session and hand its rows over."""
        date, rng = self._calendar[day], np.random.default_rng([self._seed, 1 + day])
        status = self._events.step(rng, day)
        cap = self._shares.float * self._close
        prev = self._shares.step(rng, date, self._close, status)
        self._totals.append(self._shares.total)
        volatility = self._returns.volatility
        wanted = self._returns.step(rng, self._drift, self._signal.score)
        wanted += np.where(status.age == 0, 0.25, 0.0)
        bars = draw_bars(rng, prev, wanted, volatility, self._limits(date, status))
        ret = np.where(status.traded, bars.close / prev - 1, 0.0)
        turn = self._turnover.step(rng, np.log1p(ret), status.age)
        volume = np.rint(np.where(bars.locked, 0.15, 1.0) * turn * self._shares.float / 100) * 100
        volume = np.where(status.traded, np.maximum(volume, 100), 0)
        self._close = np.where(status.traded, bars.close, prev)
        self.index.step(day, self._eligible, cap, ret)
        self._eligible = status.traded & ~status.is_st & (status.age >= SEASONED)
        adjusted = self._close * self._shares.adj_factor
        turned = np.where(status.traded, volume / self._shares.float, 1.0)
        self._signal.push(np.log1p(ret), adjusted, turned, status.traded)
        expected, self._drift = self._signal.expect(self._returns.dispersion())
        rows = np.flatnonzero(status.listed)
        self.quotes.add(date, rows, self._quotes(rows, status, bars, prev, volume))
        known = np.flatnonzero(self._signal.known & status.listed)
        self.truth.add(date, known, {"expected_return": expected[known]})

    def fundamentals(self) -> pd.DataFrame:
        """Return the accounts announced by the last session."""
        shares = np.stack(self._totals)
        return simulate_fundamentals(self.stocks, self._seed, self._calendar, shares)

    def _limits(self, date: np.datetime64, status: Status) -> np.ndarray:
        """Return the session's limits in percent (N,), NO_LIMIT without one."""
        is_st, age = status.is_st[None], 1 + status.age[None]
        return A_SHARES.percent(self.stocks.board, np.array([date]), is_st, age)[0]

    def _quotes(
        self, rows: np.ndarray, status: Status, bars: Bars, prev: np.ndarray, volume: np.ndarray
    ) -> dict[str, np.ndarray]:
        """Return the quotes of some stocks; a suspended one keeps its last close."""
        traded = status.traded[rows]
        prices = {"open": bars.open, "high": bars.high, "low": bars.low, "close": bars.close}
        columns = {n: np.where(traded, p[rows], prev[rows]) / 100 for n, p in prices.items()}
        shares = self._shares.float[rows]
        return columns | {
            "vwap": np.where(traded, bars.vwap[rows], np.nan),
            "volume": volume[rows],
            "amount": np.where(traded, np.round(bars.vwap[rows] * volume[rows], 2), 0.0),
            "adj_factor": self._shares.adj_factor[rows],
            "turn": volume[rows] / shares,
            "free_turn": volume[rows] / self._shares.free[rows],
            "float_cap": shares * columns["close"],
            "total_cap": self._shares.total[rows] * columns["close"],
            "traded": traded,
            "is_st": status.is_st[rows],
            "industry": self.stocks.industry[rows],
            "prev_close": prev[rows] / 100,
        }
