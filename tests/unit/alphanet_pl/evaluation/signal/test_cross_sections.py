"""Which sessions a factor is judged on."""

import numpy as np
import pytest

from alphanet_pl.config.settings import EvaluationSettings
from alphanet_pl.evaluation.portfolio.tradability import MASKS
from alphanet_pl.evaluation.signal.cross_sections import cut_factor, spaced, stock_coverage_of


@pytest.mark.parametrize(
    ("scored", "expected"),
    [
        (range(3, 40), [3, 13, 23, 33]),
        (range(0, 40, 5), [0, 10, 20, 30]),
        (range(0, 80, 21), [0, 21, 42, 63]),
        (range(0, 40, 7), [0, 14, 28]),
        ([4, 5, 17, 26, 27, 90], [4, 17, 27, 90]),
        ([*range(10), *range(11, 40)], [0, 20, 30]),
        ([], []),
    ],
)
def test_a_section_is_a_scored_session_a_step_or_more_after_the_one_before(scored, expected):
    assert spaced(np.array([*scored]), 10).tolist() == expected


class _Panel:
    """Forty sessions of four stocks, of which the last leaves after session 14."""

    def __init__(self) -> None:
        self.dates = np.datetime64("2020-01-01") + np.arange(40)
        self.industries = ("banks",)
        self.fingerprint, self.attrs = "", {}
        shape, no = (40, 4), np.zeros((40, 4), bool)
        left = np.arange(40)[:, None] > np.array([99, 99, 99, 14])
        close = 10 + np.arange(40.0)[:, None] * np.array([1, 2, 3, 4])
        close[left] = np.nan
        self.arrays = {
            "close": close, "vwap": close, "listed": ~left, "suspended_next": no,
            "limit_close_next": no, "industry": np.zeros(shape, np.int16), "log_cap": close,
            "scorable": ~left & (np.arange(40)[:, None] >= 10) & [True, True, False, True],
        }  # fmt: skip

    def read(self, name: str, start: int, stop: int) -> np.ndarray:
        return self.arrays[name][start:stop]


def test_scores_of_a_stock_that_has_left_count_for_nothing():
    cut = cut_factor(_Panel(), EvaluationSettings(), np.ones((40, 4)))
    assert cut.dates.tolist() == [*(_Panel().dates[[0, 10, 20]].tolist())]
    assert np.isfinite(cut.published).tolist() == [[True] * 4, [True] * 4, [True] * 3 + [False]]
    assert np.isfinite(cut.forward).tolist() == np.isfinite(cut.published).tolist()


def test_coverage_is_of_the_stocks_that_could_be_scored_where_there_are_any():
    found = stock_coverage_of(cut_factor(_Panel(), EvaluationSettings(), np.ones((40, 4))))
    assert found.universe == found.scored == [0, 3, 2]
    assert found.mean_share == 1.0


def test_the_label_of_the_next_days_vwap_enters_and_leaves_at_it():
    panel = _Panel()
    close, vwap = panel.arrays["close"], panel.arrays["close"] * 1.01
    vwap[11, 1] = vwap[21, 0] = np.nan
    panel.arrays["vwap"] = vwap
    cut = cut_factor(panel, EvaluationSettings(label="vwap_next"), np.ones((40, 4)))
    assert cut.lag == 1
    expected = [
        close[21, 0] / vwap[11, 0] - 1,  # no trade on the last day: the close counts
        np.nan,  # and none on the first: nobody entered
        vwap[21, 2] / vwap[11, 2] - 1,
        close[14, 3] / vwap[11, 3] - 1,
    ]
    np.testing.assert_allclose(cut.forward[1], expected)
    np.testing.assert_array_equal(np.isnan(cut.published[1]), np.isnan(expected))


@pytest.mark.parametrize("mode", ["realistic", "none"])
def test_what_is_known_tomorrow_does_not_touch_todays_neutralisation(mode):
    factor = np.random.default_rng(0).normal(size=(40, 4))
    found = []
    for flagged in (False, True):
        panel = _Panel()
        for name in MASKS:
            panel.arrays[name] = np.zeros((40, 4), bool)
            panel.arrays[name][:, 0] = flagged
        found.append(cut_factor(panel, EvaluationSettings(filter=mode), factor).neutral)
    np.testing.assert_array_equal(found[0][:, 1:], found[1][:, 1:])
    assert np.isfinite(found[0]).any()
