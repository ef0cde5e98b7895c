"""The canonical columns of each table, who needs them, and the setting that does without.

First stop of the pipeline: sources map a vendor's names onto these, and refuse by `check_columns`
what is missing or of another type before a row is read.
Example: `columns_of("quotes", settings, FEATURES)`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from datamodules.base.errors import TableError
from datamodules.base.words import nearest
from datamodules.settings import TableSettings

KINDS = {
    "date": "a date or timestamp without time zone",
    "text": "text",
    "number": "a number",
    "flag": "true/false or 0/1",
}
"""Kind of a column -> what its type must be, in words."""


@dataclass(frozen=True)
class Column:
    """One canonical column.

    Args:
        name: Canonical name.
        kind: One of `KINDS`.
        needed_by: Who cannot work without it; empty for an optional column.
        without: What to set to do without it; empty where nothing does.
    """

    name: str
    kind: str = "number"
    needed_by: str = ""
    without: str = ""


_WITHOUT = "data.without=[{}] does without: {}"
FILLINGS = {
    "is_st": "no stock counts as ST",
    "industry": "no stock has an industry",
    "float_cap": "no stock has a size",
}
"""Quotes columns that `data.without` may name, and what then holds."""


def _left_out(name: str) -> str:
    return _WITHOUT.format(name, FILLINGS[name])


_VWAP = "where there is none: amount / volume, by a query (data.source=duckdb) or as a column"
_QUOTES = (
    Column("date", "date", "the sessions"),
    Column("code", "text", "the stocks"),
    Column("open", needed_by="the features and price limits"),
    Column("high", needed_by="the features and price limits"),
    Column("low", needed_by="the features and price limits"),
    Column("close", needed_by="the features, labels and price limits"),
    Column("vwap", "number", "the features and the label vwap_next", _VWAP),
    Column("volume", needed_by="the features"),
    Column("amount"),
    Column("adj_factor", needed_by="adjusted prices and returns"),
    Column("turn"),
    Column("free_turn"),
    Column("float_cap", "number", "size and index weights", _left_out("float_cap")),
    Column("total_cap"),
    Column("float_shares"),
    Column("prev_close"),
    Column("traded", "flag", "the universe (a suspended day is not a price)"),
    Column("is_st", "flag", "the universe (ST stocks are left out)", _left_out("is_st")),
    Column("industry", "text", "neutral evaluation and styles", _left_out("industry")),
)
_FUNDAMENTALS = (
    Column("code", "text", "the stocks"),
    Column("period_end", "date", "the reporting periods"),
    Column("announced", "date", "point-in-time use: nothing is known before it"),
    *(
        Column(name)
        for name in (
            "net_profit_ytd", "revenue_ytd", "operating_cash_flow_ytd", "equity",
            "total_assets", "total_liabilities", "noncurrent_liabilities", "total_shares",
        )
    ),
)  # fmt: skip
COLUMNS: dict[str, tuple[Column, ...]] = {
    "quotes": _QUOTES,
    "fundamentals": _FUNDAMENTALS,
    "index": (
        Column("date", "date", "the sessions"),
        Column("code", "text", "evaluation.index"),
        Column("close", needed_by="the benchmark's return"),
    ),
    "index_members": (
        Column("index", "text", "evaluation.index"),
        Column("code", "text", "the stocks"),
        Column("start", "date", "the first day of membership"),
        Column("end", "date", "the last day of membership"),
        Column("weight"),
    ),
    "truth": (
        Column("date", "date", "the sessions"),
        Column("code", "text", "the stocks"),
        Column("expected_return", needed_by="the achievable RankIC"),
    ),
}
"""Every table that is read, in reading order; quotes alone must exist."""

KEYS: dict[str, tuple[str, ...]] = {
    "quotes": ("date", "code"),
    "fundamentals": ("code", "period_end", "announced"),
    "index": ("date", "code"),
    "index_members": ("index", "code", "start"),
    "truth": ("date", "code"),
}
"""What makes a row unique; tables are sorted by it."""


def columns_of(
    table: str, settings: TableSettings, features: Sequence[str], styles: str = "none"
) -> tuple[Column, ...]:
    """The columns to look for in a table, with `needed_by` as this configuration has it.

    Args:
        table: Canonical table name.
        settings: Say what is done without; `free_turn: turn` moves that need to turn.
        features: Turnover and amount are needed by those made of them,
        styles: and by styles, unless they are `none`.
    """
    if table != "quotes":
        return COLUMNS[table]
    needs = {name: _features_of(name, features) for name in ("turn", "free_turn", "amount")}
    dropped = set(settings.without)
    if settings.free_turn == "turn":
        needs["turn"] += needs.pop("free_turn")
        dropped.add("free_turn")
    return tuple(
        _needed(column, needs.get(column.name, []), column.name == "turn" and styles != "none")
        for column in _QUOTES
        if column.name not in dropped
    )


def _features_of(name: str, features: Sequence[str]) -> list[str]:
    return [feature for feature in features if name in feature.split("/")]


def _needed(column: Column, features: list[str], by_styles: bool) -> Column:
    """The column with who needs it, and the setting that does without."""
    named = ", ".join(features)
    who = [f"the features {named}"] if features else []
    without = [f"leave {named} out of data.features"] if features else []
    if by_styles:
        who.append("the style liquidity")
        without.append("data.styles=none")
    if not who:
        return column
    words = " and ".join(without)
    if column.name == "free_turn":
        words = f"data.free_turn=turn uses turn in its place; or {words}"
    return replace(column, needed_by=" and ".join(who), without=words)


def check_columns(frame: pd.DataFrame, table: str, columns: Sequence[Column], origin: str) -> None:
    """Refuse a table, or its empty head, that lacks a column or has one of a wrong type.

    Args:
        frame: Canonical names, and the vendor's own for what is not mapped; may have no rows.
        table: Canonical table name.
        columns: What is looked for, see `columns_of`.
        origin: Where the table came from, in words.

    Raises:
        TableError: Naming each missing column with who needs it, or the first of a wrong type.
    """
    missing = [column for column in columns if column.needed_by and column.name not in frame]
    if missing:
        raise _missing(table, missing, columns, list(frame.columns), origin)
    for column in columns:
        if column.name in frame and not is_kind(frame[column.name], column.kind):
            raise _mistyped(frame[column.name].dtype, table, column, origin)


def is_kind(values: pd.Series, kind: str) -> bool:
    """Whether a column's type, empty cells aside, is of a kind, see `KINDS`."""
    dtype = values.dtype
    if pd.api.types.is_object_dtype(dtype):
        dtype = values.dropna().infer_objects().dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return kind == "text" and is_kind(dtype.categories.to_series(), "text")
    if kind == "date":
        return isinstance(dtype, np.dtype) and dtype.kind == "M"
    if kind == "text":
        return pd.api.types.is_string_dtype(dtype)
    if kind == "flag":
        return pd.api.types.is_bool_dtype(dtype) or pd.api.types.is_numeric_dtype(dtype)
    return pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)


