import json

import numpy as np
import pytest

from datamodules.base.errors import ConfigError, PanelError, TableError
from datamodules.base.files import read_json, write_json
from datamodules.canon.limits import A_SHARES
from datamodules.panel import Panel
from datamodules.prepare.arrays import quote_arrays
from datamodules.prepare.grid import to_grid
from datamodules.prepare.prepare import prepare, read_report
from datamodules.settings import FEATURES, STYLES, DataSettings, IndexSettings, StyleProfile

DAYS, HORIZON = 5, 4
CSI500 = IndexSettings()


@pytest.fixture
def build(make_tables, tmp_path):
    """The same on disk."""

    def write(quotes, name="panel.zarr", index=CSI500, **settings):
        small = {"picture_days": DAYS, "horizon": HORIZON, "styles": "none"}
        return prepare(
            make_tables(quotes), tmp_path / name, DataSettings(**small | settings), index
        )

    return write


def test_the_panel_holds_what_was_computed(build, quotes):
    panel, grid = build(quotes), to_grid(quotes)
    settings = DataSettings(picture_days=DAYS, horizon=HORIZON)
    for name, values in quote_arrays(grid, settings, A_SHARES).items():
        np.testing.assert_array_equal(panel.read(name), values, err_msg=name)
    assert panel.codes.tolist() == grid.codes.tolist()
    assert panel.dates.tolist() == grid.dates.tolist()
    assert (panel.features, panel.horizon, panel.picture_days) == (FEATURES, HORIZON, DAYS)


def test_styles_are_stored_with_their_names(build, quotes):
    panel = build(quotes, styles="available", style_profile=StyleProfile(name="plain"))
    assert panel.styles == STYLES
    values, scorable = panel.read("styles"), panel.read("scorable")
    assert np.isfinite(values[scorable]).any()
    assert np.isnan(values[~scorable]).all()
    report = json.loads(panel.path.with_name("data_report.json").read_text())
    assert report["styles"]["profile"] == "plain"


def test_the_data_report_lies_beside_the_panel(build, quotes):
    panel = build(quotes, free_turn="turn")
    report = json.loads(panel.path.with_name("data_report.json").read_text())
    assert report["panel"]["fingerprint"] == panel.fingerprint
    assert report["tables"]["source"] == "a test"
    assert report["ledger"]["listed"] == len(quotes)
    assert panel.attrs["free_turn"] == "turn"


def test_the_data_report_of_another_panel_of_the_folder_is_not_taken(build, quotes):
    first = build(quotes, "first.zarr")
    assert read_report(first)["ledger"]["listed"] == len(quotes)
    second = build(quotes.iloc[7:], "second.zarr")
    assert read_report(first) is None
    assert read_report(second)["ledger"]["listed"] == len(quotes) - 7


def test_an_absent_data_report_is_none(build, quotes, capsys):
    panel = build(quotes)
    panel.path.with_name("data_report.json").unlink()
    assert read_report(panel) is None
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "content", ["{}", '{"panel": []}', "{half", "[1]", "\0", '{"panel": {"fingerprint": 1}}']
)
def test_a_damaged_data_report_is_said_to_be_and_is_none(build, quotes, content, capsys):
    panel = build(quotes)
    path = panel.path.with_name("data_report.json")
    path.write_text(content)
    assert read_report(panel) is None
    assert f"{path} is damaged" in capsys.readouterr().err


@pytest.mark.parametrize("dropped", [None, [1], {"under special treatment": "many"}])
def test_a_ledger_that_is_none_is_a_damaged_one(build, quotes, dropped, capsys):
    panel = build(quotes)
    path = panel.path.with_name("data_report.json")
    report = read_json(path)
    report["ledger"]["dropped"] = dropped
    write_json(path, report)
    assert read_report(panel) is None
    assert "is damaged" in capsys.readouterr().err


def test_a_panel_knows_the_index_that_it_was_built_with(build, quotes):
    assert build(quotes).index == CSI500
    assert build(quotes, index=None).index is None


def test_the_fingerprint_depends_on_the_data_alone(build, quotes):
    shuffled = quotes.sample(frac=1, random_state=3)
    same = build(shuffled, "elsewhere.zarr").fingerprint
    changed = quotes.copy()
    changed.loc[7, "close"] += 0.01
    assert build(quotes).fingerprint == same
    assert build(changed).fingerprint != same


def test_a_refusal_writes_nothing(build, quotes, tmp_path):
    with pytest.raises(ConfigError, match="unknown feature"):
        build(quotes, features=["open", "opne"])
    with pytest.raises(TableError, match="free_turn"):
        build(quotes.drop(columns="free_turn"))
    with pytest.raises(ConfigError, match="no index"):
        build(quotes, index=IndexSettings("csi900", "SH000905"))
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_computed(
    build, quotes, tmp_path, monkeypatch
):
    (tmp_path / "mine").write_text("mine")
    monkeypatch.setattr("datamodules.prepare.prepare.panel_contents", lambda *_: 1 / 0)
    with pytest.raises(PanelError, match="is no panel of this program"):
        build(quotes, "mine")


def test_a_panel_without_any_label_says_so(make_tables, quotes, tmp_path):
    days = np.unique(quotes["date"])[:4]
    tables = make_tables(quotes[quotes["date"].isin(days)])
    prepare(tables, tmp_path / "panel.zarr", DataSettings(picture_days=3, horizon=4, styles="none"))
    (note,) = (note for note in tables.report.notes if note.kind == "no_label")
    assert "nothing can be trained" in note.says


def test_one_stock_and_one_session_make_a_panel(build, quotes):
    one = quotes.iloc[:1]
    panel = build(one, index=None)
    assert isinstance(panel, Panel)
    assert panel.read("features").shape == (1, 1, 15)
    assert not panel.read("scorable").any()
