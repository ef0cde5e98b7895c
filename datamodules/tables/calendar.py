"""Whether the sessions are those of an exchange: weekdays, whole, and the same in every table."""

import numpy as np
import pandas as pd

from datamodules.base.words import SHOWN, counted
from datamodules.canon.report import DataReport
from datamodules.tables.by_stock import StockRows

_THIN = 0.2
"""Share of the neighbouring sessions' rows below which a session is no whole one."""
_NEIGHBOURS = 41
"""Sessions that one is compared with, itself in the middle."""
_CLOSED = 20
"""Days that no exchange is closed in a row; A-shares: 12, around Chinese New Year."""
_APART = 0.02
"""Share of sessions that quotes and index may not have in common, for a day or two lost."""


def check_weekdays(table: str, frame: pd.DataFrame, report: DataReport) -> None:
    """Refuse rows on Saturdays and Sundays.

    Raises:
        TableError: Unless `data.accept` names `weekends`.
    """
    days = frame["date"].to_numpy().astype("datetime64[D]")
    free = ~np.is_busday(days)
    if not free.any():
        return
    sessions, counts = np.unique(days[free], return_counts=True)
    examples = [f"{day} {day.item():%a}" for day in sessions[:SHOWN]]
    hint = f"drop these rows of {table}"
    for shift, words in ((-1, "late"), (1, "early")):
        if len(sessions) > 1 and np.is_busday(np.unique(days) + shift).all():
            hint = f"all dates look a day {words}: add {shift:+d} day when writing the file"
    report.refuse(
        "weekends", table, int(counts.sum()),
        f"rows are on Saturdays or Sundays ({counted(len(sessions), 'day')})",
        "exchanges trade on weekdays only", hint, examples,
    )  # fmt: skip


def check_sessions(rows: StockRows, index: pd.DataFrame | None, report: DataReport) -> None:
    """Refuse sessions without most of the stocks, long holes, and sessions that the index has not.

    Args:
        rows: Quotes by stock.
        index: The index table, or none to compare with.
        report: Takes what is odd.

    Raises:
        TableError: Unless `data.accept` names `calendar`.
    """
    listed = pd.Series(np.bincount(rows.session))
    usual = listed.rolling(_NEIGHBOURS, center=True, min_periods=1).median()
    thin = rows.dates[(listed < _THIN * usual).to_numpy()]
    report.refuse(
        "calendar", "quotes", len(thin),
        f"sessions have rows of less than {_THIN:.0%} of the stocks of the sessions around them",
        "a session with rows of all stocks", "drop these dates, or deliver them whole",
        _named(thin),
    )  # fmt: skip
    closed = np.diff(rows.dates).astype(np.int64)
    places = np.flatnonzero(closed > _CLOSED)
    report.refuse(
        "calendar", "quotes", len(places),
        f"times no session follows for more than {_CLOSED} days",
        f"every session from {rows.dates[0]} to {rows.dates[-1]}", "deliver what is missing",
        [f"{rows.dates[place]}, then none for {closed[place]} days" for place in places[:SHOWN]],
    )  # fmt: skip
    if index is not None:
        _compare(rows.dates, index, report)


def _compare(dates: np.ndarray, index: pd.DataFrame, report: DataReport) -> None:
    """Compare the sessions of quotes with those of each index, within the span of both."""
    days = index["date"].to_numpy().astype("datetime64[D]")
    everywhere = np.unique(days)
    missing = np.setdiff1d(_within(everywhere, dates), dates)
    extra = np.setdiff1d(_within(dates, everywhere), everywhere)
    apart = len(missing) + len(extra)
    says = f"sessions are in the index table only ({len(missing)}) or in quotes only ({len(extra)})"
    examples = _named(np.sort(np.append(missing, extra)))
    if apart > max(2.0, _APART * len(dates)):
        needed = "quotes and index have the same sessions"
        hint = "mend the dates of one of them, or read another index table"
        report.refuse("calendar", "quotes", apart, says, needed, hint, examples)
    else:
        report.note("quotes", "sessions", apart, says, examples, "lost")
    spans = {
        str(code): np.unique(days[(index["code"] == code).to_numpy()])
        for code in index["code"].unique()
    }
    for code, own in spans.items():
        lacks = np.setdiff1d(_within(dates, own), own)
        says = f"sessions of quotes have no close of {code}"
        report.note("index", f"sessions of {code}", len(lacks), says, _named(lacks), "lost")
    part = {code: own for code, own in spans.items() if len(_within(dates, own)) < len(dates)}
    examples = [f"{code} {own[0]} to {own[-1]}" for code, own in part.items()]
    says = "indices do not span all sessions of quotes"
    report.note("index", "span", len(part), says, examples[:SHOWN])


def _within(days: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Those of the days that lie in the span of the other ones."""
    return days[(days >= other[0]) & (days <= other[-1])]


def _named(days: np.ndarray) -> list[str]:
    return [str(day) for day in days[:SHOWN]]
