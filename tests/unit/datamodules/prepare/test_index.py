import numpy as np
import pandas as pd
import pytest

from datamodules.base.errors import ConfigError, TableError
from datamodules.canon.report import DataReport
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


def two_stocks(first, second, **columns):
    """Quotes of SH600001 and SH600002 with these closes."""
    days = pd.bdate_range("2015-01-05", periods=len(first))
    frames = [
        pd.DataFrame({"date": days, "code": f"SH60000{k}", "close": closes})
        for k, closes in ((1, first), (2, second))
    ]
    return pd.concat(frames).assign(**{"traded": True, "adj_factor": 1.0, **columns})


def membership(start, end, weight, codes=("SH600001", "SH600002")):
    days = {"start": pd.Timestamp(start), "end": pd.Timestamp(end)}
    return pd.DataFrame({"index": "csi500", "code": codes, **days, "weight": weight})


def test_given_weights_drift_with_adjusted_closes_from_the_start_of_their_spell():
    quotes = two_stocks([9, 10, 20, 40], [5, 10, 10, 5], adj_factor=[1, 1, 1, 1, 1, 1, 1, 2])
    members = membership("2015-01-06", "2015-01-31", [30.0, 30.0])
    weight = index_weight(to_grid(quotes), members, "csi500")
    np.testing.assert_allclose(weight[:, 0], [0, 1 / 2, 2 / 3, 4 / 5], rtol=1e-6)


def test_weights_given_every_day_stay_as_they_are():
    quotes = two_stocks([10, 20, 40], [10, 10, 10])
    days = pd.unique(quotes["date"])
    weights = ([0.3, 0.7], [0.4, 0.6], [0.1, 0.9])
    members = pd.concat([membership(d, d, list(w)) for d, w in zip(days, weights, strict=True)])
    found = index_weight(to_grid(quotes), members, "csi500")
    np.testing.assert_allclose(found, weights, rtol=1e-6)


def test_a_suspended_member_keeps_its_price_and_one_that_never_traded_its_weight():
    traded = [True, False, False, False, False, True]
    quotes = two_stocks([10, 99, 99], [1, 1, 7], traded=traded)
    members = membership("2015-01-05", "2015-01-31", [0.5, 0.5])
    weight = index_weight(to_grid(quotes), members, "csi500")
    np.testing.assert_allclose(weight, 0.5, rtol=1e-6)


@pytest.mark.parametrize("weight", [np.nan, np.inf])
def test_members_without_a_weight_where_others_have_one_are_noted_and_weigh_nothing(weight):
    members = membership("2015-01-05", "2015-01-31", [0.5, weight])
    report = DataReport()
    found = index_weight(to_grid(two_stocks([10, 20], [10, 10])), members, "csi500", report)
    assert found.tolist() == [[1, 0], [1, 0]]
    (note,) = report.notes
    assert (note.kind, note.count, note.examples) == ("without_weight", 1, ("SH600002",))
    assert note.says.startswith("of 2 members of csi500 have no weight")


def test_a_session_without_members_has_no_weights(quotes, make_tables):
    grid, members = to_grid(quotes), make_tables(quotes).index_members
    late = members.assign(start=pd.Timestamp(grid.dates[8]))
    weight = index_weight(grid, late, "csi500")
    assert weight[:8].sum() == 0
    np.testing.assert_allclose(weight[8:].sum(axis=1), 1, rtol=1e-6)


def test_members_that_the_quotes_lack_are_left_out(quotes, make_tables):
    grid, members = to_grid(quotes), make_tables(quotes).index_members
    more = pd.concat([members, members.iloc[:1].assign(code="SH699999")])
    report = DataReport()
    np.testing.assert_array_equal(
        index_weight(grid, more, "csi500", report), index_weight(grid, members, "csi500")
    )
    (note,) = [note for note in report.notes if note.kind == "unknown_members"]
    assert (note.kind, note.count, note.examples) == ("unknown_members", 1, ("SH699999",))


def test_an_unknown_index_is_refused_with_the_known_ones(quotes, make_tables):
    grid, tables = to_grid(quotes), make_tables(quotes)
    with pytest.raises(ConfigError, match="no index 'csi50': one of csi500"):
        index_weight(grid, tables.index_members, "csi50")
    with pytest.raises(ConfigError, match="no index 'SH0009': one of SH000905"):
        index_close(grid, tables.index, "SH0009")


def test_sessions_with_another_number_of_members_are_noted(quotes, make_tables):
    grid, members = to_grid(quotes), make_tables(quotes).index_members
    whole, part = DataReport(), DataReport()
    index_weight(grid, members.assign(start=grid.dates[0], end=grid.dates[-1]), "csi500", whole)
    index_weight(grid, members.assign(start=grid.dates[0], end=grid.dates[-2]), "csi500", part)
    assert [note for note in whole.notes if note.kind == "number"] == []
    (note,) = [note for note in part.notes if note.kind == "number"]
    assert note.count == 1
    assert note.examples == (f"{grid.dates[-1]} 0",)


@pytest.mark.parametrize("unknown", [np.nan, 0.0, -5.0])
def test_a_suspended_members_float_cap_is_its_last(unknown):
    caps = [6.0, unknown, 9.0, 2.0, 2.0, unknown]
    quotes = two_stocks([1, 1, 1], [1, 1, 1], float_cap=caps)
    members = membership("2015-01-05", "2015-01-31", np.nan).drop(columns="weight")
    weight = index_weight(to_grid(quotes), members, "csi500")
    np.testing.assert_allclose(weight[:, 0], [6 / 8, 6 / 8, 9 / 11], rtol=1e-6)


@pytest.mark.parametrize("span", [("2001-01-01", "2002-12-31"), ("2031-01-01", "2031-12-31")])
def test_memberships_of_another_time_are_refused(span):
    grid = to_grid(two_stocks([1, 1, 1], [1, 1, 1], float_cap=1.0))
    members = membership(*span, np.nan).drop(columns="weight")
    with pytest.raises(TableError, match=f"cover no session of the quotes: they are of {span[0]}"):
        index_weight(grid, members, "csi500", DataReport("here"))
    accepted = DataReport("here", accept=("members",))
    assert not index_weight(grid, members, "csi500", accepted).any()
