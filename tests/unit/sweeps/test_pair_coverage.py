from itertools import combinations

import numpy as np
import pytest

from sweeps.coverage import DRAWS, MODELS, draw, figure_5, simulate


@pytest.fixture(scope="module")
def points():
    return figure_5(15)


def test_the_simulation_agrees_with_the_formula(points):
    for point in points:
        assert abs(point.simulated - point.exact) < 4 * point.error, point


def test_the_report_agrees_with_the_formula_within_what_1000_simulations_allow(points):
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


def test_the_figure_shows_simulation_formula_and_report(points):
    names = [trace.name for trace in draw(points).data]
    assert [name.split(",")[0] for name in names] == ["simulated", "exact", "the report's figure 5"]
    assert (MODELS, DRAWS) == (10, 1000)
