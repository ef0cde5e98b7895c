import importlib
from dataclasses import replace

import pandas as pd
import pytest

from datamodules.base.errors import ConfigError, TableError
from datamodules.settings import TableSettings
from datamodules.sources.raw import RawTable
from datamodules.tables.load import load_tables

OWN = """
import pandas as pd

def read_tables(table, columns, settings):
    return pd.read_csv(f"{settings.path}/{table}.csv", parse_dates=["day"]) if table == "quotes" \\
        else None

def read_numbers(table, columns, settings):
    return 7

def read_nothing(table, columns, settings):
    return None

rows = 3
"""


@pytest.fixture
def own(tmp_path, monkeypatch, raw_quotes):
    """Settings of a source in a file of the user's own, which reads CSV under other names."""
    (tmp_path / "my_vendor.py").write_text(OWN)
    (tmp_path / "broken_vendor.py").write_text("import no_such_package")
    monkeypatch.syspath_prepend(tmp_path)
    raw_quotes.rename(columns={"date": "day"}).to_csv(tmp_path / "quotes.csv", index=False)

    def settings(source):
        columns = {"quotes": {"date": "day"}}
        return TableSettings(source, str(tmp_path), columns=columns, free_turn="turn")

    return settings


def test_a_users_own_function_is_a_source(own, raw_quotes):
    quotes = raw_quotes.assign(industry=raw_quotes["industry"].map("sector {:g}".format))
    quotes.rename(columns={"date": "day"}).to_csv(f"{own('').path}/quotes.csv", index=False)
    tables = load_tables(own("my_vendor:read_tables"))
    assert tables.quotes["close"].equals(raw_quotes["close"])
    assert (tables.index, tables.fundamentals) == (None, None)


def test_what_an_own_source_gives_is_checked_like_any_other(own):
    with pytest.raises(TableError, match="quotes of my_vendor:read_tables: column industry is of"):
        load_tables(own("my_vendor:read_tables"))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nowhere:read", r"nowhere cannot be imported .*HINT: .*--config-dir FOLDER.* nowhere.py"),
        ("broken_vendor:read", r"broken_vendor cannot be imported .*no_such_package"),
        ("my_vendor:read_table", r"has no function 'read_table'.*=my_vendor:read_tables$"),
        ("os:system", r"os has no function 'system' that reads tables: read\(table, columns, sett"),
        ("my_vendor:rows", r"has no function 'rows'"),
        ("my_vendor", r"it is one of .*, or MODULE:FUNCTION of your own"),
        ("my_vendor.read_tables", r"HINT: data.source=my_vendor:read_tables$"),
    ],
)
def test_a_source_that_is_no_function_is_refused(own, source, message):
    with pytest.raises(ConfigError, match=f"(?s){message}"):
        load_tables(own(source))


def test_a_source_that_gives_no_table_is_refused(own):
    with pytest.raises(TableError, match=r"is of type int: a pandas.DataFrame .*None\nHINT: "):
        load_tables(own("my_vendor:read_numbers"))
    with pytest.raises(TableError, match="gives no quotes"):
        load_tables(own("my_vendor:read_nothing"))


def test_dates_as_objects_and_odd_names_of_what_is_not_read_do_no_harm(
    own, monkeypatch, raw_quotes
):
    quotes = raw_quotes.assign(industry=raw_quotes["industry"].map("sector {:g}".format))
    quotes["day"] = pd.Series([day.to_pydatetime() for day in quotes.pop("date")], dtype=object)
    extra = pd.DataFrame(0, index=quotes.index, columns=[7, "extra", "extra"])
    given = pd.concat([quotes, extra], axis="columns")
    settings = own("my_vendor:read_tables")
    reader = vars(importlib.import_module("my_vendor"))
    monkeypatch.setitem(
        reader, "read_tables", lambda table, columns, settings: given if table == "quotes" else None
    )
    tables = load_tables(settings)
    assert tables.quotes["date"].equals(raw_quotes["date"].astype("datetime64[ns]"))
    assert any("nothing reads: 7, extra" in note.says for note in tables.report.notes)


def test_a_raw_table_of_any_index_loses_the_row_that_is_faulty(own, monkeypatch, raw_quotes):
    faulty, accounts = raw_quotes["code"].unique()[:2], ["equity", "total_assets"]
    frame = pd.DataFrame(
        {"code": faulty, "period_end": pd.Timestamp("2019-12-31"), **dict.fromkeys(accounts, 1e9)}
    )
    frame["announced"] = pd.to_datetime(["2019-12-01", "2020-01-15"])
    quotes = raw_quotes.assign(industry=raw_quotes["industry"].map("sector {:g}".format))
    tables = {"quotes": quotes, "fundamentals": frame.set_axis([1, 0])}
    monkeypatch.setitem(
        vars(importlib.import_module("my_vendor")),
        "read_tables",
        lambda table, columns, settings: (
            RawTable(tables[table], table) if table in tables else None
        ),
    )
    settings = replace(own("my_vendor:read_tables"), max_bad_rows=0.5)
    (left,) = load_tables(settings).fundamentals["announced"]
    assert left == pd.Timestamp("2020-01-15")
