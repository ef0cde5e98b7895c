from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pandas as pd
import pytest
from helpers.examples import at_most
from hypothesis import given, settings
from hypothesis import strategies as st

from datamodules.prepare.grid import to_grid
from datamodules.prepare.limits import (
    Limits,
    at_limit_close,
    cents,
    limit_percent,
    limit_prices,
    previous_close,
    stuck_at_limit,
)
from datamodules.prepare.universe import st_mask

CENT = Decimal("0.01")


def closes(code, dates, prices, **columns):
    """Quotes of one stock that trades at one price each day."""
    price = np.array(prices, dtype=float)
    frame = {"date": pd.to_datetime(dates), "code": code, "traded": True, "adj_factor": 1.0}
    frame |= {name: price for name in ("open", "high", "low", "close", "vwap")}
    return to_grid(pd.DataFrame(frame | {"is_st": False} | columns))


def limits_of(grid):
    return limit_prices(grid, st_mask(grid))


def exact_limit(previous, percent):
    limit = Decimal(str(previous)) * (100 + percent) / 100
    return int(limit.quantize(CENT, ROUND_HALF_UP) * 100)


def test_1_15_at_ten_percent_is_1_27_and_1_04():
    grid = closes("SH600000", ["2015-01-05", "2015-01-06"], [1.15, 1.2])
    limits = limits_of(grid)
    assert (limits.up[1, 0], limits.down[1, 0]) == (127, 104)


@settings(max_examples=at_most(40))
@given(st.integers(5, 10**6), st.booleans())
def test_limits_equal_exact_decimal_arithmetic(fen, is_st):
    grid = closes("SH600000", ["2015-01-05", "2015-01-06"], [fen / 100] * 2, is_st=is_st)
    limits, percent = limits_of(grid), 5 if is_st else 10
    assert limits.up[1, 0] == exact_limit(fen / 100, percent)
    assert limits.down[1, 0] == exact_limit(fen / 100, -percent)


@given(st.integers(1, 10**6), st.sampled_from(["0.5", "0.8", "1.25", "0.1"]))
def test_cents_round_products_half_up_as_decimals_do(fen, ratio):
    exact = (Decimal(fen) * Decimal(ratio) / 100).quantize(CENT, ROUND_HALF_UP) * 100
    assert cents(np.array(fen / 100 * float(ratio))) == int(exact)


def test_an_unknown_price_is_no_price():
    assert cents(np.array([np.nan, np.inf, 0.0])).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("code", "day", "is_st", "percent"),
    [
        ("SH600000", "2015-01-05", False, 10),
        ("SH600000", "2015-01-05", True, 5),
        ("SH600000", "2023-05-08", False, 10),
        ("SZ300001", "2020-08-21", False, 10),
        ("SZ300001", "2020-08-21", True, 5),
        ("SZ300001", "2020-08-24", False, 20),
        ("SZ300001", "2020-08-24", True, 20),
        ("SH688001", "2019-08-01", False, 20),
        ("SH688001", "2019-08-01", True, 20),
        ("BJ430047", "2021-11-15", False, 30),
    ],
)
def test_the_percentage_is_that_of_board_and_day(code, day, is_st, percent):
    grid = closes(code, [pd.Timestamp(day) - pd.Timedelta(days=1), day], [10, 10], is_st=is_st)
    assert limit_percent(grid, st_mask(grid))[1, 0] == percent


def test_before_its_market_opened_a_board_has_no_limit():
    grid = closes("BJ430047", ["2021-11-01", "2021-11-02"], [10, 10])
    assert limit_percent(grid, st_mask(grid)).tolist() == [[0], [0]]


@pytest.mark.parametrize(
    ("code", "start", "free"),
    [("SH600009", "2015-01-05", 1), ("SH600009", "2023-04-10", 5), ("SH688009", "2020-01-06", 5),
     ("SZ300009", "2020-08-03", 1), ("SZ300009", "2020-08-24", 5)],
)  # fmt: skip
def test_a_listing_has_no_limit_on_its_first_days(code, start, free):
    days = pd.bdate_range(end=start, periods=2).append(pd.bdate_range(start, periods=8)[1:])
    old = pd.DataFrame({"date": days, "code": "SH600000"})
    new = pd.DataFrame({"date": days[1:], "code": code})
    quotes = pd.concat([old, new]).assign(traded=True, adj_factor=1.0, close=10.0)
    grid = to_grid(quotes)
    column = grid.codes.tolist().index(code)
    percent = limit_percent(grid, np.zeros(grid.shape, bool))[1:, column]
    assert (percent == 0).sum() == free
    assert (percent[:free] == 0).all()


def test_a_stock_older_than_the_panel_is_no_new_listing():
    grid = closes("SH688001", pd.bdate_range("2020-01-06", periods=4), [10] * 4)
    assert (limits_of(grid).up[1:] == 1200).all()


