"""A folder in qlib's binary format as tables: quotes, and index and index_members where there.

`features/<code>/<field>.day.bin` is little-endian float32: first the position in
`calendars/day.txt` at which the stock starts, then one value a session, NaN in every field while
it is suspended; prices are stored times `factor`, volume divided by it. Indices are kept among the
stocks, and stock pools as lists of spells, of which all.txt is the universe (qlib's
scripts/dump_bin.py and qlib/data/storage/file_storage.py).
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from datamodules.base.errors import TableError
from datamodules.base.words import SHOWN
from datamodules.canon.columns import Column, check_columns
from datamodules.canon.report import Note
from datamodules.settings import TableSettings
from datamodules.sources.raw import RawTable, folder_of, map_columns

_INDEX = re.compile(r"(SH000|SZ399|BJ899)\d{3}")
_SUFFIX = ".day.bin"
_SPELL = ["code", "start", "end"]
_HINT = (
    "data.path=FOLDER with calendars/day.txt, instruments/all.txt and features/, all of one dump"
)
_LASTING = ("adj_factor", "float_cap", "total_cap", "float_shares", "is_st", "industry")
"""What holds on through a suspension, where qlib writes NaN."""

_TICKED = ("open", "high", "low", "close", "prev_close")
"""Rounded to 0.001 yuan once raw: float32 is off by up to 0.0003 at 2500 yuan."""

Rows = tuple[np.ndarray, dict[str, np.ndarray]]
"""Sessions (int) at which a stock has a row, and its values there (float32) by canonical name."""


def read_qlib(table: str, columns: Sequence[Column], settings: TableSettings) -> RawTable | None:
    """A table under canonical names, or none where the folder does not have it.

    Args:
        table: Canonical table name.
        columns: Columns to look for; `adj_factor` is qlib's `factor` unless mapped otherwise.
        settings: Folder, map of columns to fields, and which of them are stored adjusted.

    Raises:
        TableError: A file is absent, damaged, or lacks what is needed.
    """
    folder = folder_of(settings)
    if table == "index_members":
        return _members(folder)
    if table not in ("quotes", "index"):
        return None
    calendar = read_calendar(folder)
    return (_quotes if table == "quotes" else _index)(folder, calendar, columns, settings)


def _quotes(
    folder: Path, calendar: pd.DatetimeIndex, columns: Sequence[Column], settings: TableSettings
) -> RawTable:
    listed = _listed(read_instruments(folder / "instruments" / "all.txt"), calendar)
    stocks = stock_folders(folder)
    lost = [code for code in listed if code not in stocks]
    stocks = {code: path for code, path in stocks.items() if code in listed}
    names, unknown = _fields("quotes", columns, stocks.values(), settings, folder)
    frame = _rows(stocks, names, listed, calendar, settings)
    silent = sorted(set(stocks) - set(frame["code"].unique()))
    notes = [
        Note(
            "quotes", kind, len(codes), f"instruments have no {what}", tuple(codes[:SHOWN]), "lost"
        )
        for kind, codes, what in (
            ("lost", lost, "features"),
            ("silent", silent, "close while they are listed"),
        )
        if codes
    ]
    return RawTable(frame, str(folder / "features"), unknown, tuple(notes))


def _index(
    folder: Path, calendar: pd.DatetimeIndex, columns: Sequence[Column], settings: TableSettings
) -> RawTable | None:
    stocks = {code: path for code, path in stock_folders(folder).items() if _INDEX.fullmatch(code)}
    if not stocks:
        return None
    columns = [*columns, Column("adj_factor")]
    names, unknown = _fields("index", columns, stocks.values(), settings, folder)
    always = dict.fromkeys(stocks, np.ones(len(calendar), dtype=bool))
    frame = _rows(stocks, names, always, calendar, settings)
    frame = frame[["date", "code", "close"]].dropna(ignore_index=True)
    return RawTable(frame, str(folder / "features"), unknown)


def _members(folder: Path) -> RawTable | None:
    paths = [path for path in sorted((folder / "instruments").glob("*.txt")) if path.stem != "all"]
    pools = [read_instruments(path).assign(index=path.stem.lower()) for path in paths]
    pools = [pool for pool in pools if len(pool)]
    if not pools:
        return None
    return RawTable(pd.concat(pools, ignore_index=True), str(folder / "instruments"))


def _listed(spells: pd.DataFrame, calendar: pd.DatetimeIndex) -> dict[str, np.ndarray]:
    """Stock -> mask (sessions) of its listing; indices are not stocks."""
    listed: dict[str, np.ndarray] = {}
    for code, start, end in spells[_SPELL].itertuples(index=False):
        if not _INDEX.fullmatch(code):
            mask = listed.setdefault(code, np.zeros(len(calendar), dtype=bool))
            mask[calendar.searchsorted(start) : calendar.searchsorted(end, side="right")] = True
    return listed


def _fields(
    table: str,
    columns: Sequence[Column],
    stocks: Collection[Path],
    settings: TableSettings,
    folder: Path,
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Canonical name -> field, and the fields left unread; checked as a Parquet file's head is."""
    fields = sorted(set().union(*(field_names(stock) for stock in stocks)))
    factor = settings.columns.get("quotes", {}).get("adj_factor", "factor")
    given = {"adj_factor": factor} if factor in fields else {}
    given |= settings.columns.get(table, {})
    mapped = replace(settings, columns={table: given})
    names = map_columns(table, columns, fields, mapped, str(folder / "features"))
    unknown = tuple(field for field in fields if field not in names.values())
    head = {name: pd.Series(dtype="float32") for name in [*unknown, *names]}
    head |= {"date": pd.Series(dtype="datetime64[ns]"), "code": pd.Series(dtype="str")}
    if "industry" in names:
        head["industry"] = pd.Series(dtype="str")
    if "volume" in names:
        head["traded"] = pd.Series(dtype="bool")
    check_columns(pd.DataFrame(head), table, columns, str(folder / "features"))
    return names, unknown


