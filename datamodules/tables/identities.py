"""Whether accounts agree with one another, as accounting lets them: a column may be another's.

Shares are those of the A-shares' accounts from 2014 to 2022, with two columns swapped in brackets.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from datamodules.base.words import SHOWN
from datamodules.canon.report import DataReport

_AT_MOST = (
    ("equity", "total_assets", 0.05),
    ("total_liabilities", "total_assets", 0.05),
    ("noncurrent_liabilities", "total_liabilities", 0.02),
    ("net_profit_ytd", "revenue_ytd", 0.05),
)
"""Column, the one that it is a part of, and the share of accounts that may say otherwise.

1.2% do (99%)."""
_NEVER_NEGATIVE = (
    "total_assets", "total_liabilities", "noncurrent_liabilities", "revenue_ytd", "total_shares",
)  # fmt: skip
"""Columns without a sign: 1.1% of the accounts have a negative one."""
_FLOWS = ("net_profit_ytd", "revenue_ytd", "operating_cash_flow_ytd")
_SEASONAL = "operating_cash_flow_ytd"
"""A flow whose year may honestly be a small multiple of its first quarter: 7 of 29 industries'."""
_STOCKS = ("equity", "total_assets", "total_liabilities", "noncurrent_liabilities")

_SHARE = 0.05
"""Share of the accounts that may contradict themselves."""
_SLACK = 0.01
"""Of a larger column, for what vendors round."""
_NONE = 5e-3
"""Of a larger column, below which there is almost nothing."""
_MINORITIES = 0.3
"""Share of the assets that equity and liabilities may leave to minorities, where equity does."""
_NEARER = 1 / 3
"""Least share of quarters in which equity moves with profit; A-shares: 0.71 (0.29)."""
_ALIKE, _ALIKE_IN_A_YEAR = 1 / 3, 0.4
"""Least share of a stock's, and of a year's, quarters in which two columns move the same way.

Below it are 0.2% of the A-shares by profit and equity, 1.7% by cash flow and profit (turned: 62%);
a year has 0.66 or more (0.34).
"""
_TURNED = 0.05
"""Share of the stocks that may be below, beside three standard errors of it."""
_YEAR = 2.5
"""Least median of a year's flow over its first quarter's; A-shares: 3.8 (single quarters: 1.8)."""
_FEW, _QUARTERS, _OF_A_STOCK = 10, 100, 9
"""Accounts or stocks, pairs of accounts, and those of a stock, from which on they are judged."""


def check_identities(accounts: pd.DataFrame, report: DataReport) -> None:
    """Refuse accounts that accounting does not allow: swapped columns, or flows of one quarter.

    Args:
        accounts: Checked fundamentals.
        report: Takes what is odd.

    Raises:
        TableError: Unless `data.accept` names `accounting`.
    """
    contradictions = [*_beyond(accounts), *_negative(accounts), *_sum(accounts)]
    for names, wrong, judged, most, says in contradictions:
        if judged >= _FEW and wrong > most * judged:
            _refuse(report, wrong, f"of {judged:,} accounts have {says}", names)
        else:
            report.note("fundamentals", " and ".join(names), wrong, f"accounts have {says}")
    _note_near_zero(accounts, report)
    move, still = _quarters(accounts)
    _check_moves(move, still, report)
    _check_year_to_date(accounts, report)
    _check_signs(accounts, move, report)


_Judged = tuple[tuple[str, ...], int, int, float, str]
"""Columns, how many accounts contradict themselves, of how many, which share may, and how."""


def _beyond(accounts: pd.DataFrame) -> Iterator[_Judged]:
    for part, whole, most in _AT_MOST:
        if {part, whole} <= set(accounts):
            both = accounts[[part, whole]].dropna()
            wrong = both[part] > both[whole] + _SLACK * both[whole].abs()
            yield (part, whole), int(wrong.sum()), len(both), most, f"{part} above {whole}"


def _negative(accounts: pd.DataFrame) -> Iterator[_Judged]:
    for name in _NEVER_NEGATIVE:
        if name in accounts:
            known = accounts[name].dropna()
            wrong = int((known < 0).sum())
            yield (name,), wrong, len(known), _SHARE, f"{name} below 0"


def _sum(accounts: pd.DataFrame) -> Iterator[_Judged]:
    names = ("equity", "total_liabilities", "total_assets")
    if set(names) <= set(accounts):
        known = accounts[list(names)].dropna()
        known = known[known["total_assets"] > 0]
        share = (known["equity"] + known["total_liabilities"]) / known["total_assets"]
        wrong = ~share.between(1 - _MINORITIES, 1 + _SLACK)
        says = "equity and total_liabilities that do not sum to total_assets"
        yield names, int(wrong.sum()), len(known), _SHARE, says


