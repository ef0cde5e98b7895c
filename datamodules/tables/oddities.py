"""What is odd in quotes but no fault: gaps, jumps, stocks that vanish, units that look wrong."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from datamodules.base.words import SHOWN
from datamodules.canon.codes import is_canonical
from datamodules.canon.report import DataReport

JUMP = 0.6
"""Change of adjusted close from one session to the next that a price limit would forbid."""


@dataclass(frozen=True)
class _ByStock:
    """Quotes in the order (code, date).

    Args:
        order: Position in quotes of each row.
        session: Session number of each row.
        follows: Whether a row is of the same stock as the one before it; one shorter.
    """

    order: np.ndarray
    session: np.ndarray
    follows: np.ndarray


def note_oddities(quotes: pd.DataFrame, report: DataReport) -> None:
    """Count what is odd, with a few examples; quotes are checked and sorted."""
    traded = quotes["traded"].to_numpy()
    report.note("quotes", "untraded", (~traded).sum(), "rows are not traded")
    rows = _by_stock(quotes)
    _note_gaps(quotes, rows, report)
    _note_jumps(quotes, rows, report)
    _note_vanished(quotes, rows, report)
    _note_unknown(quotes, traded, report)
    _note_units(quotes, traded, report)


def _by_stock(quotes: pd.DataFrame) -> _ByStock:
    days = quotes["date"].to_numpy()
    session = np.concatenate([[0], np.cumsum(days[1:] != days[:-1], dtype=np.int32)])
    code = quotes["code"].cat.codes.to_numpy()
    order = np.argsort(code, kind="stable")
    code = code[order]
    return _ByStock(order, session[order], code[1:] == code[:-1])


def _label(quotes: pd.DataFrame, row: int) -> str:
    return f"{quotes['code'].iloc[row]} {quotes['date'].iloc[row].date()}"


def _note_gaps(quotes: pd.DataFrame, rows: _ByStock, report: DataReport) -> None:
    missing = np.where(rows.follows, np.diff(rows.session) - 1, 0)
    places = np.flatnonzero(missing > 0)
    examples = [
        f"{_label(quotes, rows.order[place])}, then {missing[place]} sessions without a row"
        for place in places[:SHOWN]
    ]
    says = f"rows are missing in {len(places):,} gaps between stocks' first and last rows"
    report.note("quotes", "gaps", missing.sum(), says, examples)


def _note_jumps(quotes: pd.DataFrame, rows: _ByStock, report: DataReport) -> None:
    adjusted = (quotes["close"].to_numpy() * quotes["adj_factor"].to_numpy())[rows.order]
    traded = quotes["traded"].to_numpy()[rows.order]
    beside = rows.follows & (np.diff(rows.session) == 1) & traded[1:] & traded[:-1]
    before = np.where(beside, adjusted[:-1], np.nan)
    change = adjusted[1:] / before - 1
    places = np.flatnonzero(np.abs(change) > JUMP)
    examples = [
        f"{_label(quotes, rows.order[place + 1])} {change[place]:+.0%}" for place in places[:SHOWN]
    ]
    says = f"jumps of adjusted close above {JUMP:.0%} in a session"
    report.note("quotes", "jumps", len(places), says, examples)


def _note_vanished(quotes: pd.DataFrame, rows: _ByStock, report: DataReport) -> None:
    last = np.append(~rows.follows, True)
    gone = rows.order[last & (rows.session < rows.session.max())]
    examples = [_label(quotes, row) for row in gone[:SHOWN]]
    says = "stocks have no row at the end: delisted, or lost by the vendor"
    report.note("quotes", "vanished", len(gone), says, examples)


def _note_unknown(quotes: pd.DataFrame, traded: np.ndarray, report: DataReport) -> None:
    nameless = traded & quotes["industry"].isna().to_numpy()
    report.note("quotes", "industry", nameless.sum(), "traded rows have no industry")
    sizeless = traded & ~(quotes["float_cap"].to_numpy() > 0)
    report.note("quotes", "float_cap", sizeless.sum(), "traded rows have no positive float_cap")
    strange = [code for code in quotes["code"].cat.categories if not is_canonical(code)]
    says = "codes do not tell their exchange (SH600000 would): main-board price limits are assumed"
    report.note("quotes", "codes", len(strange), says, strange[:SHOWN])


def _note_units(quotes: pd.DataFrame, traded: np.ndarray, report: DataReport) -> None:
    """Compare columns that must agree, at the median of traded rows."""
    value = quotes["volume"] * quotes["vwap"]
    _note_unit(quotes, traded, report, "amount", value, "volume x vwap")
    if "turn" in quotes:
        above = traded & (quotes["turn"].to_numpy() > 1)
        report.note("quotes", "turn", above.sum(), "traded rows turn over more than their float")
        implied = quotes["volume"] / quotes["turn"] * quotes["close"]
        _note_unit(quotes, traded, report, "float_cap", implied, "volume / turn x close")


def _note_unit(
    quotes: pd.DataFrame,
    traded: np.ndarray,
    report: DataReport,
    name: str,
    implied: pd.Series,
    formula: str,
) -> None:
    if name not in quotes:
        return
    ratios = quotes[name].to_numpy()[traded] / implied.to_numpy()[traded]
    ratios = ratios[np.isfinite(ratios)]
    middle = float(np.median(ratios)) if len(ratios) else 1.0
    if not 0.5 < middle < 2.0:
        says = f"unit looks wrong: {name} is {middle:.3g} x ({formula}); see data.scale.quotes"
        report.note("quotes", f"unit of {name}", 1, says)
