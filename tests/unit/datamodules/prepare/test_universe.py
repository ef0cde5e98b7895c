import numpy as np
import pytest
from helpers.examples import at_most
from hypothesis import given, settings
from hypothesis import strategies as st

from datamodules.prepare.features import feature_array
from datamodules.prepare.grid import to_grid
from datamodules.prepare.universe import (
    complete_pictures,
    next_session,
    scorable_mask,
    st_mask,
)
from datamodules.settings import FEATURES

flags = st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=1, max_size=12)


def test_the_scorable_universe_equals_its_definition_cell_by_cell(quotes, rows):
    grid, days = to_grid(quotes), 5
    channels = feature_array(grid, FEATURES)
    complete = complete_pictures(channels, grid.traded, days)
    fast = scorable_mask(grid.listed, st_mask(grid), complete)
    assert 20 < fast.sum() < fast.size
    table = rows(quotes)
    for t, day in enumerate(grid.dates):
        for s, code in enumerate(grid.codes):
            row = table[code].get(day)
            window = [table[code].get(d) for d in grid.dates[max(t - days + 1, 0) : t + 1]]
            slow = (
                row is not None
                and not row.is_st
                and len(window) == days
                and all(r is not None and r.traded for r in window)
                and bool(np.isfinite(channels[t - days + 1 : t + 1, s]).all())
            )
            assert fast[t, s] == slow


@settings(max_examples=at_most(40))
@given(flags, st.integers(1, 4))
def test_a_picture_is_complete_only_if_each_of_its_days_is(rows_of_flags, days):
    known = np.array(rows_of_flags)
    features = np.where(known, 1.0, np.nan)[:, :, None].astype(np.float32)
    complete = complete_pictures(features, np.ones_like(known), days)
    for t in range(len(known)):
        window = known[max(t - days + 1, 0) : t + 1]
        expected = window.all(axis=0) & (len(window) == days)
        assert complete[t].tolist() == expected.tolist()


def test_one_unknown_channel_makes_a_picture_incomplete():
    features = np.ones((3, 1, 15), np.float32)
    features[1, 0, 7] = np.nan
    complete = complete_pictures(features, np.ones((3, 1), bool), 2)
    assert not complete.any()


def test_the_first_picture_needs_a_close_before_it(make_quotes):
    quotes = make_quotes(sessions=12).assign(traded=True, turn=0.01)
    quotes["vwap"] = quotes["close"]
    grid = to_grid(quotes)
    complete = complete_pictures(feature_array(grid, FEATURES), grid.traded, 5)
    whole = grid.listed.all(axis=0)
    assert whole.any()
    assert complete[:, whole].any(axis=1).tolist() == [False] * 5 + [True] * 7


def test_quotes_without_is_st_have_no_st_stocks(quotes):
    assert not st_mask(to_grid(quotes.drop(columns="is_st"))).any()


def test_suspension_and_delisting_are_seen_from_the_session_before():
    listed = np.array([[True, True, False], [True, False, True], [True, False, True]])
    traded = np.array([[True, True, False], [False, False, True], [True, False, True]])
    expected = [[True, True, False], [False, False, False], [False, False, False]]
    assert next_session(~traded, listed).tolist() == expected


@settings(max_examples=at_most(40))
@given(flags)
def test_nothing_is_known_of_the_session_after_the_last(rows_of_flags):
    mask = np.array(rows_of_flags)
    assert not next_session(mask, np.ones_like(mask))[-1].any()


@pytest.mark.parametrize("listed", [True, False])
def test_next_days_flags_count_only_for_listed_stocks(listed):
    flags_ = np.array([[False], [True]])
    assert next_session(flags_, np.full_like(flags_, listed))[0, 0] == listed