def _missing(
    table: str,
    missing: Sequence[Column],
    columns: Sequence[Column],
    existing: Sequence[str],
    origin: str,
) -> TableError:
    named = "; ".join(f"{column.name}, needed by {column.needed_by}" for column in missing)
    # Never a column already in use: turn must not slip into the place of free_turn unasked.
    free = set(existing) - {column.name for column in columns}
    like = nearest(missing[0].name, sorted(free), cutoff=0.5) or "NAME"
    hints = [f"data.columns.{table}.{missing[0].name}={like} (the vendor's name for it)"]
    hints += [column.without for column in missing if column.without]
    return TableError(f"{origin} has no column {named}", "", "; or ".join(hints))


def _mistyped(dtype: object, table: str, column: Column, origin: str) -> TableError:
    name = column.name
    if getattr(dtype, "tz", None) is not None:
        hint = f"drop the zone when writing the file: {table}[{name!r}].dt.tz_localize(None)"
    elif column.kind == "date":
        hint = f"convert it when writing the file: pd.to_datetime({table}[{name!r}].astype(str))"
    else:
        hint = f"convert it when writing the file, or name another: data.columns.{table}.{name}"
    needed = f"{KINDS[column.kind]} is needed"
    return TableError(f"{origin}: column {name} is of type {dtype}", needed, hint)
