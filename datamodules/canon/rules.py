"""The rules that values and rows must obey, one a kind of fault, and what becomes of the faulty.

A rule that says what is needed allows no faulty row. Of the others a table may break a few: in
quotes only traded rows are judged, and a faulty one then counts as not traded, its prices and
volumes blanked; in the other tables a faulty row is left out.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

import numpy as np
import pandas as pd

from datamodules.base.errors import TableError
from datamodules.base.words import SHOWN
from datamodules.canon.columns import KEYS, Column
from datamodules.canon.report import DataReport, Note

VWAP_SLACK = 0.01
"""Yuan: on a day of one price, rounding alone puts the mean price this far outside."""

_NOISE = 1e-4
"""Yuan, a hundredth of the tick: float32 vendors' prices differ by as much from themselves."""


def _no_hint(frame: pd.DataFrame, rows: np.ndarray) -> str:
    return ""


@dataclass(frozen=True)
class Rule:
    """One kind of fault.

    Args:
        kind: Short stable name, for machines.
        says: The fault as a clause that follows a count.
        shown: Columns to show beside a faulty row's key.
        fails: Frame -> mask of the faulty rows.
        hint: (frame, faulty rows) -> a setting that may mend them all, or nothing.
        needed: What is needed instead, where not one row may be faulty.
    """

    kind: str
    says: str
    shown: tuple[str, ...]
    fails: Callable[[pd.DataFrame], np.ndarray]
    hint: Callable[[pd.DataFrame, np.ndarray], str] = _no_hint
    needed: str = ""


def value_rules(table: str, columns: Sequence[Column], today: date) -> Iterator[Rule]:
    """What each value of a table must be: keys and flags there, days whole and not in the future.

    Args:
        table: Canonical table name.
        columns: The columns that the table has.
        today: The newest date that a row may have.
    """
    for column in columns:
        name = column.name
        if name in KEYS[table] or column.kind == "flag":
            yield _each(name, "empty", pd.Series.isna, "a value in every row")
        if column.kind == "date":
            yield _each(name, "time", _has_time, "a day at midnight, without a time")
        if name in _DATED:
            reach = _DATED[name]
            beyond = f" and {reach} days" if reach else ""
            needed = f"a date up to today ({today}){beyond}"
            last = pd.Timestamp(today) + pd.Timedelta(days=reach)
            yield _each(name, "future", partial(_after, last), needed)
        if column.kind == "date" and name != "start":  # a membership may be since ever
            yield _each(name, "past", lambda days: days < OLDEST, "a date from 1900 on")
        if column.kind == "flag":
            yield _each(name, "flag", lambda flags: ~flags.isin((0, 1)), "0 or 1")


OLDEST = pd.Timestamp("1900-01-01")
_DATED = {"date": 0, "announced": 14, "period_end": 0}
"""How many days in the future a column may lie; a membership may start or end there anyway."""


def _each(name: str, kind: str, fails: Callable[[pd.Series], pd.Series], needed: str) -> Rule:
    """A rule of one column's values, none of which may break it."""
    empty = kind == "empty"
    return Rule(
        kind,
        f"{name} is {'empty' if empty else 'wrong'}",
        () if empty else (name,),
        lambda frame: fails(frame[name]).to_numpy(),
        needed=needed,
    )


def _after(last: pd.Timestamp, days: pd.Series) -> pd.Series:
    return days > last


def _has_time(days: pd.Series) -> pd.Series:
    return days.notna() & (days != days.dt.normalize())


def row_rules(table: str, columns: Sequence[Column]) -> tuple[Rule, ...]:
    """The rules of a table's rows; in quotes, traded ones need every needed number but size."""
    if table != "quotes":
        return _OTHERS.get(table, ())
    needed = tuple(
        column.name
        for column in columns
        if column.kind == "number" and column.needed_by and column.name != "float_cap"
    )
    numbers = tuple(column.name for column in columns if column.kind == "number")
    turnover = tuple(name for name in ("turn", "free_turn") if name in needed)
    return (
        # A number that is not there breaks this rule alone: comparisons with NaN are false.
        Rule(
            "missing", "without a number where one is needed", needed,
            _any(needed, lambda values: ~np.isfinite(values)),
        ),
        Rule("price", "with a price of 0 or less", _OHLC, _any(_OHLC, lambda price: price <= 0)),
        Rule(
            "order", "with high below low", ("high", "low"),
            lambda frame: (frame["high"] < frame["low"] - _NOISE).to_numpy(),
        ),
        Rule(
            "outside", "with open or close outside [low, high]", _OHLC,
            lambda frame: _off(frame, "open", _NOISE) | _off(frame, "close", _NOISE),
        ),
        Rule(
            "vwap", "with vwap off [low, high] by more than 0.01 yuan", ("vwap", "low", "high"),
            lambda frame: _off(frame, "vwap", VWAP_SLACK + _NOISE), _vwap_unit,
        ),
        _negative("volume", "volume", ("volume",)),
        Rule(
            "adj_factor", "with an adj_factor of 0 or less", ("adj_factor",),
            _any(("adj_factor",), lambda factor: factor <= 0),
        ),
        _negative("turn", "turnover", turnover),
        Rule("huge", "with a number beyond 1e15", _SIZES, _any(numbers, is_huge)),
    )  # fmt: skip


