import numpy as np
import pandas as pd
import pytest

from datamodules.base.errors import TableError
from datamodules.canon.limits import limit_table
from datamodules.settings import TableSettings
from datamodules.tables.load import load_tables

SESSION_LATE = "adj_factor is a session late"
SESSION_EARLY = "adj_factor is a session early"
PRICES = ("open", "high", "low", "close", "vwap")


def shifted(quotes, sessions):
    by_stock = quotes.groupby("code")["adj_factor"]
    return quotes.assign(adj_factor=by_stock.shift(sessions).fillna(quotes["adj_factor"]))


def adjusted(quotes):
    prices = {name: quotes[name] * quotes["adj_factor"] for name in (*PRICES, "prev_close")}
    return quotes.assign(**prices)


DAMAGES = {
    "unadjusted": (lambda t: t.assign(adj_factor=1.0), "adj_factor never changes"),
    "twice": (lambda t: t.assign(adj_factor=t["adj_factor"] ** 2), "the root of adj_factor fits"),
    "prices": (adjusted, "the prices fit without adj_factor, so they are adjusted already"),
    "inverse": (lambda t: t.assign(adj_factor=1 / t["adj_factor"]), "1 / adj_factor fits"),
    "late": (lambda t: shifted(t, 1), SESSION_LATE),
    "early": (lambda t: shifted(t, -1), SESSION_EARLY),
}


@pytest.fixture(params=["with prev_close", "without"])
def quotes(moving, request):
    return moving if request.param == "with prev_close" else moving.drop(columns="prev_close")


def test_adjusted_quotes_have_no_move_beyond_a_limit(quotes, load):
    assert {note.kind for note in load(quotes=quotes).report.notes} <= {"absent"}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_wrong_adjustment_is_refused_with_what_mends_it(moving, refused, damage):
    spoil, hint = DAMAGES[damage]
    error = refused("adjustment", quotes=spoil(moving).drop(columns="prev_close"))
    assert "of 468 moves of adjusted close are beyond the day's price limit (2021 " in error.given
    assert error.hint.startswith(hint)


def test_stocks_of_which_some_are_unadjusted_are_refused(quotes, refused):
    part = quotes["code"].isin(["SH600000", "SH600001", "SH600002"])
    quotes.loc[part, "adj_factor"] = 1.0
    error = refused("adjustment", quotes=quotes)
    assert "3 of 468 moves" in error.given
    assert "SH600000 2021-03-15 -5" in error.given


def test_the_years_that_are_wrong_are_named(two_years, refused):
    quotes = two_years.assign(adj_factor=1.0)
    assert "(2020 6): SH600000 2020-12-15 -5" in refused("adjustment", quotes=quotes).given


def test_a_market_without_limits_is_not_judged_by_them(moving, tmp_path):
    quotes = moving.drop(columns="prev_close").assign(adj_factor=1.0)
    quotes.to_parquet(tmp_path / "quotes.parquet")
    settings = TableSettings(source="parquet", path=str(tmp_path))
    load_tables(settings, limits=limit_table("none"))


def test_a_listing_is_free_for_as_long_as_a_users_own_rule_says(moving, tmp_path):
    quotes = moving.drop(columns="prev_close")
    new = quotes[quotes["code"] == "SH600000"].iloc[15:]
    price = (2 * 1.2 ** np.arange(len(new))).round(2)
    volume = {"volume": 1000.0, "amount": 1000 * price, "turn": 0.01, "free_turn": 0.015}
    caps = {"float_cap": 1e5 * price, "total_cap": 2e5 * price}
    new = new.assign(
        code="SH600099", adj_factor=1.0, **dict.fromkeys(PRICES, price), **volume, **caps
    )
    pd.concat([quotes, new]).to_parquet(tmp_path / "quotes.parquet")
    settings = TableSettings(source="parquet", path=str(tmp_path))
    rule = {"board": "main", "since": "2010-01-01", "percent": 10, "st_percent": 10}
    load_tables(settings, limits=limit_table(rules=[rule | {"free_days": 30}]))
    with pytest.raises(TableError, match="SH600099"):
        load_tables(settings, limits=limit_table(rules=[rule | {"free_days": 5}]))


def test_dividends_below_the_limit_are_seen_by_the_previous_close(moving, refused):
    moving["adj_factor"] = 1.0
    keep = ~moving["code"].isin([f"SH6000{stock:02}" for stock in range(6)])
    quotes = moving[keep].reset_index(drop=True)
    ex = (quotes["date"] == quotes["date"].unique()[20]) & (quotes["code"] < "SH600010")
    quotes.loc[ex, "prev_close"] *= 0.97
    error = refused("adjustment", quotes=quotes)
    assert "4 of 4 ex-dividend days have a prev_close that contradicts adj_factor" in error.given
    assert "adj_factor x 1" in error.given


def test_a_previous_close_that_is_the_days_own_is_refused(moving, refused):
    error = refused("prev_close", quotes=moving.assign(prev_close=moving["close"]))
    assert "of 468 rows have another prev_close than the close before" in error.given
    assert "data.columns.quotes.prev_close=NAME" in error.hint


def test_open_and_close_swapped_are_refused(quotes, refused):
    swapped = quotes.rename(columns={"open": "close", "close": "open"})
    error = refused(quotes=swapped)
    assert "opens are farther from the close before than the day's close is" in error.given
    assert "data.columns.quotes.open=CLOSE data.columns.quotes.close=OPEN" in error.hint


def test_a_missing_session_is_named_and_not_taken_for_a_wrong_factor(moving, load):
    date = moving["date"].unique()[30]
    notes = {n.kind: n for n in load(quotes=moving[moving["date"] != date]).report.notes}
    assert notes["holes"].examples == (str(moving["date"].unique()[31].date()),)
    assert notes["holes"].cost == "wrong"


def test_a_few_contradictions_are_noted(moving, load):
    row = moving.index[100]
    moving.loc[row, "prev_close"] *= 1.05
    notes = {n.kind: n for n in load(quotes=moving).report.notes}
    assert (notes["contradictions"].count, notes["contradictions"].cost) == (1, "lost")