def _note_near_zero(accounts: pd.DataFrame, report: DataReport) -> None:
    """Many companies owe nothing for long, but not most."""
    part, whole = "noncurrent_liabilities", "total_liabilities"
    if {part, whole} <= set(accounts):
        known = accounts[[part, whole]].dropna()
        none = int((known[part].abs() <= _NONE * known[whole].abs()).sum())
        if len(known) >= _FEW and none > len(known) / 2:
            says = f"of {len(known):,} accounts have almost no {part}, as if in another unit"
            report.note("fundamentals", part, none, says, cost="wrong")


def _check_moves(move: pd.DataFrame, still: pd.DataFrame, report: DataReport) -> None:
    """From one quarter to the next equity moves with profit, and only shares stand still."""
    profit = move.get("net_profit_ytd")
    for name in ("total_liabilities", "operating_cash_flow_ytd"):
        if profit is None or not {"equity", name} <= set(move):
            continue
        other = move[name] - (profit if name in _STOCKS else move["equity"])
        nearer = ((move["equity"] - profit).abs() < other.abs())[other.notna() & profit.notna()]
        if len(nearer) >= _QUARTERS and nearer.mean() < _NEARER:
            swapped = "equity" if name in _STOCKS else "net_profit_ytd"
            says = f"of {len(nearer):,} quarters have {name} move as {swapped} should"
            _refuse(report, int((~nearer).sum()), says, (swapped, name))
    if "total_shares" in still and len(still) >= _FEW:
        for name in sorted(still.columns.drop("total_shares")):
            if still[name].mean() > max(0.5, still["total_shares"].mean()):
                says = f"of {len(still):,} quarters have {name} stand still, as shares do"
                _refuse(report, int(still[name].sum()), says, ("total_shares", name))


def _check_signs(accounts: pd.DataFrame, move: pd.DataFrame, report: DataReport) -> None:
    """Profit moves as equity does, cash as profit does, in every year and in all but few stocks."""
    stock, year = accounts["code"].astype(str), accounts["period_end"].dt.year
    for one, other in (("net_profit_ytd", "equity"), ("operating_cash_flow_ytd", "net_profit_ytd")):
        if not {one, other} <= set(move):
            continue
        both = move[one] * move[other]
        alike = (both > 0)[both.notna() & (both != 0)]
        says = f"have {one} move against {other}, as if one's sign were turned"
        years = _share(alike, year, _QUARTERS)
        _refuse(report, int((years < _ALIKE_IN_A_YEAR).sum()), f"years {says}", (one, other))
        stocks = _share(alike, stock, _OF_A_STOCK)
        turned = stocks.index[stocks < _ALIKE].tolist()
        usual = _TURNED * len(stocks)
        if len(stocks) >= _FEW and len(turned) > usual + 3 * math.sqrt(usual * (1 - _TURNED)):
            _refuse(report, len(turned), f"of {len(stocks):,} stocks {says}", (one, other), turned)
        else:
            report.note("fundamentals", one, len(turned), f"stocks {says}", turned[:SHOWN])


def _share(true: pd.Series, by: pd.Series, least: int) -> pd.Series:
    """Share that is true in each group of at least so many."""
    grouped = true.groupby(by[true.index])
    return grouped.mean()[grouped.size() >= least]


def _quarters(accounts: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Move of each column since the account before, in the same year, and whether it has none."""
    names = [name for name in (*_FLOWS, *_STOCKS, "total_shares") if name in accounts]
    days = accounts["period_end"]
    first = ~(accounts["code"].duplicated() & (days.dt.year == days.dt.year.shift()))
    move = accounts[names].diff()[~first & (days != days.shift())]
    return move, (move == 0)


def _check_year_to_date(accounts: pd.DataFrame, report: DataReport) -> None:
    """Flows grow over a year, if they are counted from its beginning."""
    ends = accounts["period_end"]
    key = [accounts["code"].astype(str), ends.dt.year.rename("year"), ends.dt.month.rename("month")]
    for name in (name for name in _FLOWS if name in accounts):
        last = accounts[name].abs().groupby(key).last().unstack("month")
        if {3, 12} <= set(last):
            ratio = (last[12] / last[3]).replace([np.inf, -np.inf], np.nan).dropna()
            if len(ratio) < _QUARTERS / 5 or ratio.median() >= _YEAR:
                continue
            says = (
                f"years have a {name} of {ratio.median():.2g} times the first quarter's in the"
                " middle, as if it were that of one quarter, or of a trailing year"
            )
            if name == _SEASONAL:
                report.note("fundamentals", name, len(ratio), says, cost="wrong")
                continue
            report.refuse(
                "accounting", "fundamentals", len(ratio), says,
                "flows are counted from the beginning of their year (year to date)",
                f"data.columns.fundamentals.{name}=NAME, or sum the quarters when writing the file",
            )  # fmt: skip


def _refuse(
    report: DataReport, count: int, says: str, names: Sequence[str], examples: Sequence[str] = ()
) -> None:
    """Refuse columns of which one may be another."""
    settings = " and ".join(f"data.columns.fundamentals.{name}=NAME" for name in names)
    report.refuse(
        "accounting", "fundamentals", count, says,
        "each column is what its name says", f"set {settings}: they look swapped or mistaken",
        examples[:SHOWN],
    )  # fmt: skip
