"""The orthonormal basis of a date's exposures, degenerate ones first."""

import numpy as np
import pytest
import torch

from datamodules.base.errors import PanelError
from datamodules.batches.style_basis import StyleBases, orthonormal_basis
from datamodules.prepare.prepare import prepare
from datamodules.settings import DataSettings
from datamodules.tables.load import load_tables


@pytest.fixture
def exposures():
    return np.random.default_rng(0).normal(size=(60, 10)).astype(np.float32)


def residual(basis, y):
    basis = basis.astype(np.float64)
    return y - basis @ (basis.T @ y)


def dense_residual(exposures, y):
    design = np.column_stack([np.ones(len(y)), exposures.astype(np.float64)])
    return y - design @ np.linalg.lstsq(design, y, rcond=None)[0]


def test_no_stock_gives_an_empty_basis_and_no_style_the_constant():
    assert orthonormal_basis(np.empty((0, 10))).shape == (0, 0)
    assert orthonormal_basis(np.empty((5, 0))).shape == (5, 1)


def test_without_any_style_the_intercept_remains():
    basis = orthonormal_basis(np.full((16, 10), np.nan))
    np.testing.assert_allclose(np.abs(basis), 0.25)


def test_columns_are_orthonormal_float32(exposures):
    basis = orthonormal_basis(exposures)
    assert basis.shape == (60, 11)
    assert basis.dtype == np.float32
    np.testing.assert_allclose(basis.T @ basis, np.eye(11), atol=1e-6)


def test_the_projection_is_that_of_a_dense_regression(exposures):
    y = np.random.default_rng(1).normal(size=60)
    found = residual(orthonormal_basis(exposures), y)
    np.testing.assert_allclose(found, dense_residual(exposures, y), atol=1e-6)


def test_an_absent_style_is_dropped(exposures):
    absent = exposures.copy()
    absent[:, 3] = np.nan
    np.testing.assert_array_equal(
        orthonormal_basis(absent), orthonormal_basis(np.delete(exposures, 3, axis=1))
    )


def test_a_single_missing_exposure_counts_as_zero(exposures):
    gap, zero = exposures.copy(), exposures.copy()
    gap[5, 2], zero[5, 2] = np.nan, 0.0
    np.testing.assert_array_equal(orthonormal_basis(gap), orthonormal_basis(zero))


def test_collinear_columns_do_not_count_even_after_rounding_to_float32(exposures):
    twins = np.column_stack([exposures, exposures[:, 0] * 3 - exposures[:, 1], np.ones(60)])
    twins = twins.astype(np.float32)
    basis = orthonormal_basis(twins)
    assert basis.shape == (60, 11)
    y = np.random.default_rng(2).normal(size=60)
    np.testing.assert_allclose(residual(basis, y), dense_residual(exposures, y), atol=1e-5)


def test_thirty_industry_dummies_beside_an_intercept_do_no_harm():
    rng = np.random.default_rng(3)
    industry = rng.integers(0, 30, 3000)
    design = np.column_stack([np.eye(30)[industry], rng.normal(size=(3000, 10))])
    basis = orthonormal_basis(design)
    assert basis.shape == (3000, 40)
    y = rng.normal(size=3000)
    np.testing.assert_allclose(residual(basis, y), dense_residual(design, y), atol=1e-6)


def test_fewer_stocks_than_styles_span_everything(exposures):
    basis = orthonormal_basis(exposures[:7])
    assert basis.shape == (7, 7)
    np.testing.assert_allclose(residual(basis, np.arange(7.0)), 0, atol=1e-5)


def test_the_scale_of_a_style_does_not_matter(exposures):
    y = np.random.default_rng(4).normal(size=60)
    found = residual(orthonormal_basis(exposures * 10.0 ** np.arange(-5, 5)), y)
    np.testing.assert_allclose(found, dense_residual(exposures, y), atol=1e-6)


def test_the_bases_of_a_session_are_worked_out_once(small_panel):
    bases, stocks = StyleBases(small_panel), np.flatnonzero(small_panel.read("scorable")[300])
    first = bases(300, stocks)
    exposures = small_panel.read("styles")[300, stocks]
    np.testing.assert_array_equal(first.numpy(), orthonormal_basis(exposures))
    assert first.dtype == torch.float32
    assert bases(300, stocks) is first


def test_other_stocks_of_the_same_session_get_their_own_basis(small_panel):
    bases, stocks = StyleBases(small_panel), np.flatnonzero(small_panel.read("scorable")[300])
    bases(300, stocks)
    fewer = bases(300, stocks[:30])
    exposures = small_panel.read("styles")[300, stocks[:30]]
    np.testing.assert_array_equal(fewer.numpy(), orthonormal_basis(exposures))


def test_a_panel_without_styles_says_how_to_get_them(small_tables, tmp_path):
    data = DataSettings(source="simulated", path=str(small_tables), styles="none")
    panel = prepare(load_tables(data), tmp_path / "panel.zarr", data)
    with pytest.raises(PanelError, match=r"data\.styles=available"):
        StyleBases(panel)
