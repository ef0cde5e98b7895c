"""From a vendor's tables to checked ones: the only door into the pipeline.

Example: `tables = load_tables(TableSettings(source="parquet", path="vendor"))`.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import cast

import numpy as np
import pandas as pd

from datamodules.base.errors import ConfigError, TableError
from datamodules.canon.codes import canonical_code
from datamodules.canon.columns import COLUMNS, FILLINGS, KEYS, Column, check_columns, columns_of
from datamodules.canon.limits import A_SHARES, LimitTable
from datamodules.canon.report import JUDGED_LATER, DataReport
from datamodules.canon.rules import (
    OLDEST,
    Rule,
    apply_rules,
    is_huge,
    refused_rows,
    row_rules,
    value_rules,
)
from datamodules.canon.tables import Tables
from datamodules.settings import FEATURES, TableSettings
from datamodules.sources import check_settings, read_table
from datamodules.sources.raw import RawTable
from datamodules.tables.accounts import check_accounts, check_members
from datamodules.tables.adjustment import (
    check_adjustment,
    check_open,
    check_prev_close,
    moves_of,
)
from datamodules.tables.benchmark import check_index
from datamodules.tables.by_stock import rows_by_stock
from datamodules.tables.calendar import check_sessions, check_weekdays
from datamodules.tables.identities import check_identities
from datamodules.tables.oddities import note_oddities
from datamodules.tables.price_columns import check_prices
from datamodules.tables.units import check_idle, check_units

_FAR = pd.Timestamp("2099-12-31")
"""Stands for "still a member": vendors write 9999-12-31, which datetime64[ns] cannot hold."""


def load_tables(
    settings: TableSettings,
    today: date | None = None,
    features: Sequence[str] = FEATURES,
    limits: LimitTable = A_SHARES,
    styles: str = "none",
) -> Tables:
    """Read, check and sort every table that is there.

    Args:
        settings: Where the tables are and how their names and units map onto ours.
        today: The newest date that a row may have; by default, today.
        features: The features to be made of them; turnover is needed only by some.
        limits: The market's price limits.
        styles: `data.styles`: unless `none`, they need turnover, too.

    Raises:
        ConfigError: A setting names what does not exist.
        TableError: A table is unusable as it is; nothing has been written.
    """
    check_settings(settings)
    report = DataReport(f"{settings.source} {settings.path}", tuple(settings.accept))
    read = {
        table: _table(
            table,
            columns_of(table, settings, features, styles),
            settings,
            today or date.today(),
            report,
        )
        for table in COLUMNS
    }
    # Every source refuses to go without quotes.
    tables = Tables(quotes=cast("pd.DataFrame", read.pop("quotes")), **read, report=report)
    with np.errstate(all="ignore"):  # of rows that are not traded
        _check_meaning(tables, settings, limits)
    return tables


def _table(
    table: str,
    columns: Sequence[Column],
    settings: TableSettings,
    today: date,
    report: DataReport,
) -> pd.DataFrame | None:
    raw = read_table(table, columns, settings)
    if raw is not None:
        report.notes += raw.notes
    if raw is None or not len(raw.frame.columns):
        return None
    if raw.provenance:
        report.provenance[table] = dict(raw.provenance)
    _note_columns(table, columns, raw, report)
    _refuse_empty(raw.frame, f"{raw.origin} has no rows")
    # Again, for a column's rows may be of another type than its head: all null, say.
    check_columns(raw.frame, table, columns, raw.origin)
    there = [column for column in columns if column.name in raw.frame]
    days = [column.name for column in there if column.kind == "date"]
    given = raw.frame.assign(**{name: raw.frame[name].infer_objects() for name in days})
    most, of_values = settings.max_bad_rows, [*value_rules(table, there, today)]
    apply_rules(given, table, of_values, most, raw.origin, report)
    frame = with_types(given, there, _scale_of(table, settings, there))
    empty = [rule for rule in of_values if rule.kind == "empty"]
    apply_rules(frame, table, empty, most, raw.origin, report)  # again: a blank text is none now
    if table == "fundamentals":
        frame = _without_later(frame, today, report)
        _refuse_empty(frame, f"{raw.origin} has none but accounts announced after {today}")
    frame = sort_by_key(frame, table, raw.origin)
    frame = apply_rules(frame, table, row_rules(table, columns), most, raw.origin, report)
    _refuse_empty(frame, f"{raw.origin} has none but faulty rows")
    frame = _without_huge(frame, table, report)
    report.summarise(table, frame)
    return with_fallbacks(frame, settings, report) if table == "quotes" else frame


def _refuse_empty(frame: pd.DataFrame, given: str) -> None:
    if frame.empty:
        raise TableError(given, "a table with rows", "data.path=<another folder>")


def _without_later(frame: pd.DataFrame, today: date, report: DataReport) -> pd.DataFrame:
    """Accounts without those dated after today: what is filed at night bears the next date."""
    later = (frame["announced"] > pd.Timestamp(today)).to_numpy()
    says = f"accounts are announced after {today}, and wait until then"
    report.note("fundamentals", "later", later.sum(), says)
    return frame[~later].reset_index(drop=True) if later.any() else frame


def _without_huge(frame: pd.DataFrame, table: str, report: DataReport) -> pd.DataFrame:
    """What no rule judges, numbers of untraded rows and of accounts, missing where it is huge."""
    for name in map(str, frame.select_dtypes("float64")):
        huge = is_huge(frame[name].to_numpy())
        if huge.any():
            frame = frame.assign(**{name: frame[name].mask(huge)})
            says = f"rows have {name} beyond 1e15, which counts as missing"
            report.note(table, f"huge {name}", huge.sum(), says, cost="lost")
    return frame


def _check_meaning(tables: Tables, settings: TableSettings, limits: LimitTable) -> None:
    """Hold tables, sound each by itself, against one another and against what markets do."""
    quotes, report = tables.quotes, tables.report
    for table in ("quotes", "index"):
        if (frame := getattr(tables, table)) is not None:
            check_weekdays(table, frame, report)
    rows = rows_by_stock(quotes)
    check_sessions(rows, tables.index, report)
    note_oddities(quotes, rows, report)
    check_idle(quotes, report)
    moves = moves_of(quotes, rows, limits)
    check_prices(quotes, report)
    check_open(quotes, moves, report)
    check_adjustment(quotes, moves, report)
    if tables.index is not None:
        check_index(tables.index, quotes, moves, report)
    check_units(quotes, settings, report)
    if "prev_close" in quotes:
        check_prev_close(quotes, moves, report)
    if tables.fundamentals is not None:
        check_accounts(tables.fundamentals, quotes, settings, report)
        check_identities(tables.fundamentals, report)
    if tables.index_members is not None:
        check_members(tables.index_members, quotes, report)
    idle = sorted({*settings.accept} - {note.kind for note in report.notes} - {*JUDGED_LATER})
    report.note("quotes", "accept", len(idle), "accepted findings are not there", idle)


def _scale_of(table: str, settings: TableSettings, there: Sequence[Column]) -> Mapping[str, float]:
    """The scales of a table's columns, which are there."""
    scale = settings.scale.get(table, {})
    numbers = [column.name for column in there if column.kind == "number"]
    for name, factor in scale.items():
        if name not in numbers:
            raise ConfigError(
                f"data.scale.{table}.{name}={factor:g} was given, but {table} has no {name}",
                f"{table} has {', '.join(numbers)}",
                f"leave it out, or name the column: data.columns.{table}.{name}=NAME",
            )
    return scale


