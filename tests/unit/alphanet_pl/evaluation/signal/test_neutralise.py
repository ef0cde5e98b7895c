"""Neutralisation against statsmodels, degenerate cross-sections first."""

import numpy as np
import pytest
import statsmodels.api as sm

from alphanet_pl.evaluation.signal.neutralise import neutralise, residual, standardise, winsorise


def section(seed, stocks=200, industries=7, dates=4):
    rng = np.random.default_rng(seed)
    industry = rng.integers(-1, industries, (dates, stocks)).astype(np.int16)
    log_cap = rng.normal(22, 1, (dates, stocks))
    values = rng.standard_t(3, (dates, stocks)) + 0.5 * log_cap + 0.2 * industry
    values[rng.random(values.shape) < 0.1] = np.nan
    log_cap[rng.random(values.shape) < 0.05] = np.nan
    return values, industry, log_cap


def test_a_date_without_values_stays_absent():
    out = neutralise(np.full((1, 4), np.nan), np.zeros((1, 4), int), np.ones((1, 4)))
    assert np.isnan(out).all()


def test_a_single_stock_has_residual_zero():
    out = neutralise(np.array([[np.nan, 3.0]]), np.zeros((1, 2), int), np.ones((1, 2)))
    assert out[0, 1] == 0.0


def test_a_constant_factor_has_residual_zero():
    _, industry, log_cap = section(0)
    out = neutralise(np.full(log_cap.shape, 7.3), industry, log_cap)
    assert np.array_equal(out[np.isfinite(log_cap)], np.zeros(np.isfinite(log_cap).sum()))


def test_a_factor_that_is_its_industry_has_residual_zero():
    _, industry, log_cap = section(1)
    out = residual(industry * 0.1 + 0.3, industry, log_cap)
    assert np.nanmax(np.abs(out)) == 0.0


def test_one_industry_leaves_the_residual_on_size_alone():
    values, _, log_cap = section(2)
    out = residual(values, np.zeros(values.shape, int), log_cap)
    keep = np.isfinite(values[0]) & np.isfinite(log_cap[0])
    expected = sm.OLS(values[0, keep], sm.add_constant(log_cap[0, keep])).fit().resid
    np.testing.assert_allclose(out[0, keep], expected, rtol=0, atol=1e-10)


def test_equal_sizes_leave_the_deviation_from_the_industry_mean():
    values, industry, _ = section(3)
    out = residual(values, industry, np.full(values.shape, 22.123))
    for k in np.unique(industry[0]):
        inside = (industry[0] == k) & np.isfinite(values[0])
        expected = values[0, inside] - values[0, inside].mean()
        np.testing.assert_allclose(out[0, inside], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("seed", [4, 5])
def test_the_residual_equals_statsmodels(seed):
    values, industry, log_cap = section(seed)
    out = residual(values, industry, log_cap)
    for date in range(len(values)):
        keep = np.isfinite(values[date]) & np.isfinite(log_cap[date])
        dummies = industry[date, keep][:, None] == np.unique(industry[date, keep])
        regressors = np.column_stack([dummies, log_cap[date, keep]]).astype(float)
        expected = sm.OLS(values[date, keep], regressors).fit().resid
        np.testing.assert_allclose(out[date, keep], expected, rtol=0, atol=1e-10)
        assert np.isnan(out[date, ~keep]).all()


def test_the_residual_is_orthogonal_to_industries_and_size():
    values, industry, log_cap = section(6)
    out = neutralise(values, industry, log_cap)
    for date in range(len(values)):
        keep = np.isfinite(out[date])
        dummies = industry[date, keep][:, None] == np.unique(industry[date, keep])
        size = log_cap[date, keep] - log_cap[date, keep].mean()
        assert np.abs(out[date, keep] @ dummies).max() < 1e-10
        assert abs(out[date, keep] @ size) < 1e-10


def test_winsorising_clips_at_three_robust_standard_deviations():
    values = np.array([[1.0, 2.0, 3.0, 4.0, 100.0, np.nan]])
    assert winsorise(values)[0, 4] == pytest.approx(3.0 + 3 * 1.4826 * 1.0, abs=1e-15)


def test_winsorising_leaves_a_date_of_mostly_equal_values_alone():
    values = np.array([[0.0, 0.0, 0.0, 5.0]])
    assert np.array_equal(winsorise(values), values)


def test_standardised_values_have_mean_zero_and_sample_deviation_one():
    values, _, _ = section(7)
    out = standardise(values)
    assert np.abs(np.nanmean(out, axis=1)).max() < 1e-12
    np.testing.assert_allclose(np.nanstd(out, axis=1, ddof=1), 1.0, rtol=1e-12)
