"""The planted signal: its ingredients, and its strength."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from datamodules.market import simulate
from datamodules.market.alpha import Signal, clipped_zscore, statistics
from datamodules.settings import MarketSettings


def test_picture_statistics_equal_a_loop_over_stocks_and_windows():
    rng = np.random.default_rng(0)
    returns = 0.02 * rng.standard_normal((30, 4))
    close, turn = np.exp(rng.standard_normal((2, 30, 4)) - [[[0]], [[4]]])
    found = statistics(returns, close, turn)
    for i in range(4):
        price, volume = pd.Series(close[:, i]), pd.Series(turn[:, i])
        parts = [slice(0, 10), slice(10, 20), slice(20, 30)]
        corr = np.mean([price[p].corr(volume[p]) for p in parts])
        steady = np.mean([np.log(volume[p].mean() / volume[p].std(ddof=0)) for p in parts])
        assert found["price_volume"][i] == pytest.approx(corr)
        assert found["steadiness"][i] == pytest.approx(steady, abs=2e-3)
        assert found["turnover"][i] == pytest.approx(np.log(volume).mean())
        deviation = np.log(returns[:, i].std())
        assert found["volatility"][i] == pytest.approx(deviation, abs=1e-2)


def test_a_constant_window_has_no_correlation_and_no_error():
    found = statistics(np.zeros((30, 2)), np.ones((30, 2)), np.full((30, 2), 0.01))
    np.testing.assert_array_equal(found["price_volume"], 0)
    assert np.isfinite(found["steadiness"]).all()


def test_a_suspension_breaks_the_picture_for_thirty_sessions():
    signal, flat = Signal(1, 0.11), (np.zeros(1), np.ones(1), np.ones(1))
    for t in range(70):
        signal.push(*flat, np.array([t != 35]))
        assert bool(signal.known[0]) == (29 <= t < 35 or t >= 65)


def test_standardised_values_are_clipped_and_zero_outside():
    values = np.append(np.random.default_rng(1).standard_normal(99), 50.0)
    among = np.arange(100) != 3
    z = clipped_zscore(values, among)
    assert z[3] == 0
    assert z.max() == 2.5
    np.testing.assert_array_equal(clipped_zscore(np.ones(100), among), 0)


def test_nothing_is_expected_of_stocks_without_a_picture():
    signal = Signal(3, 0.11)
    signal.push(np.zeros(3), np.ones(3), np.ones(3), np.ones(3, bool))
    for values in signal.expect(0.06):
        np.testing.assert_array_equal(values, 0)


def rank_ics(folder: Path) -> pd.Series:
    """RankIC a date of the truth with the adjusted close ten sessions later, on scorable rows."""
    quotes, truth = (pd.read_parquet(folder / f"{n}.parquet") for n in ("quotes", "truth"))
    quotes["price"] = quotes["close"] * quotes["adj_factor"]
    price = quotes.pivot(index="date", columns="code", values="price")
    usable = quotes["traded"] & ~quotes["is_st"]
    usable = quotes.assign(usable=usable).pivot(index="date", columns="code", values="usable")
    expected = truth.pivot(index="date", columns="code", values="expected_return")
    keep = usable.shift(-1).eq(True) & usable.eq(True)
    forward = (price.shift(-10) / price - 1).where(keep)
    expected = expected.reindex_like(forward).where(forward.notna())
    return expected.rank(axis=1).corrwith(forward.rank(axis=1), axis=1).dropna()


def test_the_truth_has_the_rank_ic_asked_for(tmp_path: Path):
    means, deviations = [], []
    for seed in (1, 2, 3):
        simulate(MarketSettings(stocks=200, days=450, seed=seed), tmp_path / "tables")
        ics = rank_ics(tmp_path / "tables").iloc[10:]
        means.append(ics.mean())
        deviations.append(np.mean([ics[k::10].std() for k in range(10)]))
    assert 0.09 <= np.mean(means) <= 0.13
    assert 0.6 <= np.mean(means) / np.mean(deviations) <= 1.4


def test_a_market_without_planted_signal_expects_nothing(tmp_path: Path):
    simulate(MarketSettings(stocks=30, days=60, rank_ic=0.0), tmp_path / "tables")
    truth = pd.read_parquet(tmp_path / "tables" / "truth.parquet")
    assert len(truth) > 0
    assert (truth["expected_return"] == 0).all()
