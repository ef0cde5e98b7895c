import itertools

import numpy as np
import pytest
import torch
from torch import Tensor

from alphanet_pl.model.operators import extract_features, feature_count
from datamodules.base.errors import ConfigError

ROWS = 5
ALL = tuple(range(ROWS))


def reference(picture: np.ndarray, sample: tuple[int, ...]) -> np.ndarray:
    """The operators of one (F, T) picture in float64, one window and one pair at a time."""
    columns = []
    for start in range(0, picture.shape[1], 10):
        window = picture[:, start : start + 10].astype(np.float64)
        std = [row.std(ddof=1) if np.ptp(row) > 0 else 0.0 for row in window]
        pairs = list(itertools.combinations(sample, 2))
        cov = [np.cov(window[i], window[j], ddof=1)[0, 1] for i, j in pairs]
        column = [
            c / (std[i] * std[j]) if std[i] and std[j] else 0.0
            for c, (i, j) in zip(cov, pairs, strict=True)
        ]
        column += [c if std[i] and std[j] else 0.0 for c, (i, j) in zip(cov, pairs, strict=True)]
        column += std
        column += [
            row.mean() / deviation if deviation else 0.0
            for row, deviation in zip(window, std, strict=True)
        ]
        column += [row[-1] / row[0] - 1 if row[0] else 0.0 for row in window]
        column += [np.average(row, weights=np.arange(1, 11)) for row in window]
        columns.append(column)
    return np.array(columns).T


def features_of(picture: np.ndarray, sample: tuple[int, ...] = ALL) -> Tensor:
    """Features (C, W) of one (F, T) picture."""
    return extract_features(torch.from_numpy(picture)[None], sample)[:, :, 0]


def named(features: Tensor, operator: str) -> Tensor:
    """The rows of one operator, for all five rows and all ten pairs."""
    starts = {"corr": 0, "cov": 10, "std": 20, "zscore": 25, "return": 30, "decay": 35, "end": 40}
    names = list(starts)
    return features[starts[operator] : starts[names[names.index(operator) + 1]]]


@pytest.fixture
def picture() -> np.ndarray:
    scales = np.array([[30.0], [1e-6], [1e8], [0.02], [1.0]])
    return np.exp(np.random.default_rng(3).normal(size=(ROWS, 30)) * 0.3) * scales


def test_a_constant_window_has_zero_correlation_covariance_deviation_and_zscore(picture):
    picture[2] = 12.34
    features = features_of(picture.astype(np.float32))
    pairs = [p for p, (i, j) in enumerate(itertools.combinations(ALL, 2)) if 2 in (i, j)]
    assert named(features, "corr")[pairs].eq(0).all()
    assert named(features, "cov")[pairs].eq(0).all()
    assert named(features, "std")[2].eq(0).all()
    assert named(features, "zscore")[2].eq(0).all()


def test_a_price_constant_up_to_float32_rounding_counts_as_constant(picture):
    wobble = np.random.default_rng(0).choice([-1, 0, 1], size=30) * np.spacing(np.float32(1234.56))
    picture = picture.astype(np.float32)
    picture[0] = np.float32(1234.56) + wobble.astype(np.float32)
    assert np.ptp(picture[0, :10]) > 0
    assert named(features_of(picture), "std")[0].eq(0).all()


def test_a_price_that_moves_one_part_in_ten_thousand_does_not_count_as_constant(picture):
    picture = picture.astype(np.float32)
    picture[0] = 1000 + np.tile([0, 0.1], 15)
    expected = picture[0, :10].astype(np.float64).std(ddof=1)
    assert named(features_of(picture), "std")[0, 0].item() == pytest.approx(expected, rel=1e-3)


def test_a_window_of_zeros_gives_zero_features(picture):
    picture[1] = 0
    features = features_of(picture)
    assert (
        torch.stack([named(features, n)[1] for n in ("std", "zscore", "return", "decay")])
        .eq(0)
        .all()
    )


