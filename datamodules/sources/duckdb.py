"""Tables as SQL over files and databases, by DuckDB, which runs inside this process.

`data.sql` holds the query of each canonical table, `data.views` the files behind the names that it
uses. A query only reads, of its statement's own syntax tree; the database is attached read-only,
and no extension is ever downloaded. Rows arrive in Arrow batches: the peak is the table and one of
its columns, whatever the query holds is within `data.memory` and spills to a temporary folder.
"""

import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from datamodules.base.errors import ConfigError, TableError
from datamodules.base.words import nearest
from datamodules.canon.columns import Column
from datamodules.canon.report import Note
from datamodules.settings import TableSettings
from datamodules.sources.raw import RawTable, folder_of, map_head
from datamodules.sources.stores import attach, define_view, digest_of, files_of, quoted

_READS = {"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"}
"""Nodes of a syntax tree that only read: a COPY or INSERT inside a WITH is of another kind."""
_BATCHES = 8
"""Batches, of 122,880 rows each, that are copied together."""
_HIDES = {"query", "json_execute_serialized_sql", "checkpoint", "force_checkpoint", "write_log"}
"""Functions of a query that run what the tree does not show, or that act."""


def read_duckdb(table: str, columns: Sequence[Column], settings: TableSettings) -> RawTable | None:
    """A table under canonical names, or none where `data.sql` has no query of it, or it no files.

    Args:
        table: Canonical table name.
        columns: Columns to look for.
        settings: Queries, views, folder, database, memory, and the map of columns.

    Raises:
        ConfigError: No query of quotes, or a limit of memory that is none.
        TableError: A query that is wrong, that does more than read, or whose files are absent.
    """
    if table not in settings.sql:
        if table == "quotes":
            given, needed = "data.sql names no quotes", "the query of the table that must exist"
            raise ConfigError(
                given, needed, "data.sql.quotes='SELECT ... FROM ...', or data=tushare"
            )
        return None
    with tempfile.TemporaryDirectory(prefix="alphanet-") as spill:
        con = _connect(settings, spill)
        try:
            return _Query(con, table, settings).read(columns)
        except duckdb.Error as error:
            raise _refused(table, settings, error) from error
        finally:
            con.close()


def _connect(settings: TableSettings, spill: str) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(
            config={
                "memory_limit": settings.memory,
                "temp_directory": spill,
                "file_search_path": str(_folder(settings) or ""),
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "python_enable_replacements": "false",
                "preserve_insertion_order": "false",
                "enable_external_file_cache": "false",  # every file is read once
            }
        )
    except duckdb.Error as error:
        given = f"data.memory={settings.memory} was given"
        raise ConfigError(given, "a number with its unit", "data.memory=4GB") from error


def _folder(settings: TableSettings) -> Path | None:
    """The folder that files are looked for in; a database needs none."""
    return None if settings.database and not settings.path else folder_of(settings)


class _Query:
    """One table's query on one connection: checked, its views defined, run, its files digested."""

    def __init__(self, con: duckdb.DuckDBPyConnection, table: str, settings: TableSettings) -> None:
        self._con, self._table, self._settings = con, table, settings
        self._folder = _folder(settings)
        self._sql, self._tree = _tree_of(con, table, settings.sql[table])
        named = [str(node["table_name"]) for node in _nodes(self._tree) if "table_name" in node]
        self._names = list(dict.fromkeys(named))
        self._views = {name: settings.views[name] for name in named if name in settings.views}

    def read(self, columns: Sequence[Column]) -> RawTable:
        for name, files in self._views.items():
            if self._folder is None or not files_of(self._folder, files):
                return self._absent(name, files)
            define_view(self._con, name, files, self._folder, self._settings.encoding)
        if self._settings.database:
            attach(self._con, self._settings.database, self._names)
        self._con.execute(f"EXPLAIN {self._sql}")  # whose errors name the line, unlike sql's
        found = self._con.sql(self._sql)
        head = _frame(found.limit(0).to_arrow_reader(), found.columns)
        origin = f"data.sql.{self._table}"
        names, unknown = map_head(head, self._table, columns, self._settings, origin)
        picked = found.project(", ".join(map(quoted, names.values())))
        with ThreadPoolExecutor(1) as beside:  # digests are made while the rows are read
            provenance = beside.submit(self._provenance)
            frame = _frame(picked.to_arrow_reader(), list(names))
            return RawTable(frame, origin, unknown, provenance=provenance.result())

    def _absent(self, view: str, files: str) -> RawTable:
        """Nothing of an optional table, with a note that says why."""
        given = f"data.views.{view}={files} has no files in {self._settings.path or 'no data.path'}"
        hint = f"data.path=FOLDER or data.views.{view}=FILES"
        if self._table == "quotes":
            raise TableError(given, f"what data.sql.{self._table} reads", hint)
        note = Note(self._table, "no files", 1, f"table is left out: {given}", cost="lost")
        return RawTable(pd.DataFrame(), given, notes=(note,))

    def _provenance(self) -> dict[str, Any]:
        """The query, its engine, and the digest of the files behind each name in it."""
        calls = [node for node in _nodes(self._tree) if node.get("type") == "TABLE_FUNCTION"]
        literals = [node.get("literal") or {} for call in calls for node in _nodes(call)]
        texts = [str(literal["text"]) for literal in literals if literal.get("kind") == "STRING"]
        given = dict.fromkeys([*self._views.values(), *self._names, *texts])
        files = {name: files_of(self._folder, name) for name in given} if self._folder else {}
        return {
            "sql": self._sql,
            "engine": f"duckdb {duckdb.__version__}",
            "database": self._settings.database,
            "files": {name: digest_of(paths) for name, paths in files.items() if paths},
        }


