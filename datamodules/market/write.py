"""Writes the tables in blocks of sessions as they are simulated, aside, then renames them."""

import os
import shutil
from pathlib import Path
from types import TracebackType

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from datamodules.base.errors import TableError
from datamodules.market.traits import INDUSTRIES

TABLES = ("quotes", "fundamentals", "index", "index_members", "truth")
BLOCK_ROWS = 500_000


class TableStream:
    """One Parquet file of (date, code) rows, written a block at a time."""

    def __init__(self, path: Path, codes: np.ndarray) -> None:
        self._path, self._codes = path, pa.array(codes)
        self._writer: pq.ParquetWriter | None = None
        self._days: list[dict[str, np.ndarray]] = []
        self._rows = 0

    def add(self, date: np.datetime64, stocks: np.ndarray, columns: dict[str, np.ndarray]) -> None:
        """Add one session's rows, one a stock number in `stocks`, each column (len(stocks),)."""
        dates = np.full(len(stocks), date.astype("datetime64[ms]"))
        self._days.append({"date": dates, "code": stocks.astype(np.int32), **columns})
        self._rows += len(stocks)
        if self._rows >= BLOCK_ROWS:
            self._flush()

    def close(self) -> None:
        """Write what is left."""
        self._flush()
        if self._writer is not None:
            self._writer.close()

    def _flush(self) -> None:
        if not self._days:
            return
        joined = {name: np.concatenate([d[name] for d in self._days]) for name in self._days[0]}
        table = pa.table({name: self._encode(name, values) for name, values in joined.items()})
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, table.schema, compression="zstd")
        self._writer.write_table(table)
        self._days, self._rows = [], 0

    def _encode(self, name: str, values: np.ndarray) -> pa.Array:
        names = {"code": self._codes, "industry": pa.array(INDUSTRIES)}.get(name)
        if names is None:
            return pa.array(values)
        return pa.DictionaryArray.from_arrays(pa.array(values.astype(np.int32)), names)


class Delivery:
    """The folder of tables: filled beside its place, and put there whole or not at all."""

    def __init__(self, out: Path, codes: np.ndarray) -> None:
        _refuse_foreign(out)
        self._out = out
        self._aside = out.with_name(f".{out.name}.{os.getpid()}.partial")
        shutil.rmtree(self._aside, ignore_errors=True)
        self._aside.mkdir(parents=True)
        self.quotes = TableStream(self._aside / "quotes.parquet", codes)
        self.truth = TableStream(self._aside / "truth.parquet", codes)

    def write(self, name: str, table: pd.DataFrame) -> None:
        """Write a small table whole."""
        table.to_parquet(self._aside / f"{name}.parquet", index=False)

    def __enter__(self) -> "Delivery":
        """Return the folder, ready to be filled."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        """Put the folder in its place, or clear it away after an error."""
        self.quotes.close()
        self.truth.close()
        if kind is None:
            old = self._out.with_name(f".{self._out.name}.{os.getpid()}.old")
            if self._out.exists():
                self._out.rename(old)
            self._aside.rename(self._out)
            shutil.rmtree(old, ignore_errors=True)
        shutil.rmtree(self._aside, ignore_errors=True)


def _refuse_foreign(out: Path) -> None:
    """Refuse to replace a folder that holds anything but simulated tables."""
    ours = {f"{name}.parquet" for name in TABLES}
    found = {path.name for path in out.iterdir()} if out.is_dir() else set()
    if out.is_file() or found - ours or (found and "truth.parquet" not in found):
        raise TableError(
            f"{out} holds other data",
            "a new folder, or one with simulated tables only, which are then replaced",
            "name another folder with data.path=...",
        )
