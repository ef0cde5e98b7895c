"""Accounts, index and members as a vendor would deliver them, in a folder whole or not there."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from datamodules.base.errors import TableError
from datamodules.market.tables import delivered


@pytest.fixture(scope="module")
def accounts(market: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return market["fundamentals"]


def test_all_canonical_columns_are_there(accounts):
    assert set(accounts.columns) == {
        "code", "period_end", "announced", "net_profit_ytd", "revenue_ytd",
        "operating_cash_flow_ytd", "equity", "total_assets", "total_liabilities",
        "noncurrent_liabilities", "total_shares",
    }  # fmt: skip
    assert accounts.notna().all(axis=None)


def test_accounts_are_announced_weeks_to_months_after_the_period(accounts, quotes):
    lag = (accounts["announced"] - accounts["period_end"]).dt.days
    assert lag.min() >= 20
    assert lag.max() <= 120
    assert accounts["announced"].max() <= quotes["date"].max()


def test_accounts_are_announced_in_the_order_of_their_periods(accounts):
    assert (accounts.groupby("code")["announced"].diff().dropna().dt.days > 0).all()


def test_five_annual_reports_precede_the_first_session(accounts, quotes):
    annual = accounts[accounts["period_end"].dt.month == 12]
    old = annual[annual["announced"] < quotes["date"].min()].groupby("code").size()
    assert (old >= 5).sum() > 50


def test_the_balance_sheet_balances(accounts):
    both = accounts["equity"] + accounts["total_liabilities"]
    np.testing.assert_allclose(accounts["total_assets"], both, rtol=1e-6)
    assert (accounts["noncurrent_liabilities"] <= accounts["total_liabilities"]).all()


def test_flows_of_a_year_start_again_in_the_first_quarter(accounts):
    revenue = accounts.groupby("code")["revenue_ytd"].diff()
    month = accounts["period_end"].dt.month
    assert (revenue[month != 3].dropna() > 0).all()
    assert (revenue[month == 3].dropna() < 0).all()


def test_total_shares_agree_with_the_quotes_at_the_period_end(accounts, quotes):
    known = accounts[accounts["period_end"] >= quotes["date"].min()]
    total = quotes["total_cap"] / quotes["close"]
    shares = quotes.assign(total=total).pivot(index="date", columns="code", values="total")
    quoted = shares.ffill().reindex(known["period_end"].unique(), method="ffill").stack()
    both = known.set_index(["period_end", "code"])["total_shares"].to_frame()
    both["quoted"] = quoted
    both = both.dropna()
    assert len(both) > 100
    np.testing.assert_allclose(both["total_shares"], both["quoted"], rtol=1e-9)


@pytest.fixture(scope="module")
def member(market: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """(date, code) bool."""
    dates = pd.DatetimeIndex(market["index"]["date"])
    spells = market["index_members"]
    out = pd.DataFrame(0, index=dates, columns=sorted(spells["code"].unique()))
    for row in spells.itertuples():
        out.loc[row.start : row.end, row.code] += 1
    assert out.to_numpy().max() == 1, "spells of a stock overlap"
    return out.astype(bool)


def test_a_quarter_of_the_names_are_members(member):
    assert member.sum(axis=1).max() == 150 // 4
    assert member.sum(axis=1).min() >= 150 // 4 - 3


def test_members_change_twice_a_year_only_or_leave_by_delisting(member):
    joins = np.flatnonzero((member & ~member.shift(fill_value=False)).any(axis=1))
    assert joins[0] == 0
    assert len(joins) >= 3
    assert set(joins % 130) == {0}


def test_members_are_mid_caps(market, member):
    quotes = market["quotes"]
    day = member.index[0]
    caps = quotes[quotes["date"] == day].set_index("code")["float_cap"]
    rank = caps.rank(ascending=False)
    chosen = rank[rank.index.isin(member.columns[member.loc[day]])]
    assert chosen.min() > 15
    assert chosen.max() < 75


def test_the_close_follows_members_by_float_cap(market, member):
    quotes = market["quotes"].assign(code=market["quotes"]["code"].astype(str))
    cap = quotes.pivot(index="date", columns="code", values="float_cap").shift()[member.columns]
    ret = (quotes["close"] / quotes["prev_close"]).to_numpy() - 1
    ret = quotes.assign(ret=ret).pivot(index="date", columns="code", values="ret")[member.columns]
    weight = cap.where(member, 0.0).fillna(0.0)
    expected = (weight * ret.fillna(0.0)).sum(axis=1) / weight.sum(axis=1)
    found = market["index"].set_index("date")["close"].pct_change()
    np.testing.assert_allclose(found[1:], expected[1:], atol=1e-6)


def write(folder: Path, text: str, *, fail: bool = False) -> None:
    with delivered(folder) as aside:
        (aside / "truth.parquet").write_text(text)
        if fail:
            raise OSError("disk full")


def test_a_failure_leaves_the_old_folder_and_nothing_beside_it(tmp_path):
    write(tmp_path / "tables", "old")
    with pytest.raises(OSError, match="disk full"):
        write(tmp_path / "tables", "half", fail=True)
    assert [path.name for path in tmp_path.iterdir()] == ["tables"]
    assert (tmp_path / "tables" / "truth.parquet").read_text() == "old"


def test_a_folder_of_simulated_tables_is_replaced_and_leaves_nothing_beside_it(tmp_path):
    write(tmp_path / "tables", "old")
    write(tmp_path / "tables", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["tables"]
    assert (tmp_path / "tables" / "truth.parquet").read_text() == "new"


def test_a_folder_with_other_data_is_refused_and_kept(tmp_path):
    (tmp_path / "quotes.parquet").write_text("a vendor's")
    with pytest.raises(TableError, match=r"holds other data.*\nHINT: "):
        write(tmp_path, "new")
    assert (tmp_path / "quotes.parquet").read_text() == "a vendor's"
