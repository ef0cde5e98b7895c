"""Whether adj_factor undoes what splits and dividends did to the prices, and which price is which.

A price limit forbids what a forgotten split looks like: of 8.4 million moves of the adjusted close
of A-shares from 2005 to 2020, 14 exceed their limit by more than a percent; of unadjusted, twice or
inversely adjusted ones 6,600 to 7,200; of ones adjusted a session early or late 13,000.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from datamodules.base.words import SHOWN
from datamodules.canon.limits import LimitTable
from datamodules.canon.report import DataReport
from datamodules.tables.by_stock import StockRows, label

_SLACK = 0.01
"""Beyond the limit, so that neither rounding nor a factor of three digits counts."""
_SHARE, _FEW = 1e-4, 2
"""Moves beyond the limit that a year, or a whole table, may have: a share, and always so many."""
_NEW = 5
"""Rows after a listing that no limit holds for under any of the exchanges' rules."""
_EVENT = 0.005
"""Change of a factor, or of a previous close, that is more than rounding."""
_DISAGREE = 0.1
"""Share of ex-dividend days on which prev_close and adj_factor may disagree."""


@dataclass(frozen=True)
class Moves:
    """Moves from each row to the next, in the order of `StockRows`; n rows have n - 1 moves.

    Args:
        rows: Quotes by stock.
        close: Unadjusted closes, (n,).
        factor: adj_factor, (n,).
        both: The rows are of one stock, and both traded, (n - 1,) bool.
        beside: And they are one session apart, and the listing is not new, (n - 1,) bool.
        limit: Largest move that the later day's price limit allows; infinite where there is none.
    """

    rows: StockRows
    close: np.ndarray
    factor: np.ndarray
    both: np.ndarray
    beside: np.ndarray
    limit: np.ndarray

    def before(self, factor: np.ndarray) -> np.ndarray:
        """The close before, as the later day's prices are counted."""
        return self.close[:-1] * factor[:-1] / factor[1:]

    def beyond(self, factor: np.ndarray) -> np.ndarray:
        """Moves (mask) beyond their limit if `factor` were the right one."""
        before = self.before(factor)
        # A limit is rounded to the cent.
        return self.beside & (np.abs(self.close[1:] / before - 1) > self.limit + 0.01 / before)

    @property
    def step(self) -> np.ndarray:
        """Change of the factor, as a ratio."""
        return self.factor[1:] / self.factor[:-1]

    def over_a_hole(self, odd: np.ndarray) -> np.ndarray:
        """Those of the odd moves (mask) that many stocks make at once, the factor unchanged.

        The session before them is missing, and they are moves of two days.
        """
        odd = odd & (np.abs(self.step - 1) <= _EVENT)
        session, sessions = self.rows.session[1:], len(self.rows.dates)
        many = np.bincount(session[odd], minlength=sessions)
        of = np.bincount(session[self.both], minlength=sessions)
        return odd & (many > np.maximum(4, 0.1 * of))[session]


def moves_of(quotes: pd.DataFrame, rows: StockRows, limits: LimitTable) -> Moves:
    """The moves of quotes.

    Args:
        quotes: Checked and sorted.
        rows: The same rows by stock.
        limits: The market's price limits; of stocks without one no move is too large.
    """
    close, factor, traded = (
        quotes[name].to_numpy()[rows.order] for name in ("close", "adj_factor", "traded")
    )
    both = rows.follows & traded[1:] & traded[:-1]
    free = max([_NEW, *(rule.free_days for rule in limits.rules)])
    settled = (rows.age >= free) | rows.since_start
    beside = both & (np.diff(rows.session) == 1) & settled[1:]
    board = np.array([limits.board_of(str(code)) for code in quotes["code"].cat.categories])
    boards, number = np.unique(board, return_inverse=True)
    plain = np.zeros((len(rows.dates), len(boards)), dtype=np.int64)
    # Special treatment, whose limit is narrower, is not asked for: vendors date it differently.
    percent = limits.percent(boards, rows.dates, plain.astype(bool), plain + 10**6)
    limit = np.where(percent == 0, np.inf, percent / 100 + _SLACK).astype(np.float32)
    code = quotes["code"].cat.codes.to_numpy()[rows.order]
    return Moves(rows, close, factor, both, beside, limit[rows.session[1:], number[code[1:]]])


def check_adjustment(quotes: pd.DataFrame, moves: Moves, report: DataReport) -> None:
    """Refuse prices that are not adjusted, adjusted twice, inversely, or on the wrong day.

    Args:
        quotes: Checked and sorted.
        moves: From `moves_of`.
        report: Takes what is odd.

    Raises:
        TableError: Unless `data.accept` names `adjustment`.
    """
    rows, beyond = moves.rows, moves.beyond(moves.factor)
    _note_holes(moves, moves.over_a_hole(beyond), report)
    beyond &= ~moves.over_a_hole(beyond)
    years = rows.years[1:]
    wrong, most = _by_year(beyond, years), _allowed(_by_year(moves.beside, years))
    places = np.flatnonzero(beyond)
    change = moves.close[1:] / moves.before(moves.factor) - 1
    examples = [
        f"{label(quotes, rows.order[place + 1])} {change[place]:+.0%}" for place in places[:SHOWN]
    ]
    if all(count <= most[year] for year, count in wrong.items()):
        says = "moves of adjusted close beyond the day's price limit"
        report.note("quotes", "limits", len(places), says, examples, "lost")
        return
    named = ", ".join(f"{year} {count:,}" for year, count in wrong.items() if year)
    report.refuse(
        "adjustment", "quotes", len(places),
        f"of {moves.beside.sum():,} moves of adjusted close are beyond the day's price limit"
        f" ({named})",
        f"at most {_SHARE:g} of a year's moves may be, once splits and dividends are undone",
        _diagnosis(moves, max(most.values())),
        examples,
    )  # fmt: skip


