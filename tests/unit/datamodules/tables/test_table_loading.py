import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from datamodules.base.errors import ConfigError, TableError
from datamodules.settings import TableSettings
from datamodules.tables.load import load_tables


def test_clean_tables_come_back_as_they_were_written(clean, load):
    tables = load(**clean)
    for name in ("quotes", "fundamentals", "index", "index_members"):
        read = getattr(tables, name)
        assert_frame_equal(
            read.astype({"code": "str"}),
            clean[name].astype({"code": "str"}),
            check_dtype=False,
            check_like=True,
            check_categorical=False,
        )
    assert tables.truth is None
    assert tables.report.notes == [n for n in tables.report.notes if n.kind == "absent"]
    assert tables.report.faults == []


def test_types_are_the_canonical_ones(clean, load):
    quotes = clean["quotes"].astype({"volume": "int64", "close": "float32", "traded": "int8"})
    read = load(quotes=quotes).quotes
    assert read["date"].dtype == "datetime64[ns]"
    assert read["traded"].dtype == bool
    assert {read[name].dtype.name for name in ("volume", "close", "turn")} == {"float64"}
    assert list(read["industry"].cat.categories) == ["banks", "chips", "coal"]


def test_unsorted_rows_are_sorted_by_date_and_code(clean, load):
    shuffled = clean["quotes"].sample(frac=1, random_state=0)
    read = load(quotes=shuffled).quotes
    assert list(zip(read["date"], read["code"], strict=True)) == sorted(
        zip(shuffled["date"], shuffled["code"], strict=True)
    )


def test_a_folder_of_files_is_one_table(clean, load, tmp_path):
    (tmp_path / "quotes.parquet").mkdir()
    for day, rows in clean["quotes"].groupby("date"):
        rows.to_parquet(tmp_path / "quotes.parquet" / f"{day.date()}.parquet", index=False)
    assert len(load().quotes) == len(clean["quotes"])


def test_python_dates_are_dates(clean, load):
    quotes = clean["quotes"].assign(date=clean["quotes"]["date"].dt.date)
    assert (
        load(quotes=quotes).quotes["date"].equals(clean["quotes"]["date"].astype("datetime64[ns]"))
    )


@pytest.mark.parametrize("end", ["9999-12-31", None])
def test_a_membership_without_end_lasts(clean, load, end):
    members = clean["index_members"]
    members["end"] = pd.Series([end] * 3).astype("datetime64[us]")
    read = load(quotes=clean["quotes"], index_members=members).index_members
    assert (read["end"] == pd.Timestamp("2099-12-31")).all()


def test_a_membership_since_ever_begins_long_ago(clean, load):
    members = clean["index_members"]
    members["start"] = pd.Series(["0001-01-01"] * 3).astype("datetime64[us]")
    read = load(quotes=clean["quotes"], index_members=members).index_members
    assert (read["start"] == pd.Timestamp("1900-01-01")).all()


@pytest.mark.parametrize("table", ["quotes", "fundamentals", "index", "index_members"])
def test_a_key_given_twice_is_refused_with_its_rows(clean, load, table):
    clean[table] = pd.concat([clean[table], clean[table].iloc[[1]]])
    with pytest.raises(TableError, match=rf"{table}.parquet: \(.*\) is given again in 1 of"):
        load(**clean)


def test_a_repeated_stock_day_is_named(clean, load):
    with pytest.raises(TableError, match="2021-03-01 SH688001: one row a key is needed\nHINT: "):
        load(quotes=pd.concat([clean["quotes"], clean["quotes"].iloc[[1]]]))


def test_two_spellings_of_one_code_are_one_stock(clean, load):
    again = clean["quotes"].iloc[[0]].assign(code="600000.SH")
    with pytest.raises(TableError, match="2021-03-01 SH600000"):
        load(quotes=pd.concat([clean["quotes"], again]))


def test_an_empty_table_is_refused(clean, load):
    with pytest.raises(TableError, match=r"quotes.parquet has no rows: a table with rows"):
        load(quotes=clean["quotes"].iloc[:0])


def test_a_scale_of_a_column_that_is_not_there_is_refused(clean, load):
    quotes = clean["quotes"].drop(columns="float_shares")
    with pytest.raises(
        ConfigError, match=r"float_shares=100 was given, but quotes has no float_sh"
    ):
        load(quotes=quotes, settings={"scale": {"quotes": {"float_shares": 100}}})


def test_turn_that_styles_need_is_named_with_all_that_does_without(clean, tmp_path):
    clean["quotes"].drop(columns="turn").to_parquet(tmp_path / "quotes.parquet")
    settings = TableSettings(source="parquet", path=str(tmp_path))
    features = ["close", "free_turn"]
    with pytest.raises(
        TableError, match=r"needed by the style liquidity\n.*; or data.styles=none$"
    ):
        load_tables(settings, features=features, styles="available")
    with pytest.raises(TableError, match=r"leave turn out of data.features and data.styles=none"):
        load_tables(settings, features=["turn"], styles="all")
    assert "turn" not in load_tables(settings, features=features).quotes
