"""The rows of qlib's stocks in canonical columns, with qlib's adjustment undone.

qlib stores prices times `factor` and volume divided by it, and NaN in every field while a stock
is suspended.
"""

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from datamodules.sources.qlib_files import read_field

_LASTING = ("adj_factor", "float_cap", "total_cap", "float_shares", "is_st", "industry")
"""What holds on through a suspension, where qlib writes NaN."""

_TICKED = ("open", "high", "low", "close", "prev_close")
"""Rounded to 0.001 yuan once raw: float32 is off by up to 0.0003 at 2500 yuan."""

Rows = tuple[np.ndarray, dict[str, np.ndarray]]
"""Sessions (int) at which a stock has a row, and its values there (float32) by canonical name."""


def rows_of(stock: Path, names: Mapping[str, str], listed: np.ndarray) -> Rows:
    """A stock's rows, from its first close on, while it is listed.

    Args:
        stock: The stock's folder.
        names: Canonical name -> field; holds `close`.
        listed: Mask (sessions).
    """
    start, close = read_field(stock, names["close"], len(listed))
    known = np.flatnonzero(np.isfinite(close))
    first = start + (known[0] if len(known) else len(close))
    sessions = np.arange(first, start + len(close))
    sessions = sessions[listed[sessions]]
    rows = {}
    for name, field in names.items():
        start, values = read_field(stock, field, len(listed))
        line = np.full(len(listed), np.nan, dtype=np.float32)
        line[start : start + len(values)] = values
        rows[name] = (_lasting(line) if name in _LASTING else line)[sessions]
    return sessions, rows


def frame_of(read: Mapping[str, Rows], calendar: pd.DatetimeIndex) -> pd.DataFrame:
    """All stocks' rows as one frame, a stock after the other; a row without volume is untraded."""
    codes = list(read)
    sessions = [sessions for sessions, _ in read.values()]
    stock = np.repeat(np.arange(len(codes)), [len(part) for part in sessions])
    columns = {
        name: np.concatenate([rows[name] for _, rows in read.values()]).astype(np.float64)
        for name in next(iter(read.values()))[1]
    }
    frame = pd.DataFrame(columns, copy=False)
    frame.insert(0, "date", calendar[np.concatenate(sessions)])
    code = pd.Categorical.from_codes(stock, categories=pd.Index(codes))
    frame.insert(1, "code", pd.Series(code))
    if "traded" in frame:
        frame["traded"] = frame["traded"].fillna(0)
    elif "volume" in frame:
        frame["traded"] = frame["volume"] > 0
    if "industry" in frame:
        frame["industry"] = _texts(frame["industry"])
    return frame


def unadjusted(frame: pd.DataFrame, adjusted: Collection[str]) -> pd.DataFrame:
    """Raw prices (yuan) and volume (shares) where they are stored adjusted by `adj_factor`."""
    if "adj_factor" not in frame:
        return frame
    factor = frame["adj_factor"]
    raw = {}
    for name in adjusted:
        if name == "volume" and name in frame:
            raw[name] = frame[name] * factor
        elif name in frame:
            price = frame[name] / factor
            raw[name] = price.round(3) if name in _TICKED else price
    return frame.assign(**raw)


def _lasting(line: np.ndarray) -> np.ndarray:
    """A line of values with every NaN replaced by the last value before it."""
    known = np.where(np.isfinite(line), np.arange(len(line)), 0)
    return line[np.maximum.accumulate(known)]


def _texts(numbers: pd.Series) -> pd.Series:
    """Industry numbers as texts: qlib holds nothing but numbers."""
    coded = numbers.astype("category")
    return coded.cat.rename_categories([f"{number:g}" for number in coded.cat.categories])
