import numpy as np
import pandas as pd
import pytest

from datamodules.base.errors import ConfigError
from datamodules.prepare.grid import to_grid
from datamodules.prepare.index import index_close, index_weight


def test_closes_are_put_on_the_panels_sessions(quotes, make_tables):
    grid = to_grid(quotes)
    index = make_tables(quotes).index
    index["close"] = np.arange(len(index)) + 1.0
    other = index.assign(code="SH000300", close=-1.0)
    both = pd.concat([index.iloc[1:], other]).sample(frac=1, random_state=0)
    close = index_close(grid, both, "SH000905")
    assert np.isnan(close[0])
    assert close[1:].tolist() == index["close"].iloc[1:].tolist()


def test_weights_are_float_caps_of_listed_members_summing_to_one(quotes, make_tables, rows):
    grid, members = to_grid(quotes), make_tables(quotes).index_members
    fast, table = index_weight(grid, members, "csi500"), rows(quotes)
    for t, day in enumerate(grid.dates):
        caps = np.zeros(len(grid.codes))
        for member in members.itertuples():
            inside = member.start <= pd.Timestamp(day) <= member.end
            if inside and day in table[member.code]:
                caps[grid.codes.tolist().index(member.code)] = table[member.code][day].float_cap
        np.testing.assert_allclose(fast[t], caps / caps.sum(), rtol=1e-6)


def test_given_weights_are_kept_and_normalised(quotes, make_tables):
    grid, members = to_grid(quotes), make_tables(quotes).index_members
    weight = index_weight(grid, members.assign(weight=[30.0, 10.0, np.nan]), "csi500")
    t = int(np.flatnonzero(grid.listed[10:40, [0, 5]].all(axis=1))[0]) + 10
    present = np.array([30.0, 0, 0, 0, 0, 10.0, 0])[: len(grid.codes)]
    codes = grid.codes.tolist()
    present = np.zeros(len(codes))
    present[codes.index("SH600001")] = 30
    present[codes.index("SZ000003")] = 10
    present *= grid.listed[t]
    np.testing.assert_allclose(weight[t], present / present.sum(), rtol=1e-6)


def test_a_session_without_members_has_no_weights(quotes, make_tables):
    grid, members = to_grid(quotes), make_tables(quotes).index_members
    late = members.assign(start=pd.Timestamp(grid.dates[8]))
    weight = index_weight(grid, late, "csi500")
    assert weight[:8].sum() == 0
    np.testing.assert_allclose(weight[8:].sum(axis=1), 1, rtol=1e-6)


def test_members_that_the_quotes_lack_are_left_out(quotes, make_tables):
    grid, members = to_grid(quotes), make_tables(quotes).index_members
    more = pd.concat([members, members.iloc[:1].assign(code="SH699999")])
    np.testing.assert_array_equal(
        index_weight(grid, more, "csi500"), index_weight(grid, members, "csi500")
    )


def test_an_unknown_index_is_refused_with_the_known_ones(quotes, make_tables):
    grid, tables = to_grid(quotes), make_tables(quotes)
    with pytest.raises(ConfigError, match="no index 'csi50': one of csi500"):
        index_weight(grid, tables.index_members, "csi50")
    with pytest.raises(ConfigError, match="no index 'SH0009': one of SH000905"):
        index_close(grid, tables.index, "SH0009")
