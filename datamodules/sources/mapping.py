"""A vendor's names onto ours: data.columns and data.scale, refused where they name nothing."""

from collections.abc import Collection, Iterable, Sequence

from datamodules.base.errors import ConfigError, TableError
from datamodules.base.words import nearest
from datamodules.canon.columns import COLUMNS, FILLINGS, Column
from datamodules.settings import TableSettings


def check_settings(settings: TableSettings) -> None:
    """Refuse settings that name tables or columns which no table has, before any file is opened.

    Raises:
        ConfigError: With the nearest right name.
    """
    for group in ("files", "columns", "scale"):
        _among(f"data.{group}", getattr(settings, group), COLUMNS)
    for table, named in settings.columns.items():
        _among(f"data.columns.{table}", named, [column.name for column in COLUMNS[table]])
    for table, factors in settings.scale.items():
        _among(f"data.scale.{table}", factors, _numbers(table))
    _among("data.qlib_adjusted", settings.qlib_adjusted, _numbers("quotes"))
    _among("data.without", settings.without, FILLINGS)
    _one_of("source", settings.source, ("simulated", "parquet", "qlib"))
    _one_of("free_turn", settings.free_turn, ("required", "turn"))


def _one_of(name: str, given: str, options: Sequence[str]) -> None:
    if given not in options:
        needed = f"it is one of {', '.join(options)}"
        hint = f"data.{name}={nearest(given, options)}"
        raise ConfigError(f"data.{name}={given} was given", needed, hint)


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
        TableError: The map names a column that does not exist.
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
    return {name: vendor for name, vendor in names.items() if vendor in existing}
