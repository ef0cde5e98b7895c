"""The benchmark index on the panel's grid: its close, and its members' weights.

Weights are the vendor's where index_members give them, drifting between them, else the members'
float market value.
"""

import numpy as np
import pandas as pd

from datamodules.base.errors import ConfigError
from datamodules.base.words import SHOWN
from datamodules.canon.report import Cost, DataReport
from datamodules.prepare.grid import QuoteGrid, ffill

_MANY = 0.1
"""Share of an index's members without quotes or weight, from which on it is another portfolio."""


def index_close(
    grid: QuoteGrid, index: pd.DataFrame, code: str, setting: str = "evaluation.index.code"
) -> np.ndarray:
    """Return (D,) float64 closes of an index, NaN on sessions that it lacks.

    Args:
        grid: The quotes.
        index: Canonical index table.
        code: The index's.
        setting: Where the code comes from, to name it in a refusal.

    Raises:
        ConfigError: The table has no such index.
    """
    rows = index[(index["code"] == code).to_numpy()]
    _check(code, rows, index["code"], setting)
    closes = pd.Series(rows["close"].to_numpy(np.float64), rows["date"].astype("datetime64[s]"))
    return closes.reindex(pd.DatetimeIndex(grid.dates)).to_numpy(np.float64)


def index_weight(
    grid: QuoteGrid, members: pd.DataFrame, name: str, report: DataReport | None = None
) -> np.ndarray:
    """Return (D, S) float32 weights of an index's members listed on each session.

    They sum to 1 on every session with a member, and are all 0 on one without.

    Args:
        grid: The quotes.
        members: Canonical table of membership; a `weight` is that of its row's first session, from
            which it drifts with the stock's adjusted close, as shares stay what they are between
            the index's own dates. A row of every day drifts nowhere.
        name: The index's.
        report: Notes members without quotes, and rows without a weight where others have one.

    Raises:
        ConfigError: The table has no such index.
        TableError: It has no member on any session, unless `data.accept` names `members`.
    """
    rows = members[(members["index"] == name).to_numpy()]
    _check(name, rows, members["index"], "evaluation.index.members")
    given = rows["weight"].to_numpy(np.float64) if "weight" in rows else np.full(len(rows), np.nan)
    drifts = bool(np.isfinite(given).any())
    size = ffill(grid.adjusted("close"), grid.traded) if drifts else _last_cap(grid)
    weight = np.zeros(grid.shape, dtype=np.float64)
    stocks = pd.Index(grid.codes).get_indexer(rows["code"].astype(str))
    first = np.searchsorted(grid.dates, rows["start"].to_numpy().astype("datetime64[D]"), "left")
    last = np.searchsorted(grid.dates, rows["end"].to_numpy().astype("datetime64[D]"), "right")
    for stock, start, stop, value in zip(stocks, first, last, given, strict=True):
        if stock >= 0:
            spell = size[start:stop, stock]
            spell = _drifting(spell, value) if drifts else spell
            weight[start:stop, stock] = np.where(np.isfinite(spell), spell, 0)
    weight[~grid.listed] = 0
    total = weight.sum(axis=1, keepdims=True)
    if report is not None:
        _refuse_none(report, name, rows, bool((first < last).any()))
        _note_members(report, name, rows, stocks, weightless=drifts & ~np.isfinite(given))
        _note_number(report, name, grid, first, last)
    return (weight / np.where(total > 0, total, 1)).astype(np.float32)


def _last_cap(grid: QuoteGrid) -> np.ndarray:
    """Return (D, S) float market values; a suspended stock keeps its last."""
    cap = grid.column("float_cap")
    return ffill(cap, cap > 0)


def _refuse_none(report: DataReport, name: str, rows: pd.DataFrame, covers: bool) -> None:
    """Refuse spells of which none covers a session: all weights would be 0."""
    spans = f"{rows['start'].min():%Y-%m-%d} to {rows['end'].max():%Y-%m-%d}"
    report.refuse(
        "members", "index_members", 0 if covers else len(rows),
        f"memberships of {name} cover no session of the quotes: they are of {spans}",
        "spells of the quotes' time", "a newer file of index_members",
    )  # fmt: skip


def _drifting(price: np.ndarray, weight: float) -> np.ndarray:
    """Return a spell's weights, proportional to the price; before its first price, as given."""
    known = price[np.isfinite(price)]
    grown = price / known[0] if len(known) else price
    return weight * np.where(np.isfinite(grown), grown, 1.0)


def _note_members(
    report: DataReport, name: str, rows: pd.DataFrame, stocks: np.ndarray, weightless: np.ndarray
) -> None:
    codes = rows["code"].astype(str)
    for kind, found, says in (
        ("unknown_members", stocks < 0, "have no row in the quotes: they weigh nothing"),
        ("without_weight", weightless, "have no weight where others do: they weigh nothing"),
    ):
        missing = codes[found].unique()
        of = codes.nunique()
        says = f"of {of:,} members of {name} {says}"
        cost: Cost = "wrong" if len(missing) > _MANY * of else "none"
        report.note("index_members", kind, len(missing), says, missing[:SHOWN].tolist(), cost)


def _note_number(
    report: DataReport, name: str, grid: QuoteGrid, first: np.ndarray, last: np.ndarray
) -> None:
    """Note sessions with another number of members, as where spells overlap or leave a hole."""
    sessions = len(grid.dates) + 1
    members = np.bincount(first, minlength=sessions) - np.bincount(last, minlength=sessions)
    members = members.cumsum()[:-1]
    usual = np.median(members[members > 0]) if (members > 0).any() else 0
    odd = np.flatnonzero(np.abs(members - usual) > _MANY * usual)
    says = f"sessions have not the usual {usual:.0f} members of {name}, by more than {_MANY:.0%}"
    examples = [f"{grid.dates[t]} {members[t]}" for t in odd[:SHOWN]]
    report.note("index_members", "number", len(odd), says, examples)


def _check(name: str, rows: pd.DataFrame, names: pd.Series, setting: str) -> None:
    if rows.empty:
        known = ", ".join(sorted(map(str, names.unique()))[:10])
        raise ConfigError(f"the tables have no index {name!r}", f"one of {known}",
                          f"set {setting}")  # fmt: skip
