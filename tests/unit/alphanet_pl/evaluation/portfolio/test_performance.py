"""Performance against empyrical and the benchmark rows that three reports print."""

import os
from pathlib import Path

import empyrical
import numpy as np
import pandas as pd
import pytest

from alphanet_pl.evaluation.portfolio.performance import (
    Drawdown,
    annual_return,
    annual_volatility,
    max_drawdown,
    monthly_returns,
    monthly_wins,
    performance,
    relative_performance,
    yearly_returns,
)
from datamodules.base.errors import EvaluationError

PRINTED = {
    "2020-05-29": (2267, 1.83, 26.67, 0.07, 65.20),
    "2020-07-31": (2310, 3.96, 26.70, 0.15, 65.20),
    "2021-06-30": (2531, 4.00, 26.00, 0.15, 65.20),
}
"""End of period: sessions, annual return %, volatility %, Sharpe, drawdown % as printed."""


def days(count, start="2020-01-31"):
    return pd.bdate_range(start, periods=count).to_numpy().astype("datetime64[D]")


def random_returns(seed, count=700):
    return np.random.default_rng(seed).normal(0.0005, 0.015, count)


@pytest.fixture(scope="module")
def csi500():
    shared = os.environ.get("ALPHANET_SHARED_DATA")
    folder = Path(shared) if shared else Path(__file__).resolve().parents[6] / "shared" / "data"
    if not (folder / "index_daily.parquet").is_file():
        pytest.skip(f"{folder} holds no index_daily.parquet; set ALPHANET_SHARED_DATA")
    table = pd.read_parquet(folder / "index_daily.parquet", columns=["date", "code", "close"])
    close = table[table["code"] == "SH000905"].set_index("date")["close"].sort_index()
    return close.pct_change().loc["2011-01-31":]


def test_no_day_has_no_performance():
    none = np.zeros(0)
    assert np.isnan([annual_return(none), annual_volatility(none)]).all()
    assert yearly_returns(none, none.astype("datetime64[D]")) == {}


def test_a_nav_that_never_moves_has_no_sharpe_and_no_drawdown():
    found = performance(np.zeros(5), days(5))
    assert np.isnan(found.sharpe)
    assert found.max_drawdown == Drawdown(depth=0.0, peak=None, trough=None)


def test_a_fall_from_the_first_day_has_no_peak_date():
    found = max_drawdown(np.array([-0.5, 0.1]), days(2))
    assert found == Drawdown(depth=0.5, peak=None, trough="2020-01-31")


def test_a_missing_return_is_refused():
    with pytest.raises(EvaluationError, match="1 of 2 daily returns are not finite"):
        annual_return(np.array([0.1, np.nan]))


def test_the_standard_convention_equals_empyrical():
    returns = random_returns(0)
    found = performance(returns, days(700))
    assert found.annual_return == pytest.approx(
        empyrical.annual_return(returns, annualization=250), abs=1e-12
    )
    assert found.volatility == pytest.approx(
        empyrical.annual_volatility(returns, annualization=250), abs=1e-12
    )
    assert found.max_drawdown.depth == pytest.approx(-empyrical.max_drawdown(returns), abs=1e-12)


def test_yearly_returns_equal_empyrical():
    returns, dates = random_returns(1), days(700)
    series = pd.Series(returns, index=pd.DatetimeIndex(dates))
    expected = empyrical.aggregate_returns(series, "yearly")
    found = yearly_returns(returns, dates)
    assert list(found) == [str(year) for year in expected.index]
    np.testing.assert_allclose(list(found.values()), expected, rtol=0, atol=1e-12)


def test_yearly_returns_compound_to_the_nav():
    returns, dates = random_returns(2), days(700)
    total = np.prod(1 + np.array(list(yearly_returns(returns, dates).values())))
    assert total == pytest.approx(np.prod(1 + returns), abs=1e-12)


