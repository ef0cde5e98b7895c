"""One form for every table: types, units, codes, order of rows, unique keys."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from datamodules.base.errors import TableError
from datamodules.canon.codes import canonical_code
from datamodules.canon.columns import KEYS, Column
from datamodules.tables.failures import refused_rows

_FAR = pd.Timestamp("2099-12-31")
"""Stands for "still a member": vendors write 9999-12-31, which datetime64[ns] cannot hold."""


def refuse_empty(frame: pd.DataFrame, origin: str) -> None:
    """Refuse a table without rows."""
    if frame.empty:
        raise TableError(f"{origin} has no rows", "a table with rows", "data.path=<another folder>")


def with_types(
    frame: pd.DataFrame, columns: Sequence[Column], scale: Mapping[str, float]
) -> pd.DataFrame:
    """Canonical types and units: datetime64[ns], float64, bool, categories in alphabetical order.

    Args:
        frame: Canonical names, types already checked by `check_schema`.
        columns: What each column should be.
        scale: Column -> factor from the vendor's unit to ours.

    Returns:
        A new frame; float columns that need no change share memory with the old one.
    """
    made = {}
    for column in columns:
        if column.name not in frame:
            continue
        values = frame[column.name]
        if column.kind == "date":
            made[column.name] = _days(values)
        elif column.kind == "flag":
            made[column.name] = values.astype(bool)
        elif column.kind == "text":
            made[column.name] = _categories(values, is_code=column.name == "code")
        else:
            numbers = values if values.dtype == "float64" else values.astype("float64")
            made[column.name] = numbers * scale[column.name] if column.name in scale else numbers
    return pd.DataFrame(made, copy=False)


def _days(values: pd.Series) -> pd.Series:
    """datetime64[ns]; open ends (9999-12-31, or none) become the last day of 2099."""
    open_ended = values > _FAR if values.name != "end" else ~(values <= _FAR)
    return values.mask(open_ended, _FAR).astype("datetime64[ns]")


def _categories(values: pd.Series, is_code: bool) -> pd.Series:
    """A categorical with sorted categories: codes then compare as the texts do."""
    coded = values.astype("category").cat.remove_unused_categories()
    old = [str(name) for name in coded.cat.categories]
    names = [canonical_code(name) for name in old] if is_code else old
    unique = sorted(set(names))
    place = np.searchsorted(unique, names)
    codes = np.append(place, -1)[coded.cat.codes.to_numpy()]
    return pd.Series(
        pd.Categorical.from_codes(codes, categories=pd.Index(unique)), index=values.index
    )


def sort_by_key(frame: pd.DataFrame, table: str, origin: str) -> pd.DataFrame:
    """Rows in the order of the table's key.

    Raises:
        TableError: Two rows share a key.
    """
    keys = KEYS[table]
    rank = _rank(frame, keys)
    step = np.diff(rank)
    if (step < 0).any():
        order = np.argsort(rank, kind="stable")
        frame = frame.take(order).reset_index(drop=True)
        step = np.diff(rank[order])
    if (step == 0).any():
        twice = np.flatnonzero(step == 0) + 1
        raise refused_rows(
            frame, twice, table, f"({', '.join(keys)}) is given again", "one row a key", origin
        )
    return frame


def _rank(frame: pd.DataFrame, keys: Sequence[str]) -> np.ndarray:
    """One int64 a row that orders rows as their keys do; keys have no nulls."""
    rank = np.zeros(len(frame), dtype=np.int64)
    for key in keys:
        values = frame[key]
        if isinstance(values.dtype, pd.CategoricalDtype):
            place = values.cat.codes.to_numpy().astype(np.int64)
        else:
            place = values.to_numpy().astype("datetime64[D]").astype(np.int64)
        place -= place.min()
        rank = rank * (int(place.max()) + 1) + place
    return rank
