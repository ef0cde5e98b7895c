"""Style exposures of planted factors."""

import numpy as np
import pytest

from alphanet_pl.evaluation.signal.exposures import judge_exposures

DATES = np.array(["2020-01-01", "2020-01-02", "2020-01-03"], dtype="datetime64[D]")


def test_an_exposure_that_turns_has_a_mean_absolute_above_its_mean():
    style = np.random.default_rng(0).normal(size=(3, 50))
    factor = style * np.array([1.0, -1.0, 1.0])[:, None]
    found = judge_exposures(factor, style[:, :, None], ["Size"], DATES)
    assert found.styles["Size"].mean_absolute == 1.0
    assert found.styles["Size"].mean == pytest.approx(1 / 3)


def test_a_style_counts_only_the_dates_on_which_it_exists():
    styles = np.random.default_rng(1).normal(size=(3, 50, 2))
    styles[:2, :, 1] = np.nan
    found = judge_exposures(styles[:, :, 0], styles, ["Size", "Growth"], DATES)
    assert found.styles["Size"].n == 3
    assert found.styles["Growth"].n == 1


def test_a_style_that_never_exists_has_no_exposure():
    found = judge_exposures(np.ones((3, 4)), np.full((3, 4, 1), np.nan), ["Growth"], DATES)
    assert np.isnan(found.styles["Growth"].mean)
