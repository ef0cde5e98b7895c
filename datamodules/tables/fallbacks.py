"""Columns that a configuration does without, filled in one place and said in the data report."""

import numpy as np
import pandas as pd

from datamodules.canon.columns import FILLINGS
from datamodules.canon.report import DataReport
from datamodules.settings import TableSettings


def with_fallbacks(
    quotes: pd.DataFrame, settings: TableSettings, report: DataReport
) -> pd.DataFrame:
    """Quotes with `data.free_turn=turn` and `data.without` carried out.

    Args:
        quotes: Checked quotes.
        settings: Says what to do without.
        report: Takes one note for each column that is not the vendor's.
    """
    made, rows = quotes.copy(deep=False), len(quotes)
    if settings.free_turn == "turn" and "turn" in quotes:
        made["free_turn"] = quotes["turn"]
        report.note("quotes", "free_turn", rows, "rows have turn in the place of free_turn")
    for name in settings.without:
        made[name] = _filling(name, rows)
        report.note("quotes", f"without {name}", rows, f"rows without {name}: {FILLINGS[name]}")
    return made


def _filling(name: str, rows: int) -> pd.Categorical | float | bool:
    if name == "industry":
        return pd.Categorical.from_codes(np.full(rows, -1), categories=pd.Index([], dtype="str"))
    return False if name == "is_st" else np.nan
