"""What a panel lacks is read from it; feature pairs that seeds reach, against counting them."""

from itertools import combinations

import numpy as np
import pytest

from alphanet_pl.evaluation.provenance import data_lacks, pair_coverage
from alphanet_pl.model.sampling import sample_features


class _Industries:
    """The part of a panel that this reads: an industry for each of 500 days and three stocks."""

    def __init__(self, industry: np.ndarray) -> None:
        self.industry = industry
        self.dates, self.codes, self.attrs = range(len(industry)), ("a", "b", "c"), {}

    def has(self, name: str) -> bool:
        return True

    def read(self, name: str, start: int, stop: int) -> np.ndarray:
        return self.industry[start:stop]


@pytest.fixture
def industry():
    found = np.tile(np.array([0, 1, -1], dtype=np.int16), (500, 1))
    found[:100, 0] = -1  # listed later: unknown before is no change
    return found


def test_a_stock_that_keeps_its_industry_is_said_to(industry):
    assert any("Industries never change" in said for said in data_lacks(_Industries(industry)))


@pytest.mark.parametrize("day", [1, 239, 240, 499])
def test_a_single_change_in_any_shard_is_seen(industry, day):
    industry[day:, 1] = 2
    assert data_lacks(_Industries(industry)) == []


def test_a_panel_without_industries_says_nothing_of_them():
    assert data_lacks(_Industries(np.full((500, 3), -1))) == []


def test_the_simulated_panels_industries_are_found_static(small_panel):
    assert any("Industries never change" in said for said in data_lacks(small_panel))


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