def test_return_is_zero_where_the_first_value_is_zero(picture):
    picture[4, 10] = 0.0
    features = named(features_of(picture), "return")
    assert features[4, 1] == 0
    assert features[4, 0].item() == pytest.approx(picture[4, 9] / picture[4, 0] - 1)


def test_everything_is_finite_on_degenerate_pictures():
    values = np.array([0.0, 1.0, 1e-6, 7e8, -0.1], dtype=np.float32)
    pictures = np.random.default_rng(1).choice(values, size=(200, ROWS, 30))
    pictures[:50, :, ::2] = pictures[:50, :, 1::2]
    assert extract_features(torch.from_numpy(pictures), ALL).isfinite().all()


def test_correlation_never_leaves_minus_one_to_one(picture):
    rng = np.random.default_rng(2)
    base = np.exp(rng.normal(size=(500, 1, 30)))
    signs = rng.choice([-1.0, 1.0], size=(500, ROWS, 1))
    pictures = torch.from_numpy((base * signs * 1e4).astype(np.float32))
    corr = extract_features(pictures, ALL)[:10]
    assert corr.abs().max() <= 1
    assert corr.abs().min() > 0.99999


def test_features_equal_a_loop_over_windows_and_pairs_in_float64(picture):
    torch.testing.assert_close(
        features_of(picture), torch.from_numpy(reference(picture, ALL)), rtol=1e-11, atol=0
    )


def test_features_equal_the_float64_loop_in_float32(picture):
    expected = reference(picture.astype(np.float32), ALL)
    features = features_of(picture.astype(np.float32)).double().numpy()
    scale = np.abs(expected).max(axis=1, keepdims=True)
    np.testing.assert_allclose(features / scale, expected / scale, atol=2e-6)


def test_correlation_of_a_large_level_with_small_moves_survives_float32(picture):
    picture[2] = 1e9 + 1e6 * np.random.default_rng(5).normal(size=30)
    expected = reference(picture.astype(np.float32), ALL)[:10]
    corr = named(features_of(picture.astype(np.float32)), "corr").numpy()
    np.testing.assert_allclose(corr, expected, atol=2e-5)


def test_pairs_outside_the_sample_are_left_out(picture):
    features = features_of(picture, (1, 3, 4))
    assert len(features) == feature_count(ROWS, 3) == 26
    torch.testing.assert_close(features, torch.from_numpy(reference(picture, (1, 3, 4))))


def test_a_sample_of_one_row_has_no_pairs(picture):
    assert len(features_of(picture, (2,))) == feature_count(ROWS, 1) == 20


def test_the_report_counts_270_features_and_116_with_eight_sampled():
    assert (feature_count(15, 15), feature_count(15, 8)) == (270, 116)


def test_stock_major_and_feature_major_memory_give_the_same_bits():
    pictures = torch.rand(40, ROWS, 30)
    feature_major = pictures.permute(1, 2, 0).contiguous().permute(2, 0, 1)
    assert extract_features(pictures, ALL).equal(extract_features(feature_major, ALL))


def test_each_stock_is_computed_alone():
    pictures = torch.rand(40, ROWS, 30)
    whole = extract_features(pictures, ALL)
    torch.testing.assert_close(whole[:, :, 7:9], extract_features(pictures[7:9], ALL))


def test_the_pictures_are_not_changed():
    pictures = torch.rand(4, ROWS, 30).permute(1, 2, 0).contiguous().permute(2, 0, 1)
    before = pictures.clone()
    extract_features(pictures, ALL)
    assert pictures.equal(before)


def test_all_pairs_at_once_equal_the_pairs_row_by_row(monkeypatch):
    pictures = torch.rand(40, ROWS, 30)
    by_row = extract_features(pictures, (0, 2, 3))
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    torch.testing.assert_close(extract_features(pictures, (0, 2, 3)), by_row, rtol=1e-5, atol=1e-6)


def test_a_broken_window_is_refused_with_the_setting_that_mends_it():
    with pytest.raises(ConfigError, match=r"25 days(.|\n)*data\.picture_days=30"):
        extract_features(torch.rand(2, ROWS, 25), ALL)
