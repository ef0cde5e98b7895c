"""The three next-day filters."""

import numpy as np

from alphanet_pl.evaluation.portfolio.tradability import MASKS, next_day

FLAGS = {name: np.arange(4)[None] == k for k, name in enumerate(MASKS)}
TRADED = np.array([[True, True, True, False]])
HALTED = FLAGS["suspended_next"]


def test_the_report_drops_suspended_and_limit_closes_and_does_not_trade_them():
    found = next_day("report", FLAGS, TRADED, HALTED)
    assert found.excluded.tolist() == found.frozen.tolist() == [[True, True, False, False]]
    assert found.unbuyable.tolist() == found.unsellable.tolist() == [[False, True, False, False]]


def test_the_report_freezes_what_a_vendor_has_no_row_of_tomorrow():
    absent = np.array([[True, False, False, True]])
    found = next_day("report", FLAGS, TRADED, absent)
    assert found.frozen.tolist() == [[True, True, False, True]]
    assert found.excluded.tolist() == [[True, True, False, False]]


def test_realistic_drops_nothing_and_tells_buying_from_selling():
    found = next_day("realistic", FLAGS, TRADED, HALTED)
    assert not found.excluded.any()
    assert found.unbuyable.tolist() == [[False, False, True, False]]
    assert found.unsellable.tolist() == [[False, False, False, True]]


def test_without_the_next_day_a_plan_freezes_what_is_suspended_today():
    for mode in ("realistic", "none"):
        assert next_day(mode, FLAGS, TRADED, HALTED).frozen.tolist() == [
            [False, False, False, True]
        ]
