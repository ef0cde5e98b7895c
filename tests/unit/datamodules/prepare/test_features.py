import numpy as np
import pytest

from datamodules.base.errors import ConfigError, TableError
from datamodules.prepare.features import BASE, feature_array
from datamodules.prepare.grid import to_grid
from datamodules.settings import FEATURES


def slow_base(name, history):
    """One feature from a stock's rows up to today, the last being today's."""
    today = history[-1]
    if name == "return1":
        earlier = [row for row in history[:-1] if row.traded]
        if not earlier:
            return np.nan
        last = earlier[-1]
        return today.close * today.adj_factor / (last.close * last.adj_factor) - 1
    if name in ("open", "high", "low", "close", "vwap"):
        return getattr(today, name) * today.adj_factor
    return getattr(today, name)


def slow_feature(name, history):
    if not history[-1].traded:
        return np.nan
    if "/" not in name:
        return slow_base(name, history)
    above, below = (slow_base(part, history) for part in name.split("/"))
    return above / below if below != 0 else np.nan


@pytest.mark.parametrize("k", range(len(FEATURES)))
def test_a_channel_equals_its_definition_row_by_row(k, quotes, rows):
    grid, table = to_grid(quotes), rows(quotes)
    fast = feature_array(grid, FEATURES)[:, :, k]
    for s, code in enumerate(grid.codes):
        history = []
        for t, day in enumerate(grid.dates):
            row = table[code].get(day)
            if row is None:
                assert np.isnan(fast[t, s])
                continue
            history.append(row)
            slow = np.float32(slow_feature(FEATURES[k], history))
            np.testing.assert_allclose(fast[t, s], slow, rtol=1e-6, atol=1e-7)


def test_the_list_of_features_is_free_in_length_and_order(quotes):
    grid = to_grid(quotes)
    chosen = ("amount/volume", "close", "return1/turn")
    array = feature_array(grid, chosen)
    assert array.shape == (*grid.shape, 3)
    assert array.dtype == np.float32
    alone = feature_array(grid, ("close",))[:, :, 0]
    np.testing.assert_array_equal(array[:, :, 1], alone)


def test_a_zero_denominator_is_unknown_and_not_infinite(quotes):
    grid = to_grid(quotes)
    zero = grid.traded & (grid.column("turn") == 0)
    assert zero.any()
    ratio = feature_array(grid, ("open/turn",))[:, :, 0]
    assert np.isnan(ratio[zero]).all()


def test_no_channel_is_infinite(quotes):
    assert not np.isinf(feature_array(to_grid(quotes), BASE)).any()


@pytest.mark.parametrize("name", ["opne", "open/turn/low", "open/", "1/open", ""])
def test_an_unknown_feature_is_refused_by_name(name, quotes):
    with pytest.raises(ConfigError, match=f"unknown feature '{name}'"):
        feature_array(to_grid(quotes), (name,))


def test_a_feature_twice_is_refused(quotes):
    with pytest.raises(ConfigError, match="'low' occurs twice"):
        feature_array(to_grid(quotes), ("low", "open", "low"))


def test_an_empty_list_is_refused(quotes):
    with pytest.raises(ConfigError, match="features is empty"):
        feature_array(to_grid(quotes), ())


def test_a_missing_column_is_refused_only_where_a_feature_needs_it(quotes):
    grid = to_grid(quotes.drop(columns="free_turn"))
    feature_array(grid, ("open", "turn"))
    with pytest.raises(TableError, match="free_turn"):
        feature_array(grid, ("close/free_turn",))
