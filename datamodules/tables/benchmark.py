"""Whether index closes belong to the market that is quoted: no leap of their level, no other day.

An index's level is its publisher's choice, and nothing reads but its returns: a table in hundredths
throughout is as good. Over A-shares from 2005 to 2020 the returns of eight indices are within 7.2%
of the market's on any session, and correlate by 0.79 to 0.99 with it; with the session before or
after by less than 0.12.
"""

import numpy as np
import pandas as pd

from datamodules.base.words import SHOWN
from datamodules.canon.report import DataReport
from datamodules.tables.adjustment import Moves

_LEAP = 0.15
"""Return, and its distance from the market's, that only another level of the index explains."""
_SESSIONS = 60
"""Sessions from which on a shift is judged."""
_FAR = 0.3
"""Correlation with a neighbouring session's market that no market has."""


def check_index(
    index: pd.DataFrame, quotes: pd.DataFrame, moves: Moves, report: DataReport
) -> None:
    """Refuse an index whose level leaps, or whose closes are those of the session before or after.

    Args:
        index: Checked index table.
        quotes: Checked and sorted.
        moves: From `moves_of`.
        report: Takes what is odd.

    Raises:
        TableError: Unless `data.accept` names `index`.
    """
    market = market_return(quotes, moves)
    leaps, shifted = [], []
    for code, rows in index.groupby("code", observed=True):
        days = rows["date"].to_numpy().astype("datetime64[D]")
        close = pd.Series(rows["close"].to_numpy(), days).reindex(moves.rows.dates).to_numpy()
        returns = np.append(np.nan, close[1:] / close[:-1] - 1)
        apart = (np.abs(returns - market) > _LEAP) & (np.abs(returns) > _LEAP)
        leaps += [f"{code} {day} {move:+.0%}" for day, move in zip(
            moves.rows.dates[apart], returns[apart], strict=True)]  # fmt: skip
        if (words := _shift(returns, market)) is not None:
            shifted.append(f"{code} {words}")
    report.refuse(
        "index", "index", len(leaps),
        f"returns of an index are more than {_LEAP:.0%} off the market's on their session",
        "one level throughout", "mend these closes of the index table, or read another",
        leaps[:SHOWN],
    )  # fmt: skip
    report.refuse(
        "index", "index", len(shifted),
        "indices move as the market does on another session",
        "the close of each session on its own date", "mend the dates of the index table",
        shifted[:SHOWN],
    )  # fmt: skip


def market_return(quotes: pd.DataFrame, moves: Moves) -> np.ndarray:
    """Return (D,) returns of all stocks, weighted by their float before; NaN where unknown."""
    rows, both = moves.rows, moves.both & (np.diff(moves.rows.session) == 1)
    size = quotes["float_cap"].to_numpy()[rows.order][:-1]
    move = moves.close[1:] / moves.before(moves.factor) - 1
    known = both & np.isfinite(size) & np.isfinite(move) & (size > 0)
    session, sessions = rows.session[1:][known], len(rows.dates)
    total = np.bincount(session, size[known], minlength=sessions)
    return np.bincount(session, (size * move)[known], minlength=sessions) / total


def _shift(returns: np.ndarray, market: np.ndarray) -> str | None:
    """On which session's market an index moves, where that is another than its own."""
    pairs = {0: (returns, market), 1: (returns[1:], market[:-1]), -1: (returns[:-1], market[1:])}
    found = {lag: _correlation(*pair) for lag, pair in pairs.items()}
    best = max(found, key=lambda lag: found[lag])
    if best == 0 or found[best] < _FAR:
        return None
    return f"a session {'late' if best > 0 else 'early'}"


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    known = np.isfinite(one) & np.isfinite(other)
    if known.sum() < _SESSIONS or not (one[known].std() and other[known].std()):
        return 0.0
    return float(np.corrcoef(one[known], other[known])[0, 1])