_OHLC = ("open", "high", "low", "close")
_SIZES = ("close", "volume", "amount", "float_cap")


def _any(
    names: Sequence[str], fails: Callable[[np.ndarray], np.ndarray]
) -> Callable[[pd.DataFrame], np.ndarray]:
    """The rows in which any of the columns that are there fails."""

    def failing(frame: pd.DataFrame) -> np.ndarray:
        mask = np.zeros(len(frame), dtype=bool)
        for name in names:
            if name in frame:
                mask |= fails(frame[name].to_numpy())
        return mask

    return failing


def _negative(kind: str, what: str, names: tuple[str, ...]) -> Rule:
    return Rule(kind, f"with a negative {what}", names, _any(names, lambda values: values < 0))


def is_huge(values: np.ndarray) -> np.ndarray:
    """Values (mask) that no table of yuan or shares holds, infinite ones among them."""
    return np.abs(values) > 1e15


def _off(frame: pd.DataFrame, name: str, slack: float) -> np.ndarray:
    values, low, high = (frame[column].to_numpy() for column in (name, "low", "high"))
    return (values < low - slack) | (values > high + slack)


def _vwap_unit(frame: pd.DataFrame, rows: np.ndarray) -> str:
    """The scale that would mend vwap, where most rows are off by one power of ten."""
    if 2 * len(rows) < frame["traded"].sum():
        return ""
    ratio = float(np.median(frame["vwap"].to_numpy()[rows] / frame["close"].to_numpy()[rows]))
    power = round(np.log10(ratio)) if 0 < ratio < np.inf else 0
    if not power or not 0.9 < ratio / 10.0**power < 1.1:
        return ""
    mend = f"data.scale.quotes.vwap={10.0**-power:g} (times any scale it has)"
    return f"{mend}, for vwap is {10.0**power:g} times the price"


_OTHERS = {
    "fundamentals": (
        Rule(
            "announced", "announced before the period's end", ("period_end", "announced"),
            lambda frame: (frame["announced"] < frame["period_end"]).to_numpy(),
        ),
    ),
    "index": (
        Rule(
            "close", "without a positive close", ("close",),
            lambda frame: ~frame["close"].between(0, np.inf, inclusive="neither").to_numpy(),
        ),
    ),
    "index_members": (
        Rule(
            "spell", "that end before they start", ("end",),
            lambda frame: (frame["end"] < frame["start"]).to_numpy(),
        ),
        _negative("weight", "weight", ("weight",)),
        Rule("huge", "with an infinite weight", ("weight",), _any(("weight",), is_huge)),
    ),
}  # fmt: skip


def apply_rules(
    frame: pd.DataFrame,
    table: str,
    rules: Sequence[Rule],
    most: float,
    origin: str,
    report: DataReport,
) -> pd.DataFrame:
    """The table without its faulty rows (quotes: with them not traded), each kind reported.

    Args:
        frame: Canonical names.
        table: Canonical table name.
        rules: From `value_rules` or `row_rules`.
        most: Share of the rows that may be faulty, `data.max_bad_rows`.
        origin: Where the table came from, in words.
        report: Takes the faults.

    Raises:
        TableError: A row breaks a rule that allows none, or too many break the others; with the
            first five of them.
    """
    found = []
    for rule in rules:
        mask = rule.fails(frame)
        if table == "quotes" and not rule.needed:
            mask = mask & frame["traded"].to_numpy()
        if mask.any():
            found.append((rule, np.flatnonzero(mask)))
            if rule.needed:
                raise refused_rows(frame, table, *found[-1], origin)
    if not found:
        return frame
    bad = np.unique(np.concatenate([rows for _, rows in found]))
    if len(bad) > most * len(frame):
        raise _too_many(frame, table, found, bad, most, origin)
    for rule, rows in found:
        examples = _in_words(frame, rows, KEYS[table], rule.shown)
        note = Note(table, rule.kind, len(rows), rule.says, tuple(examples), "lost")
        report.faults.append(note)
    if table == "quotes":
        return _not_traded(frame, bad)
    return frame.iloc[np.delete(np.arange(len(frame)), bad)].reset_index(drop=True)


