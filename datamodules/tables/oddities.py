"""What is odd in quotes but no fault: gaps, jumps, stocks that vanish, missing values."""

import numpy as np
import pandas as pd

from datamodules.base.words import SHOWN
from datamodules.canon.codes import is_canonical
from datamodules.canon.report import DataReport
from datamodules.tables.by_stock import StockRows, label

JUMP = 0.6
"""Change of adjusted close from one session to the next that a price limit would forbid."""


def note_oddities(quotes: pd.DataFrame, rows: StockRows, report: DataReport) -> None:
    """Count what is odd, with a few examples.

    Args:
        quotes: Checked and sorted.
        rows: The same rows by stock.
        report: Takes the notes.
    """
    traded = quotes["traded"].to_numpy()
    report.note("quotes", "untraded", (~traded).sum(), "rows are not traded")
    _note_gaps(quotes, rows, report)
    _note_jumps(quotes, rows, report)
    _note_vanished(quotes, rows, report)
    _note_unknown(quotes, traded, report)


def _note_gaps(quotes: pd.DataFrame, rows: StockRows, report: DataReport) -> None:
    missing = np.where(rows.follows, np.diff(rows.session) - 1, 0)
    places = np.flatnonzero(missing > 0)
    examples = [
        f"{label(quotes, rows.order[place])}, then {missing[place]} sessions without a row"
        for place in places[:SHOWN]
    ]
    says = f"rows are missing in {len(places):,} gaps between stocks' first and last rows"
    report.note("quotes", "gaps", missing.sum(), says, examples, "lost")


def _note_jumps(quotes: pd.DataFrame, rows: StockRows, report: DataReport) -> None:
    adjusted = (quotes["close"].to_numpy() * quotes["adj_factor"].to_numpy())[rows.order]
    traded = quotes["traded"].to_numpy()[rows.order]
    beside = rows.follows & (np.diff(rows.session) == 1) & traded[1:] & traded[:-1]
    before = np.where(beside, adjusted[:-1], np.nan)
    change = adjusted[1:] / before - 1
    places = np.flatnonzero(np.abs(change) > JUMP)
    examples = [
        f"{label(quotes, rows.order[place + 1])} {change[place]:+.0%}" for place in places[:SHOWN]
    ]
    says = f"jumps of adjusted close above {JUMP:.0%} in a session"
    report.note("quotes", "jumps", len(places), says, examples, "wrong")


def _note_vanished(quotes: pd.DataFrame, rows: StockRows, report: DataReport) -> None:
    last = np.append(~rows.follows, True)
    gone = rows.order[last & (rows.session < rows.session.max())]
    examples = [label(quotes, row) for row in gone[:SHOWN]]
    says = "stocks have no row at the end: delisted, or lost by the vendor"
    report.note("quotes", "vanished", len(gone), says, examples)


def _note_unknown(quotes: pd.DataFrame, traded: np.ndarray, report: DataReport) -> None:
    nameless = traded & quotes["industry"].isna().to_numpy()
    report.note("quotes", "industry", nameless.sum(), "traded rows have no industry")
    for name in ("float_cap", "total_cap"):
        if name in quotes:
            sizeless = traded & ~(quotes[name].to_numpy() > 0)
            says = f"traded rows have no positive {name}"
            report.note("quotes", name, sizeless.sum(), says, cost="lost")
    strange = [code for code in quotes["code"].cat.categories if not is_canonical(code)]
    says = "codes do not tell their exchange (SH600000 would): main-board price limits are assumed"
    report.note("quotes", "codes", len(strange), says, strange[:SHOWN], "wrong")
