"""Which financial report is known on which session, and what it says then.

A report counts from the first session after its announcement. Of one period only the first
announced version counts: a restatement never reaches back, nor forward. The newest period
announced so far is the one in force, so an older period announced late does not replace it,
though it serves as the comparison period of a trailing year from then on.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datamodules.base.errors import TableError

_YEAR = 4
_GROWTH_YEARS = 5


@dataclass(frozen=True)
class Reports:
    """First versions of the reports of a panel's stocks, by (stock, announcement, period).

    E reports; `quarter` counts calendar quarters (year * 4 + 0..3), `session` is the first
    session on which a report is usable (it may lie past the panel's end).
    """

    stock: NDArray[np.int64]
    quarter: NDArray[np.int64]
    session: NDArray[np.int64]
    columns: dict[str, NDArray[np.float64]]
    dropped: dict[str, int]

    @classmethod
    def read(
        cls, fundamentals: pd.DataFrame, codes: NDArray, dates: NDArray, columns: tuple[str, ...]
    ) -> "Reports":
        """Sort, deduplicate and date the rows of a fundamentals table.

        Args:
            fundamentals: Canonical table: code, period_end, announced, and the figures.
            codes: (N,) codes of the panel.
            dates: (D,) sessions, ascending.
            columns: Figures to keep; all must be present.

        Raises:
            TableError: A period that does not end with a calendar quarter.
        """
        table = pd.DataFrame({name: fundamentals[name].to_numpy(float) for name in columns})
        table["stock"] = pd.Index(codes).get_indexer(fundamentals["code"].astype(str))
        table["announced"] = fundamentals["announced"].to_numpy("datetime64[D]")
        table["quarter"] = _quarter(fundamentals["period_end"])
        undated, foreign = table["announced"].isna(), table["stock"] < 0
        table = table[~undated & ~foreign].sort_values(["stock", "announced", "quarter"])
        restated = table.duplicated(["stock", "quarter"])
        table = table[~restated]
        announced = table["announced"].to_numpy("datetime64[D]")
        session = np.searchsorted(dates.astype("datetime64[D]"), announced, side="right")
        return cls(
            stock=table["stock"].to_numpy(np.int64),
            quarter=table["quarter"].to_numpy(np.int64),
            session=session.astype(np.int64),
            columns={name: table[name].to_numpy(float) for name in columns},
            dropped={
                "without_announcement": int((undated & ~foreign).sum()),
                "of_other_codes": int(foreign.sum()),
                "restatements": int(restated.sum()),
            },
        )

    def known(self, sessions: int, stocks: int) -> NDArray[np.int32]:
        """(D, N) row of the newest announcement usable at each date, -1 before the first."""
        known = np.full((sessions, stocks), -1, np.int32)
        inside = np.flatnonzero(self.session < sessions)
        np.maximum.at(known, (self.session[inside], self.stock[inside]), inside.astype(np.int32))
        return np.maximum.accumulate(known, axis=0, out=known)

    def latest(self, annual: bool = False) -> NDArray[np.int64]:
        """(E,) newest quarter announced up to each row, of annual reports only if so asked.

        Rows before a stock's first such report get a quarter that no report has.
        """
        width = 1 << 20
        counted = np.where((self.quarter % _YEAR == _YEAR - 1) | (not annual), self.quarter, 0)
        return np.maximum.accumulate(self.stock * width + counted) - self.stock * width

    def figure(self, column: str, quarter: NDArray[np.int64]) -> NDArray[np.float64]:
        """(E,) a column of the report of `quarter`, as known at each row; NaN if it was not."""
        order = np.lexsort((self.quarter, self.stock))
        width = 1 << 20
        keys = (self.stock * width + self.quarter)[order]
        wanted = self.stock * width + quarter
        place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        row = order[place]
        found = (keys[place] == wanted) & (self.session[row] <= self.session)
        return np.where(found, self.columns[column][row], np.nan)

    def trailing_year(self, column: str) -> NDArray[np.float64]:
        """(E,) last four quarters of a year-to-date flow: year + interim - same interim before."""
        latest = self.latest()
        part = latest % _YEAR
        to_date, before = self.figure(column, latest), self.figure(column, latest - _YEAR)
        year_before = self.figure(column, latest - part - 1)
        return np.where(part == _YEAR - 1, to_date, year_before + to_date - before)

    def growth(self, column: str) -> NDArray[np.float64]:
        """(E,) slope of five annual flows on the year / |their mean|; NaN if a year is missing.

        Totals, not per share: share counts before a split are not comparable with those after.
        """
        last = self.latest(annual=True)
        years = np.arange(_GROWTH_YEARS) - (_GROWTH_YEARS - 1)
        flows = np.stack([self.figure(column, last + _YEAR * year) for year in years])
        centred = years - years.mean()
        slope = np.tensordot(centred, flows, axes=1) / (centred @ centred)
        mean = np.abs(flows.mean(axis=0))
        return np.divide(slope, mean, out=np.full(slope.shape, np.nan), where=mean > 0)


def _quarter(period_end: pd.Series) -> NDArray[np.int64]:
    ends = pd.DatetimeIndex(period_end)
    odd = ends[(ends.month % 3 != 0) | ends.isna()]
    if len(odd):
        raise TableError(
            f"fundamentals.period_end={odd[0]} was given ({len(odd)} such rows)",
            "a report's period ends with a calendar quarter",
            "drop those rows, or map data.columns.fundamentals.period_end",
        )
    return np.asarray(ends.year * _YEAR + ends.month // 3 - 1, np.int64)
