"""Pandera schemas of the tables, and their failures put into one sentence.

Checked twice: on the empty head of a file, so that a missing or mistyped column is refused before
a row is read, and on the whole table, for nulls and dates.
"""

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaError

from datamodules.tables.columns import KEYS, Column
from datamodules.tables.failures import KINDS, failure_in_words
from datamodules.tables.wording import SHOWN

_DATED = ("date", "announced", "period_end")
"""Columns that cannot lie in the future; a membership may start or end there."""


def check_schema(
    frame: pd.DataFrame, table: str, columns: Sequence[Column], origin: str, today: date
) -> None:
    """Refuse a table (or its empty head) that lacks a column or has a wrong type, null or date.

    Args:
        frame: Canonical names; may have no rows.
        table: Canonical table name.
        columns: What is looked for, see `columns_of`.
        origin: Where the table came from, in words.
        today: The newest date that a row may have.

    Raises:
        TableError: At the first fault, with up to five offending rows.
    """
    try:
        # In place, for nothing is changed: pandera would copy the whole table first.
        schema_of(table, columns, today).validate(frame, inplace=True)
    except SchemaError as error:
        raise failure_in_words(error, frame, table, columns, origin) from None


def schema_of(table: str, columns: Sequence[Column], today: date) -> pa.DataFrameSchema:
    """The pandera schema of a table.

    Uniqueness is not here: on rows sorted by key it costs nothing (structure.py), while pandera
    hashes every row.
    """
    newest = pd.Timestamp(today)
    return pa.DataFrameSchema(
        {
            column.name: pa.Column(
                required=bool(column.needed_by),
                nullable=column.name not in KEYS[table] and column.kind != "flag",
                checks=_checks(column, newest),
            )
            for column in columns
        },
        name=table,
    )


def _checks(column: Column, newest: pd.Timestamp) -> list[pa.Check]:
    checks = [
        pa.Check(lambda values, kind=column.kind: is_kind(values, kind), name=KINDS[column.kind])
    ]
    if column.kind == "date":
        checks.append(
            pa.Check(
                lambda values: values.isna() | (values == values.dt.normalize()),
                name="a day at midnight, without a time",
                n_failure_cases=SHOWN,
            )
        )
    if column.name in _DATED:
        checks.append(
            pa.Check(
                lambda values: values.isna() | (values <= newest),
                name=f"a date up to today ({newest.date()})",
            )
        )
    if column.kind == "flag":
        checks.append(
            pa.Check(lambda values: values.isin((0, 1)), name="0 or 1", n_failure_cases=SHOWN)
        )
    return checks


def is_kind(values: pd.Series, kind: str) -> bool:
    """Whether a column's type is of a kind: `date`, `text`, `number` or `flag`."""
    dtype = values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return kind == "text" and is_kind(dtype.categories.to_series(), "text")
    if kind == "date":
        return isinstance(dtype, np.dtype) and dtype.kind == "M"
    if kind == "text":
        return pd.api.types.is_string_dtype(dtype)
    if kind == "flag":
        return pd.api.types.is_bool_dtype(dtype) or pd.api.types.is_numeric_dtype(dtype)
    return pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)
