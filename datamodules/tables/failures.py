"""Pandera's failures as sentences: what was given, what is needed, and what mends it."""

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd
from pandera.errors import SchemaError
from pandera.errors import SchemaErrorReason as Reason

from datamodules.base.errors import TableError
from datamodules.base.words import nearest, rows_in_words
from datamodules.canon.columns import KEYS, Column
from datamodules.tables.values import KINDS, value_tests


def failure_in_words(
    error: SchemaError,
    frame: pd.DataFrame,
    table: str,
    columns: Sequence[Column],
    origin: str,
    today: date,
) -> TableError:
    """The error to raise for a pandera failure; arguments as in `check_schema`."""
    if error.reason_code is Reason.COLUMN_NOT_IN_DATAFRAME:
        return missing_columns(table, columns, list(frame.columns), origin)
    name = str(error.schema.name)
    if error.reason_code is Reason.SERIES_CONTAINS_NULLS:
        empty = np.flatnonzero(frame[name].isna().to_numpy())
        return refused_rows(frame, empty, table, f"{name} is empty", "a value in every row", origin)
    needed = str(error.check.name)
    if needed in KINDS.values():
        return _mistyped(frame[name].dtype, table, name, needed, origin)
    column = next(column for column in columns if column.name == name)
    failed = np.flatnonzero(~value_tests(column, today)[needed](frame[name]).to_numpy())
    return refused_rows(frame, failed, table, f"{name} is wrong", needed, origin, (name,))


def missing_columns(
    table: str, columns: Sequence[Column], existing: Sequence[str], origin: str
) -> TableError:
    """The error that names each missing column, who needs it, and what does without it.

    Args:
        table: Canonical table name.
        columns: What is looked for.
        existing: What is there, vendor's unmapped names included.
        origin: Where the table came from, in words.
    """
    missing = [column for column in columns if column.needed_by and column.name not in existing]
    named = "; ".join(f"{column.name}, needed by {column.needed_by}" for column in missing)
    # Never a column already in use: turn must not slip into the place of free_turn unasked.
    free = set(existing) - {column.name for column in columns}
    like = nearest(missing[0].name, sorted(free)) or "NAME"
    hints = [f"data.columns.{table}.{missing[0].name}={like} (the vendor's name for it)"]
    hints += [column.without for column in missing if column.without]
    return TableError(f"{origin} has no column {named}", "", "; or ".join(hints))


def refused_rows(
    frame: pd.DataFrame,
    rows: np.ndarray,
    table: str,
    what: str,
    needed: str,
    origin: str,
    shown: Sequence[str] = (),
    hint: str = "",
) -> TableError:
    """The error that counts offending rows and shows the first five.

    Args:
        frame: The table.
        rows: Positions of the offending rows.
        table: Canonical table name, for its key columns.
        what: What is wrong, as a clause.
        needed: What is needed instead.
        origin: Where the table came from, in words.
        shown: Columns to show beside the key.
        hint: How to mend it; by default, to mend or drop these rows.
    """
    words = "; ".join(rows_in_words(frame, rows, KEYS[table], shown))
    count = f"{len(rows):,} of {len(frame):,} rows"
    return TableError(
        f"{origin}: {what} in {count}: {words}",
        f"{needed} is needed",
        hint or f"mend or drop these rows of {table} before `alphanet prepare`",
    )


def _mistyped(dtype: object, table: str, name: str, needed: str, origin: str) -> TableError:
    if getattr(dtype, "tz", None) is not None:
        hint = f"drop the zone when writing the file: {table}[{name!r}].dt.tz_localize(None)"
    elif needed == KINDS["date"]:
        hint = f"convert it when writing the file: pd.to_datetime({table}[{name!r}].astype(str))"
    else:
        hint = f"convert it when writing the file, or name another: data.columns.{table}.{name}"
    return TableError(f"{origin}: column {name} is of type {dtype}", f"{needed} is needed", hint)
