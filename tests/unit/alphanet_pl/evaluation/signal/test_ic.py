"""RankIC summaries and breakdowns, against statsmodels, numpy loops and planted signals."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from alphanet_pl.config.settings import EvaluationSettings
from alphanet_pl.evaluation.signal.cross_sections import Sections, forward_returns, sections
from alphanet_pl.evaluation.signal.ic import (
    achievable,
    autocorrelation,
    ic_block,
    ic_by_industry,
    ic_by_size,
    ic_by_year,
    ic_decay,
    ic_summary,
    newey_west_lag,
    newey_west_t,
)
from alphanet_pl.evaluation.signal.prices import Market
from alphanet_pl.evaluation.signal.ranks import rank_correlation


def test_an_empty_series_has_no_statistics_but_counts_zero():
    found = ic_summary(np.full(3, np.nan))
    assert found.n == 0
    assert np.isnan([found.mean, found.std, found.icir, found.newey_west_t]).all()


def test_one_section_has_a_mean_and_no_deviation():
    found = ic_summary(np.array([0.1]))
    assert found.mean == 0.1
    assert np.isnan(found.std)


def test_a_constant_series_has_no_t_statistic():
    assert np.isnan(newey_west_t(np.full(9, 0.5), 2))


def test_the_summary_follows_the_formulas_of_table_9():
    ics = np.array([0.1, np.nan, -0.05, 0.2, 0.15])
    found = ic_summary(ics)
    known = ics[[0, 2, 3, 4]]
    assert found.mean == pytest.approx(known.mean(), abs=1e-15)
    assert found.icir == pytest.approx(known.mean() / known.std(ddof=1), abs=1e-15)
    assert found.positive_share == 0.75
    assert found.standard_error == pytest.approx(known.std(ddof=1) / 2, abs=1e-15)
    assert found.naive_t == pytest.approx(known.mean() / found.standard_error, abs=1e-14)


@pytest.mark.parametrize("lag", [0, 1, 5])
def test_the_newey_west_t_equals_statsmodels(lag):
    noise = np.random.default_rng(0).normal(size=200)
    values = 0.1 + noise[1:] + 0.5 * noise[:-1]
    fit = sm.OLS(values, np.ones_like(values)).fit(
        cov_type="HAC", cov_kwds={"maxlags": lag, "use_correction": False}
    )
    assert newey_west_t(values, lag) == pytest.approx(fit.tvalues[0], abs=1e-10)


def test_the_lag_grows_slowly_with_the_number_of_sections():
    assert [newey_west_lag(n) for n in (1, 25, 100, 261, 2531)] == [1, 2, 4, 4, 8]


def test_sections_step_through_the_period():
    assert sections(5, 36, 10).tolist() == [5, 15, 25, 35]


def test_a_forward_return_past_the_end_is_absent():
    price = np.arange(1.0, 7.0)[:, None]
    found = forward_returns(price, np.array([0, 3, 4, 5]), horizon=2)
    np.testing.assert_array_equal(found[:, 0], [2.0, 0.5, np.nan, np.nan])


def test_a_lagged_forward_return_starts_a_session_later():
    price = np.array([1.0, 2.0, 3.0, 5.0])[:, None]
    assert forward_returns(price, np.array([0]), horizon=2, lag=1)[0, 0] == 1.5


def test_a_lagged_forward_return_equals_alphalens_on_prices_of_the_next_day():
    from alphalens.utils import compute_forward_returns

    days = pd.date_range("2020-01-01", periods=30)
    price = np.cumprod(1 + np.random.default_rng(10).normal(0, 0.02, (30, 8)), axis=0)
    prices = pd.DataFrame(price, index=days, columns=range(8))
    index = pd.MultiIndex.from_product([days[:18], range(8)], names=["date", "asset"])
    factor = pd.Series(0.0, index=index)
    theirs = compute_forward_returns(factor, prices.shift(-1), periods=(10,))["10D"].unstack()
    ours = forward_returns(price, np.arange(18), horizon=10, lag=1)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)


def test_a_factor_that_is_its_label_has_rank_correlation_one():
    forward = np.random.default_rng(1).normal(size=(5, 40))
    assert ic_summary(rank_correlation(forward, forward)).mean == 1.0


def test_a_permuted_factor_has_no_rank_correlation():
    rng = np.random.default_rng(2)
    factor, forward = rng.normal(size=(2, 100, 200))
    mean = ic_summary(rank_correlation(factor, forward)).mean
    assert abs(mean) < 3 / np.sqrt(100 * 200)


def test_years_split_the_series():
    dates = np.array(["2019-12-30", "2020-01-02", "2020-06-01"], dtype="datetime64[D]")
    found = ic_by_year(np.array([0.1, 0.2, 0.4]), dates)
    assert {year: found[year].n for year in found} == {"2019": 1, "2020": 2}
    assert found["2020"].mean == pytest.approx(0.3)


def test_industries_are_named_and_the_unknown_one_is_left_out():
    rng = np.random.default_rng(3)
    forward = rng.normal(size=(6, 30))
    industry = np.tile(np.repeat([0, 1, -1], 10), (6, 1))
    factor = np.where(industry == 0, forward, -forward)
    found = ic_by_industry(factor, forward, industry, ["Banks", "Steel"])
    assert {name: found[name].mean for name in found} == {"Banks": 1.0, "Steel": -1.0}


def test_size_buckets_run_from_the_smallest():
    rng = np.random.default_rng(4)
    forward, log_cap = rng.normal(size=(2, 3, 50))
    smallest = log_cap <= np.sort(log_cap, axis=1)[:, 9:10]
    found = ic_by_size(np.where(smallest, forward, -forward), forward, log_cap)
    assert [bucket.mean for bucket in found] == [1.0, -1.0, -1.0, -1.0, -1.0]


def test_decay_finds_the_horizon_at_which_a_planted_signal_ends():
    rng = np.random.default_rng(5)
    price = np.cumprod(1 + rng.normal(0, 0.01, (60, 400)), axis=0)
    rows = sections(0, 50, 10)
    returns = partial(forward_returns, price, rows)
    found = ic_decay(returns(3), returns, horizons=(1, 3, 9, 20))
    assert found.mean[1] == 1.0
    assert found.mean[0] < 1.0
    assert found.mean[2] < 0.8
    assert found.n == [5, 5, 5, 4]


def test_autocorrelation_of_a_fixed_factor_is_one():
    factor = np.tile(np.random.default_rng(6).normal(size=20), (4, 1))
    assert autocorrelation(factor, (1, 2)) == {"1": 1.0, "2": 1.0}


def test_autocorrelation_past_the_first_section_is_absent():
    assert np.isnan(autocorrelation(np.random.default_rng(7).normal(size=(2, 9)), (2,))["2"])


def test_the_achievable_rank_ic_is_that_of_the_truth():
    rng = np.random.default_rng(8)
    truth, noise = rng.normal(size=(2, 20, 300))
    forward = truth + noise
    found = achievable(forward, truth, forward)
    assert found.share_reached == pytest.approx(1 / found.summary.mean)
    assert achievable(truth, truth, forward).share_reached == 1.0


def test_a_block_holds_every_breakdown_of_the_same_sections():
    rng = np.random.default_rng(9)
    price = np.cumprod(1 + rng.normal(0, 0.01, (80, 60)), axis=0)
    rows = sections(0, 70, 10)
    factor, log_cap = rng.normal(size=(2, 7, 60))
    at = Sections(
        options=EvaluationSettings(),
        market=Market(np.datetime64("2020-01-01") + np.arange(80), price, price, price > 0),
        rows=rows,
        industry=rng.integers(0, 2, (7, 60)),
        industries=["A", "B"],
        log_cap=log_cap,
        price=price,
    )
    block = ic_block(factor, at.returns(10), at)
    assert block.summary.n == 7
    assert block.cumulative[-1] == pytest.approx(sum(block.series.values))
    assert block.decay.mean[9] == block.summary.mean
