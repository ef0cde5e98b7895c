"""Holdings worked by hand: suspensions, one-sided names, delistings, splits."""

import numpy as np
import pytest

from alphanet_pl.evaluation.portfolio.book import (
    Book,
    check_rows,
    common_level,
    equal_weight,
    net_returns,
)
from alphanet_pl.evaluation.signal.prices import Market
from datamodules.base.errors import EvaluationError


def market(close, vwap=None, listed=None):
    close = np.array(close, dtype=float)
    return Market(
        dates=np.datetime64("2020-01-01") + np.arange(len(close)),
        close=close,
        vwap=close if vwap is None else np.array(vwap, dtype=float),
        listed=np.ones(close.shape, dtype=bool) if listed is None else np.array(listed),
    )


def everyone(count=2):
    return equal_weight(np.ones(count, dtype=bool))


def test_a_new_book_is_cash():
    book = Book(market([[1.0, 1.0]]), 0)
    assert book.weights().tolist() == [0.0, 0.0]


def test_the_first_day_earns_from_vwap_to_close_only():
    book = Book(market([[1.0, 1.0], [4.0, 6.0]], vwap=[[1.0, 1.0], [2.0, 4.0]]), 0)
    book.trade(everyone())
    assert book.gross == [0.5 * 4 / 2 + 0.5 * 6 / 4 - 1]
    assert book.turnover == [1.0]


def test_a_rebalance_earns_overnight_on_the_old_and_intraday_on_the_new_holdings():
    prices = market([[1.0, 1.0], [1.0, 1.0], [3.0, 2.0]], vwap=[[1.0, 1.0], [1.0, 1.0], [2.0, 1.0]])
    book = Book(prices, 0)
    book.trade(everyone())
    book.trade(equal_weight(np.array([False, True])))
    assert book.gross[1] == pytest.approx(1.5 * 2.0 - 1, abs=1e-15)
    assert book.turnover[1] == pytest.approx((1.0 + 1.0) / 1.5, abs=1e-15)


def test_a_suspended_name_keeps_its_shares_and_the_others_take_the_money():
    prices = market([[1.0] * 3] * 3, vwap=[[1.0] * 3, [1.0] * 3, [np.nan, 1.0, 1.0]])
    book = Book(prices, 0)
    book.trade(equal_weight(np.array([True, True, False])))
    stuck = book.trade(equal_weight(np.array([False, True, True])))
    assert stuck == 0.5
    assert book.weights().tolist() == [0.5, 0.25, 0.25]


def test_a_suspended_member_that_is_not_held_cannot_be_bought():
    prices = market([[1.0] * 2] * 2, vwap=[[1.0] * 2, [np.nan, 1.0]])
    book = Book(prices, 0)
    book.trade(everyone())
    assert book.weights().tolist() == [0.0, 1.0]


def test_a_delisted_name_is_sold_at_its_last_price():
    prices = market(
        [[1.0, 1.0], [1.0, 1.0], [2.0, 1.0], [2.0, 1.0]],
        vwap=[[1.0, 1.0], [1.0, 1.0], [2.0, 1.0], [np.nan, 1.0]],
        listed=[[True, True], [True, True], [True, True], [False, True]],
    )
    book = Book(prices, 0)
    book.trade(everyone())
    book.carry_to(2)
    book.trade(equal_weight(np.array([False, True])))
    assert book.weights().tolist() == [0.0, 1.0]
    assert np.prod(1 + np.array(book.gross)) == pytest.approx(1.5)


def test_an_unbuyable_name_can_still_be_sold_and_an_unsellable_one_bought():
    book = Book(market([[1.0] * 4] * 3), 0)
    book.trade(equal_weight(np.array([True, True, False, False])))
    book.trade(
        everyone(4),
        unbuyable=np.array([True, False, True, False]),
        unsellable=np.array([False, True, False, True]),
    )
    np.testing.assert_allclose(book.weights(), [0.25, 0.5, 0.0, 0.25], atol=1e-15)


def test_money_that_nothing_can_take_stays_cash():
    book = Book(market([[1.0, 1.0], [1.0, 1.0]], vwap=[[1.0, 1.0], [np.nan, np.nan]]), 0)
    book.trade(everyone())
    assert book.cash == 1.0
    assert book.gross == [0.0]


def test_a_split_changes_nothing():
    raw = np.array([[10.0, 5.0], [11.0, 5.5], [5.6, 5.0], [5.8, 5.2]])
    factor = np.array([[1.0, 1.0], [1.0, 1.0], [2.0, 1.0], [2.0, 1.0]])
    whole = raw * factor
    split, unsplit = Book(market(raw * factor), 0), Book(market(whole / 4), 0)
    for book in (split, unsplit):
        book.trade(everyone())
        book.trade(everyone())
        book.carry_to(3)
    np.testing.assert_allclose(split.gross, unsplit.gross, rtol=0, atol=1e-15)
    assert np.prod(1 + np.array(split.gross[1:2])) == pytest.approx((11.2 / 11 + 5 / 5.5) / 2)


def test_cost_is_linear_in_turnover_and_multiplies_the_nav():
    gross, turnover = np.array([0.1, -0.2]), np.array([1.0, 0.5])
    net = net_returns(gross, turnover, 0.002)
    assert np.prod(1 + net) == pytest.approx(1.1 * 0.998 * 0.8 * 0.999, abs=1e-15)


@pytest.mark.parametrize("seed", range(20))
def test_the_common_level_solves_its_equation(seed):
    rng = np.random.default_rng(seed)
    capped, floored = rng.random(rng.integers(0, 4)), rng.random(rng.integers(0, 4))
    free = int(rng.integers(1, 5))
    budget = floored.sum() + rng.random() * 5
    x = common_level(free, capped, floored, budget)
    total = free * x + np.minimum(capped, x).sum() + np.maximum(floored, x).sum()
    assert total == pytest.approx(budget, abs=1e-12)


def test_a_level_without_takers_fills_the_capped_names():
    assert common_level(0, np.array([0.1, 0.3]), np.zeros(0), 2.0) == 0.3


@pytest.mark.parametrize("rows", [[], [3, 2], [1, 4]])
def test_sections_that_cannot_be_traded_are_refused(rows):
    with pytest.raises(EvaluationError, match="next session to trade on"):
        check_rows(np.array(rows, dtype=int), 5)