def _note_columns(table: str, columns: Sequence[Column], raw: RawTable, report: DataReport) -> None:
    unknown = ", ".join(raw.unknown)
    report.note(table, "unknown", len(raw.unknown), f"columns that nothing reads: {unknown}")
    absent = [c.name for c in columns if not c.needed_by and c.name not in raw.frame]
    report.note(table, "absent", len(absent), f"optional columns absent: {', '.join(absent)}")


def with_types(
    frame: pd.DataFrame, columns: Sequence[Column], scale: Mapping[str, float]
) -> pd.DataFrame:
    """Canonical types and units: datetime64[ns], float64, bool, categories in alphabetical order.

    Args:
        frame: Canonical names, types already checked by `check_columns`.
        columns: The columns that are there.
        scale: Column -> factor from the vendor's unit to ours.

    Returns:
        A new frame; float columns that need no change share memory with the old one.
    """
    made = {}
    for column in columns:
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
    """datetime64[ns]; open ends (9999-12-31, or none) become the last day of 2099.

    A membership since ever (0001-01-01) becomes one since 1900.
    """
    if values.name == "start":
        values = values.mask(values < OLDEST, OLDEST)
    open_ended = values > _FAR if values.name != "end" else ~(values <= _FAR)
    return values.mask(open_ended, _FAR).astype("datetime64[ns]")


def _categories(values: pd.Series, is_code: bool) -> pd.Series:
    """A categorical with sorted categories: codes then compare as the texts do.

    Space around a text is none of it, and a text of nothing else is missing.
    """
    coded = values.astype("category").cat.remove_unused_categories()
    old = [str(name).strip() for name in coded.cat.categories]
    names = [canonical_code(name) for name in old] if is_code else old
    unique = sorted({*names} - {""})
    place = np.where(np.array(names, dtype=str) == "", -1, np.searchsorted(unique, names))
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
    again = np.append(False, step == 0)
    if again.any():
        says = f"({', '.join(keys)}) is given again"
        rule = Rule("again", says, (), lambda _: again, needed="one row a key")
        raise refused_rows(frame, table, rule, np.flatnonzero(again), origin)
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


def with_fallbacks(
    quotes: pd.DataFrame, settings: TableSettings, report: DataReport
) -> pd.DataFrame:
    """Quotes with `data.free_turn=turn` and `data.without` carried out, each said in the report."""
    made, rows = quotes.copy(deep=False), len(quotes)
    if settings.free_turn == "turn" and "turn" in quotes:
        made["free_turn"] = quotes["turn"]
        report.note("quotes", "free_turn", rows, "rows have turn in the place of free_turn")
    for name in settings.without:
        made[name] = _filling(name, rows)
        report.note("quotes", f"without {name}", rows, f"rows without {name}: {FILLINGS[name]}")
    return made


def _filling(name: str, rows: int) -> pd.Categorical | float | bool:
    if name == "industry":
        return pd.Categorical.from_codes(np.full(rows, -1), categories=pd.Index([], dtype="str"))
    return False if name == "is_st" else np.nan