def test_the_previous_close_is_the_last_traded_one_after_a_suspension():
    traded = np.array([True, False, False, True])
    grid = closes(
        "SH600000", pd.bdate_range("2015-01-05", periods=4), [10, 99, 98, 11], traded=traded
    )
    assert previous_close(grid)[1:, 0].tolist() == [1000, 1000, 1000]


def test_the_previous_close_bridges_sessions_without_a_row():
    days = pd.bdate_range("2015-01-05", periods=4)
    quotes = pd.concat(
        [pd.DataFrame({"date": days, "code": "SH600000", "close": 5.0}),
         pd.DataFrame({"date": days[[0, 3]], "code": "SH600001", "close": [8.0, 9.0]})]
    ).assign(traded=True, adj_factor=1.0)  # fmt: skip
    assert previous_close(to_grid(quotes))[3, 1] == 800


def test_the_previous_close_is_adjusted_for_a_split_in_a_suspension():
    grid = closes("SH600000", pd.bdate_range("2015-01-05", periods=3), [10.01, 0.01, 5],
                   adj_factor=[1.5, 3, 3], traded=[True, False, True])  # fmt: skip
    assert previous_close(grid)[2, 0] == 501


@pytest.mark.filterwarnings("error")
def test_a_factor_of_0_on_a_day_without_trading_leaves_the_close_unknown():
    grid = closes("SH600000", pd.bdate_range("2015-01-05", periods=3), [10, 10, 10],
                   adj_factor=[1, 0, 1], traded=[True, False, True])  # fmt: skip
    assert previous_close(grid)[1:, 0].tolist() == [0, 1000]


def test_the_exchanges_previous_close_comes_first_and_ours_fills_its_gaps():
    grid = closes("SH600000", pd.bdate_range("2015-01-05", periods=3), [10, 10, 10],
                   prev_close=[9.5, 9.7, np.nan])  # fmt: skip
    assert previous_close(grid)[1:, 0].tolist() == [970, 1000]


def slow_flags(row, up, down):
    """Limit close, unbuyable, unsellable of one traded row, in exact decimals."""

    def fen(price):
        return int((Decimal(str(round(price, 6))) / CENT).quantize(Decimal(1), ROUND_HALF_UP))

    def stuck(limit):
        one = fen(row.high) == fen(row.low) == limit
        return one or (fen(row.open) == limit and fen(row.vwap) == limit)

    return fen(row.close) in (up, down), stuck(up), stuck(down)


def test_limit_flags_equal_their_definitions_row_by_row(make_quotes, rows):
    quotes = make_quotes(seed=3, sessions=120)
    grid = to_grid(quotes)
    limits, table = limits_of(grid), rows(quotes)
    close = at_limit_close(grid, limits)
    up, down = stuck_at_limit(grid, limits.up), stuck_at_limit(grid, limits.down)
    assert close.sum() > 5
    assert up.sum() > 0
    for s, code in enumerate(grid.codes):
        last = None
        for t, day in enumerate(grid.dates):
            row = table[code].get(day)
            if row is None or not row.traded:
                assert (close[t, s], up[t, s], down[t, s]) == (False, False, False)
                continue
            if limits.up[t, s]:
                expected = slow_flags(row, limits.up[t, s], limits.down[t, s])
                assert (close[t, s], up[t, s], down[t, s]) == expected
                before = Decimal(str(last.close)) * Decimal(str(last.adj_factor / row.adj_factor))
                previous = before.quantize(CENT, ROUND_HALF_UP)
                percent = limit_percent(grid, st_mask(grid))[t, s]
                assert limits.up[t, s] == exact_limit(previous, percent)
            last = row


@pytest.mark.parametrize(
    ("prices", "stuck"),
    [
        ({"open": 11, "high": 11, "low": 11, "vwap": 11}, True),
        ({"open": 11, "high": 11, "low": 10.9, "vwap": 10.996}, True),
        ({"open": 11, "high": 11, "low": 10.5, "vwap": 10.9}, False),
        ({"open": 10, "high": 11, "low": 10, "vwap": 11}, False),
        ({"open": 11, "high": 11, "low": 11, "vwap": np.nan}, True),
    ],
)
def test_a_stock_is_locked_only_if_it_opened_and_stayed_at_the_limit(prices, stuck):
    values = {name: np.array([10, price], float) for name, price in prices.items()}
    grid = closes("SH600000", ["2015-01-05", "2015-01-06"], [10, 11], **values)
    limits = limits_of(grid)
    assert stuck_at_limit(grid, limits.up)[1, 0] == stuck
    assert not stuck_at_limit(grid, limits.down)[1, 0]


def test_without_a_limit_nothing_is_at_it():
    grid = closes("SH600000", ["2015-01-05"], [10])
    none = Limits(np.zeros((1, 1), int), np.zeros((1, 1), int))
    assert not at_limit_close(grid, none).any()
    assert not stuck_at_limit(grid, none.up).any()


def test_a_close_beyond_the_limit_is_not_at_it():
    grid = closes("SH600000", ["2015-01-05", "2015-01-06"], [10, 13])
    assert not at_limit_close(grid, limits_of(grid)).any()
