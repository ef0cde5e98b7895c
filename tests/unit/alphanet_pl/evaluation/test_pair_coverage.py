from itertools import combinations

import numpy as np
import pytest

from alphanet_pl.evaluation.pair_coverage import (
    covered_share,
    expected_share,
    figure_5,
    simulate,
)
from alphanet_pl.evaluation.paper import PRINTED


def test_a_pair_that_two_models_hold_counts_once():
    assert covered_share([(0, 1, 2), (2, 1)], total=4) == pytest.approx(3 / 6)


def test_no_model_covers_nothing():
    assert covered_share([], total=4) == 0.0
    assert expected_share(8, 0, 15) == 0.0


def test_the_expected_share_of_ten_models_is_the_reports_formula():
    assert expected_share(8, 10, 15) == pytest.approx(1 - (1 - 8 * 7 / 210) ** 10)


@pytest.fixture(scope="module")
def points():
    return figure_5(15, PRINTED.coverage)


def test_the_simulation_agrees_with_the_formula(points):
    for point in points:
        assert abs(point.simulated - point.exact) < 4 * point.error, point


def test_the_paper_agrees_with_the_formula_within_what_1000_simulations_allow(points):
    assert [point.n for point in points] == [6, 7, 8, 9, 10, 11]
    for point in points:
        assert abs(point.printed - point.exact) < 4 * point.error, point


def test_one_model_covers_exactly_its_own_pairs():
    assert simulate(8, 1, 15, 50, seed=1) == pytest.approx(np.full(50, 28 / 105))


def test_counting_pairs_one_by_one_finds_the_same():
    random = np.random.default_rng(7)
    order = random.random((20, 3, 9), dtype=np.float32).argsort(axis=-1)
    slow = []
    for ensemble in order:
        pairs = set()
        for model in ensemble:
            pairs |= set(combinations(np.flatnonzero(model < 4), 2))
        slow.append(len(pairs) / 36)
    assert simulate(4, 3, 9, 20, seed=7) == pytest.approx(np.array(slow))


def test_every_pair_is_covered_equally_often():
    shares = simulate(2, 1, 6, 6000, seed=3)
    assert shares == pytest.approx(np.full(6000, 1 / 15))
