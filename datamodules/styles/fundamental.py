"""Descriptors from financial reports: BTOP ETOP CETOP EGRO SGRO MLEV DTOA BLEV.

What a report says changes only when one is announced, so every ratio's numerator is worked out
once per announcement and looked up per (date, stock).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datamodules.settings import StyleProfile
from datamodules.styles.point_in_time import Reports
from datamodules.styles.rolling import Array

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
        reports = Reports.read(table, codes, dates, columns)
        annual = profile.balance_sheet == "annual"
        figures = {name: np.append(_figure(name, reports, annual), np.nan) for name in descriptors}
        return cls(reports.known(len(dates), len(codes)), figures, reports.dropped)

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


def _figure(name: str, reports: Reports, annual: bool) -> Array:
    """(E,) the descriptor at each announcement, or its numerator where it is a ratio to cap."""
    if not len(reports.stock):
        return np.empty(0)
    if name in ("ETOP", "CETOP"):
        return reports.trailing_year(COLUMNS[name][0])
    if name in ("EGRO", "SGRO"):
        return reports.growth(COLUMNS[name][0])
    sheet = reports.latest(annual)
    items = [reports.figure(column, sheet) for column in COLUMNS[name]]
    if name in ("BTOP", "MLEV"):
        return items[0]
    above, below = items
    return np.where(below > 0, above / np.where(below > 0, below, 1.0), np.nan) + (name == "BLEV")
