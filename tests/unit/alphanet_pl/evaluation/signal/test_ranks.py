"""Rank correlation against scipy and alphalens, with NaN and ties."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from alphanet_pl.evaluation.signal.ranks import (
    equal_buckets,
    grouped_rank_correlation,
    rank_correlation,
)


def panel(seed, dates=40, stocks=60, ties=True):
    rng = np.random.default_rng(seed)
    left, right = rng.normal(size=(2, dates, stocks))
    right += 0.3 * left
    if ties:
        left = left.round(1)
    left[rng.random(left.shape) < 0.1] = np.nan
    right[rng.random(right.shape) < 0.1] = np.nan
    return left, right


def slow_rank_correlation(left, right):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.array(
            [stats.spearmanr(a, b, nan_policy="omit")[0] for a, b in zip(left, right, strict=True)]
        )


def test_a_date_with_one_stock_has_no_rank_correlation():
    assert np.isnan(rank_correlation(np.array([[1.0, np.nan]]), np.array([[2.0, 3.0]])))[0]


def test_a_date_without_a_stock_has_no_rank_correlation():
    assert np.isnan(rank_correlation(np.full((1, 5), np.nan), np.ones((1, 5))))[0]


def test_a_panel_without_stocks_has_no_rank_correlation():
    assert np.isnan(rank_correlation(np.ones((3, 0)), np.ones((3, 0)))).all()


def test_a_factor_that_is_equal_everywhere_has_no_rank_correlation():
    assert np.isnan(
        rank_correlation(np.ones((2, 9)), np.random.default_rng(0).random((2, 9)))
    ).all()


def test_infinite_values_count_as_absent():
    left, right = np.array([[1.0, 2.0, 3.0, np.inf]]), np.array([[3.0, 2.0, 1.0, -np.inf]])
    assert rank_correlation(left, right)[0] == -1.0


@pytest.mark.parametrize("ties", [False, True])
def test_rank_correlation_equals_scipy(ties):
    left, right = panel(1, ties=ties)
    np.testing.assert_allclose(
        rank_correlation(left, right), slow_rank_correlation(left, right), rtol=0, atol=1e-12
    )


def test_rank_correlation_equals_alphalens():
    from alphalens.performance import factor_information_coefficient

    left, right = panel(2)
    index = pd.MultiIndex.from_product(
        [pd.bdate_range("2020-01-01", periods=len(left)), range(left.shape[1])],
        names=["date", "asset"],
    )
    frame = pd.DataFrame({"factor": left.ravel(), "10D": right.ravel()}, index=index).dropna()
    theirs = factor_information_coefficient(frame.assign(factor_quantile=1))["10D"]
    np.testing.assert_allclose(rank_correlation(left, right), theirs, rtol=0, atol=1e-12)


def test_a_monotone_transform_leaves_the_rank_correlation_bit_identical():
    left, right = panel(3)
    assert np.array_equal(rank_correlation(np.exp(left), right), rank_correlation(left, right))


def test_single_precision_ranks_like_double():
    left, right = (each.astype(np.float32) for each in panel(4))
    np.testing.assert_array_equal(
        rank_correlation(left, right),
        rank_correlation(left.astype(np.float64), right.astype(np.float64)),
    )


def test_a_group_correlates_as_if_the_others_were_absent():
    left, right = panel(6)
    group = np.random.default_rng(0).integers(-1, 4, left.shape)
    found = grouped_rank_correlation(left, right, group, 4)
    for k in range(4):
        alone = rank_correlation(np.where(group == k, left, np.nan), right)
        np.testing.assert_allclose(found[:, k], alone, rtol=0, atol=1e-12)


def test_a_group_without_stocks_has_no_rank_correlation():
    left, right = panel(7)
    found = grouped_rank_correlation(left, right, np.zeros(left.shape, dtype=int), 2)
    assert np.isnan(found[:, 1]).all()


def test_equal_buckets_follow_floor_of_rank_times_buckets_over_count():
    values = np.array([[3.0, np.nan, 1.0, 2.0, 5.0, 4.0, 6.0, 7.0]])
    assert equal_buckets(values, 5).tolist() == [[1, -1, 0, 0, 2, 2, 3, 4]]


def test_equal_values_fall_into_buckets_by_column():
    assert equal_buckets(np.ones((1, 4)), 2).tolist() == [[0, 0, 1, 1]]


def test_equal_buckets_and_their_returns_equal_alphalens_when_the_count_divides():
    from alphalens.performance import mean_return_by_quantile
    from alphalens.utils import quantize_factor

    rng = np.random.default_rng(8)
    values, forward = rng.normal(size=(2, 20, 60))
    np.put_along_axis(
        values, rng.permuted(np.tile(np.arange(60), (20, 1)), axis=1)[:, :10], np.nan, 1
    )
    index = pd.MultiIndex.from_product(
        [pd.bdate_range("2020-01-01", periods=20), range(60)], names=["date", "asset"]
    )
    frame = pd.DataFrame({"10D": forward.ravel(), "factor": values.ravel()}, index=index).dropna()
    theirs = quantize_factor(frame, quantiles=5)
    ours = equal_buckets(values, 5)
    assert np.array_equal(ours[np.isfinite(values)] + 1, theirs.to_numpy())
    means, _ = mean_return_by_quantile(frame.assign(factor_quantile=theirs), demeaned=False)
    np.testing.assert_allclose(
        [forward[ours == k].mean() for k in range(5)], means["10D"], rtol=0, atol=1e-12
    )
