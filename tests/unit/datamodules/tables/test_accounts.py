import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def accounts(moving):
    """Two reports of each of the twelve stocks."""
    codes = sorted(moving["code"].unique())
    cap = moving.groupby("code")["float_cap"].last().loc[codes].to_numpy()
    frames = [
        pd.DataFrame(
            {
                "code": codes,
                "period_end": pd.Timestamp(end),
                "announced": pd.Timestamp(end) + pd.Timedelta(days=30),
                "equity": 0.7 * cap,
                "total_assets": 1.4 * cap,
                "net_profit_ytd": 0.03 * cap,
                "total_shares": 150_000.0,
            }
        )
        for end in ("2020-09-30", "2020-12-31")
    ]
    return pd.concat(frames, ignore_index=True)


def members(moving, **columns):
    codes = sorted(moving["code"].unique())
    spell = {"start": pd.Timestamp("2021-01-01"), "end": pd.Timestamp("2021-12-31")}
    return pd.DataFrame({"index": "csi500", "code": codes, **spell, **columns})


def note(tables, kind):
    return next((note for note in tables.report.notes if note.kind == kind), None)


def test_sound_accounts_are_not_mentioned(moving, accounts, load):
    tables = load(quotes=moving, fundamentals=accounts, index_members=members(moving))
    assert {note.kind for note in tables.report.notes} == {"absent"}


@pytest.mark.parametrize("days", [0, 5])
def test_accounts_known_at_the_periods_end_are_refused(moving, accounts, refused, days):
    accounts["announced"] = accounts["period_end"] + pd.Timedelta(days=days)
    error = refused("announced", quotes=moving, fundamentals=accounts)
    assert "24 of 24 accounts are announced within 5 days of their period's end" in error.given
    assert "data.columns.fundamentals.announced=NAME" in error.hint


def test_a_tenth_of_the_accounts_known_too_early_is_refused(moving, accounts, refused):
    accounts.loc[:1, "announced"] = accounts["period_end"]
    assert "2 of 24 accounts" in refused(quotes=moving, fundamentals=accounts).given


@pytest.mark.parametrize(("end", "due"), [("2020-09-30", "10-31"), ("2020-12-31", "04-30")])
def test_accounts_after_they_are_due_are_refused(moving, accounts, refused, load, end, due):
    accounts["period_end"] = pd.Timestamp(end)
    accounts = accounts.drop_duplicates("code")
    last = pd.Timestamp(f"{2020 if due[0] == '1' else 2021}-{due}")
    assert note(load(quotes=moving, fundamentals=accounts.assign(announced=last)), "late") is None
    late = accounts.assign(announced=last + pd.Timedelta(days=1))
    error = refused("announced", quotes=moving, fundamentals=late)
    assert "12 of 12 accounts are announced after the month by whose end" in error.given


def test_a_few_late_accounts_are_noted(moving, accounts, load):
    accounts.loc[0, "announced"] += pd.Timedelta(days=100)
    assert note(load(quotes=moving, fundamentals=accounts), "late").count == 1


def test_accounts_of_no_quoted_stock_are_refused(moving, accounts, refused):
    accounts["code"] = accounts["code"].str.replace("S", "X")
    error = refused("accounts", quotes=moving, fundamentals=accounts)
    assert "12 of 12 codes are not in quotes: XH600000" in error.given
    assert "codes as in quotes, such as SH600000" in error.needed


def test_stocks_without_accounts_and_accounts_without_stock_are_counted(moving, accounts, load):
    accounts.loc[accounts["code"] == "SH600003", "code"] = "SH699999"
    tables = load(quotes=moving, fundamentals=accounts)
    assert note(tables, "other codes").examples == ("SH699999",)
    assert note(tables, "no accounts").examples == ("SH600003",)


def test_equity_of_the_wrong_sign_is_refused(moving, accounts, refused):
    accounts["equity"] *= -1
    error = refused("accounts", quotes=moving, fundamentals=accounts)
    assert "24 of 24 accounts have no positive equity" in error.given


def test_a_few_negative_equities_are_counted(moving, accounts, load):
    accounts.loc[0, "equity"] = -1e6
    assert note(load(quotes=moving, fundamentals=accounts), "equity").count == 1


@pytest.mark.parametrize("names", [["equity", "total_assets", "net_profit_ytd"], ["total_shares"]])
def test_accounts_in_ten_thousands_are_refused_with_their_scales(moving, accounts, refused, names):
    accounts[names] /= 1e4
    error = refused("units", quotes=moving, fundamentals=accounts)
    assert f"{len(names)} columns have a unit that looks wrong: {', '.join(names)}," in error.given
    for name in names:
        assert f"data.scale.fundamentals.{name}=10000" in error.hint


def test_stocks_without_a_size_do_not_judge_the_units_of_accounts(moving, accounts, load):
    moving.loc[moving["date"] > moving["date"].unique()[20], "float_cap"] = 0.0
    found = note(load(quotes=moving, fundamentals=accounts), "float_cap")
    assert found.count == 12 * 19


def test_missing_numbers_of_accounts_are_counted_by_column(moving, accounts, load):
    accounts.loc[:2, "equity"] = np.nan
    accounts.loc[:0, "total_assets"] = np.nan
    found = note(load(quotes=moving, fundamentals=accounts), "missing")
    assert found.count == 4
    assert {*found.examples} >= {"3 of equity", "1 of total_assets"}


def test_numbers_of_nothing_are_counted_by_column(moving, accounts, load):
    accounts.loc[:1, "net_profit_ytd"] = 0.0
    found = note(load(quotes=moving, fundamentals=accounts), "zero")
    assert found.count == 2
    assert found.examples == ("2 of net_profit_ytd",)


def test_members_of_whom_none_is_quoted_are_refused(moving, refused):
    strange = members(moving, code=[f"SH68{stock:04}" for stock in range(12)])
    error = refused("members", quotes=moving, index_members=strange)
    assert "12 of 12 codes are not in quotes: SH680000" in error.given


def test_some_members_that_are_not_quoted_are_counted(moving, load):
    part = members(moving)
    part.loc[0, "code"] = "SH699999"
    assert note(load(quotes=moving, index_members=part), "other codes").count == 1


def test_weights_of_nothing_are_refused(moving, refused):
    error = refused("members", quotes=moving, index_members=members(moving, weight=0.0))
    assert "1 indices have weights of 0 only: csi500" in error.given


def test_an_infinite_weight_is_refused(moving, refused):
    weights = np.append(np.ones(11), np.inf)
    error = refused(quotes=moving, index_members=members(moving, weight=weights))
    assert "1 with an infinite weight): csi500 SH600011" in error.given


def test_losses_do_not_hide_a_unit(moving, accounts, refused):
    """Profits and losses of equal size have a median of 0, but no size of 0."""
    accounts["net_profit_ytd"] /= 1e4
    accounts.loc[accounts["period_end"] == "2020-12-31", "net_profit_ytd"] *= -1
    error = refused("units", quotes=moving, fundamentals=accounts)
    assert "data.scale.fundamentals.net_profit_ytd=10000" in error.hint
