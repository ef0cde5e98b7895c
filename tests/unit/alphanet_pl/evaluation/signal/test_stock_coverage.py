"""Feature pairs that seeds reach, against counting them."""

from itertools import combinations

import pytest

from alphanet_pl.evaluation.signal.stock_coverage import pair_coverage
from alphanet_pl.model.sampling import sample_features


def _samples(seeds, n):
    return [[str(i) for i in sample_features(seed, n, 15)] for seed in seeds]


def test_a_factor_from_elsewhere_has_no_pair_coverage():
    assert pair_coverage([], 15) is None


def test_all_features_cover_every_pair():
    found = pair_coverage(_samples([0], 15), 15)
    assert (found["share"], found["exact"]) == (1.0, 1.0)


def test_one_model_covers_its_own_pairs():
    found = pair_coverage(_samples([3], 8), 15)
    assert found["share"] == pytest.approx(28 / 105)
    assert found["exact"] == pytest.approx(28 / 105)
    assert found["printed"] is None


def test_ten_models_cover_what_counting_finds():
    seen = set()
    for seed in range(10):
        for pair in combinations(sample_features(seed, 8, 15), 2):
            seen.add(pair)
    found = pair_coverage(_samples(range(10), 8), 15)
    assert found["share"] == pytest.approx(len(seen) / 105)
    assert found["exact"] == pytest.approx(1 - (1 - 56 / 210) ** 10)
    assert found["printed"] == pytest.approx(0.9552)
