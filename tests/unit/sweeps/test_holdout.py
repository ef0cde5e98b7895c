"""What fits are worth after their window, against obvious references."""

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import spearmanr

from alphanet_pl.config.settings import EvaluationSettings
from sweeps import holdout
from sweeps.holdout import judge_out_of_sample, seed_correlation, sessions_after, top_excess


@pytest.fixture
def scores():
    rng = np.random.default_rng(1)
    shared = rng.normal(size=(6, 40))
    return {seed: shared + rng.normal(0, 1 + seed, (6, 40)) for seed in range(4)}


def _slow(scores, seeds) -> float:
    pairs = [
        np.mean([spearmanr(a, b)[0] for a, b in zip(scores[i], scores[j], strict=True)])
        for i, j in combinations(seeds, 2)
    ]
    return float(np.mean(pairs))


def test_the_correlation_is_the_mean_over_pairs_and_sections(scores):
    assert seed_correlation(scores)[0] == pytest.approx(_slow(scores, range(4)), abs=1e-12)


def test_its_error_is_the_jackknife_over_seeds(scores):
    without = [_slow(scores, [s for s in range(4) if s != out]) for out in range(4)]
    expected = np.sqrt(3 / 4 * np.sum((np.array(without) - np.mean(without)) ** 2))
    assert seed_correlation(scores)[1] == pytest.approx(expected, abs=1e-12)


def test_two_seeds_have_a_correlation_without_an_error(scores):
    mean, error = seed_correlation({0: scores[0], 1: scores[1]})
    assert np.isfinite(mean)
    assert np.isnan(error)


def test_one_seed_has_no_correlation(scores):
    assert np.isnan(seed_correlation({0: scores[0]})).all()


def test_the_top_excess_is_that_of_the_best_fifth():
    scores = np.arange(10.0)[None] + np.zeros((2, 1))
    forward = np.zeros((2, 10))
    forward[:, 8:] = 0.05  # the two best of ten
    assert top_excess(scores, forward, 5) == pytest.approx(0.05 - 0.01)


def test_stocks_without_a_return_are_in_neither_layer_nor_pool():
    scores, forward = np.arange(10.0)[None], np.zeros((1, 10))
    forward[0, 9] = np.nan  # of nine left, layer 5 holds the best one
    forward[0, 8] = 0.09
    expected = np.mean(forward[0, [8]]) - 0.01
    assert top_excess(scores, forward, 9) == pytest.approx(expected)


def test_a_section_without_scores_counts_for_nothing():
    scores = np.vstack([np.arange(10.0), np.full(10, np.nan)])
    forward = np.zeros((2, 10))
    forward[:, 8:] = 0.05
    assert top_excess(scores, forward, 5) == pytest.approx(0.04)
    assert np.isnan(top_excess(scores[1:], forward[1:], 5))


@pytest.mark.parametrize(("days", "count"), [(400, 10), (265, 7), (201, 1)])
def test_sessions_begin_with_the_windows_end_and_stop_with_the_panel(days, count):
    class Panel:
        dates = np.datetime64("2011-01-01") + np.arange(days)

    found = sessions_after(Panel, Panel.dates[200], 10)
    assert found.tolist() == list(range(200, 200 + 10 * count, 10))


def test_fits_are_scored_by_the_statistics_that_are_asked_for(small_panel, monkeypatch):
    asked = []

    def score(panel, sessions, fits, *, statistics):
        asked.append(statistics)
        raise RuntimeError

    monkeypatch.setattr(holdout, "score", score)
    for by in ("running", "own"):
        with pytest.raises(RuntimeError):
            judge_out_of_sample(small_panel, EvaluationSettings(), [Fitted()], by)
    assert asked == ["running", "own"]


class Fitted:
    asof = np.datetime64("2012-01-31")
