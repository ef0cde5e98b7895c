"""The tables of a simulated market as a vendor would deliver them: a whole folder, or none."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from datamodules.base.errors import TableError
from datamodules.market.stocks import INDUSTRIES, Stocks

TABLES = ("quotes", "fundamentals", "index", "index_members", "truth")

INDEX_NAME, INDEX_CODE, INDEX_BASE = "csi500", "SH000905", 1000.0
RECONSTITUTED = 130  # every so many sessions

YEARS_BEFORE = 6  # of accounts before the first session: growth styles need five annual reports
LAGS = {3: (20, 31), 6: (35, 62), 9: (20, 31), 12: (60, 109)}  # days to the announcement


@contextmanager
def delivered(out: Path) -> Iterator[Path]:
    """Give a folder to fill, which takes the place of `out` at the end; an error leaves the old.

    Raises:
        TableError: `out` holds anything but simulated tables.
    """
    ours = {f"{name}.parquet" for name in TABLES}
    found = {path.name for path in out.iterdir()} if out.is_dir() else set()
    if out.is_file() or found - ours or (found and "truth.parquet" not in found):
        raise TableError(
            f"{out} holds other data",
            "a new folder, or one with simulated tables only, which are then replaced",
            "name another folder with data.path=...",
        )
    aside, old = (out.with_name(f".{out.name}.{os.getpid()}.{end}") for end in ("partial", "old"))
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    try:
        yield aside
        if out.exists():
            out.rename(old)
        aside.rename(out)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


class SessionRows:
    """Rows (date, code) of one table, gathered session by session."""

    def __init__(self) -> None:
        self._sessions: list[dict[str, np.ndarray]] = []

    def add(self, date: np.datetime64, stocks: np.ndarray, columns: dict[str, np.ndarray]) -> None:
        """Add one session's rows, one a stock number in `stocks`, each column (len(stocks),)."""
        dates = np.full(len(stocks), date.astype("datetime64[ms]"))
        self._sessions.append({"date": dates, "code": stocks, **columns})

    def write(self, path: Path, codes: np.ndarray) -> None:
        """Write them as Parquet; stock and industry numbers become names."""
        named = {"code": pd.Index(codes), "industry": pd.Index(INDUSTRIES)}
        columns: dict[str, np.ndarray | pd.Categorical] = {}
        for name in list(self._sessions[0]):
            values = np.concatenate([session.pop(name) for session in self._sessions])
            columns[name] = (
                pd.Categorical.from_codes(values, named[name]) if name in named else values
            )
        pd.DataFrame(columns).to_parquet(path, index=False)


