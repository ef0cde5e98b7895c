"""Quotes a stock after the other, for checks of one day against the next."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class StockRows:
    """The n rows of quotes in the order (code, date).

    Args:
        dates: The sessions, datetime64[D], ascending.
        order: Position in quotes of each row, (n,).
        session: Session number of each row, (n,).
        follows: Whether a row is of the same stock as the one before it, (n - 1,).
    """

    dates: np.ndarray
    order: np.ndarray
    session: np.ndarray
    follows: np.ndarray

    @cached_property
    def _start(self) -> np.ndarray:
        """Place of the first row of each row's stock, (n,)."""
        first = np.append(True, ~self.follows)
        return np.maximum.accumulate(np.where(first, np.arange(len(first)), 0))

    @property
    def age(self) -> np.ndarray:
        """Rows of the stock before each row, (n,)."""
        return np.arange(len(self.order)) - self._start

    @property
    def since_start(self) -> np.ndarray:
        """Whether the stock has a row on the first session, and so may be older, (n,) bool."""
        return self.session[self._start] == 0

    @property
    def years(self) -> np.ndarray:
        """Year of each row, (n,) int."""
        return years_of(self.dates)[self.session]


def years_of(dates: np.ndarray) -> np.ndarray:
    """Year of each date as an int."""
    return dates.astype("datetime64[Y]").astype(np.int64) + 1970


def rows_by_stock(quotes: pd.DataFrame) -> StockRows:
    """Order quotes, which are sorted by date and code, by stock."""
    days = quotes["date"].to_numpy()
    new = np.append(True, days[1:] != days[:-1])
    session = np.cumsum(new, dtype=np.int32) - 1
    code = quotes["code"].cat.codes.to_numpy()
    order = np.argsort(code, kind="stable")
    code = code[order]
    dates = days[new].astype("datetime64[D]")
    return StockRows(dates, order, session[order], code[1:] == code[:-1])


def label(quotes: pd.DataFrame, row: int) -> str:
    """A row's stock and date: `SH600000 2011-01-04`."""
    return f"{quotes['code'].iloc[row]} {quotes['date'].iloc[row].date()}"