def _tree_of(con: duckdb.DuckDBPyConnection, table: str, sql: str) -> tuple[str, Any]:
    """The one statement of a query and its syntax tree.

    Raises:
        TableError: It is not one, or does more than read.
    """
    statements = con.extract_statements(sql)
    kinds = [statement.type.name for statement in statements]
    if kinds != ["SELECT"]:
        raise _acts(table, ", then ".join(kinds) or "nothing")
    text = statements[0].query.strip().rstrip(";")
    ((tree,),) = con.execute("SELECT json_serialize_sql(?::VARCHAR)", [text]).fetchall()
    tree = json.loads(tree)
    for node in _nodes(tree):
        kind, function = str(node.get("type", "")), str(node.get("function_name", ""))
        if kind.endswith("_NODE") and kind not in _READS:
            raise _acts(table, kind.removesuffix("_NODE").removesuffix("_QUERY") + " in a WITH")
        if function.lower() in _HIDES:
            raise _acts(table, f"{function}()")
    return text, tree


def _acts(table: str, what: str) -> TableError:
    hint = f"write data.sql.{table} as SELECT ... FROM ..., or WITH ... SELECT ..."
    return TableError(f"data.sql.{table} is {what}", "one SELECT, which only reads", hint)


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every object of a syntax tree, from the top down."""
    if isinstance(tree, dict):
        yield tree
    for part in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from _nodes(part)


def _frame(batches: pa.RecordBatchReader, names: Sequence[str]) -> pd.DataFrame:
    """All batches as one frame, made a column at a time; texts become dictionaries at once."""
    kinds = [_kind_of(field.type) for field in batches.schema]
    parts: list[list[pa.Array]] = [[] for _ in names]
    while block := list(islice(batches, _BATCHES)):
        whole = pa.Table.from_batches(block)
        for number, kind in enumerate(kinds):
            # Copied: one column of a batch that is kept would keep all of them.
            parts[number].append(pa.concat_arrays(_kept(whole.column(number), kind).chunks))
    columns = {}
    for name, kind, own in zip(names, kinds, parts, strict=True):
        column = pa.chunked_array(own, kind).unify_dictionaries()
        own.clear()
        columns[name] = column.to_pandas(date_as_object=False)
        del column
        pa.default_memory_pool().release_unused()
    return pd.DataFrame(columns, copy=False)


def _kind_of(kind: pa.DataType) -> pa.DataType:
    """What a column is kept as: texts repeat in every row, and SQL's 0.01 is a decimal."""
    if pa.types.is_string(kind):
        return pa.dictionary(pa.int32(), pa.string())
    return pa.float64() if pa.types.is_decimal(kind) else kind


def _kept(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    is_text = pa.types.is_string(column.type)
    return pc.dictionary_encode(column).unify_dictionaries() if is_text else column.cast(kind)


def _refused(table: str, settings: TableSettings, error: duckdb.Error) -> TableError:
    """DuckDB's error with the line of the query, and the nearest name that would do."""
    text = str(error)
    message, line = text.splitlines()[0], re.search(r"^LINE (\d+): (.*)$", text, re.MULTILINE)
    where = f"data.sql.{table}, line {line[1]}" if line else f"data.sql.{table}"
    hint = f"mend data.sql.{table}"
    if isinstance(error, duckdb.OutOfMemoryException):
        hint = f"data.memory={settings.memory} is too little for it: raise it"
    elif candidates := re.findall(r'"([^"]+)"', text.partition("Candidate bindings:")[2]):
        hint = f"{candidates[0]} is the nearest column"
    elif missing := re.search(r"Table with name (\S+) does not exist", text):
        hint = f"data.views.{missing[1]}=FILES names files so"
        if settings.views:
            hint += f"; {nearest(missing[1], settings.views)} is the nearest of data.views"
    needed = f"DuckDB must understand `{line[2].strip()}`" if line else ""
    return TableError(f"{where}: {message}", needed, hint)