def _note_holes(moves: Moves, over: np.ndarray, report: DataReport) -> None:
    sessions = moves.rows.dates[np.unique(moves.rows.session[1:][over])]
    says = "sessions on which many stocks move as in two days: the one before may be missing"
    examples = [str(day) for day in sessions[:SHOWN]]
    report.note("quotes", "holes", len(sessions), says, examples, "wrong")


def _by_year(mask: np.ndarray, years: np.ndarray) -> Counter[int]:
    """Year -> moves in the mask; year 0 holds them all."""
    found, counts = np.unique(years[mask], return_counts=True)
    by_year = Counter(dict(zip(found.tolist(), counts.tolist(), strict=True)))
    return Counter({0: int(mask.sum())}) + by_year


def _allowed(moves: Counter[int]) -> Counter[int]:
    return Counter({year: max(_FEW, int(_SHARE * count)) for year, count in moves.items()})


def _diagnosis(moves: Moves, most: int) -> str:
    """What mends the adjustment, by trying the usual mistakes."""
    factor, follows = moves.factor, moves.rows.follows
    if not (np.abs(moves.step - 1) > _EVENT)[moves.both].any():
        return (
            "adj_factor never changes: name the vendor's back-adjusting factor,"
            " data.columns.quotes.adj_factor=NAME"
        )
    earlier = np.append(np.where(follows, factor[1:], factor[:-1]), factor[-1])
    later = np.append(factor[0], np.where(follows, factor[:-1], factor[1:]))
    cures = {
        "the prices fit without adj_factor, so they are adjusted already: give those that were"
        " traded, data.columns.quotes.close=NAME and so on (qlib: data.qlib_adjusted)": factor**0,
        "1 / adj_factor fits: write that when writing the file": 1 / factor,
        "the root of adj_factor fits: prices or factor are adjusted twice": np.sqrt(factor),
        "adj_factor is a session late: it changes on the ex-dividend day itself": earlier,
        "adj_factor is a session early: it changes on the ex-dividend day itself": later,
    }
    counts = {cure: int(moves.beyond(trial).sum()) for cure, trial in cures.items()}
    best = min(counts, key=lambda cure: counts[cure])
    if counts[best] <= most:
        return best
    return "name the vendor's back-adjusting factor, data.columns.quotes.adj_factor=NAME"


def check_prev_close(quotes: pd.DataFrame, moves: Moves, report: DataReport) -> None:
    """Refuse a prev_close other than the last close, less what the factor takes off it.

    Args:
        quotes: Checked and sorted, with a prev_close.
        moves: From `moves_of`.
        report: Takes what is odd.

    Raises:
        TableError: Unless `data.accept` names the finding.
    """
    given = quotes["prev_close"].to_numpy()[moves.rows.order][1:]
    noise = _EVENT + 0.01 / given
    fallen = given / moves.close[:-1]
    apart = moves.both & (np.abs(fallen * moves.step - 1) > noise)
    event = moves.both & ((np.abs(fallen - 1) > noise) | (np.abs(moves.step - 1) > noise))
    over = moves.over_a_hole(apart)
    if len(np.unique(moves.rows.session[1:][over])) < 0.1 * len(moves.rows.dates):
        _note_holes(moves, over, report)
        apart, event = apart & ~over, event & ~over
    mostly = apart.sum() > max(_FEW, 0.02 * moves.both.sum())
    places = np.flatnonzero(apart)
    examples = [
        f"{label(quotes, moves.rows.order[place + 1])} prev_close={given[place]:g} after"
        f" close={moves.close[place]:g}, adj_factor x {moves.step[place]:.4g}"
        for place in places[:SHOWN]
    ]
    if mostly:
        report.refuse(
            "prev_close", "quotes", len(places),
            f"of {moves.both.sum():,} rows have another prev_close than the close before",
            "it is the close of the session before, less what went ex on the day",
            "data.columns.quotes.prev_close=NAME, or leave the column out of the table; look at"
            " data.columns.quotes.close and open, too",
            examples,
        )  # fmt: skip
    elif len(places) > max(_FEW, _DISAGREE * event.sum()):
        report.refuse(
            "adjustment", "quotes", len(places),
            f"of {event.sum():,} ex-dividend days have a prev_close that contradicts adj_factor",
            "prev_close x adj_factor is the close before x the adj_factor before",
            "data.columns.quotes.adj_factor=NAME of the back-adjusting factor; or leave a"
            " prev_close that is not the exchange's out of the table",
            examples,
        )  # fmt: skip
    else:
        says = "rows have a prev_close that contradicts adj_factor and the close before"
        report.note("quotes", "contradictions", len(places), says, examples, "lost")


def check_open(quotes: pd.DataFrame, moves: Moves, report: DataReport) -> None:
    """Refuse open and close swapped: a night moves a price less than a night and a day.

    It does on 81% of the days of A-shares, and on 39% with the two swapped.

    Raises:
        TableError: Unless `data.accept` names `open_close`.
    """
    before = moves.before(moves.factor)
    night = np.abs(quotes["open"].to_numpy()[moves.rows.order][1:] / before - 1)
    whole = np.abs(moves.close[1:] / before - 1)
    judged = moves.beside & (whole > 0)
    far = int((judged & (night > whole)).sum())
    if judged.sum() >= 100 and far > 0.4 * judged.sum():
        report.refuse(
            "open_close", "quotes", far,
            f"of {judged.sum():,} opens are farther from the close before than the day's close is",
            "a fifth are where open and close are what they say",
            "swap them: data.columns.quotes.open=CLOSE data.columns.quotes.close=OPEN",
        )  # fmt: skip
