"""Every price and volume descriptor against loops over stocks and days."""

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm

from datamodules.settings import StyleProfile
from datamodules.styles.price_volume import (
    cumulative_range,
    liquidity,
    log_cap,
    market_and_risk,
    market_returns,
)

BLOCK = 16
STARTS = (0, 48, 96, 144)


def decay(age: int, half_life: float) -> float:
    return 0.5 ** (age / half_life)


def observed(values, t, n, days, lag=0):
    """(age, value) pairs of one stock's window, NaN left out."""
    for age in range(days):
        day = t - lag - age
        if day >= 0 and np.isfinite(values[day, n]):
            yield age, day, values[day, n]


def compare(blocks, slow, places=1e-10):
    """Every third stock of some dates against slow(t, n); both are NaN in the same places."""
    found, expected = [], []
    for start, block in blocks.items():
        for t in range(start, min(start + BLOCK, 150), 2):
            for n in range(0, 40, 3):
                expected.append(slow(t, n))
                found.append(block[t - start, n])
    assert np.isfinite(expected).sum() > 100
    np.testing.assert_allclose(found, expected, rtol=places, atol=places)


@pytest.fixture
def series(inputs):
    return market_returns(inputs.returns, inputs.float_cap, inputs.universe, None)


def risk(inputs, series, profile, name):
    return {s: market_and_risk(inputs.returns, series, s, BLOCK, profile)[name] for s in STARTS}


def regression(inputs, series, profile, t, n):
    """Slope and residual spread by statsmodels, NaN with too few common days."""
    rows = [
        (decay(age, profile.beta_half_life), value, series[day])
        for age, day, value in observed(inputs.returns, t, n, profile.beta_days)
        if np.isfinite(series[day])
    ]
    if len(rows) < profile.min_observed * profile.beta_days:
        return np.nan, np.nan
    weights, y, x = np.array(rows).T
    fit = sm.WLS(y, sm.add_constant(x), weights=weights).fit()
    return fit.params[1], np.sqrt(np.average(fit.resid**2, weights=weights))


def test_beta_is_the_slope_of_a_weighted_regression_with_intercept(inputs, series, short):
    blocks = risk(inputs, series, short, "BETA")
    compare(blocks, lambda t, n: regression(inputs, series, short, t, n)[0], 1e-8)


def test_hsigma_is_the_weighted_spread_of_that_regressions_residuals(inputs, series, short):
    blocks = risk(inputs, series, short, "HSIGMA")
    compare(blocks, lambda t, n: regression(inputs, series, short, t, n)[1], 1e-8)


def test_beta_over_252_days_agrees_with_statsmodels_too(make_market):
    long, profile = make_market(300, 4), StyleProfile()
    series = market_returns(long.returns, long.float_cap, long.universe, None)
    found = market_and_risk(long.returns, series, 290, 1, profile)
    for n in range(4):
        slope, spread = regression(long, series, profile, 290, n)
        assert found["BETA"][0, n] == pytest.approx(slope, rel=1e-8)
        assert found["HSIGMA"][0, n] == pytest.approx(spread, rel=1e-8)


def test_a_market_that_stands_still_gives_no_beta(inputs, short):
    found = market_and_risk(inputs.returns, np.zeros(150), 96, BLOCK, short)
    assert np.isnan(found["BETA"]).all()


def test_dastd_is_the_weighted_deviation_of_the_days_that_traded(inputs, series, short):
    def slow(t, n):
        rows = [(decay(a, short.volatility_half_life), v)
                for a, _, v in observed(inputs.returns, t, n, short.volatility_days)]  # fmt: skip
        if len(rows) < 0.5 * short.volatility_days:
            return np.nan
        weights, values = np.array(rows).T
        mean = np.average(values, weights=weights)
        return np.sqrt(np.average((values - mean) ** 2, weights=weights))

    compare(risk(inputs, series, short, "DASTD"), slow)


def test_a_price_that_never_moves_has_no_volatility(series, short):
    found = market_and_risk(np.zeros((150, 2)), series, 100, BLOCK, short)
    assert (found["DASTD"] == 0).all()


def test_rstr_is_the_weighted_mean_log_return_that_ends_a_lag_ago(inputs, series, short):
    def slow(t, n):
        window = observed(inputs.returns, t, n, short.momentum_days, short.momentum_lag)
        rows = [(decay(a, short.momentum_half_life), np.log1p(v)) for a, _, v in window]
        if len(rows) < 0.5 * short.momentum_days:
            return np.nan
        weights, values = np.array(rows).T
        return np.average(values, weights=weights)

    compare(risk(inputs, series, short, "RSTR"), slow)


