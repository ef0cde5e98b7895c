"""From long quotes to grid dates x stocks arrays, one column at a time.

Columns are scattered on demand: the 8.9 million rows of the real market give a 3802 x 3601 array
of float64 in 0.1 s and 110 MB, so nobody needs to keep all of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from datamodules.base.errors import TableError

PRICES = ("open", "high", "low", "close", "vwap")


@dataclass(frozen=True)
class QuoteGrid:
    """Checked quotes with the place of every row in a dates x stocks grid.

    Attributes:
        quotes: The canonical quotes table, a row a stock and session.
        dates: (D,) datetime64[D]: the sessions, those present in quotes, ascending.
        codes: (S,) str, ascending.
        cells: (rows,) position of each row in the flattened (D, S) grid.
        listed: (D, S) bool: the stock has a row on that session. A session without a row inside a
            stock's life is not told from the time after its last: at its close nobody knows.
        traded: (D, S) bool.
    """

    quotes: pd.DataFrame
    dates: np.ndarray
    codes: np.ndarray
    cells: np.ndarray
    listed: np.ndarray
    traded: np.ndarray

    @property
    def shape(self) -> tuple[int, int]:
        """Sessions and stocks."""
        return len(self.dates), len(self.codes)

    def has(self, name: str) -> bool:
        """Say whether quotes have this column."""
        return name in self.quotes.columns

    def column(self, name: str) -> np.ndarray:
        """Return a numeric column as (D, S) float64, NaN where there is no row.

        Raises:
            TableError: Quotes have no such column.
        """
        if not self.has(name):
            raise TableError(f"quotes have no column {name!r}", "a column that the panel needs",
                             f"map a vendor's column onto it with data.columns.quotes.{name}"
                             )  # fmt: skip
        return self.scatter(self.quotes[name].to_numpy(dtype=np.float64, na_value=np.nan), np.nan)

    def is_positive(self, name: str) -> bool:
        """Say whether quotes have this column and any row a number above 0 in it."""
        return self.has(name) and bool((self.column(name) > 0).any())

    def scatter(self, values: np.ndarray, absent: float | bool) -> np.ndarray:
        """Place one value a row into a (D, S) array of the same type, `absent` elsewhere."""
        grid = np.full(self.shape, absent, dtype=values.dtype)
        grid.ravel()[self.cells] = values
        return grid

    def when_traded(self, name: str) -> np.ndarray:
        """Return a column as (D, S) float64, NaN where the stock did not trade."""
        return np.where(self.traded, self.column(name), np.nan)

    def adjusted(self, price: str) -> np.ndarray:
        """Return a back-adjusted price as (D, S) float64, NaN where the stock did not trade."""
        return self.when_traded(price) * self.column("adj_factor")


def to_grid(quotes: pd.DataFrame) -> QuoteGrid:
    """Find every row's place; rows need no order.

    Args:
        quotes: Canonical quotes without duplicate (date, code).

    Raises:
        TableError: There is no row.
    """
    if quotes.empty:
        raise TableError("quotes are empty", "at least one row", "check the path of the tables")
    days = quotes["date"].to_numpy().astype("datetime64[D]").astype(np.int64)
    day, dates = pd.factorize(days, sort=True)
    codes, stock = coded(quotes["code"])
    cells = day * len(codes) + stock
    grid = np.zeros((len(dates), len(codes)), dtype=bool)
    listed, traded = grid.copy(), grid
    listed.ravel()[cells] = True
    traded.ravel()[cells] = quotes["traded"].to_numpy(dtype=bool)
    return QuoteGrid(quotes, dates.astype("datetime64[D]"), codes, cells, listed, traded)


def ffill(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Carry each column's last known value forward; NaN before the first.

    Args:
        values: (D, S).
        known: (D, S) bool, where a value counts.
    """
    out = np.full_like(values, np.nan)
    last = np.full(values.shape[1:], np.nan)
    for t, row in enumerate(values):
        last = np.where(known[t], row, last)
        out[t] = last
    return out


def lag(values: np.ndarray, absent: float | bool) -> np.ndarray:
    """Move every row one session later: row t then holds what was known at the close of t - 1."""
    out = np.full_like(values, absent)
    out[1:] = values[:-1]
    return out


def lead(values: np.ndarray, sessions: int, absent: float | bool) -> np.ndarray:
    """Move every row `sessions` earlier: row t then holds what is known at t + sessions."""
    out = np.full_like(values, absent)
    if sessions < len(values):
        out[: len(values) - sessions] = values[sessions:]
    return out


def run_length(flags: np.ndarray) -> np.ndarray:
    """Count, for each cell of (D, S), the True values that end with it without a gap, as int32."""
    return np.stack(list(_runs(flags))) if len(flags) else np.zeros(flags.shape, np.int32)


def _runs(flags: np.ndarray) -> Iterator[np.ndarray]:
    run = np.zeros(flags.shape[1:], dtype=np.int32)
    for row in flags:
        run = (run + 1) * row
        yield run.astype(np.int32)


def coded(column: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct names, ascending, and each row's position, -1 where it has none."""
    category = column.astype("category").cat.remove_unused_categories().cat
    names = category.categories.to_numpy().astype(np.str_)
    order = np.argsort(names)
    rank = np.full(len(names) + 1, -1, dtype=np.int64)  # the last place serves code -1, none
    rank[order] = np.arange(len(names))
    return names[order], rank[category.codes.to_numpy()]
