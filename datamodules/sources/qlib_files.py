"""The files of a qlib folder: calendar, instruments, and one binary file a stock and field.

`features/<code>/<field>.day.bin` is little-endian float32: first the position in
`calendars/day.txt` at which the stock starts, then one value a session, NaN while suspended
(qlib's scripts/dump_bin.py and qlib/data/storage/file_storage.py).
"""

from pathlib import Path

import numpy as np
import pandas as pd

from datamodules.base.errors import TableError

_SUFFIX = ".day.bin"


def read_calendar(folder: Path) -> pd.DatetimeIndex:
    """The sessions, oldest first.

    Raises:
        TableError: No such file, no dates, or dates out of order.
    """
    path = folder / "calendars" / "day.txt"
    lines = _lines(path)
    days = pd.DatetimeIndex(pd.to_datetime(pd.Series(lines), format="%Y-%m-%d", errors="coerce"))
    if not len(days) or days.hasnans or not days.is_monotonic_increasing or not days.is_unique:
        given = f"{path} is no list of sessions"
        raise TableError(given, "one date YYYY-MM-DD a line, each later than the last", _HINT)
    return days


def read_instruments(path: Path) -> pd.DataFrame:
    """Spells of a stock pool: code (upper case), start, end (inclusive).

    Raises:
        TableError: No such file, or a line that is not code, start, end between tabs.
    """
    cells = [line.split("\t")[:3] for line in _lines(path)]
    wrong = [line for line in cells if len(line) < 3]
    spells = pd.DataFrame([line for line in cells if len(line) == 3], columns=_SPELL)
    for name in ("start", "end"):
        spells[name] = pd.to_datetime(spells[name], format="%Y-%m-%d", errors="coerce")
    if wrong or spells.isna().any(axis=None):
        raise TableError(
            f"{path} is no list of instruments", "CODE<tab>start<tab>end a line", _HINT
        )
    spells["code"] = spells["code"].str.upper()
    return spells


def stock_folders(folder: Path) -> dict[str, Path]:
    """Code in upper case -> its folder of fields, in alphabetical order."""
    features = folder / "features"
    there = sorted(features.iterdir()) if features.is_dir() else []
    found = {path.name.upper(): path for path in there if path.is_dir()}
    if not found:
        raise TableError(f"{features} holds no stocks", "features/<code>/<field>.day.bin", _HINT)
    return dict(sorted(found.items()))


def field_names(stock: Path) -> set[str]:
    """Fields that a stock's folder has."""
    return {path.name.removesuffix(_SUFFIX) for path in stock.glob(f"*{_SUFFIX}")}


def read_field(stock: Path, field: str, sessions: int) -> tuple[int, np.ndarray]:
    """First session and values (float32) of one field; no values where the file is absent.

    Args:
        stock: A stock's folder.
        field: The field's name, in lower case on disk.
        sessions: Length of the calendar.

    Raises:
        TableError: The file does not fit its format or the calendar.
    """
    path = stock / f"{field.lower()}{_SUFFIX}"
    if not path.exists():
        return 0, np.empty(0, dtype=np.float32)
    content = path.read_bytes()
    if len(content) % 4 or not content:
        raise TableError(f"{path} has {len(content)} bytes", "whole float32 values", _HINT)
    values = np.frombuffer(content, dtype="<f4")
    start, values = float(values[0]), values[1:]
    if not start.is_integer() or not 0 <= start <= sessions - len(values):
        raise TableError(
            f"{path} holds {len(values)} values from session {start:g} on",
            f"values inside the {sessions} sessions of calendars/day.txt", _HINT,
        )  # fmt: skip
    return int(start), values


_SPELL = ["code", "start", "end"]
_HINT = (
    "data.path=FOLDER with calendars/day.txt, instruments/all.txt and features/, all of one dump"
)


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TableError(f"{path} cannot be read", "a text file", _HINT) from error
    return [line.strip() for line in text.splitlines() if line.strip()]