def _rows(
    stocks: Mapping[str, Path],
    names: Mapping[str, str],
    listed: Mapping[str, np.ndarray],
    calendar: pd.DatetimeIndex,
    settings: TableSettings,
) -> pd.DataFrame:
    """All stocks' rows while they are listed, raw: with qlib's adjustment undone."""
    read = {code: _rows_of(path, names, listed[code]) for code, path in stocks.items()}
    return _unadjusted(_frame_of(read, calendar), settings.qlib_adjusted)


def _rows_of(stock: Path, names: Mapping[str, str], listed: np.ndarray) -> Rows:
    """A stock's rows, from its first close on, while it is listed.

    Args:
        stock: The stock's folder.
        names: Canonical name -> field; holds `close`.
        listed: Mask (sessions).
    """
    start, close = read_field(stock, names["close"], len(listed))
    span = start, len(close)
    known = np.flatnonzero(np.isfinite(close))
    first = start + (known[0] if len(known) else len(close))
    sessions = np.arange(first, start + len(close))
    sessions = sessions[listed[sessions]]
    rows = {}
    for name, field in names.items():
        start, values = read_field(stock, field, len(listed))
        if len(values) and (start, len(values)) != span:
            raise TableError(
                f"{stock.name}/{field}{_SUFFIX} holds {len(values)} values from session {start} on,"
                f" and its close {span[1]} from session {span[0]} on",
                "all fields of a stock cover the same sessions",
                _HINT,
            )
        line = np.full(len(listed), np.nan, dtype=np.float32)
        line[start : start + len(values)] = values
        rows[name] = (_lasting(line) if name in _LASTING else line)[sessions]
    return sessions, rows


def _lasting(line: np.ndarray) -> np.ndarray:
    """A line of values with every NaN replaced by the last value before it."""
    known = np.where(np.isfinite(line), np.arange(len(line)), 0)
    return line[np.maximum.accumulate(known)]


def _frame_of(read: Mapping[str, Rows], calendar: pd.DatetimeIndex) -> pd.DataFrame:
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


def _texts(numbers: pd.Series) -> pd.Series:
    """Industry numbers as texts: qlib holds nothing but numbers."""
    coded = numbers.astype("category")
    return coded.cat.rename_categories([f"{number:g}" for number in coded.cat.categories])


def _unadjusted(frame: pd.DataFrame, adjusted: Collection[str]) -> pd.DataFrame:
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
    backwards = spells[spells["end"] < spells["start"]]
    if len(backwards):
        code, start, end = backwards.iloc[0]
        given = f"{path}: {code} starts on {start.date()} and ends on {end.date()}, before that"
        raise TableError(given, "CODE<tab>start<tab>end a line, start first", _HINT)
    spells["code"] = spells["code"].str.upper()
    return spells


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TableError(f"{path} cannot be read", "a text file", _HINT) from error
    return [line.strip() for line in text.splitlines() if line.strip()]


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
        given = f"{path} holds {len(values)} values from session {start:g} on"
        raise TableError(
            given, f"values inside the {sessions} sessions of calendars/day.txt", _HINT
        )
    return int(start), values
