"""Fixtures that several rooms share: one small simulated market and its panel a session."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from datamodules.market.market import simulate
from datamodules.panel import Panel
from datamodules.prepare.prepare import prepare
from datamodules.settings import DataSettings, IndexSettings, MarketSettings
from datamodules.tables.load import load_tables

settings.register_profile("same", derandomize=True, deadline=None)  # what CI saw, everybody sees
settings.register_profile("explore", max_examples=1000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


@pytest.fixture(scope="session")
def small_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables of 60 stocks over 330 sessions."""
    folder = tmp_path_factory.mktemp("market") / "tables"
    simulate(MarketSettings(stocks=60, days=330, seed=5), folder)
    return folder


@pytest.fixture(scope="session")
def small_panel(small_tables: Path) -> Panel:
    """The panel of `small_tables`."""
    data = DataSettings(source="simulated", path=str(small_tables))
    return prepare(load_tables(data), small_tables.parent / "panel.zarr", data, IndexSettings())