def test_monthly_returns_equal_empyrical_apart_from_the_stub():
    returns, dates = random_returns(3), days(700)
    series = pd.Series(returns, index=pd.DatetimeIndex(dates))
    expected = empyrical.aggregate_returns(series, "monthly")
    months, found = monthly_returns(returns, dates)
    assert str(months[0]) == "2020-02"
    np.testing.assert_allclose(found, expected.to_numpy()[1:], rtol=0, atol=1e-12)


def test_a_month_with_equal_returns_is_not_won():
    returns = np.full(60, 0.01)
    assert monthly_wins(returns, returns, days(60)) == (0, 3)


def test_the_huatai_convention_leaves_the_last_day_out_and_keeps_its_exponent():
    returns = random_returns(4, 500)
    other = np.append(returns[:-1], 0.3)
    assert annual_return(returns, "huatai") == annual_return(other, "huatai")
    assert annual_return(returns, "huatai") == pytest.approx(
        np.prod(1 + returns[:-1]) ** (250 / 500) - 1, abs=1e-15
    )


def test_the_excess_compounds_daily_differences():
    returns, index = random_returns(5), random_returns(6)
    found = relative_performance(returns, index, days(700))
    growth = np.prod(1 + returns - index) ** (250 / 700) - 1
    assert found.annual_excess == pytest.approx(growth, abs=1e-12)
    assert found.information_ratio == pytest.approx(
        growth / (np.std(returns - index, ddof=1) * np.sqrt(250)), abs=1e-12
    )
    assert found.calmar == pytest.approx(growth / found.excess_max_drawdown.depth)


def test_the_excess_obeys_the_lognormal_identity_of_the_printed_rows():
    rng = np.random.default_rng(7)
    index = rng.normal(0.0002, 0.016, 2500)
    returns = 0.95 * index + rng.normal(0.0008, 0.004, 2500)
    ours = performance(returns, days(2500))
    theirs = performance(index, days(2500))
    found = relative_performance(returns, index, days(2500))
    predicted = (
        np.log1p(ours.annual_return)
        + ours.volatility**2 / 2
        - np.log1p(theirs.annual_return)
        - theirs.volatility**2 / 2
        - found.tracking_error**2 / 2
    )
    assert np.expm1(predicted) == pytest.approx(found.annual_excess, abs=5e-4)


@pytest.mark.real
@pytest.mark.parametrize("end", PRINTED)
def test_the_huatai_convention_prints_the_benchmark_row_of_a_report(csi500, end):
    returns = csi500.loc[:end]
    dates = returns.index.to_numpy().astype("datetime64[D]")
    found = performance(returns.to_numpy(), dates, "huatai")
    sessions, *printed = PRINTED[end]
    assert len(returns) == sessions
    computed = [
        100 * found.annual_return,
        100 * found.volatility,
        found.sharpe,
        100 * found.max_drawdown.depth,
    ]
    assert [round(value, 2) for value in computed] == printed
    assert (found.max_drawdown.peak, found.max_drawdown.trough) == (
        "2015-06-12",
        "2018-10-18",
    )


@pytest.mark.real
def test_the_standard_convention_does_not_print_the_benchmark_row(csi500):
    returns = csi500.loc[:"2021-06-30"].to_numpy()
    assert round(100 * annual_return(returns), 2) == 4.06
    assert round(100 * annual_return(returns, "huatai"), 4) == 4.0002


@pytest.mark.real
def test_the_benchmark_row_of_table_15_reproduces_but_for_2021(csi500):
    returns = csi500.loc[:"2021-06-30"]
    found = yearly_returns(returns.to_numpy(), returns.index.to_numpy().astype("datetime64[D]"))
    printed = [-28.17, 0.28, 16.89, 39.01, 43.12, -17.78, -0.20, -33.32, 26.38, 20.87, 6.93]
    assert [round(100 * value, 2) for value in found.values()] == printed


@pytest.mark.real
def test_the_report_has_125_months(csi500):
    returns = csi500.loc[:"2021-06-30"]
    months, _ = monthly_returns(
        returns.to_numpy(), returns.index.to_numpy().astype("datetime64[D]")
    )
    assert (len(months), str(months[0]), str(months[-1])) == (125, "2011-02", "2021-06")
