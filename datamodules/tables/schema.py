"""Pandera schemas of the tables, and their failures put into one sentence.

Checked twice: on the empty head of a file, so that a missing or mistyped column is refused before
a row is read, and on the whole table, for nulls and dates.
"""

from collections.abc import Sequence
from datetime import date

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaError

from datamodules.base.words import SHOWN
from datamodules.canon.columns import KEYS, Column
from datamodules.tables.failures import failure_in_words
from datamodules.tables.values import KINDS, is_kind, value_tests


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
        raise failure_in_words(error, frame, table, columns, origin, today) from None


def schema_of(table: str, columns: Sequence[Column], today: date) -> pa.DataFrameSchema:
    """The pandera schema of a table.

    Uniqueness is not here: on rows sorted by key it costs nothing (structure.py), while pandera
    hashes every row.
    """
    return pa.DataFrameSchema(
        {
            column.name: pa.Column(
                required=bool(column.needed_by),
                nullable=column.name not in KEYS[table] and column.kind != "flag",
                checks=_checks(column, today),
            )
            for column in columns
        },
        name=table,
    )


def _checks(column: Column, today: date) -> list[pa.Check]:
    # Without a cap on failure cases pandera spells out every failing row: minutes for a panel.
    return [
        pa.Check(lambda values: is_kind(values, column.kind), name=KINDS[column.kind]),
        *(
            pa.Check(test, name=needed, n_failure_cases=SHOWN)
            for needed, test in value_tests(column, today).items()
        ),
    ]
