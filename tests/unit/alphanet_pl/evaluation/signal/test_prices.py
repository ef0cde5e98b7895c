"""Departures."""

import numpy as np

from alphanet_pl.evaluation.signal.prices import Market


def test_a_stock_is_gone_after_its_last_listed_session_and_not_in_a_gap():
    listed = np.array([[True, True], [False, True], [True, True], [False, True]])
    market = Market(np.zeros(4, "datetime64[D]"), np.ones((4, 2)), np.ones((4, 2)), listed)
    assert [market.gone(row).tolist() for row in range(4)] == [
        [False, False],
        [False, False],
        [False, False],
        [True, False],
    ]


def test_a_stock_that_is_never_listed_is_gone():
    market = Market(
        np.zeros(1, "datetime64[D]"), np.ones((1, 1)), np.ones((1, 1)), np.zeros((1, 1), bool)
    )
    assert market.gone(0).all()


def test_a_stock_is_halted_where_it_does_not_trade_and_will_be_listed_again():
    vwap = np.array([[1.0, 1.0, 1.0], [np.nan, np.nan, 1.0]])
    listed = np.array([[True, True, True], [False, False, True], [True, False, True]])
    market = Market(np.zeros(2, "datetime64[D]"), np.ones((2, 3)), vwap, listed)
    assert market.halted(np.array([0, 1])).tolist() == [[False] * 3, [True, False, False]]
    assert market.gone(1).tolist() == [False, True, False]  # whatever follows the last price
