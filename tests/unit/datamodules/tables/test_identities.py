import re

import numpy as np
import pandas as pd
import pytest

from datamodules.base.errors import TableError
from datamodules.canon.report import DataReport
from datamodules.tables.identities import check_identities


@pytest.fixture
def accounts():
    """Three years of thirty companies whose equity grows by what they earn."""
    rng = np.random.default_rng(3)
    frames = []
    for stock in range(30):
        revenue = rng.uniform(50, 150, (3, 4))
        profit = revenue * rng.uniform(-0.02, 0.2, (3, 4))
        cash = profit + rng.normal(0, 8, (3, 4))
        equity = 800 + profit.cumsum() + rng.normal(0, 2, 12)
        debts = 1000 + rng.normal(0, 40, 12)
        flows = {
            "revenue_ytd": revenue, "net_profit_ytd": profit, "operating_cash_flow_ytd": cash,
        }  # fmt: skip
        frames.append(
            pd.DataFrame(
                {
                    "code": f"SH6000{stock:02}",
                    "period_end": pd.date_range("2018-03-31", periods=12, freq="QE"),
                    **{name: flow.cumsum(axis=1).ravel() for name, flow in flows.items()},
                    "equity": equity,
                    "total_liabilities": debts,
                    "noncurrent_liabilities": debts * rng.uniform(0.1, 0.9),
                    "total_assets": equity + debts,
                    "total_shares": 100.0 + stock,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def refusal(accounts):
    with pytest.raises(TableError) as caught:
        check_identities(accounts, DataReport("here"))
    report = DataReport("here", accept=("accounting",))
    check_identities(accounts, report)
    assert "accounting" in {note.kind for note in report.notes}
    return caught.value


def test_sound_accounts_are_not_mentioned(accounts):
    report = DataReport("here")
    check_identities(accounts, report)
    assert report.notes == []


NAMES = (
    "revenue_ytd", "net_profit_ytd", "operating_cash_flow_ytd", "equity", "total_liabilities",
    "noncurrent_liabilities", "total_assets", "total_shares",
)  # fmt: skip


@pytest.mark.parametrize(("one", "other"), [(a, b) for a in NAMES for b in NAMES if a < b])
def test_any_two_swapped_columns_are_refused(accounts, one, other):
    error = refusal(accounts.assign(**{one: accounts[other], other: accounts[one]}))
    assert "each column is what its name says" in error.needed or "year to date" in error.needed
    assert "data.columns.fundamentals." in error.hint
    assert "data.accept=[accounting]" in error.hint


def test_the_columns_that_are_swapped_are_named(accounts):
    swapped = accounts.assign(equity=accounts["total_assets"], total_assets=accounts["equity"])
    error = refusal(swapped)
    assert "360 of 360 accounts have equity above total_assets" in error.given
    assert (
        "data.columns.fundamentals.equity=NAME and data.columns.fundamentals.total_a" in error.hint
    )


def test_columns_swapped_without_the_others_of_the_balance_are_refused(accounts):
    part = accounts[["code", "period_end", "equity", "net_profit_ytd", "total_liabilities"]]
    part = part.rename(columns={"equity": "total_liabilities", "total_liabilities": "equity"})
    assert "have total_liabilities move as equity should" in refusal(part).given


def test_flows_of_single_quarters_are_refused(accounts):
    year = accounts["period_end"].dt.year
    flow = accounts.groupby(["code", year])["revenue_ytd"].diff()
    single = accounts.assign(revenue_ytd=flow.fillna(accounts["revenue_ytd"]))
    single = single.drop(columns=["net_profit_ytd"])
    error = refusal(single)
    assert "years have a revenue_ytd of" in error.given
    assert "year to date" in error.needed


def test_a_seasonal_cash_flow_is_noted_and_not_refused(accounts):
    year = accounts["period_end"].dt.year
    flow = accounts.groupby(["code", year])["operating_cash_flow_ytd"].diff()
    single = flow.fillna(accounts["operating_cash_flow_ytd"])
    report = DataReport("here", accept=("accounting",))
    check_identities(accounts.assign(operating_cash_flow_ytd=single), report)
    assert "operating_cash_flow_ytd" in {note.kind for note in report.notes}


def test_a_few_accounts_without_a_sense_are_noted(accounts):
    accounts.loc[:2, "equity"] = 1e6
    report = DataReport("here")
    check_identities(accounts, report)
    says = {note.says: note.count for note in report.notes}
    assert says["accounts have equity above total_assets"] == 3


@pytest.mark.parametrize("name", ["net_profit_ytd", "operating_cash_flow_ytd"])
def test_a_sign_turned_in_a_third_of_the_stocks_is_refused(accounts, name):
    third = accounts["code"].isin(accounts["code"].unique()[::3])
    accounts.loc[third, name] *= -1
    assert re.search(r"(9|10) of 30 stocks have", refusal(accounts).given)


@pytest.mark.parametrize("name", ["net_profit_ytd", "operating_cash_flow_ytd"])
def test_a_sign_turned_in_a_year_is_refused(accounts, name):
    more = accounts.assign(code=accounts["code"] + "B")
    accounts = pd.concat([accounts, more], ignore_index=True)
    accounts.loc[accounts["period_end"].dt.year == 2019, name] *= -1
    assert "1 years have" in refusal(accounts).given


def test_a_stock_whose_profit_has_its_sign_turned_is_noted(accounts):
    accounts.loc[:11, "net_profit_ytd"] *= -1
    report = DataReport("here")
    check_identities(accounts, report)
    assert any("SH600000" in note.examples for note in report.notes)


def test_accounts_nearly_all_without_long_debts_are_noted(accounts):
    accounts["noncurrent_liabilities"] = 1e-4
    report = DataReport("here")
    check_identities(accounts, report)
    assert {(n.kind, n.cost) for n in report.notes} >= {("noncurrent_liabilities", "wrong")}


def test_too_few_accounts_are_not_judged(accounts):
    few = accounts.head(9).assign(equity=1e6)
    report = DataReport("here")
    check_identities(few, report)
    assert {note.count for note in report.notes} == {9}


def test_an_accepted_contradiction_is_noted_once(accounts):
    accounts["equity"] = 1e6
    report = DataReport("here", accept=("accounting",))
    check_identities(accounts, report)
    said = [note for note in report.notes if "equity above total_assets" in note.says]
    assert [note.kind for note in said] == ["accounting"]
