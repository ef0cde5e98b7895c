"""The steps on one cross-section, degenerate ones first."""

import numpy as np
import pytest
import statsmodels.api as sm

from datamodules.styles.standardise import (
    Regression,
    clean,
    clip_cap,
    fill,
    standardise,
    winsorise,
)


@pytest.fixture
def values():
    drawn = np.random.default_rng(0).standard_t(2, 300)
    drawn[::17] = np.nan
    return drawn


@pytest.fixture
def weights():
    return np.exp(np.random.default_rng(1).normal(0, 1, 300))


@pytest.mark.parametrize("method", ["std", "mad"])
def test_nothing_present_is_left_alone(method):
    nothing = np.full(4, np.nan)
    clipped, moved = winsorise(nothing, method, 3)
    assert np.isnan(clipped).all()
    assert moved == 0


def test_outliers_are_clipped_at_three_deviations(values):
    clipped, moved = winsorise(values, "std", 3)
    low = np.nanmean(values) - 3 * np.nanstd(values)
    high = np.nanmean(values) + 3 * np.nanstd(values)
    np.testing.assert_allclose(clipped, np.clip(values, low, high), rtol=1e-14)
    assert moved == ((values < low) | (values > high)).sum() > 0


def test_outliers_are_clipped_at_three_unscaled_median_deviations(values):
    clipped, moved = winsorise(values, "mad", 3)
    centre = np.nanmedian(values)
    mad = np.nanmedian(np.abs(values - centre))
    np.testing.assert_array_equal(clipped, np.clip(values, centre - 3 * mad, centre + 3 * mad))
    assert moved == (np.abs(values - centre) > 3 * mad).sum() > 0


@pytest.mark.parametrize(
    "same", [np.array([]), np.array([np.nan]), np.array([2.0]), np.full(5, 0.1)]
)
def test_values_that_do_not_vary_have_no_standardised_form(same):
    assert np.isnan(standardise(same, np.ones(len(same)))).all()


def test_the_weighted_mean_is_zero_and_the_plain_deviation_one(values, weights):
    done = standardise(values, weights)
    present = np.isfinite(values)
    assert np.average(done[present], weights=weights[present]) == pytest.approx(0, abs=1e-13)
    assert np.nanstd(done) == pytest.approx(1, abs=1e-13)
    np.testing.assert_array_equal(np.isnan(done), np.isnan(values))


def test_without_any_weight_the_mean_is_the_plain_one(values):
    assert np.nanmean(standardise(values, np.zeros(300))) == pytest.approx(0, abs=1e-13)


def test_a_missing_value_becomes_its_industrys_mean():
    filled, by_industry, by_zero = fill(
        np.array([1.0, 3.0, np.nan, np.nan, 5.0, np.nan]), np.array([0, 0, 0, 1, -1, -1])
    )
    np.testing.assert_array_equal(filled, [1, 3, 2, 0, 5, 0])
    assert (by_industry, by_zero) == (1, 2)


def test_a_full_cross_section_is_not_filled(weights):
    filled, by_industry, by_zero = fill(weights, np.zeros(300, int))
    np.testing.assert_array_equal(filled, weights)
    assert by_industry == by_zero == 0


@pytest.mark.parametrize("columns", [1, 2])
def test_the_residual_is_that_of_weighted_least_squares(weights, columns):
    rng = np.random.default_rng(2)
    regressors = rng.normal(size=(300, columns))
    target = regressors.sum(axis=1) ** 3 + rng.normal(size=300)
    found = Regression(regressors, weights).residual(target)
    fit = sm.WLS(target, sm.add_constant(regressors), weights=weights).fit()
    np.testing.assert_allclose(found, fit.resid, atol=1e-8)
    np.testing.assert_allclose((weights * found) @ regressors / weights.sum(), 0, atol=1e-10)


def test_twin_regressors_do_no_harm(weights):
    rng = np.random.default_rng(3)
    one, target = rng.normal(size=(2, 300))
    twins = Regression(np.column_stack([one, one]), weights).residual(target)
    alone = Regression(one[:, None], weights).residual(target)
    np.testing.assert_allclose(twins, alone, atol=1e-10)


def test_without_any_weight_the_regression_is_a_plain_one():
    rng = np.random.default_rng(4)
    one, target = rng.normal(size=(2, 300))
    found = Regression(one[:, None], np.zeros(300)).residual(target)
    assert np.corrcoef(found, one)[0, 1] == pytest.approx(0, abs=1e-13)


def test_the_largest_twentieth_of_capitalisations_weighs_the_same(weights):
    clipped = clip_cap(weights)
    assert (clipped == clipped.max()).sum() == 15
    np.testing.assert_array_equal(
        clipped[clipped < clipped.max()], weights[clipped < clipped.max()]
    )
    assert len(clip_cap(np.empty(0))) == 0


@pytest.mark.parametrize(("method", "once"), [("std", 0.04), ("mad", 0.1)])
def test_cleaning_in_turns_removes_what_clipping_brings_back(weights, method, once):
    size = np.random.default_rng(5).normal(size=300)
    line = Regression(size[:, None], weights)
    clipped, moved = winsorise(line.residual(size**3), method, 3)
    assert moved > 0
    assert line.correlation(clipped) > once
    found, _ = clean(line.residual(size**3), line, method, 3)
    r_squared = sm.WLS(found, sm.add_constant(size), weights=weights).fit().rsquared
    assert line.correlation(found) == pytest.approx(r_squared**0.5)
    assert line.correlation(found) < 0.01


def test_a_residual_without_outliers_is_left_as_it_is(weights):
    size = np.random.default_rng(6).uniform(-1, 1, 300)
    line = Regression(size[:, None], weights)
    found, moved = clean(line.residual(size**3), line, "std", 3)
    np.testing.assert_array_equal(found, line.residual(size**3))
    assert moved == 0
