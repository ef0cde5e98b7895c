"""Same seed, same market; more days, same past."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from datamodules.base.errors import ConfigError
from datamodules.market import simulate
from datamodules.market.tables import TABLES
from datamodules.settings import MarketSettings


def tables(folder: Path, **settings: object) -> dict[str, pd.DataFrame]:
    simulate(MarketSettings(**{"stocks": 50, "days": 150, "seed": 3, **settings}), folder)
    return {name: pd.read_parquet(folder / f"{name}.parquet") for name in TABLES}


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    return tables(tmp_path_factory.mktemp("short") / "tables")


def test_the_same_seed_gives_the_same_tables(short, tmp_path):
    for name, table in tables(tmp_path / "again").items():
        pd.testing.assert_frame_equal(table, short[name], check_exact=True)


def test_another_seed_gives_another_market(short, tmp_path):
    other = tables(tmp_path / "other", seed=4)["quotes"]
    assert not np.array_equal(other["close"][:50], short["quotes"]["close"][:50])


def test_more_days_leave_the_past_untouched(short, tmp_path):
    longer = tables(tmp_path / "longer", days=200)
    last = short["quotes"]["date"].max()
    for name, key in {"quotes": "date", "truth": "date", "index": "date"}.items():
        past = longer[name][longer[name][key] <= last].reset_index(drop=True)
        pd.testing.assert_frame_equal(past, short[name], check_exact=True)
    accounts = longer["fundamentals"]
    known = accounts[accounts["announced"] <= last].reset_index(drop=True)
    pd.testing.assert_frame_equal(known, short["fundamentals"], check_exact=True)
    spells = longer["index_members"]
    begun = spells[spells["start"] <= last].reset_index(drop=True)
    columns = ["code", "start"]
    pd.testing.assert_frame_equal(begun[columns], short["index_members"][columns])


def test_a_market_that_ends_in_the_future_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"reach 20[0-9-]+: a market that ends by today"):
        tables(tmp_path / "tables", days=9000)
    assert not (tmp_path / "tables").exists()
