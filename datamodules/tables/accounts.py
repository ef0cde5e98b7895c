"""Whether fundamentals and index members belong to the stocks that are quoted, and in time."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from datamodules.base.words import SHOWN
from datamodules.canon.report import DataReport
from datamodules.settings import TableSettings

_SOON = 5
"""Days after a period's end in which hardly any company announces; A-shares: 2 of 62,799 times."""

_MONTHS = np.array([4, 4, 1, 4, 4, 2, 4, 4, 1, 4, 4, 4])
"""Month of a period's end -> months after it by whose end A-share companies must announce."""
_LATE = 0.1
"""Share of accounts announced after that; A-shares: 1.5%, and 16% with all dates a day late."""

_USUAL = {
    "equity": 0.7, "total_assets": 1.4, "total_liabilities": 0.6, "revenue_ytd": 0.3,
    "net_profit_ytd": 0.03, "operating_cash_flow_ytd": 0.03, "total_shares": 1.5,
}  # fmt: skip
"""Column -> what its median over A-shares is in float capitalisations (shares: in float shares)."""
_OFF = 30.0
"""Factor off the usual that no market explains, only another unit."""


def check_accounts(
    accounts: pd.DataFrame, quotes: pd.DataFrame, settings: TableSettings, report: DataReport
) -> None:
    """Refuse accounts known too early, of no quoted stock, of another unit, or of negative equity.

    Args:
        accounts: Checked fundamentals.
        quotes: Checked quotes.
        settings: Hold the scales that were applied.
        report: Takes what is odd.

    Raises:
        TableError: Unless `data.accept` names the finding.
    """
    _check_announced(accounts, report)
    _check_codes("accounts", "fundamentals", accounts, quotes, report)
    _check_units(accounts, quotes, settings.scale.get("fundamentals", {}), report)
    _check_parts(accounts, report)
    absent = accounts.select_dtypes("float64").isna()
    _note_numbers("missing", absent, "numbers are missing, and what is made of them", report)
    nothing = accounts[[name for name in _USUAL if name in accounts]] == 0
    _note_numbers("zero", nothing, "numbers are exactly 0, as hardly a company's are", report)
    if "equity" in accounts:
        known = accounts["equity"].notna()
        negative = int((accounts["equity"] <= 0).sum())
        says = f"of {known.sum():,} accounts have no positive equity"
        if negative > 0.5 * known.sum():
            hint = "data.columns.fundamentals.equity=NAME, or mend its sign"
            report.refuse("accounts", "fundamentals", negative, says, "most companies have", hint)
        else:
            report.note("fundamentals", "equity", negative, says)


def _note_numbers(kind: str, odd: pd.DataFrame, says: str, report: DataReport) -> None:
    """Count numbers, and name their columns."""
    counts = odd.sum()
    examples = [f"{count:,} of {name}" for name, count in counts[counts > 0].items()]
    report.note("fundamentals", kind, int(counts.sum()), says, examples, "lost")


def _check_announced(accounts: pd.DataFrame, report: DataReport) -> None:
    """Refuse accounts of which many come before anybody has them, or later than they may."""
    days = (accounts["announced"] - accounts["period_end"]).dt.days
    first = ~accounts.duplicated(["code", "period_end"])
    ends, announced = (
        accounts.loc[first, name].to_numpy().astype("datetime64[D]")
        for name in ("period_end", "announced")
    )
    month = ends.astype("datetime64[M]")
    due = month + _MONTHS[month.astype(np.int64) % 12] + 1
    for kind, wrong, most, says, needed in (
        (
            "announced", (days <= _SOON).to_numpy(), 0.01,
            f"within {_SOON} days of their period's end",
            "they are known from the day on which the company published them",
        ),
        (
            "late", announced >= due.astype("datetime64[D]"), _LATE,
            "after the month by whose end they are due",
            "A-share companies announce by the end of April, August, October and April",
        ),
    ):  # fmt: skip
        count, says = int(wrong.sum()), f"of {len(wrong):,} accounts are announced {says}"
        if count > most * len(wrong):
            hint = "data.columns.fundamentals.announced=NAME of the publication date"
            report.refuse("announced", "fundamentals", count, says, needed, hint)
        else:
            report.note("fundamentals", kind, count, says, cost="lost")


