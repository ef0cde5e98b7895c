from itertools import combinations

import numpy as np
import pytest

from alphanet_pl.evaluation.pair_coverage import (
    covered_share,
    expected_share,
    figure_5,
    pair_coverage,
    printed_share,
    simulate,
)
from alphanet_pl.model.sampling import sample_features


def test_a_pair_that_two_models_hold_counts_once():
    assert covered_share([(0, 1, 2), (2, 1)], total=4) == pytest.approx(3 / 6)


def test_no_model_covers_nothing():
    assert covered_share([], total=4) == 0.0
    assert expected_share(8, 0, 15) == 0.0


def test_the_expected_share_of_ten_models_is_the_reports_formula():
    assert expected_share(8, 10, 15) == pytest.approx(1 - (1 - 8 * 7 / 210) ** 10)


@pytest.fixture(scope="module")
def points():
    return figure_5(15)


def test_the_simulation_agrees_with_the_formula(points):
    for point in points.itertuples():
        assert abs(point.simulated - point.exact) < 4 * point.error, point


def test_the_paper_agrees_with_the_formula_within_what_1000_simulations_allow(points):
    assert points.index.tolist() == [6, 7, 8, 9, 10, 11]
    for point in points.itertuples():
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


def _samples(seeds, n):
    return [[str(i) for i in sample_features(seed, n, 15)] for seed in seeds]


def test_a_factor_from_elsewhere_has_no_pair_coverage():
    assert pair_coverage([], 15) is None


def test_all_features_cover_every_pair():
    found = pair_coverage(_samples([0], 15), 15)
    assert (found.share, found.exact) == (1.0, 1.0)


def test_one_model_covers_its_own_pairs():
    found = pair_coverage(_samples([3], 8), 15)
    assert found.share == pytest.approx(28 / 105)
    assert found.exact == pytest.approx(28 / 105)
    assert found.printed is None


def test_ten_models_cover_what_counting_finds():
    seen = set()
    for seed in range(10):
        for pair in combinations(sample_features(seed, 8, 15), 2):
            seen.add(pair)
    found = pair_coverage(_samples(range(10), 8), 15)
    assert found.share == pytest.approx(len(seen) / 105)
    assert found.exact == pytest.approx(1 - (1 - 56 / 210) ** 10)
    assert found.printed == pytest.approx(0.9552)


def test_other_features_than_the_papers_have_nothing_printed_and_no_larger_sample():
    points = figure_5(9)
    assert points.index.tolist() == [6, 7, 8, 9]
    assert points["printed"].isna().all()
    assert pair_coverage([list("abcdefghi")] * 10, 9).printed is None
    assert printed_share(9, 9) is None
