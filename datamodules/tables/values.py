"""What the values of a column must be: its type, and for each row a test with its words."""

from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd

from datamodules.canon.columns import Column

KINDS = {
    "date": "a date or timestamp without time zone",
    "text": "text",
    "number": "a number",
    "flag": "true/false or 0/1",
}
"""Kind of a column -> what its type must be, in words."""

_DATED = ("date", "announced", "period_end")
"""Columns that cannot lie in the future; a membership may start or end there."""


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


def value_tests(column: Column, today: date) -> dict[str, Callable[[pd.Series], pd.Series]]:
    """What each value must be, in words -> the rows (mask) in which it is."""
    tests: dict[str, Callable[[pd.Series], pd.Series]] = {}
    newest = pd.Timestamp(today)
    if column.kind == "date":
        tests["a day at midnight, without a time"] = _at_midnight
    if column.name in _DATED:
        tests[f"a date up to today ({today})"] = lambda days: days.isna() | (days <= newest)
    if column.kind == "flag":
        tests["0 or 1"] = lambda flags: flags.isin((0, 1))
    return tests


def _at_midnight(days: pd.Series) -> pd.Series:
    return days.isna() | (days == days.dt.normalize())