def _check_units(
    accounts: pd.DataFrame, quotes: pd.DataFrame, scale: Mapping[str, float], report: DataReport
) -> None:
    last = quotes.drop_duplicates("code", keep="last").set_index("code")
    names = [name for name in _USUAL if name in accounts]
    middle = _size_by_stock(accounts, names)
    middle = middle.set_axis(middle.index.astype(str))
    cap = last["float_cap"].set_axis(last.index.astype(str)).reindex(middle.index)
    cap = cap.where(cap > 0)
    close = last["close"].set_axis(last.index.astype(str)).reindex(middle.index)
    size = middle.div(cap, axis="index")
    if "total_shares" in names:
        size["total_shares"] *= close
    off = {name: float(size[name].median()) / _USUAL[name] for name in names}
    off = {name: ratio for name, ratio in off.items() if not 1 / _OFF < ratio < _OFF}
    off = {name: ratio for name, ratio in off.items() if size[name].count() >= 10 and ratio > 0}
    mends = [
        f"data.scale.fundamentals.{name}={scale.get(name, 1.0) * 10.0 ** -round(np.log10(ratio)):g}"
        for name, ratio in off.items()
    ]
    report.refuse(
        "units", "fundamentals", len(off),
        f"columns have a unit that looks wrong: {', '.join(off)}, against float_cap and close",
        "yuan and shares are needed", f"{' '.join(mends)} may mend it",
    )  # fmt: skip


def _check_parts(accounts: pd.DataFrame, report: DataReport) -> None:
    """Refuse a column that changes its unit from one year to the next, or from stock to stock.

    Over A-shares no median moves by more than 27% in a year, and none of a stock's is 30 times
    off what its total assets let expect, but for 0.2% of the stocks' shares.
    """
    names = [name for name in _USUAL if name in accounts]
    by_year = accounts[names].abs().groupby(accounts["period_end"].dt.year)
    middle = by_year.median().where(by_year.count() >= 10)
    step = middle / middle.shift()
    years = ((step > _OFF) | (step < 1 / _OFF)).any()
    broken = [f"{name} in time" for name in years.index[years]]
    if "total_assets" in names:
        middle = _size_by_stock(accounts, names)
        size = middle.div(middle["total_assets"], axis="index")
        size = (size / size.median()).replace([np.inf, -np.inf], np.nan)
        share = ((size > _OFF) | (size < 1 / _OFF)).sum() / size.count().clip(lower=1)
        broken += [f"{name} between stocks" for name in share.index[share > 0.05]]
    report.refuse(
        "units", "fundamentals", len(broken),
        f"columns change their unit: {', '.join(broken)}", "yuan and shares throughout",
        "mend these rows, for no scale mends them all",
    )  # fmt: skip


def _size_by_stock(accounts: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Median size of each column by stock; signs are dropped first, or losses offset profits."""
    return accounts[names].abs().groupby(accounts["code"], observed=True).median()


def check_members(members: pd.DataFrame, quotes: pd.DataFrame, report: DataReport) -> None:
    """Refuse members of which none is quoted, and an index whose weights are all 0.

    Raises:
        TableError: Unless `data.accept` names `members`.
    """
    _check_codes("members", "index_members", members, quotes, report)
    if "weight" in members:
        heaviest = members.groupby("index", observed=True)["weight"].max()
        empty = [str(name) for name in heaviest.index[heaviest == 0]]
        hint = "data.columns.index_members.weight=NAME, or leave the column out of the table"
        report.refuse(
            "members", "index_members", len(empty), "indices have weights of 0 only",
            "positive weights", hint, empty[:SHOWN],
        )  # fmt: skip


def _check_codes(
    finding: str, table: str, frame: pd.DataFrame, quotes: pd.DataFrame, report: DataReport
) -> None:
    """Refuse a table of which no code is quoted; else note how many codes of either are alone."""
    codes, quoted = (set(part["code"].cat.categories) for part in (frame, quotes))
    alone = sorted(map(str, codes - quoted))
    says = f"of {len(codes):,} codes are not in quotes"
    if not codes & quoted:
        needed = f"codes as in quotes, such as {min(quoted)}"
        hint = f"data.columns.{table}.code=NAME, or write its codes as those of quotes"
        report.refuse(finding, table, len(alone), says, needed, hint, alone[:SHOWN])
        return
    report.note(table, "other codes", len(alone), says, alone[:SHOWN])
    lacking = np.setdiff1d([str(code) for code in quoted], [str(code) for code in codes])
    if table == "fundamentals":
        says = "stocks of quotes have no accounts, and so no fundamental style"
        report.note(table, "no accounts", len(lacking), says, list(lacking[:SHOWN]), "lost")
