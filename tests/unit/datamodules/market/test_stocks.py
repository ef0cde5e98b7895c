"""Every row of the quotes obeys the exchange and agrees with itself."""

import numpy as np
import pandas as pd

from datamodules.market import simulate
from datamodules.market.stocks import draw_stocks
from datamodules.settings import MarketSettings

COLUMNS = {
    "date", "code", "open", "high", "low", "close", "vwap", "volume", "amount", "adj_factor",
    "turn", "free_turn", "float_cap", "total_cap", "traded", "is_st", "industry", "prev_close",
}  # fmt: skip


def cents(prices: pd.Series) -> pd.Series:
    return np.rint(prices * 100).astype(np.int64)


def test_all_canonical_columns_are_there(quotes):
    assert set(quotes.columns) == COLUMNS


def test_no_row_appears_twice(quotes):
    assert not quotes.duplicated(["date", "code"]).any()


def test_prices_are_whole_cents(quotes):
    for name in ("open", "high", "low", "close", "prev_close"):
        assert (cents(quotes[name]) / 100 == quotes[name]).all(), name


def test_traded_rows_have_ordered_positive_prices_and_vwap_inside(traded):
    assert (traded["low"] > 0).all()
    assert (traded["low"] <= traded[["open", "close", "vwap"]].min(axis=1)).all()
    assert (traded["high"] >= traded[["open", "close", "vwap"]].max(axis=1)).all()


def test_volume_amount_turnover_and_caps_agree(traded):
    shares = traded["float_cap"] / traded["close"]
    assert (traded["volume"] > 0).all()
    np.testing.assert_allclose(traded["amount"], traded["vwap"] * traded["volume"], atol=0.01)
    np.testing.assert_allclose(traded["turn"] * shares, traded["volume"], rtol=1e-9)
    assert (traded["free_turn"] > traded["turn"]).all()
    assert (traded["free_turn"] < 2).all()
    assert (traded["total_cap"] >= traded["float_cap"] * (1 - 1e-9)).all()


def test_suspended_rows_stand_still_at_the_last_close(quotes):
    halted = quotes[~quotes["traded"]]
    assert len(halted) > 100
    assert (halted[["volume", "amount", "turn", "free_turn"]] == 0).all(axis=None)
    assert halted["vwap"].isna().all()
    for name in ("open", "high", "low", "prev_close"):
        assert (halted[name] == halted["close"]).all(), name
    last = quotes.groupby("code", observed=True)["close"].shift()
    assert (halted["close"] == last[halted.index]).all()


def test_suspensions_are_short_and_months_long(quotes):
    spell = (quotes["traded"] | (quotes["code"] != quotes["code"].shift())).cumsum()
    lengths = quotes[~quotes["traded"]].groupby(spell).size()
    assert (lengths <= 15).any()
    assert (lengths >= 40).any()


def test_the_adjusted_return_is_the_return_over_the_exchanges_previous_close(quotes):
    adjusted = quotes["close"] * quotes["adj_factor"]
    before = adjusted.groupby(quotes["code"], observed=True).shift()
    known = before.notna()
    printed = quotes["close"] / quotes["prev_close"]
    np.testing.assert_allclose((adjusted / before)[known], printed[known], rtol=1e-12)


def test_some_stocks_split_and_more_pay_dividends(quotes):
    step = quotes.groupby("code", observed=True)["adj_factor"].pct_change()
    assert (step > 0.4).sum() >= 3
    assert ((step > 0) & (step < 0.1)).sum() > (step > 0.4).sum()


def test_no_close_leaves_its_limits(traded):
    old = traded[traded.groupby("code", observed=True).cumcount() > 0]
    previous = cents(old["prev_close"])
    percent = np.where(old["is_st"], 5, 10)
    assert (cents(old["high"]) <= (previous * (100 + percent) + 50) // 100).all()
    assert (cents(old["low"]) >= (previous * (100 - percent) + 50) // 100).all()


def test_a_later_market_has_all_boards_under_their_own_limits(tmp_path):
    simulate(MarketSettings(stocks=300, days=480, start="2019-11-01"), tmp_path / "tables")
    quotes = pd.read_parquet(tmp_path / "tables" / "quotes.parquet").sort_values(["code", "date"])
    board = quotes["code"].astype(str).str[:5].replace("SH600|SZ000", "main", regex=True)
    assert set(board) == {"main", "SZ300", "SH688"}
    wide = (board == "SH688") | (board == "SZ300") & (quotes["date"] >= "2020-08-24")
    percent = np.where(wide, 20, np.where(quotes["is_st"], 5, 10))
    count = quotes.groupby("code", observed=True).cumcount()
    old = quotes["traded"] & (count >= np.where(wide, 5, 1))  # first sessions have no limit
    previous, close = cents(quotes["prev_close"]), cents(quotes["close"])
    assert (close <= (previous * (100 + percent) + 50) // 100)[old].all()
    assert (close >= (previous * (100 - percent) + 50) // 100)[old].all()
    assert (close > (previous * 110 + 50) // 100)[old & wide].any()


def test_limit_closes_happen_and_some_are_locked_all_day(traded):
    limit = (cents(traded["prev_close"]) * 110 + 50) // 100
    at_limit = cents(traded["close"]) == limit
    assert 0.001 < at_limit.mean() < 0.02
    assert (traded["high"] == traded["low"])[at_limit].any()


def test_stocks_list_are_marked_st_and_are_delisted(quotes):
    first, last = (quotes.groupby("code", observed=True)["date"].agg(f) for f in ("min", "max"))
    assert (first > quotes["date"].min()).sum() >= 5
    assert (last < quotes["date"].max()).sum() >= 1
    assert 0.005 < quotes["is_st"].mean() < 0.08


def test_float_shares_change_at_unlocks(quotes):
    shares = np.rint(quotes["float_cap"] / quotes["close"])
    total = np.rint(quotes["total_cap"] / quotes["close"])
    ratio = (shares / total).groupby(quotes["code"], observed=True)
    assert (ratio.last() > ratio.first() + 0.01).sum() >= 5


def test_codes_are_unique_in_a_market_of_any_size():
    first = np.datetime64("2020-01-06")
    codes = draw_stocks(np.random.default_rng(2021), 9000, first).codes
    assert len(set(codes)) == 9000
    assert {code[:5] for code in codes} >= {"SZ300", "SZ301", "SH688"}
