"""Where tables come from: a source reads one table of a vendor's, under our names.

`data.source` is a name in `SOURCES` or `MODULE:FUNCTION`, a user's own (see `raw.Reader`).
"""

import importlib
import inspect
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

import pandas as pd

from datamodules.base.errors import ConfigError, TableError
from datamodules.base.words import nearest
from datamodules.canon.columns import COLUMNS, FILLINGS, Column
from datamodules.canon.report import FINDINGS
from datamodules.settings import TableSettings
from datamodules.sources.duckdb import read_duckdb
from datamodules.sources.parquet import read_parquet
from datamodules.sources.qlib import read_qlib
from datamodules.sources.raw import RawTable, Reader, map_head

SOURCES: dict[str, Reader] = {
    "simulated": read_parquet,
    "parquet": read_parquet,
    "qlib": read_qlib,
    "duckdb": read_duckdb,
}
"""Name -> reader; the simulated market is written as Parquet before it is read."""


def read_table(table: str, columns: Sequence[Column], settings: TableSettings) -> RawTable | None:
    """A table as its source gives it, under canonical names.

    Args:
        table: Canonical table name.
        columns: What is looked for, see `columns_of`.
        settings: Names the source.

    Raises:
        ConfigError: There is no such source.
        TableError: As the source raises it, or for what it gives.
    """
    given = reader_of(settings.source)(table, columns, settings)
    if given is None and table == "quotes":
        none = f"data.source={settings.source} gives no quotes"
        raise TableError(none, "the one table that must exist", "data.path=FOLDER may mend it")
    if given is None:
        return None
    if isinstance(given, RawTable):
        return replace(given, frame=given.frame.reset_index(drop=True))
    origin = f"{table} of {settings.source}"
    if not isinstance(given, pd.DataFrame):
        needed = "a pandas.DataFrame under the vendor's names, or None"
        hint = f"let {settings.source} return one"
        raise TableError(f"{origin} is of type {type(given).__name__}", needed, hint)
    given = given.set_axis(given.columns.map(str), axis="columns")
    names, unknown = map_head(given, table, columns, settings, origin)
    frame = given[list(names.values())].set_axis(list(names), axis="columns")
    return RawTable(frame.reset_index(drop=True), origin, unknown)


def reader_of(source: str) -> Reader:
    """The function that reads a source's tables.

    Raises:
        ConfigError: No such name, or a user's own that cannot be imported or is no function.
    """
    if source in SOURCES:
        return SOURCES[source]
    module, colon, name = source.partition(":")
    if not colon:
        near = ":".join(source.rsplit(".", 1)) if "." in source else nearest(source, SOURCES)
        raise ConfigError(
            f"data.source={source} was given",
            f"it is one of {', '.join(SOURCES)}, or MODULE:FUNCTION of your own",
            f"data.source={near}",
        )
    try:
        found = vars(importlib.import_module(module))
    except Exception as error:
        raise ConfigError(
            f"data.source={source}: {module} cannot be imported ({type(error).__name__}: {error})",
            "a module of an installed package, or of a file of your own",
            f"alphanet prepare --config-dir FOLDER, where FOLDER holds {module}.py",
        ) from error
    if not callable(found.get(name)) or not _takes_a_table(found[name]):
        functions = [key for key, value in found.items() if callable(value) and key[0] != "_"]
        raise ConfigError(
            f"data.source={source}: {module} has no function {name!r} that reads tables",
            "read(table, columns, settings), which gives a pandas.DataFrame or None",
            f"data.source={module}:{nearest(name, functions) or 'FUNCTION'}",
        )
    reader: Reader = found[name]
    return reader


def _takes_a_table(function: Callable[..., object]) -> bool:
    """Whether a function can be called as a `Reader`; seen before anything is called."""
    try:
        inspect.signature(function).bind("quotes", (), TableSettings())
    except (TypeError, ValueError):
        return False
    return True


def check_settings(settings: TableSettings) -> None:
    """Refuse settings that name tables or columns which no table has, before any file is opened.

    Raises:
        ConfigError: With the nearest right name.
    """
    for group in ("files", "columns", "scale", "sql"):
        _among(f"data.{group}", getattr(settings, group), COLUMNS)
    for table, named in settings.columns.items():
        _among(f"data.columns.{table}", named, [column.name for column in COLUMNS[table]])
    for table, factors in settings.scale.items():
        _among(f"data.scale.{table}", factors, _numbers(table))
    _among("data.qlib_adjusted", settings.qlib_adjusted, _numbers("quotes"))
    _among("data.without", settings.without, FILLINGS)
    _among("data.accept", settings.accept, FINDINGS)
    reader_of(settings.source)


def _numbers(table: str) -> list[str]:
    return [column.name for column in COLUMNS[table] if column.kind == "number"]


def _among(setting: str, names: Iterable[str], options: Collection[str]) -> None:
    for name in names:
        if name not in options:
            raise ConfigError(
                f"{setting} names {name}",
                f"it may name {', '.join(options)}",
                f"in {setting}, {nearest(name, options)} is the nearest",
            )
