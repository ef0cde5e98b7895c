"""What a query's names stand for: files of several kinds, or the tables of a database.

Parquet and UTF-8 text DuckDB reads itself, as the query asks for them. Text of another encoding,
Feather and SQLite go through pyarrow and sqlite3 in batches: DuckDB's own readers of these are
extensions, which would have to be downloaded.
"""

import csv
import glob
import gzip
import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset

from datamodules.base.errors import TableError
from datamodules.base.files import sha256_of

_ROWS = 100_000
"""Rows of a batch."""
_SERVERS = {"postgres": "postgres", "postgresql": "postgres", "mysql": "mysql"}
"""Beginning of `data.database` -> the extension that it needs."""


def quoted(name: str) -> str:
    """A name as SQL quotes it."""
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    """A text as SQL quotes it."""
    return "'" + value.replace("'", "''") + "'"


def files_of(folder: Path, pattern: str) -> list[Path]:
    """The files that a path or glob means, in order of their names.

    Args:
        folder: What a relative one is relative to.
        pattern: One of the user's.
    """
    # Not Path.glob, which takes no absolute pattern.
    names = glob.glob(str(Path(pattern).expanduser()), root_dir=folder, recursive=True)  # noqa: PTH207
    return [folder / name for name in sorted(names) if (folder / name).is_file()]


def digest_of(paths: Sequence[Path]) -> dict[str, int | str]:
    """How many files these are, their bytes, and one SHA-256 of all their names and contents."""
    whole = hashlib.sha256()
    for path in paths:
        whole.update(f"{path.name} {sha256_of(path)}\n".encode())
    size = sum(path.stat().st_size for path in paths)
    return {"files": len(paths), "bytes": size, "sha256": whole.hexdigest()}


def define_view(
    con: duckdb.DuckDBPyConnection, name: str, pattern: str, folder: Path, encoding: str
) -> None:
    """Let a name stand for files; every column of text files is text, beside their `filename`.

    Args:
        con: Takes the view.
        name: Of `data.views`.
        pattern: Its files, of which there are some.
        folder: `data.path`.
        encoding: `data.encoding`, of text files.

    Raises:
        TableError: Files of an unknown kind, or damaged, or text of another encoding.
    """
    paths = files_of(folder, pattern)
    kind = paths[0].name.removesuffix(".gz").rpartition(".")[2].lower()
    listed = [str(path) for path in paths]
    if kind == "parquet":
        con.read_parquet(listed, union_by_name=True, filename=True).create_view(name)
    elif kind in ("feather", "arrow", "ipc"):
        con.register(name, pa.dataset.dataset(listed, format="feather"))
    elif kind not in ("csv", "txt", "tsv"):
        needed = "Parquet, CSV (.csv, .txt, .tsv, .gz) or Feather (.feather, .arrow, .ipc)"
        raise TableError(f"{paths[0]} is a file .{kind}", needed, f"data.views.{name}=FILES")
    elif encoding.lower().replace("-", "") == "utf8":
        con.read_csv(listed, filename=True, header=True, **_form_of(con, paths)).create_view(name)
    else:
        try:
            _keep(con, name, _encoded(paths, encoding))
        except (pa.ArrowException, LookupError, UnicodeError) as error:
            given = f"data.views.{name}={pattern} is no text of data.encoding={encoding} ({error})"
            hint = "data.encoding=gb18030 (or utf-8, big5 ...)"
            raise TableError(given, "CSV files of one encoding", hint) from error


def _form_of(con: duckdb.DuckDBPyConnection, paths: Sequence[Path]) -> dict[str, Any]:
    """How text files are to be read: as the first one is, where all have its very first line.

    DuckDB looks at each file for its form whenever a view of them is used: a file a stock would
    cost minutes. Where lines differ, or DuckDB sees another head than this line, it does look.
    """
    each_its_own = {"all_varchar": True, "union_by_name": True}
    heads = {_first_line(path) for path in paths}
    if len(heads) > 1:
        return each_its_own
    sniffed = "SELECT Delimiter, Quote, Escape, Columns FROM sniff_csv(?, header = true)"
    ((delimiter, *marks, seen),) = con.execute(sniffed, [str(paths[0])]).fetchall()
    names = [column["name"] for column in seen]
    try:
        said = next(csv.reader([heads.pop().decode("utf-8-sig")], delimiter=delimiter))
    except (UnicodeDecodeError, StopIteration):
        return each_its_own
    if said != names:
        return each_its_own
    quote, escape = (mark if len(mark) == 1 else '"' for mark in marks)
    return {
        "columns": dict.fromkeys(names, "VARCHAR"),
        "auto_detect": False,
        "delimiter": delimiter,
        "quotechar": quote,
        "escapechar": escape,
    }


def _first_line(path: Path) -> bytes:
    with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as file:
        return file.readline().rstrip(b"\r\n")


