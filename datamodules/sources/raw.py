"""What a source hands on, and how a vendor's names become ours.

A source is a function `read(table, columns, settings)` that gives a `RawTable`, a plain frame under
the vendor's names, or None where it does not have the table.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from datamodules.base.errors import TableError
from datamodules.base.words import nearest
from datamodules.canon.columns import Column, check_columns
from datamodules.canon.report import Note
from datamodules.settings import TableSettings


@dataclass(frozen=True)
class RawTable:
    """A table as read.

    Args:
        frame: Canonical column names, the vendor's units; without columns, the table is absent.
        origin: Where it came from, in words.
        unknown: The vendor's columns that nothing was read from.
        notes: What the source itself left out, for the data report.
        provenance: What the panel's record keeps of where it came from.
    """

    frame: pd.DataFrame
    origin: str
    unknown: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)


Reader = Callable[[str, Sequence[Column], TableSettings], RawTable | pd.DataFrame | None]
"""(canonical table name, columns to look for, settings) -> the table, where there is one.

Raises TableError where quotes, which must exist, do not, or where a table is unusable.
"""


def folder_of(settings: TableSettings) -> Path:
    """The folder `data.path`.

    Raises:
        TableError: There is none.
    """
    folder = Path(settings.path).expanduser()
    if not settings.path or not folder.is_dir():
        given = f"data.path={settings.path or '(empty)'} is no folder"
        raise TableError(given, "the folder of the tables", "data.path=FOLDER")
    return folder


def map_columns(
    table: str,
    columns: Sequence[Column],
    existing: Sequence[str],
    settings: TableSettings,
    origin: str,
) -> dict[str, str]:
    """Canonical name -> vendor's name, for the columns that exist; others are simply absent.

    Args:
        table: Canonical table name.
        columns: What is looked for.
        existing: The vendor's names.
        settings: Holds the map; a column that it does not name goes by its own name.
        origin: Where the table is, in words.

    Raises:
        TableError: The map names a column that does not exist, or one for two of ours; or the
            vendor has two of a name.
    """
    given = settings.columns.get(table, {})
    for canonical, vendor in given.items():
        if vendor not in existing:
            like = nearest(vendor, existing)
            raise TableError(
                f"data.columns.{table}.{canonical}={vendor}: {origin} has no column {vendor}",
                f"one of {', '.join(existing)}",
                f"data.columns.{table}.{canonical}={like} is the nearest",
            )
    names = {column.name: given.get(column.name, column.name) for column in columns}
    names = {name: vendor for name, vendor in names.items() if vendor in existing}
    for vendor, count in Counter(existing).items():
        if count > 1 and vendor in names.values():
            hint = f"drop or rename one of them when writing {table}"
            raise TableError(f"{origin} has {count} columns {vendor}", "each name once", hint)
    for vendor, count in Counter(names.values()).items():
        if count > 1:
            ours = [name for name in names if names[name] == vendor]
            wrong = next(name for name in ours if name in given)
            hint = f"data.columns.{table}.{wrong}=NAME"
            if ours == ["turn", "free_turn"]:
                hint = "data.free_turn=turn uses turn in the place of free_turn, and says so"
            raise TableError(
                f"data.columns.{table} reads {' and '.join(ours)} from one column, {vendor}",
                f"a column of {origin} for each",
                hint,
            )
    return names


def map_head(
    head: pd.DataFrame, table: str, columns: Sequence[Column], settings: TableSettings, origin: str
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Canonical name -> vendor's name, and the vendor's names left over; names and types checked.

    Args:
        head: The vendor's names and types; may have no rows.
        table: Canonical table name.
        columns: What is looked for.
        settings: Holds the map.
        origin: Where the table is, in words.

    Raises:
        TableError: As `map_columns` and `check_columns`.
    """
    names = map_columns(table, columns, list(head.columns), settings, origin)
    head = head.loc[:, ~head.columns.duplicated()]  # what is read stands there once
    unknown = tuple(name for name in head.columns if name not in set(names.values()))
    # Unread columns stay in the head, so that an error can name the nearest of them.
    others = [name for name in unknown if name not in names]
    renamed = head[[*names.values(), *others]].set_axis([*names, *others], axis="columns")
    check_columns(renamed, table, columns, origin)
    return names, unknown
