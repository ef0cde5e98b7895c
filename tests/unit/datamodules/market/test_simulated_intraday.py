from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest

from datamodules.market.intraday import draw_bars, limit_percent, limits
from datamodules.market.traits import CHINEXT, MAIN, STAR


@pytest.mark.parametrize("percent", [5, 10, 20])
def test_limits_round_half_up_like_decimal_arithmetic(percent):
    prices = np.arange(1, 20001, 7)
    down, up = limits(prices, np.full(len(prices), percent))
    for price, low, high in zip(prices, down, up, strict=True):
        for sign, limit in ((-1, low), (1, high)):
            exact = Decimal(int(price)) * (100 + sign * percent) / 100
            assert limit == exact.quantize(Decimal(1), ROUND_HALF_UP)


def test_the_exchange_example_is_not_rounded_like_floats():
    down, up = limits(np.array([115]), np.array([10]))
    assert (down[0], up[0]) == (104, 127)


@pytest.mark.parametrize(
    ("board", "is_st", "date", "percent"),
    [
        (MAIN, False, "2015-01-05", 10),
        (MAIN, True, "2015-01-05", 5),
        (CHINEXT, False, "2020-08-21", 10),
        (CHINEXT, True, "2020-08-21", 5),
        (CHINEXT, False, "2020-08-24", 20),
        (CHINEXT, True, "2020-08-24", 20),
        (STAR, False, "2019-07-22", 20),
        (STAR, True, "2021-01-04", 20),
    ],
)
def test_the_limit_goes_by_board_st_and_date(board, is_st, date, percent):
    found = limit_percent(np.array([board]), np.array([is_st]), np.datetime64(date))
    assert found[0] == percent


def test_bars_are_ordered_even_where_one_cent_is_the_whole_range():
    prev = np.array([1, 2, 5, 9, 100, 100_000])
    wild = np.array([-1, 1, 0.5, -0.5, 0, 0.3])
    for seed in range(50):
        rng = np.random.default_rng(seed)
        bars = draw_bars(rng, prev, wild, np.full(6, 0.05), np.full(6, 10))
        assert (bars.low >= 1).all()
        assert (bars.low <= np.minimum(bars.open, bars.close)).all()
        assert (bars.high >= np.maximum(bars.open, bars.close)).all()
        assert ((bars.vwap >= bars.low / 100) & (bars.vwap <= bars.high / 100)).all()


def test_a_locked_day_has_one_price_the_limit():
    prev = np.full(2000, 1000)
    bars = draw_bars(
        np.random.default_rng(0), prev, np.full(2000, 0.2), np.full(2000, 0.02), np.full(2000, 10)
    )
    assert (bars.close == 1100).all()
    assert 0.1 < bars.locked.mean() < 0.2
    one_price = (bars.open == 1100) & (bars.low == 1100) & (bars.vwap == 11.0)
    assert one_price[bars.locked].all()