def _encoded(paths: Sequence[Path], encoding: str) -> pa.RecordBatchReader:
    """Text files of any encoding, columns by their names, all texts; `filename` after them."""

    def opened(path: Path, names: Sequence[str] = ()) -> pa.csv.CSVStreamingReader:
        texts = dict.fromkeys(names, pa.string())
        return pa.csv.open_csv(
            path,
            read_options=pa.csv.ReadOptions(encoding=encoding),
            convert_options=pa.csv.ConvertOptions(column_types=texts, strings_can_be_null=True),
        )

    heads = {path: opened(path).schema.names for path in paths}
    names: dict[str, str] = {}  # as DuckDB has them: whatever their case
    for path, head in heads.items():
        lower = [name.lower() for name in [*head, "filename"]]
        if again := [name for place, name in enumerate(lower) if name in lower[:place]]:
            needed = "columns of different names, none of them filename"
            raise TableError(f"{path} has the column {again[0]} twice", needed, "rename one")
        names = {**dict(zip(lower, [*head, "filename"], strict=True)), **names}
    names["filename"] = names.pop("filename")
    schema = pa.schema([(name, pa.string()) for name in names.values()])

    def batches() -> Iterator[pa.RecordBatch]:
        for path, head in heads.items():
            for batch in opened(path, head):
                here = pa.array([str(path)] * batch.num_rows, pa.string())
                lower = [name.lower() for name in [*head, "filename"]]
                given = dict(zip(lower, [*batch.columns, here], strict=True))
                none = pa.nulls(batch.num_rows, pa.string())
                columns = [given.get(name, none) for name in names]
                yield pa.RecordBatch.from_arrays(columns, schema=schema)

    return pa.RecordBatchReader.from_batches(schema, batches())


def _keep(con: duckdb.DuckDBPyConnection, name: str, batches: pa.RecordBatchReader) -> None:
    """Hold batches, which can be read only once, in DuckDB's own memory."""
    con.register("batches", batches)
    con.execute(f"CREATE TABLE memory.main.{quoted(name)} AS SELECT * FROM batches")
    con.unregister("batches")


def attach(con: duckdb.DuckDBPyConnection, database: str, names: Sequence[str]) -> None:
    """Let the names of a query stand for tables of a database, which is only read.

    Args:
        con: Takes the tables.
        database: `data.database`: a file of DuckDB or SQLite, postgres:... or mysql:...
        names: What the query names; of SQLite only these are read.

    Raises:
        TableError: No such file, none of these kinds, or a server whose extension is not there.
    """
    server = _SERVERS.get(database.partition(":")[0])
    if server:
        _attach_server(con, database, server)
        return
    path = Path(database).expanduser()
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        given = f"data.database={database} cannot be read ({error.strerror})"
        needed = "a file of DuckDB or SQLite, postgres:... or mysql:..."
        raise TableError(given, needed, "data.database=FILE") from error
    if head.startswith(b"SQLite format 3"):
        address = f"{path.resolve().as_uri()}?mode=ro"
        # DuckDB asks for the batches from a thread of its own.
        with closing(sqlite3.connect(address, uri=True, check_same_thread=False)) as lite:
            _copy_sqlite(con, lite, names)
        return
    try:
        con.execute(f"ATTACH {_text(str(path))} AS db (READ_ONLY)")
    except duckdb.Error as error:
        given = f"data.database={database} cannot be opened ({str(error).splitlines()[0]})"
        raise TableError(given, "a file of DuckDB or SQLite", "data.database=FILE") from error
    con.execute("SET search_path = 'memory.main,db.main'")


def _attach_server(con: duckdb.DuckDBPyConnection, database: str, extension: str) -> None:
    scheme, _, rest = database.partition(":")
    address = database if rest.startswith("//") else rest.strip()
    user = rest.removeprefix("//").rpartition("@")[0]
    if "password" in database.lower() or ":" in user:
        raise TableError(
            "data.database holds a password, which would stand in every record",
            "an address without one",
            "keep it in ~/.pgpass or PGPASSWORD (MySQL: MYSQL_PWD)",
        )
    try:
        con.execute(f"LOAD {extension}")
    except duckdb.Error as error:
        raise TableError(
            f"data.database={scheme}:... needs DuckDB's extension {extension}",
            "it is not installed, and nothing is downloaded here",
            f"python -c \"import duckdb; duckdb.sql('INSTALL {extension}')\", or export the tables"
            " to Parquet",
        ) from error
    con.execute(f"ATTACH {_text(address)} AS db (TYPE {extension}, READ_ONLY)")
    con.execute("USE db")


def _copy_sqlite(
    con: duckdb.DuckDBPyConnection, lite: sqlite3.Connection, names: Sequence[str]
) -> None:
    """The named tables, or views, of SQLite, by the affinity of the types that they declare."""
    listed = lite.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
    for name in {row[0] for row in listed} & set(names):
        declared = lite.execute(f"PRAGMA table_info({quoted(name)})").fetchall()
        kinds = {column: _affinity(kind) for _, column, kind, *_ in declared}
        # SQLite keeps 1.5 in an INTEGER column, too, and anything where no type is declared.
        for column in [row[1] for row in declared if not row[2] or kinds[row[1]] == pa.int64()]:
            types = f"SELECT DISTINCT typeof({quoted(column)}) FROM {quoted(name)}"
            held = {kind for (kind,) in lite.execute(types)} - {"null"}
            if held and held <= {"integer", "real"}:
                kinds[column] = pa.float64() if "real" in held else pa.int64()
        schema = pa.schema(list(kinds.items()))
        rows = lite.execute(f"SELECT * FROM {quoted(name)}")
        _keep(con, name, pa.RecordBatchReader.from_batches(schema, _batches(rows, schema)))


def _affinity(declared: str) -> pa.DataType:
    """https://sqlite.org/datatype3.html, 3.1; numbers that may be whole or not are float64."""
    kind = declared.upper()
    if "INT" in kind:
        return pa.int64()
    texts = not kind or any(part in kind for part in ("CHAR", "CLOB", "TEXT", "DATE", "TIME"))
    return pa.string() if texts else pa.float64()


def _batches(rows: sqlite3.Cursor, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    while block := rows.fetchmany(_ROWS):
        columns = map(pa.array, zip(*block, strict=True), schema.types)
        yield pa.RecordBatch.from_arrays(list(columns), schema=schema)