class Index:
    """An index of the names behind the largest, chosen anew twice a year, by float cap."""

    def __init__(self, stocks: Stocks, calendar: np.ndarray) -> None:
        self._stocks, self._calendar = stocks, calendar
        self._size = min(500, max(1, len(stocks.codes) // 4))
        self._chosen: list[np.ndarray] = []
        self._levels = [INDEX_BASE]

    def step(self, day: int, eligible: np.ndarray, cap: np.ndarray, returns: np.ndarray) -> None:
        """Take in a session.

        Args:
            day: Session number.
            eligible: Stocks that could be chosen on the session before, (N,).
            cap: Float caps at the session before, yuan, (N,).
            returns: Simple returns of the session, 0 where not traded, (N,).
        """
        listed = (self._stocks.listed_on <= day) & (self._stocks.delisted_on > day)
        if day % RECONSTITUTED == 0:
            order = np.argsort(np.where(eligible & listed, -cap, np.inf), kind="stable")
            larger, last = self._size * 3 // 5, (eligible & listed).sum()
            self._chosen.append(order[larger : min(larger + self._size, last)])
        members = self._chosen[-1]
        weight = np.where(listed[members], cap[members], 0.0)
        change = weight @ returns[members] / weight.sum() if weight.any() else 0.0
        self._levels.append(self._levels[-1] * (1 + change))

    def close(self) -> pd.DataFrame:
        """Return the index table: date, code, close."""
        dates = self._calendar.astype("datetime64[ns]")
        levels = np.round(self._levels[1:], 4)
        return pd.DataFrame({"date": dates, "code": INDEX_CODE, "close": levels})

    def members(self) -> pd.DataFrame:
        """Return spells of membership, one a stock and half-year: index, code, start, end."""
        last, dates = len(self._calendar) - 1, self._calendar.astype("datetime64[ns]")
        frames = []
        for number, members in enumerate(self._chosen):
            start = number * RECONSTITUTED
            end = np.minimum(self._stocks.delisted_on[members] - 1, start + RECONSTITUTED - 1)
            spell = {
                "index": INDEX_NAME,
                "code": self._stocks.codes[members],
                "start": dates[start],
            }
            frames.append(pd.DataFrame(spell | {"end": dates[np.minimum(end, last)]}))
        return pd.concat(frames).sort_values(["code", "start"], ignore_index=True)


def simulate_fundamentals(
    stocks: Stocks, seed: int, calendar: np.ndarray, shares: np.ndarray
) -> pd.DataFrame:
    """Return quarterly accounts, flows year to date, announced by the last session.

    Args:
        stocks: The stocks.
        seed: The market's.
        calendar: Sessions (D,).
        shares: Total shares (1 + D, N), before the first session and after each.
    """
    company = _Company(np.random.default_rng([seed, 0, 0]), stocks)
    first, last = (int(str(day.astype("datetime64[Y]"))) for day in calendar[[0, -1]])
    frames = []
    for year in range(first - YEARS_BEFORE, last + 1):
        rng = np.random.default_rng([seed, 0, year])
        accounts = company.year(rng, year - first)
        for quarter, (month, lags) in enumerate(LAGS.items()):
            end = np.datetime64(f"{year}-{month:02d}") + 1
            end = end.astype("datetime64[D]") - 1
            session = int(np.searchsorted(calendar, end, side="right"))
            frame = pd.DataFrame({name: values[quarter] for name, values in accounts.items()})
            frame.insert(0, "code", stocks.codes)
            frame.insert(1, "period_end", end.astype("datetime64[ns]"))
            announced = end + rng.integers(*lags, len(frame))
            frame.insert(2, "announced", announced.astype("datetime64[ns]"))
            frame["total_shares"] = shares[session]
            public = (stocks.listed_on - 780 < session) & (stocks.delisted_on > session)
            frames.append(frame[public & (announced <= calendar[-1])])
    return pd.concat(frames).sort_values(["code", "period_end"], ignore_index=True)


class _Company:
    """What N companies own, owe and earn: steady growth and ratios, with noise."""

    def __init__(self, rng: np.random.Generator, stocks: Stocks) -> None:
        noise = rng.standard_normal((6, len(stocks.codes)))
        self._equity = stocks.total_cap * np.exp(-0.9 + 0.5 * stocks.styles[:, 3])
        self._growth = 0.05 + 0.05 * noise[0]  # a year
        self._return = 0.08 + 0.06 * noise[1]  # on equity, a year
        self._leverage = np.clip(0.45 + 0.18 * noise[2], 0.05, 0.9)
        self._noncurrent = np.clip(0.2 + 0.1 * noise[3], 0.0, 0.6)
        self._margin = np.clip(0.09 + 0.05 * noise[4], 0.01, 0.4)
        self._cash = 1.0 + 0.3 * noise[5]

    def year(self, rng: np.random.Generator, number: int) -> dict[str, np.ndarray]:
        """Return one year's accounts, (4, N) each in yuan; `number` counts from the first year."""
        noise = rng.standard_normal((4, 4, len(self._equity)))
        quarters = number + np.arange(1, 5)[:, None] / 4
        equity = self._equity * np.exp(self._growth * quarters + 0.02 * noise[0])
        profit = equity * (self._return + 0.02 * noise[1]) / 4
        revenue = equity * np.abs(self._return + 0.08) / self._margin / 8 * np.exp(0.1 * noise[2])
        cash = profit * self._cash + 0.01 * equity * noise[3]
        liabilities = equity * self._leverage / (1 - self._leverage)
        accounts = {
            "net_profit_ytd": profit.cumsum(axis=0),
            "revenue_ytd": revenue.cumsum(axis=0),
            "operating_cash_flow_ytd": cash.cumsum(axis=0),
            "equity": equity,
            "total_assets": equity + liabilities,
            "total_liabilities": liabilities,
            "noncurrent_liabilities": liabilities * self._noncurrent,
        }
        return {name: np.round(values, 2) for name, values in accounts.items()}
