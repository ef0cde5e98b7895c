import os
import pickle
from datetime import date

import numpy as np
import pandas as pd
import pytest
from helpers.examples import at_most
from hypothesis import given, settings
from hypothesis import strategies as st

from datamodules.base.errors import PanelError
from datamodules.panel import Panel, build_panel

SESSIONS = 300


@pytest.fixture(scope="module")
def contents(make_contents):
    return make_contents(names=("features", "close", "listed", "index_close"))


@pytest.fixture(scope="module")
def panel(contents, tmp_path_factory):
    path = tmp_path_factory.mktemp("reader") / "panel.zarr"
    build_panel(contents, path)
    return Panel.open(path)


@settings(max_examples=at_most(40))
@given(st.tuples(st.integers(0, SESSIONS), st.integers(0, SESSIONS)).map(sorted))
def test_any_window_of_rows_is_that_slice(contents, panel, span):
    start, stop = span
    for name, values in contents.arrays.items():
        np.testing.assert_array_equal(panel.read(name, start, stop), values[start:stop])


@pytest.mark.parametrize(("start", "stop"), [(-1, 5), (5, 4), (0, 301), (301, None)])
def test_rows_outside_the_panel_are_refused(panel, start, stop):
    with pytest.raises(PanelError, match=r"within 0 to 300"):
        panel.read("close", start, stop)


def test_an_absent_array_is_refused_with_the_present_ones(panel):
    assert panel.has("close")
    assert not panel.has("styles")
    with pytest.raises(PanelError, match="'styles': one of features, close, listed, index_close"):
        panel.read("styles")


def test_a_coordinate_is_no_array(panel):
    assert not panel.has("code")
    with pytest.raises(PanelError, match="no array 'code'"):
        panel.read("code")


def test_coordinates_and_attributes_are_those_written(contents, panel):
    assert panel.dates.dtype == np.dtype("datetime64[D]")
    assert panel.dates.tolist() == contents.dates.tolist()
    assert panel.codes.dtype.kind == "U"
    assert panel.codes.tolist() == contents.codes.tolist()
    assert panel.features == contents.features
    assert panel.industries == contents.industries
    assert panel.styles == ()
    assert (panel.horizon, panel.picture_days) == (10, 30)
    assert panel.attrs["format"] == "alphanet-pl panel"
    assert panel.attrs["fingerprint"] == panel.fingerprint


@pytest.mark.parametrize(
    ("day", "session"),
    [
        ("2010-01-04", 0), ("2010-01-06", 2), ("20100106", 2), (date(2010, 1, 6), 2),
        (np.datetime64("2010-01-06"), 2), (pd.Timestamp("2010-01-06 15:00"), 2),
        ("2030-01-01", SESSIONS - 1),
    ],
)  # fmt: skip
def test_a_date_finds_its_session(panel, day, session):
    assert panel.session_on_or_before(day) == session


def test_a_day_without_a_session_gives_the_one_before(make_contents, tmp_path):
    contents = make_contents(names=("close",), sessions=3)
    contents.dates[:] = np.array(["2010-01-04", "2010-01-08", "2010-01-11"], "datetime64[D]")
    build_panel(contents, tmp_path / "gaps.zarr")
    panel = Panel.open(tmp_path / "gaps.zarr")
    assert [panel.session_on_or_before(f"2010-01-{d:02}") for d in (7, 8, 10)] == [0, 1, 1]


@pytest.mark.parametrize(("day", "message"), [("2010-01-03", "first session"), ("soon", "no date")])
def test_a_date_without_a_session_is_refused(panel, day, message):
    with pytest.raises(PanelError, match=message):
        panel.session_on_or_before(day)


def test_a_pickled_panel_reads_the_same(panel):
    copy = pickle.loads(pickle.dumps(panel))
    assert copy.fingerprint == panel.fingerprint
    np.testing.assert_array_equal(copy.read("features", 5, 9), panel.read("features", 5, 9))


def test_a_pickle_is_small_however_large_the_panel(panel):
    panel.read("features")
    assert len(pickle.dumps(panel)) < 1000


def test_a_panel_found_by_relative_path_survives_a_change_of_folder(panel, monkeypatch):
    monkeypatch.chdir(panel.path.parent)
    relative = Panel.open("panel.zarr")
    monkeypatch.chdir(os.sep)
    assert relative.read("close").shape == (SESSIONS, 7)


def test_a_panel_replaced_while_in_use_is_noticed(make_contents, tmp_path):
    path = tmp_path / "panel.zarr"
    build_panel(make_contents(names=("close",), sessions=3), path)
    panel = Panel.open(path)
    pickled = pickle.dumps(panel)
    build_panel(make_contents(seed=1, names=("close",), sessions=3), path)
    with pytest.raises(PanelError, match="replaced while in use"):
        panel.read("close")
    with pytest.raises(PanelError, match="replaced while in use"):
        pickle.loads(pickled)


def test_a_panel_says_what_it_is(panel):
    text = repr(panel)
    assert "300 sessions 2010-01-04 to 2010-10-30, 7 stocks, 3 features" in text
    assert panel.fingerprint[:12] in text


def test_an_intact_panel_verifies(panel):
    panel.verify()


def test_some_channels_in_another_order_are_those_of_the_panel(contents, panel):
    names = (panel.features[2], panel.features[0])
    some = panel.with_features(names)
    expected = contents.arrays["features"][40:70][:, :, [2, 0]]
    for one in (some, pickle.loads(pickle.dumps(some))):
        assert one.features == names
        assert one.fingerprint == panel.fingerprint
        np.testing.assert_array_equal(one.read("features", 40, 70), expected)
        np.testing.assert_array_equal(one.read("close"), panel.read("close"))
    assert panel.with_features(panel.features) is panel
    with pytest.raises(PanelError, match=r"no channel height(.|\n)*HINT: data.features="):
        panel.with_features(["height", names[0]])
