"""A folder in qlib's binary format as tables: quotes, and index and index_members where there.

`features/<code>/<field>.day.bin` is little-endian float32: first the position in
`calendars/day.txt` at which the stock starts, then one value a session, NaN in every field while
it is suspended; prices are stored times `factor`, volume divided by it. Indices are kept among the
stocks, and stock pools as lists of spells, of which all.txt is the universe (qlib's
scripts/dump_bin.py and qlib/data/storage/file_storage.py).
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
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


def read_qlib(table: str, columns: Sequence[Column], settings: TableSettings) -> RawTable | None:
    """A table under canonical names, or none where the folder does not have it.

    Args:
        table: Canonical table name.
        columns: Columns to look for; `adj_factor` is qlib's `factor` unless mapped otherwise.
        settings: Folder, map of columns to fields, and which of them are stored adjusted.

    Raises:
        TableError: A file is absent, damaged, or lacks what is needed.
    """
    dump = _Dump(folder_of(settings), settings)
    read = {"quotes": dump.quotes, "index": dump.index}.get(table)
    if read is not None:
        return read(columns)
    return dump.members() if table == "index_members" else None


@dataclass(frozen=True)
class _Dump:
    """A folder that qlib's dump_bin.py wrote."""

    folder: Path
    settings: TableSettings

    @cached_property
    def calendar(self) -> pd.DatetimeIndex:
        """The sessions, oldest first."""
        path = self.folder / "calendars" / "day.txt"
        lines = pd.Series(_lines(path))
        days = pd.DatetimeIndex(pd.to_datetime(lines, format="%Y-%m-%d", errors="coerce"))
        if not len(days) or days.hasnans or not days.is_monotonic_increasing or not days.is_unique:
            given = f"{path} is no list of sessions"
            raise TableError(given, "one date YYYY-MM-DD a line, each later than the last", _HINT)
        return days

    def stocks(self) -> dict[str, Path]:
        """Code in upper case -> its folder of fields, in alphabetical order."""
        features = self.folder / "features"
        there = features.iterdir() if features.is_dir() else ()
        found = {path.name.upper(): path for path in sorted(there) if path.is_dir()}
        if not found:
            needed = "features/<code>/<field>.day.bin"
            raise TableError(f"{features} holds no stocks", needed, _HINT)
        return dict(sorted(found.items()))

    def members(self) -> RawTable | None:
        """Spells of all stock pools but the universe."""
        folder = self.folder / "instruments"
        paths = [path for path in sorted(folder.glob("*.txt")) if path.stem != "all"]
        pools = [_read_instruments(path).assign(index=path.stem.lower()) for path in paths]
        pools = [pool for pool in pools if len(pool)]
        return RawTable(pd.concat(pools, ignore_index=True), str(folder)) if pools else None

    def index(self, columns: Sequence[Column]) -> RawTable | None:
        """Closes of the indices among the stocks."""
        indices = {code: path for code, path in self.stocks().items() if _INDEX.fullmatch(code)}
        if not indices:
            return None
        always = dict.fromkeys(indices, np.ones(len(self.calendar), dtype=bool))
        raw = self._read("index", [*columns, Column("adj_factor")], indices, always)
        frame = raw.frame[["date", "code", "close"]].dropna(ignore_index=True)
        return replace(raw, frame=frame)

    def quotes(self, columns: Sequence[Column]) -> RawTable:
        """Rows of the stocks in all.txt while they are listed, from their first close on."""
        listed: dict[str, np.ndarray] = {}
        spells = _read_instruments(self.folder / "instruments" / "all.txt")
        for code, start, end in spells[_SPELL].itertuples(index=False):
            if not _INDEX.fullmatch(code):
                mask = listed.setdefault(code, np.zeros(len(self.calendar), dtype=bool))
                first = self.calendar.searchsorted(start)
                mask[first : self.calendar.searchsorted(end, side="right")] = True
        stocks = {code: path for code, path in self.stocks().items() if code in listed}
        raw = self._read("quotes", columns, stocks, listed)
        lost = [code for code in listed if code not in stocks]
        silent = sorted(set(stocks) - set(raw.frame["code"].unique()))
        notes = (
            _note("lost", lost, "features"),
            _note("silent", silent, "close while they are listed"),
        )
        return replace(raw, notes=tuple(note for note in notes if note.count))

    def _read(
        self,
        table: str,
        columns: Sequence[Column],
        stocks: Mapping[str, Path],
        listed: Mapping[str, np.ndarray],
    ) -> RawTable:
        """The stocks' rows while they are listed, raw: with qlib's adjustment undone."""
        origin = str(self.folder / "features")
        names, unknown = self._names(table, columns, stocks, origin)
        read = {code: _rows_of(path, names, listed[code]) for code, path in stocks.items()}
        frame = _unadjusted(_frame_of(read, self.calendar), self.settings.qlib_adjusted)
        return RawTable(frame, origin, unknown)

    def _names(
        self, table: str, columns: Sequence[Column], stocks: Mapping[str, Path], origin: str
    ) -> tuple[dict[str, str], tuple[str, ...]]:
        """Canonical name -> field, and the fields unread; checked as a Parquet file's head is."""
        fields = {
            f.name.removesuffix(_SUFFIX) for s in stocks.values() for f in s.glob(f"*{_SUFFIX}")
        }
        given = self.settings.columns.get(table, {})
        factor = self.settings.columns.get("quotes", {}).get("adj_factor", "factor")
        if factor in fields:
            given = {"adj_factor": factor} | given
        mapped = replace(self.settings, columns={table: given})
        names = map_columns(table, columns, sorted(fields), mapped, origin)
        unknown = tuple(sorted(fields - set(names.values())))
        head = {name: pd.Series(dtype="float32") for name in [*unknown, *names]}
        head |= {"date": pd.Series(dtype="datetime64[ns]"), "code": pd.Series(dtype="str")}
        if "industry" in names:
            head["industry"] = pd.Series(dtype="str")
        if "volume" in names:
            head["traded"] = pd.Series(dtype="bool")
        check_columns(pd.DataFrame(head), table, columns, origin)
        return names, unknown


