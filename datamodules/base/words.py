"""How rows, columns and near misses are put into words, for errors and the data report."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

import numpy as np
import pandas as pd

SHOWN = 5
"""Offending rows named in an error, and examples kept in the data report."""


def nearest(name: str, options: Iterable[str]) -> str:
    """The option most like a name, case aside; empty where there is none."""
    folded = {option.lower(): option for option in options}
    found = get_close_matches(name.lower(), folded, n=1, cutoff=0.0)
    return folded[found[0]] if found else ""


def rows_in_words(
    frame: pd.DataFrame, rows: np.ndarray, keys: Sequence[str], shown: Sequence[str] = ()
) -> list[str]:
    """The first offending rows in the order of their keys, as `2011-01-04 SH600000 high=1`.

    Args:
        frame: The table.
        rows: Positions of the offending rows (int) in any order.
        keys: Key columns, shown bare.
        shown: Further columns, shown as name=value.
    """
    columns = [*keys, *(name for name in shown if name in frame and name not in keys)]
    picked = frame[columns].iloc[rows]
    picked = picked.sort_values(columns, key=_alphabetical).head(SHOWN)
    return [
        " ".join(_cell(name, value, keys) for name, value in zip(columns, row, strict=True))
        for row in picked.itertuples(index=False)
    ]


def _alphabetical(values: pd.Series) -> pd.Series:
    """A file's categories come in any order."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.cat.set_categories(sorted(values.cat.categories), ordered=True)
    return values


def _cell(name: str, value: object, keys: Sequence[str]) -> str:
    if isinstance(value, pd.Timestamp):
        text = str(value.date()) if value == value.normalize() else str(value)
    else:
        text = f"{value:.10g}" if isinstance(value, float) else str(value)
    return text if name in keys else f"{name}={text}"
