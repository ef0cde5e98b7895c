"""Descriptors from filed accounts: BTOP ETOP CETOP EGRO SGRO MLEV DTOA BLEV, point in time.

A filing counts from the first session after its announcement. Of one period each figure counts
as first announced: a restatement never reaches back, nor forward, and what a filing leaves out, as
where its statements come one after another, a later one adds from its own day on. The newest period
announced so far is the one in force, so an older period announced late does not replace it,
though it serves as the comparison period of a trailing year from then on. What is known changes
only with an announcement, so every ratio's numerator is worked out once per announcement and
looked up per (date, stock).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datamodules.base.errors import TableError
from datamodules.settings import StyleProfile
from datamodules.styles.rolling import Array

_YEAR = 4
_GROWTH_YEARS = 5

COLUMNS: dict[str, tuple[str, ...]] = {
    "BTOP": ("equity",),
    "ETOP": ("net_profit_ytd",),
    "CETOP": ("operating_cash_flow_ytd",),
    "EGRO": ("net_profit_ytd",),
    "SGRO": ("revenue_ytd",),
    "MLEV": ("noncurrent_liabilities",),
    "DTOA": ("total_liabilities", "total_assets"),
    "BLEV": ("noncurrent_liabilities", "equity"),
}
"""Columns of the fundamentals table that each descriptor is made of."""


@dataclass(frozen=True)
class Filings:
    """Filings of a panel's stocks that say something new, by (stock, announcement, period).

    E filings; `quarter` counts calendar quarters (year * 4 + 0..3), `session` is the first
    session on which a filing is usable (it may lie past the panel's end). `columns` have what is
    known of its period by then, each figure as it was first announced.
    """

    stock: NDArray[np.int64]
    quarter: NDArray[np.int64]
    session: NDArray[np.int64]
    columns: dict[str, NDArray[np.float64]]
    dropped: dict[str, int]

    @classmethod
    def read(
        cls, fundamentals: pd.DataFrame, codes: NDArray, dates: NDArray, columns: tuple[str, ...]
    ) -> "Filings":
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
        again = table.duplicated(["stock", "quarter"])
        first = _first_figures(table, columns)
        restated = again & ~first.any(axis=1)
        known = (
            table[list(columns)].where(first).groupby([table["stock"], table["quarter"]]).ffill()
        )
        table = table.assign(**known)[~restated]
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
        width, sessions = 1 << 20, int(self.session.max()) + 1
        keys = (self.stock * width + self.quarter) * sessions + self.session
        order = np.argsort(keys, kind="stable")
        wanted = (self.stock * width + quarter) * sessions + self.session
        row = order[np.maximum(np.searchsorted(keys[order], wanted, side="right") - 1, 0)]
        found = (keys[row] // sessions == wanted // sessions) & (keys[row] <= wanted)
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


def _first_figures(table: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    """Which figures (E, columns) are the first of their stock, period and column."""
    there = table[list(columns)].notna()
    return there & (there.groupby([table["stock"], table["quarter"]]).cumsum() == 1)


@dataclass(frozen=True)
class Fundamentals:
    """Numerators by announcement, and which announcement is known when.

    known (D, N) int32 row, -1 for none; figures by descriptor (E + 1,), the last one NaN.
    """

    known: NDArray[np.int32]
    figures: dict[str, Array]
    dropped: dict[str, int]

    @classmethod
    def read(
        cls,
        table: pd.DataFrame,
        codes: NDArray,
        dates: NDArray,
        descriptors: tuple[str, ...],
        profile: StyleProfile,
    ) -> "Fundamentals":
        """Align a fundamentals table with a panel; `descriptors` must have their columns."""
        columns = tuple(dict.fromkeys(c for name in descriptors for c in COLUMNS[name]))
        filings = Filings.read(table, codes, dates, columns)
        annual = profile.balance_sheet == "annual"
        figures = {name: np.append(_figure(name, filings, annual), np.nan) for name in descriptors}
        return cls(filings.known(len(dates), len(codes)), figures, filings.dropped)

    def block(self, start: int, stop: int, cap: Array) -> dict[str, Array]:
        """Descriptors of dates start .. stop - 1.

        Args:
            start: First date.
            stop: One past the last date.
            cap: (B, N) total capitalisation in yuan on those dates.

        Returns:
            (B, N) by descriptor: ratios, all unitless (growth per year); NaN before a report.
        """
        known = self.known[start:stop]
        cap = np.where(cap > 0, cap, np.nan)
        values = {name: figure[known] for name, figure in self.figures.items()}
        for name in values.keys() & {"BTOP", "ETOP", "CETOP", "MLEV"}:
            values[name] = values[name] / cap + (name == "MLEV")
        return values


def _figure(name: str, filings: Filings, annual: bool) -> Array:
    """(E,) the descriptor at each announcement, or its numerator where it is a ratio to cap."""
    if not len(filings.stock):
        return np.empty(0)
    if name in ("ETOP", "CETOP"):
        return filings.trailing_year(COLUMNS[name][0])
    if name in ("EGRO", "SGRO"):
        return filings.growth(COLUMNS[name][0])
    sheet = filings.latest(annual)
    items = [filings.figure(column, sheet) for column in COLUMNS[name]]
    if name in ("BTOP", "MLEV"):
        return items[0]
    above, below = items
    return np.where(below > 0, above / np.where(below > 0, below, 1.0), np.nan) + (name == "BLEV")


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
