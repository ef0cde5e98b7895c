"""How things are put into words: near misses, counts, durations, rows of a table, log lines."""

import sys
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

import numpy as np
import pandas as pd

SHOWN = 5
"""Offending rows named in an error, and examples kept in the data report."""


def log(line: str, quiet: bool = False) -> None:
    """Print one line to the terminal's stderr, for progress that is no result.

    Args:
        line: Printed as it is.
        quiet: Print nothing, for processes whose first one speaks for all.
    """
    if not quiet:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def nearest(name: str, options: Iterable[str], cutoff: float = 0.0) -> str:
    """The option most like a name, case aside; empty where none is.

    Args:
        name: What was given.
        options: What could have been given.
        cutoff: Least likeness, 0 to 1.
    """
    folded = {option.lower(): option for option in options}
    found = get_close_matches(name.lower(), folded, n=1, cutoff=cutoff)
    return folded[found[0]] if found else ""


def counted(count: int, noun: str, plural: str = "") -> str:
    """A count with its noun: `1 stock`, `3,601 stocks`."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"


def duration(seconds: float) -> str:
    """A span of time in the unit that fits: `50 s`, `41 min`, `3.5 h`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


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
