import numpy as np
import pandas as pd
import pytest


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
