import shutil

import pandas as pd
import pytest

from alphanet_pl.cli.commands.prepare import run
from alphanet_pl.config.compose import load_settings
from datamodules.base.errors import ConfigError, TableError
from datamodules.base.files import read_json
from datamodules.panel import Panel


@pytest.fixture
def prepared(small_tables, tmp_path):
    """Prepare the small market with its quotes spoiled, under more settings."""

    def prepare(spoil=lambda quotes: quotes, *words):
        shutil.copytree(small_tables, tmp_path / "tables", dirs_exist_ok=True)
        path = tmp_path / "tables" / "quotes.parquet"
        spoil(pd.read_parquet(small_tables / "quotes.parquet")).to_parquet(path)
        given = [
            "data=parquet", f"data.path={tmp_path}/tables", f"data.panel={tmp_path}/panel.zarr",
            "data.styles=none", *words,
        ]  # fmt: skip
        return run(load_settings("prepare", given))

    return prepare


def in_lots(quotes):
    return quotes.assign(volume=quotes["volume"] / 100)


def test_an_accepted_finding_stands_in_terminal_report_and_panel(prepared, tmp_path):
    assert "traded rows have a unit that looks wrong" in prepared(in_lots, "data.accept=[units]")
    assert Panel.open(tmp_path / "panel.zarr").attrs["accept"] == ["units"]
    tables = read_json(tmp_path / "data_report.json")["tables"]
    assert tables["accept"] == ["units"]
    assert [note["kind"] for note in tables["notes"] if note["cost"] == "wrong"] == ["units"]


def test_a_refusal_leaves_no_panel(prepared, tmp_path):
    with pytest.raises(TableError, match=r"HINT: data.scale.quotes.volume=100 may mend it"):
        prepared(in_lots)
    assert [path.name for path in tmp_path.iterdir()] == ["tables"]


def first(sessions):
    """What keeps the first sessions of quotes."""
    return lambda quotes: quotes[quotes["date"] < quotes["date"].unique()[sessions]]


def test_fewer_sessions_than_a_picture_are_refused(prepared):
    with pytest.raises(TableError, match="quotes have 29 sessions: a picture has 30, and a label"):
        prepared(first(29))


def test_a_panel_without_a_label_says_that_nothing_can_be_trained(prepared):
    assert "WARNING nothing can be trained on this panel: 0 of " in prepared(first(32))


def test_a_simulated_market_needs_a_folder():
    with pytest.raises(ConfigError, match=r"data\.path is not set"):
        run(load_settings("prepare", ["data=simulated", "data.path=''"]))
