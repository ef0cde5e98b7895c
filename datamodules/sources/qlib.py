"""A folder in qlib's binary format as tables: quotes, and index and index_members where there.

qlib keeps indices among the stocks, and stock pools as lists of spells; all.txt is the universe.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from datamodules.base.words import SHOWN
from datamodules.canon.columns import Column
from datamodules.canon.report import Note
from datamodules.settings import TableSettings
from datamodules.sources import qlib_files
from datamodules.sources.mapping import map_columns
from datamodules.sources.qlib_rows import frame_of, rows_of, unadjusted
from datamodules.sources.raw import RawTable
from datamodules.tables.schema import check_schema

_INDEX = re.compile(r"(SH000|SZ399|BJ899)\d{3}")
_FACTOR = Column("adj_factor")


def read_qlib(
    table: str, columns: Sequence[Column], settings: TableSettings, today: date
) -> RawTable | None:
    """A table under canonical names, or none where the folder does not have it.

    Args:
        table: Canonical table name.
        columns: Columns to look for; `adj_factor` is qlib's `factor` unless mapped otherwise.
        settings: Folder, map of columns to fields, and which of them are stored adjusted.
        today: The newest date a row may have.

    Raises:
        TableError: A file is absent, damaged, or lacks what is needed.
    """
    folder = Path(settings.path).expanduser()
    if table == "index_members":
        return _members(folder)
    if table == "quotes":
        return _quotes(folder, columns, settings, today)
    return _index(folder, columns, settings, today) if table == "index" else None


def _quotes(
    folder: Path, columns: Sequence[Column], settings: TableSettings, today: date
) -> RawTable:
    calendar = qlib_files.read_calendar(folder)
    listed = _listed(qlib_files.read_instruments(folder / "instruments" / "all.txt"), calendar)
    stocks = qlib_files.stock_folders(folder)
    lost = [code for code in listed if code not in stocks]
    stocks = {code: path for code, path in stocks.items() if code in listed}
    names, unknown = _fields("quotes", columns, stocks.values(), settings, today, folder)
    read = {code: rows_of(path, names, listed[code]) for code, path in stocks.items()}
    frame = unadjusted(frame_of(read, calendar), settings.qlib_adjusted)
    note = Note("quotes", "lost", len(lost), "instruments have no features", tuple(lost[:SHOWN]))
    return RawTable(frame, str(folder / "features"), unknown, (note,) if lost else ())


def _index(
    folder: Path, columns: Sequence[Column], settings: TableSettings, today: date
) -> RawTable | None:
    stocks = qlib_files.stock_folders(folder)
    stocks = {code: path for code, path in stocks.items() if _INDEX.fullmatch(code)}
    if not stocks:
        return None
    columns = [*columns, _FACTOR]
    names, unknown = _fields("index", columns, stocks.values(), settings, today, folder)
    calendar = qlib_files.read_calendar(folder)
    always = np.ones(len(calendar), dtype=bool)
    read = {code: rows_of(path, names, always) for code, path in stocks.items()}
    frame = unadjusted(frame_of(read, calendar), settings.qlib_adjusted)
    frame = frame[["date", "code", "close"]].dropna(ignore_index=True)
    return RawTable(frame, str(folder / "features"), unknown)


def _members(folder: Path) -> RawTable | None:
    paths = [path for path in sorted((folder / "instruments").glob("*.txt")) if path.stem != "all"]
    pools = [qlib_files.read_instruments(path).assign(index=path.stem.lower()) for path in paths]
    pools = [pool for pool in pools if len(pool)]
    if not pools:
        return None
    return RawTable(pd.concat(pools, ignore_index=True), str(folder / "instruments"))


def _listed(spells: pd.DataFrame, calendar: pd.DatetimeIndex) -> dict[str, np.ndarray]:
    """Stock -> mask (sessions) of its listing; indices are not stocks."""
    listed: dict[str, np.ndarray] = {}
    for code, start, end in spells[["code", "start", "end"]].itertuples(index=False):
        if not _INDEX.fullmatch(code):
            mask = listed.setdefault(code, np.zeros(len(calendar), dtype=bool))
            mask[calendar.searchsorted(start) : calendar.searchsorted(end, side="right")] = True
    return listed


def _fields(
    table: str,
    columns: Sequence[Column],
    stocks: Collection[Path],
    settings: TableSettings,
    today: date,
    folder: Path,
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Canonical name -> field, and the fields left unread; checked as a Parquet file's head is."""
    fields = sorted(set().union(*(qlib_files.field_names(stock) for stock in stocks)))
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
    check_schema(pd.DataFrame(head), table, columns, str(folder / "features"), today)
    return names, unknown