def _note(kind: str, codes: Sequence[str], lacking: str) -> Note:
    says = f"instruments have no {lacking}"
    return Note("quotes", kind, len(codes), says, tuple(codes[:SHOWN]), "lost")


Rows = tuple[np.ndarray, dict[str, np.ndarray]]
"""Sessions (int) at which a stock has a row, and its values there (float32) by canonical name."""


def _rows_of(stock: Path, names: Mapping[str, str], listed: np.ndarray) -> Rows:
    """A stock's rows from its first close on, while it is listed (mask of sessions)."""
    start, close = _read_field(stock, names["close"], len(listed))
    known = np.flatnonzero(np.isfinite(close))
    first = start + (known[0] if len(known) else len(close))
    sessions = np.arange(first, start + len(close))
    sessions = sessions[listed[sessions]]
    rows = {}
    for name, field in names.items():
        begin, values = _read_field(stock, field, len(listed))
        if len(values) and (begin, len(values)) != (start, len(close)):
            raise TableError(
                f"{stock.name}/{field}{_SUFFIX} holds {len(values)} values from session {begin} on,"
                f" and its close {len(close)} from session {start} on",
                "all fields of a stock cover the same sessions",
                _HINT,
            )
        line = np.full(len(listed), np.nan, dtype=np.float32)
        line[begin : begin + len(values)] = values
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
    each = map(float, coded.cat.categories)
    names = [str(int(number)) if number.is_integer() else str(number) for number in each]
    return coded.cat.rename_categories(names)


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


def _read_instruments(path: Path) -> pd.DataFrame:
    """Spells of a stock pool: code (upper case), start, end (inclusive)."""
    cells = [line.split("\t")[:3] for line in _lines(path)]
    spells = pd.DataFrame([line for line in cells if len(line) == 3], columns=_SPELL)
    for name in ("start", "end"):
        spells[name] = pd.to_datetime(spells[name], format="%Y-%m-%d", errors="coerce")
    needed = "CODE<tab>start<tab>end a line, start first"
    if len(spells) < len(cells) or spells.isna().any(axis=None):
        raise TableError(f"{path} is no list of instruments", needed, _HINT)
    backwards = spells[spells["end"] < spells["start"]]
    for code, start, end in backwards.head(1).itertuples(index=False):
        given = f"{path}: {code} starts on {start.date()} and ends on {end.date()}, before that"
        raise TableError(given, needed, _HINT)
    spells["code"] = spells["code"].str.upper()
    return spells


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TableError(f"{path} cannot be read", "a text file", _HINT) from error
    return [line.strip() for line in text.splitlines() if line.strip()]


def _read_field(stock: Path, field: str, sessions: int) -> tuple[int, np.ndarray]:
    """First session and values (float32) of one field; no values where the file is absent."""
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
        needed = f"values inside the {sessions} sessions of calendars/day.txt"
        raise TableError(given, needed, _HINT)
    return int(start), values
