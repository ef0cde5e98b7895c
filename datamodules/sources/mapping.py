"""A vendor's names onto ours: data.columns and data.scale, refused where they name nothing."""

from collections.abc import Collection, Sequence

from alphanet_pl.errors import ConfigError, TableError
from datamodules.settings import TableSettings
from datamodules.tables.columns import COLUMNS, FILLINGS, Column
from datamodules.tables.wording import nearest


def check_settings(settings: TableSettings) -> None:
    """Refuse settings that name tables or columns which no table has, before any file is opened.

    Raises:
        ConfigError: With the nearest right name.
    """
    for group in ("files", "columns", "scale"):
        for table in getattr(settings, group):
            _among(f"data.{group}", table, COLUMNS, "table")
    for group in ("columns", "scale"):
        for table, named in getattr(settings, group).items():
            for name in named:
                _among(f"data.{group}.{table}", name, _names(table, group == "scale"), "column")
    for name in settings.qlib_adjusted:
        _among("data.qlib_adjusted", name, _names("quotes", True), "column")
    for name in settings.without:
        _among("data.without", name, FILLINGS, "column that can be done without")
    if settings.free_turn not in ("required", "turn"):
        given = f"data.free_turn={settings.free_turn} was given"
        raise ConfigError(given, "required or turn is needed", "data.free_turn=turn")


def _names(table: str, numbers_only: bool) -> list[str]:
    return [c.name for c in COLUMNS[table] if c.kind == "number" or not numbers_only]


def _among(setting: str, name: str, options: Collection[str], what: str) -> None:
    if name not in options:
        raise ConfigError(
            f"{setting} names {name}",
            f"a {what} of these is needed: {', '.join(options)}",
            f"{setting}.{nearest(name, options)} is the nearest",
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
