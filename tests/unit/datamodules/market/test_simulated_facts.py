"""The market behaves like one: clustering, fat tails, turnover tied to returns, common factors."""

import numpy as np
import pandas as pd
import pytest


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
