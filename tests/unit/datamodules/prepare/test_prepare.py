import json

import numpy as np
import pytest

from datamodules.base.errors import ConfigError, TableError
from datamodules.panel import Panel
from datamodules.prepare.arrays import StyleArray, quote_arrays
from datamodules.prepare.grid import to_grid
from datamodules.prepare.prepare import prepare
from datamodules.settings import FEATURES, IndexSettings

DAYS, HORIZON = 5, 4


SETTINGS = {"index": IndexSettings(), "picture_days": DAYS, "horizon": HORIZON}


@pytest.fixture
def build(make_tables, tmp_path):
    """The same on disk."""

    def write(quotes, name="panel.zarr", **settings):
        return prepare(make_tables(quotes), tmp_path / name, **(SETTINGS | settings))

    return write


def test_the_panel_holds_what_was_computed(build, quotes):
    panel, grid = build(quotes), to_grid(quotes)
    for name, values in quote_arrays(grid, FEATURES, HORIZON, DAYS).items():
        np.testing.assert_array_equal(panel.read(name), values, err_msg=name)
    assert panel.codes.tolist() == grid.codes.tolist()
    assert panel.dates.tolist() == grid.dates.tolist()
    assert (panel.features, panel.horizon, panel.picture_days) == (FEATURES, HORIZON, DAYS)


def test_styles_are_stored_with_their_names(build, quotes):
    def styles(grid, arrays):
        values = np.where(arrays["scorable"][:, :, None], [1.0, 2.0], np.nan)
        return StyleArray(("size", "beta"), values, {"profile": "plain"})

    panel = build(quotes, styles=styles)
    assert panel.styles == ("size", "beta")
    values, scorable = panel.read("styles"), panel.read("scorable")
    assert (values[scorable] == [1, 2]).all()
    assert np.isnan(values[~scorable]).all()
    report = json.loads(panel.path.with_name("data_report.json").read_text())
    assert report["styles"] == {"profile": "plain"}


def test_the_data_report_lies_beside_the_panel(build, quotes):
    panel = build(quotes, attrs={"free_turn": "turn"})
    report = json.loads(panel.path.with_name("data_report.json").read_text())
    assert report["panel"]["fingerprint"] == panel.fingerprint
    assert report["tables"]["source"] == "a test"
    assert report["ledger"]["listed"] == len(quotes)
    assert panel.attrs["free_turn"] == "turn"


def test_the_fingerprint_depends_on_the_data_alone(build, quotes):
    shuffled = quotes.sample(frac=1, random_state=3)
    same = build(shuffled, "elsewhere.zarr").fingerprint
    changed = quotes.copy()
    changed.loc[7, "close"] += 0.01
    assert build(quotes).fingerprint == same
    assert build(changed).fingerprint != same


def test_a_refusal_writes_nothing(build, quotes, tmp_path):
    with pytest.raises(ConfigError, match="unknown feature"):
        build(quotes, features=("opne",))
    with pytest.raises(TableError, match="free_turn"):
        build(quotes.drop(columns="free_turn"))
    with pytest.raises(ConfigError, match="no index"):
        build(quotes, index=IndexSettings("csi900", "SH000905"))
    assert list(tmp_path.iterdir()) == []


def test_one_stock_and_one_session_make_a_panel(build, quotes):
    one = quotes.iloc[:1]
    panel = build(one, index=None)
    assert isinstance(panel, Panel)
    assert panel.read("features").shape == (1, 1, 15)
    assert not panel.read("scorable").any()
