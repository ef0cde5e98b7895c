import pytest

from alphanet_pl.evaluation.pair_coverage import covered_share, expected_share


def test_a_pair_that_two_models_hold_counts_once():
    assert covered_share([(0, 1, 2), (2, 1)], total=4) == pytest.approx(3 / 6)


def test_no_model_covers_nothing():
    assert covered_share([], total=4) == 0.0
    assert expected_share(8, 0, 15) == 0.0


def test_the_expected_share_of_ten_models_is_the_reports_formula():
    assert expected_share(8, 10, 15) == pytest.approx(1 - (1 - 8 * 7 / 210) ** 10)