def test_rstr_may_ask_for_every_day_of_its_window(inputs, series, short):
    every_day = replace(short, min_observed_momentum=1.0)
    inputs.returns[1:, 0] = np.nan_to_num(inputs.returns[1:, 0])
    found = market_and_risk(inputs.returns, series, 70, BLOCK, every_day)["RSTR"]
    assert np.isfinite(found[:, 0]).all()
    assert np.isnan(found[:, 1]).all()


@pytest.mark.parametrize("form", ["past", "forward"])
def test_cmra_is_the_spread_of_twelve_cumulative_returns(inputs, short, form):
    profile, month = replace(short, range_form=form), short.month_days

    def slow(t, n):
        price = inputs.close[:, n]
        if t < 12 * month or not np.isfinite(price[[t - 12 * month, t]]).all():
            return np.nan
        if form == "past":
            sums = [np.log(price[t] / price[t - month * k]) for k in range(1, 13)]
            return max(sums) - min(sums)
        base = t - 12 * month
        sums = [max(np.log(price[base + month * k] / price[base]), -0.99) for k in range(1, 13)]
        return np.log(1 + max(sums)) - np.log(1 + min(sums))

    blocks = {s: cumulative_range(inputs.close, s, BLOCK, profile) for s in STARTS}
    compare(blocks, slow)


def test_cmra_survives_a_price_that_lost_nearly_everything(short):
    close = np.linspace(100, 0.1, 80)[:, None]
    found = cumulative_range(close, 64, 16, replace(short, range_form="forward"))
    assert np.isfinite(found).all()


@pytest.mark.parametrize("suspended", ["zero", "skip"])
@pytest.mark.parametrize(("name", "months"), [("STOM", 1), ("STOQ", 3), ("STOA", 12)])
def test_turnover_is_the_log_of_the_mean_month(inputs, short, name, months, suspended):
    profile, days = replace(short, suspended_turnover=suspended), months * short.month_days

    def slow(t, n):
        values = []
        for day in range(max(t - days + 1, 0), t + 1):
            if np.isfinite(inputs.turn[day, n]):
                values.append(inputs.turn[day, n])
            elif suspended == "zero" and np.isfinite(inputs.close[day, n]):
                values.append(0.0)
        enough = len(values) >= 0.5 * days and sum(values) > 0
        return np.log(np.mean(values) * short.month_days) if enough else np.nan

    blocks = {s: liquidity(inputs.turn, inputs.close, s, BLOCK, profile)[name] for s in STARTS}
    compare(blocks, slow)


def test_a_month_without_turnover_is_missing_rather_than_minus_infinity(inputs, short):
    inputs.turn[90:112, 0] = 0.0
    found = liquidity(inputs.turn, inputs.close, 96, BLOCK, short)
    assert np.isnan(found["STOM"][:, 0]).all()
    assert np.isfinite(found["STOA"][:, 0]).all()


def test_a_cap_that_is_not_positive_has_no_logarithm():
    found = log_cap(np.array([np.e, 0.0, -1.0, np.nan]))
    np.testing.assert_allclose(found, [1.0, np.nan, np.nan, np.nan])


def test_the_market_weighs_the_universe_by_yesterdays_cap(inputs):
    found = market_returns(inputs.returns, inputs.float_cap, inputs.universe, None)
    assert np.isnan(found[0])
    for t in (1, 20, 77, 149):
        top = bottom = 0.0
        for n in range(40):
            if inputs.universe[t - 1, n] and np.isfinite(inputs.returns[t, n]):
                top += inputs.float_cap[t - 1, n] * inputs.returns[t, n]
                bottom += inputs.float_cap[t - 1, n]
        expected = top / bottom if bottom else np.nan
        assert found[t] == pytest.approx(expected, rel=1e-12, nan_ok=True)


def test_a_given_index_is_the_market(inputs):
    closes = np.linspace(100, 130, 150)
    closes[10] = np.nan
    found = market_returns(inputs.returns, inputs.float_cap, inputs.universe, closes)
    assert found[1] == pytest.approx(closes[1] / closes[0] - 1)
    assert np.isnan(found[[0, 10, 11]]).all()
