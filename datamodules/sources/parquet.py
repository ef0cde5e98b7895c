"""Parquet tables of any vendor, read under canonical names and only where columns are needed.

A table is a file or a folder of files. Names and types are refused before a row is read.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from datamodules.base.errors import TableError
from datamodules.canon.columns import Column
from datamodules.settings import TableSettings
from datamodules.sources.raw import RawTable, folder_of, map_head


def read_parquet(table: str, columns: Sequence[Column], settings: TableSettings) -> RawTable | None:
    """A table under canonical names, or none where an optional file is absent.

    Args:
        table: Canonical table name.
        columns: Columns to look for.
        settings: Folder, file names and column map.

    Raises:
        TableError: No such file, no Parquet, damaged, or a column missing, mistyped or misnamed.
    """
    path = _path_of(table, settings)
    if path is None:
        return None
    origin = str(path)
    # The texts are few and repeat in every row: as dictionaries they cost 1-4 bytes a row.
    texts = {column.name for column in columns if column.kind == "text"}
    given = settings.columns.get(table, {})
    data = _opened(path, [given.get(name, name) for name in texts])
    names, unknown = map_head(_frame(data.schema.empty_table()), table, columns, settings, origin)
    # One column at a time: the peak is then the table and one column, not the table twice.
    parts = {name: _column(data, vendor, origin) for name, vendor in names.items()}
    return RawTable(pd.DataFrame(parts, copy=False), origin, unknown)


def _path_of(table: str, settings: TableSettings) -> Path | None:
    folder = folder_of(settings)
    path = folder / settings.files.get(table, f"{table}.parquet")
    if path.is_dir() and not any(entry.is_file() for entry in path.rglob("*")):
        given = f"{path} is an empty folder"
        raise TableError(
            given, f"the table {table}, a file or a folder of files", _elsewhere(table)
        )
    if path.exists():
        return path
    if path.is_symlink():
        given = f"{path} is a link to {path.readlink()}, which leads to no file"
        raise TableError(given, f"the table {table}", _elsewhere(table))
    if table != "quotes" and table not in settings.files:
        return None
    there = ", ".join(sorted(entry.name for entry in folder.iterdir())[:10]) or "nothing"
    raise TableError(
        f"{path} does not exist",
        f"the table {table}; {folder} holds {there}",
        _elsewhere(table),
    )


def _elsewhere(table: str) -> str:
    return f"data.path=FOLDER or data.files.{table}=FILE"


def _opened(path: Path, texts: list[str]) -> pq.ParquetDataset:
    try:
        return pq.ParquetDataset(path, read_dictionary=texts)
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(path, error) from error


def _column(data: pq.ParquetDataset, vendor: str, origin: str) -> pd.Series:
    try:
        rows = data.read(columns=[vendor], use_pandas_metadata=False)
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(origin, error) from error
    return _frame(rows)[vendor]


def _unreadable(path: Path | str, error: Exception) -> TableError:
    return TableError(
        f"{path} cannot be read as Parquet ({str(error).splitlines()[0][:120]})",
        "an undamaged Parquet file",
        "write it again with pandas.DataFrame.to_parquet(..., index=False)",
    )


def _frame(rows: pa.Table) -> pd.DataFrame:
    # Without pandas' own note in the file: it is parsed, and may be damaged, even where ignored.
    return rows.replace_schema_metadata().to_pandas(date_as_object=False)
