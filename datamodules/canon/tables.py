"""The checked tables that everything downstream is built from."""

from dataclasses import dataclass

import pandas as pd

from datamodules.canon.report import DataReport


@dataclass(frozen=True)
class Tables:
    """Canonical tables, checked and sorted by their keys; see columns.py for names and units.

    In quotes, bad rows are already `traded=False` with their prices and volumes blanked;
    `code` and `industry` are categorical, with categories in alphabetical order.

    Args:
        quotes: One row a (date, code), sorted.
        fundamentals: One row a (code, period_end, announced), or none.
        index: One row a (date, code), or none.
        index_members: One row a spell of membership, `end` inclusive, or none.
        truth: Expected forward return of a simulated market, or none.
        report: What was found while reading.
    """

    quotes: pd.DataFrame
    fundamentals: pd.DataFrame | None
    index: pd.DataFrame | None
    index_members: pd.DataFrame | None
    truth: pd.DataFrame | None
    report: DataReport
