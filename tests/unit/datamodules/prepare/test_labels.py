import numpy as np
import pytest
from helpers.examples import at_most
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays as numpy_arrays

from datamodules.prepare.grid import to_grid
from datamodules.prepare.labels import (
    FILTERS,
    RETURNS,
    forward_close,
    forward_vwap_next,
    label_filter,
    standardised_label,
)

HORIZON = 4


def last_price(history, upto):
    """Adjusted close of the last trade on or before a day; NaN before the first."""
    traded = [row for day, row in history.items() if day <= upto and row.traded]
    return traded[-1].close * traded[-1].adj_factor if traded else np.nan


def cells(grid, table):
    for s, code in enumerate(grid.codes):
        for t, day in enumerate(grid.dates):
            yield t, s, table[code], day


def test_forward_close_equals_its_definition_cell_by_cell(quotes, rows):
    grid = to_grid(quotes)
    fast = forward_close(grid.adjusted("close"), grid.listed, HORIZON)
    for t, s, history, day in cells(grid, rows(quotes)):
        slow = np.nan
        if day in history and t + HORIZON < len(grid.dates):
            end = last_price(history, grid.dates[t + HORIZON])
            slow = end / last_price(history, day) - 1
        np.testing.assert_allclose(fast[t, s], np.float32(slow), rtol=1e-5, atol=1e-7)


def test_forward_vwap_next_equals_its_definition_cell_by_cell(quotes, rows):
    grid = to_grid(quotes)
    vwap, close = grid.adjusted("vwap"), grid.adjusted("close")
    fast = forward_vwap_next(vwap, close, grid.listed, HORIZON)
    assert np.isfinite(fast).sum() > 200
    for t, s, history, day in cells(grid, rows(quotes)):
        slow = np.nan
        if day in history and t + 1 + HORIZON < len(grid.dates):
            entry, leave = grid.dates[t + 1], grid.dates[t + 1 + HORIZON]
            if entry in history and history[entry].traded:
                row = history.get(leave)
                end = (
                    row.vwap * row.adj_factor
                    if row is not None and row.traded
                    else last_price(history, leave)
                )
                slow = end / (history[entry].vwap * history[entry].adj_factor) - 1
        np.testing.assert_allclose(fast[t, s], np.float32(slow), rtol=1e-5, atol=1e-7)


def test_a_stock_delisted_within_the_horizon_is_held_to_its_last_trade():
    close = np.array([[1.0], [2.0], [np.nan], [np.nan]])
    listed = np.array([[True], [True], [False], [False]])
    assert forward_close(close, listed, 2)[:, 0].tolist()[:2] == [1.0, 0.0]


def test_a_return_that_reaches_past_the_end_is_unknown():
    close = np.ones((5, 1))
    listed = np.ones((5, 1), bool)
    assert np.isnan(forward_close(close, listed, 3)[:, 0]).tolist() == [False] * 2 + [True] * 3
    known = np.isfinite(forward_vwap_next(close, close, listed, 3)[:, 0])
    assert known.tolist() == [True] + [False] * 4


def test_a_panel_shorter_than_the_horizon_has_no_labels():
    one = np.ones((3, 2))
    assert np.isnan(forward_close(one, one > 0, 10)).all()


def test_every_label_has_an_array():
    assert RETURNS == {"close": "forward_close", "vwap_next": "forward_vwap_next"}


MASKS = {
    name: np.array([k & 1 << i > 0 for k in range(16)])
    for i, name in enumerate(
        ["suspended_next", "limit_close_next", "unbuyable_next", "unsellable_next"]
    )
}


@pytest.mark.parametrize(
    ("mode", "out"),
    [("report", ["suspended_next", "limit_close_next"]),
     ("realistic", ["suspended_next", "unbuyable_next"]), ("none", [])],
)  # fmt: skip
def test_a_filter_takes_out_exactly_what_it_names(mode, out):
    kept = label_filter(MASKS, mode)
    for k in range(16):
        assert kept[k] == (not any(MASKS[name][k] for name in out))


def test_a_filter_leaves_its_masks_alone():
    before = {name: mask.copy() for name, mask in MASKS.items()}
    for mode in FILTERS:
        label_filter(MASKS, mode)
    assert all((MASKS[name] == before[name]).all() for name in MASKS)


def test_equal_returns_and_single_stocks_give_no_label():
    label = np.array([[0.1, 0.1, 0.1], [0.3, np.nan, 0.5], [np.nan, np.nan, np.nan]])
    mask = np.array([[True, True, True], [True, True, False], [True, True, True]])
    assert np.isnan(standardised_label(label, mask)).all()


def test_standardising_equals_a_loop_over_the_dates():
    rng = np.random.default_rng(0)
    label = rng.normal(0, 0.1, (20, 50)).astype(np.float32)
    label[rng.random(label.shape) < 0.1] = np.nan
    mask = rng.random(label.shape) < 0.7
    fast = standardised_label(label, mask)
    assert fast.dtype == np.float32
    for t in range(20):
        kept = mask[t] & np.isfinite(label[t])
        values = label[t, kept].astype(float)
        slow = (values - values.mean()) / values.std(ddof=1)
        np.testing.assert_allclose(fast[t, kept], slow, rtol=1e-5, atol=1e-6)
        assert np.isnan(fast[t, ~kept]).all()


@settings(max_examples=at_most(40))
@given(
    numpy_arrays(np.float32, (1, 6), elements=st.floats(-1, 5, width=32)),
    numpy_arrays(bool, (1, 6)),
)
def test_a_label_is_never_infinite_and_never_outside_the_mask(label, mask):
    out = standardised_label(label, mask)
    assert not np.isinf(out).any()
    assert np.isnan(out[~mask]).all()
