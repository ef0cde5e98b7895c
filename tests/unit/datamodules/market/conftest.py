"""One simulated market for all tests of the room."""

from pathlib import Path

import pandas as pd
import pytest

from datamodules.market import simulate
from datamodules.market.tables import TABLES
from datamodules.settings import MarketSettings


def read(folder: Path) -> dict[str, pd.DataFrame]:
    return {name: pd.read_parquet(folder / f"{name}.parquet") for name in TABLES}


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    """All tables of 150 stocks over 500 sessions."""
    folder = tmp_path_factory.mktemp("simulated") / "tables"
    simulate(MarketSettings(stocks=150, days=500, seed=1), folder)
    return read(folder)


@pytest.fixture(scope="session")
def quotes(market: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Quotes, each stock's rows in the order of time."""
    return market["quotes"].sort_values(["code", "date"], ignore_index=True)


@pytest.fixture(scope="session")
def traded(quotes: pd.DataFrame) -> pd.DataFrame:
    """The rows of `quotes` that traded."""
    return quotes[quotes["traded"]]