def refused_rows(
    frame: pd.DataFrame, table: str, rule: Rule, rows: np.ndarray, origin: str
) -> TableError:
    """The error that counts the rows which break a rule and shows the first five."""
    words = "; ".join(_in_words(frame, rows, KEYS[table], rule.shown))
    return TableError(
        f"{origin}: {rule.says} in {len(rows):,} of {len(frame):,} rows: {words}",
        f"{rule.needed} is needed",
        rule.hint(frame, rows) or f"mend or drop these rows of {table} before `alphanet prepare`",
    )


_BLANKED = ("open", "high", "low", "close", "vwap", "volume", "amount", "turn", "free_turn")


def _not_traded(quotes: pd.DataFrame, bad: np.ndarray) -> pd.DataFrame:
    """Quotes in which the bad rows are untraded, and what they said of trading is gone."""
    good = np.ones(len(quotes), dtype=bool)
    good[bad] = False
    # A shallow copy: pandas 2 would copy every column for the few that change.
    set_aside = quotes.copy(deep=False)
    for name in _BLANKED:
        if name in quotes:
            set_aside[name] = quotes[name].where(good)
    factor = quotes["adj_factor"]
    set_aside["adj_factor"] = factor.where(good | factor.between(0, np.inf, inclusive="neither"))
    set_aside["traded"] = quotes["traded"] & good
    return set_aside


def _too_many(
    frame: pd.DataFrame,
    table: str,
    found: Sequence[tuple[Rule, np.ndarray]],
    bad: np.ndarray,
    most: float,
    origin: str,
) -> TableError:
    kinds = ", ".join(f"{len(rows):,} {rule.says}" for rule, rows in found)
    words = []
    for row in bad[:SHOWN]:
        rule = next(rule for rule, rows in found if row in rows)
        words += _in_words(frame, np.array([row]), KEYS[table], rule.shown)
    fate = "counts them as not traded" if table == "quotes" else "leaves them out"
    units = [hint for rule, rows in found if (hint := rule.hint(frame, rows))]
    hint = f"mend them, or data.max_bad_rows={rounded_up(len(bad) / len(frame)):g} {fate}"
    return TableError(
        f"{origin}: {len(bad):,} of {len(frame):,} rows are faulty ({kinds}): {'; '.join(words)}",
        f"at most data.max_bad_rows={most:g} of the rows may be",
        "; ".join(units) or hint,
    )


def rounded_up(share: float) -> float:
    """A share with two digits that is not below the one given."""
    unit = 10.0 ** (np.floor(np.log10(share)) - 1)
    return min(1.0, float(np.ceil(share / unit) * unit))


def _in_words(
    frame: pd.DataFrame, rows: np.ndarray, keys: Sequence[str], shown: Sequence[str] = ()
) -> list[str]:
    """The first offending rows in the order of their keys, as `2011-01-04 SH600000 high=1`.

    Args:
        frame: The table.
        rows: Positions of the offending rows (int) in any order.
        keys: Key columns, shown bare.
        shown: Further columns, shown as name=value.
    """
    columns = [*keys, *(name for name in shown if name in frame and name not in keys)]
    picked = frame[columns].iloc[rows]
    picked = picked.sort_values(columns, key=_alphabetical).head(SHOWN)
    return [
        " ".join(_cell(name, value, keys) for name, value in zip(columns, row, strict=True))
        for row in picked.itertuples(index=False)
    ]


def _alphabetical(values: pd.Series) -> pd.Series:
    """A file's categories come in any order."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.cat.set_categories(sorted(values.cat.categories), ordered=True)
    return values


def _cell(name: str, value: object, keys: Sequence[str]) -> str:
    if isinstance(value, pd.Timestamp):
        text = str(value.date()) if value == value.normalize() else str(value)
    else:
        text = f"{value:.10g}" if isinstance(value, float) else str(value)
    return text if name in keys else f"{name}={text}"
