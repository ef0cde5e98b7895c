"""The market behaves like one: clustering, fat tails, turnover tied to returns, common factors."""

import numpy as np
import pandas as pd
import pytest

from datamodules.market.session import draw_bars


@pytest.fixture(scope="module")
def returns(traded: pd.DataFrame) -> pd.DataFrame:
    log = np.log(traded["close"] / traded["prev_close"])
    table = traded.assign(value=log).pivot(index="date", columns="code", values="value")
    return table.loc[:, table.notna().sum() > 300]


def test_absolute_returns_cluster(returns):
    own = returns.sub(returns.mean(axis=1), axis=0).abs()
    assert own.apply(lambda r: r.autocorr(1)).mean() > 0.03
    assert own.apply(lambda r: r.autocorr(5)).mean() > 0.02


def test_returns_have_fat_tails(returns):
    assert returns.kurt().median() > 1


def test_returns_share_factors(returns):
    pairs = returns.corr().to_numpy()[np.triu_indices(returns.shape[1], 1)]
    assert 0.15 < pairs.mean() < 0.5


def test_stocks_of_an_industry_move_together_more(traded, returns):
    industry = traded.groupby("code", observed=True)["industry"].first()[returns.columns]
    same = industry.to_numpy()[:, None] == industry.to_numpy()
    other = ~same
    np.fill_diagonal(same, val=False)
    pairs = returns.corr().to_numpy()
    assert pairs[same].mean() > pairs[other].mean() + 0.03


def test_turnover_rises_with_the_size_of_returns(traded, returns):
    log = np.log(traded["turn"].where(traded["turn"] > 0))
    turn = traded.assign(value=log).pivot(index="date", columns="code", values="value")
    assert returns.abs().corrwith(turn[returns.columns]).median() > 0.2


def test_volatile_stocks_turn_over_more(traded, returns):
    turn = traded.groupby("code", observed=True)["turn"].median()[returns.columns]
    assert returns.std().corr(turn, method="spearman") > 0.2


def test_daily_volatility_is_that_of_a_stock(returns):
    assert 0.015 < returns.std().median() < 0.035


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


def test_without_a_limit_of_the_exchange_a_session_ends_within_44_percent():
    prev = np.full(4, 1000)
    wild = np.array([-1, 1, -0.3, 0.3])
    bars = draw_bars(np.random.default_rng(0), prev, wild, np.full(4, 0.02), np.zeros(4, int))
    assert bars.close[:2].tolist() == [560, 1440]
    assert bars.close[2] < 900
    assert bars.close[3] > 1100
