"""Whether fundamentals and index members belong to the stocks that are quoted, and in time."""

import numpy as np
import pandas as pd

from datamodules.base.words import SHOWN
from datamodules.canon.report import DataReport

_SOON = 5
"""Days after a period's end in which hardly any company announces; A-shares: 2 of 62,799 times."""


def check_accounts(accounts: pd.DataFrame, quotes: pd.DataFrame, report: DataReport) -> None:
    """Refuse accounts known too early, of no quoted stock, or with equity of the wrong sign.

    Args:
        accounts: Checked fundamentals.
        quotes: Checked quotes.
        report: Takes what is odd.

    Raises:
        TableError: Unless `data.accept` names the finding.
    """
    days = (accounts["announced"] - accounts["period_end"]).dt.days
    soon = int((days <= _SOON).sum())
    says = f"of {len(accounts):,} accounts are announced within {_SOON} days of their period's end"
    if soon > 0.01 * len(accounts):
        report.refuse(
            "announced", "fundamentals", soon, says,
            "they are known from the day on which the company published them",
            "data.columns.fundamentals.announced=NAME of the publication date",
        )  # fmt: skip
    else:
        report.note("fundamentals", "announced", soon, says, cost="lost")
    _check_codes("accounts", "fundamentals", accounts, quotes, report)
    if "equity" in accounts:
        known = accounts["equity"].notna()
        negative = int((accounts["equity"] <= 0).sum())
        says = f"of {known.sum():,} accounts have no positive equity"
        if negative > 0.5 * known.sum():
            hint = "data.columns.fundamentals.equity=NAME, or mend its sign"
            report.refuse("accounts", "fundamentals", negative, says, "most companies have", hint)
        else:
            report.note("fundamentals", "equity", negative, says)


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
