"""Same seed, same market; more days, same past; a folder that is whole or not there."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from datamodules.base.errors import ConfigError, TableError
from datamodules.market import market, simulate
from datamodules.market.write import TABLES
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
    begun = spells[spells["start"] <= last]
    assert set(zip(begun["code"], begun["start"], strict=True)) == set(
        zip(short["index_members"]["code"], short["index_members"]["start"], strict=True)
    )


def test_a_failure_leaves_the_old_folder_and_nothing_beside_it(short, tmp_path, monkeypatch):
    before = tables(tmp_path / "tables")["quotes"]

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(market._Market, "fundamentals", fail)
    with pytest.raises(OSError, match="disk full"):
        tables(tmp_path / "tables", seed=9)
    assert [path.name for path in tmp_path.iterdir()] == ["tables"]
    after = pd.read_parquet(tmp_path / "tables" / "quotes.parquet")
    pd.testing.assert_frame_equal(after, before)


def test_a_folder_with_other_data_is_refused_and_kept(tmp_path):
    (tmp_path / "quotes.parquet").write_text("a vendor's")
    with pytest.raises(TableError, match=r"holds other data.*\nHINT: "):
        tables(tmp_path)
    assert (tmp_path / "quotes.parquet").read_text() == "a vendor's"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"stocks": 5}, r"stocks=5: at least 20\nHINT: set data.market.stocks=20"),
        ({"days": 10}, r"days=10: at least 60"),
        ({"rank_ic": 0.9}, "RankIC of 0.9: 0 to 0.3"),
        ({"start": "soon"}, "starts on 'soon': a date"),
        ({"days": 9000}, "reach 20[0-9-]+: a market that ends by today"),
    ],
)
def test_impossible_markets_are_refused(tmp_path, settings, message):
    with pytest.raises(ConfigError, match=message):
        tables(tmp_path / "tables", **settings)
    assert not (tmp_path / "tables").exists()
