from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from datamodules.base.errors import TableError
from datamodules.settings import QLIB_ADJUSTED, TableSettings
from datamodules.sources.qlib import _texts
from datamodules.tables.load import load_tables

SETTINGS = TableSettings(source="qlib", free_turn="turn")


def load(folder, **settings):
    return load_tables(replace(SETTINGS, path=str(folder), **settings))


def refused(folder, **settings):
    with pytest.raises(TableError) as caught:
        load(folder, **settings)
    return str(caught.value)


def test_quotes_survive_the_round_trip_through_qlib(qlib_folder, raw_quotes):
    read = load(qlib_folder).quotes
    assert read["date"].equals(raw_quotes["date"].astype("datetime64[ns]"))
    assert list(read["code"]) == list(raw_quotes["code"])
    assert list(read["traded"]) == list(raw_quotes["traded"])
    traded = raw_quotes["traded"].to_numpy()
    for name in ("open", "high", "low", "close"):
        np.testing.assert_array_equal(read[name][traded], raw_quotes[name][traded].round(2))
    for name in ("vwap", "volume", "turn", "float_cap", "adj_factor"):
        np.testing.assert_allclose(read[name][traded], raw_quotes[name][traded], rtol=3e-7)


def test_nothing_is_traded_or_priced_on_suspended_days(qlib_folder):
    read = load(qlib_folder).quotes
    paused = read[~read["traded"]]
    assert list(paused["code"]) == ["SH600000", "SH600000"]
    assert paused[["open", "close", "vwap", "volume", "turn"]].isna().all(axis=None)


def test_what_lasts_through_a_suspension_is_carried_on(qlib_folder):
    read = load(qlib_folder).quotes.set_index("code").loc["SH600000"]
    paused = read[~read["traded"]].iloc[0]
    before = read[read["date"] < paused["date"]].iloc[-1]
    for name in ("adj_factor", "float_cap", "industry", "is_st"):
        assert paused[name] == before[name]


def test_industry_numbers_become_texts(qlib_folder):
    assert list(load(qlib_folder).quotes["industry"].cat.categories) == ["3", "7"]
    long = pd.Series([10101010, 10101020, np.nan, 2.5], dtype=np.float32)
    assert list(_texts(long).cat.categories) == ["2.5", "10101010", "10101020"]


def test_an_index_is_kept_apart_from_the_stocks(qlib_folder, raw_quotes):
    tables = load(qlib_folder)
    assert "SH000905" not in set(tables.quotes["code"])
    close = raw_quotes.loc[raw_quotes["code"] == "SH600519", "close"]
    assert list(tables.index["code"].unique()) == ["SH000905"]
    np.testing.assert_array_equal(tables.index["close"], close.round(2))


def test_stock_pools_are_index_members(qlib_folder):
    members = load(qlib_folder).index_members
    assert members.astype("str").to_numpy().tolist() == [
        ["csi500", "SH600000", "2020-01-01", "2021-03-03"],
        ["csi500", "SH600519", "2021-03-04", "2099-12-31"],
    ]


def test_a_folder_without_index_or_pools_has_no_such_tables(qlib_folder):
    (qlib_folder / "instruments" / "csi500.txt").unlink()
    for path in (qlib_folder / "features" / "sh000905").iterdir():
        path.unlink()
    (qlib_folder / "features" / "sh000905").rmdir()
    tables = load(qlib_folder)
    assert (tables.index, tables.index_members, tables.fundamentals) == (None, None, None)


def test_rows_outside_a_listing_are_left_out(qlib_folder):
    path = qlib_folder / "instruments" / "all.txt"
    spells = "SH600519\t2021-03-02\t2021-03-03\nsh600519\t2021-03-05\t2021-03-05\n"
    path.write_text(spells)
    read = load(qlib_folder).quotes
    assert list(read["date"].dt.day) == [2, 3, 5]


def test_an_instrument_without_features_is_counted(qlib_folder):
    with (qlib_folder / "instruments" / "all.txt").open("a") as file:
        file.write("SZ000001\t2021-03-01\t2021-03-10\n")
    notes = {note.kind: note for note in load(qlib_folder).report.notes}
    assert (notes["lost"].count, notes["lost"].examples) == (1, ("SZ000001",))


def test_a_traded_field_is_believed(qlib_folder, raw_quotes):
    stock = qlib_folder / "features" / "sh600519"
    np.array([0, 1, 1, 0, 1, 1, 1, 1, 1], dtype="<f4").tofile(stock / "traded.day.bin")
    for code in ("sh600000", "sz300001"):
        flags = np.fromfile(qlib_folder / "features" / code / "close.day.bin", dtype="<f4")
        flags[1:] = np.isfinite(flags[1:])
        flags.tofile(qlib_folder / "features" / code / "traded.day.bin")
    read = load(qlib_folder).quotes
    third = read[(read["code"] == "SH600519") & ~read["traded"]]
    assert list(third["date"].dt.day) == [3]


def test_volume_that_is_stored_raw_stays_raw(qlib_folder, raw_quotes):
    adjusted = [name for name in QLIB_ADJUSTED if name != "volume"]
    assert "float_cap is 0.29 x (volume / turn x close)" in refused(
        qlib_folder, qlib_adjusted=adjusted
    )
    read = load(qlib_folder, qlib_adjusted=adjusted, accept=["units"]).quotes
    stored = raw_quotes["volume"] / raw_quotes["adj_factor"]
    traded = raw_quotes["traded"]
    np.testing.assert_allclose(read["volume"][traded], stored[traded], rtol=1e-6)


def test_fields_are_scaled_and_mapped(qlib_folder, raw_quotes):
    for path in qlib_folder.glob("features/*/turn.day.bin"):
        path.rename(path.with_name("turnover_rate.day.bin"))
    for path in qlib_folder.glob("features/*/factor.day.bin"):
        path.rename(path.with_name("adj.day.bin"))
    read = load(
        qlib_folder,
        columns={"quotes": {"turn": "turnover_rate", "adj_factor": "adj"}},
        scale={"quotes": {"turn": 0.01}},
        accept=["units"],
    ).quotes
    traded = raw_quotes["traded"]
    np.testing.assert_allclose(read["turn"][traded], raw_quotes["turn"][traded] / 100, rtol=1e-6)
    np.testing.assert_array_equal(read["close"][traded], raw_quotes["close"][traded].round(2))


def test_a_missing_field_is_named_with_the_setting_that_does_without(qlib_folder):
    for path in qlib_folder.glob("features/*/is_st.day.bin"):
        path.unlink()
    message = refused(qlib_folder)
    assert "qlib/features has no column is_st, needed by the universe" in message
    assert "data.without=[is_st] does without" in message
    assert not load(qlib_folder, without=["is_st"]).quotes["is_st"].any()


def test_a_map_onto_no_field_is_refused_with_the_nearest(qlib_folder):
    message = refused(qlib_folder, columns={"quotes": {"turn": "turm"}})
    assert "data.columns.quotes.turn=turm: " in message
    assert "HINT: data.columns.quotes.turn=turn is the nearest" in message


def test_a_field_of_cut_bytes_is_refused(qlib_folder):
    path = qlib_folder / "features" / "sh600519" / "high.day.bin"
    path.write_bytes(path.read_bytes()[:-1])
    assert "high.day.bin has 35 bytes: whole float32 values" in refused(qlib_folder)


@pytest.mark.parametrize("start", [1.0, -1.0, 0.5, np.nan])
def test_a_field_that_does_not_fit_the_calendar_is_refused(qlib_folder, start):
    path = qlib_folder / "features" / "sh600519" / "high.day.bin"
    values = np.fromfile(path, dtype="<f4")
    values[0] = start
    values.tofile(path)
    message = refused(qlib_folder)
    assert f"holds 8 values from session {start:g} on: values inside the 8 sessions" in message


@pytest.mark.parametrize("name", ["calendars/day.txt", "instruments/all.txt"])
def test_a_missing_text_file_is_refused(qlib_folder, name):
    (qlib_folder / name).unlink()
    assert f"{name} cannot be read: a text file\nHINT: data.path=FOLDER" in refused(qlib_folder)


@pytest.mark.parametrize("days", ["", "2021-03-02\n2021-03-01\n", "2021-03-01\n2021-03-01\n", "x"])
def test_a_calendar_that_is_no_list_of_days_is_refused(qlib_folder, days):
    (qlib_folder / "calendars" / "day.txt").write_text(days)
    assert "day.txt is no list of sessions" in refused(qlib_folder)


@pytest.mark.parametrize("line", ["SH600000", "SH600000\tx\ty", "SH600000\t2021-03-01"])
def test_an_instrument_line_that_is_none_is_refused(qlib_folder, line):
    (qlib_folder / "instruments" / "all.txt").write_text(line)
    assert "all.txt is no list of instruments: CODE<tab>start<tab>end" in refused(qlib_folder)


def test_a_folder_without_features_is_refused(qlib_folder):
    (qlib_folder / "features").rename(qlib_folder / "feature")
    assert "features holds no stocks: features/<code>/<field>.day.bin" in refused(qlib_folder)


def test_a_universe_of_unknown_stocks_is_refused(qlib_folder):
    (qlib_folder / "instruments" / "all.txt").write_text("SZ000009\t2021-03-01\t2021-03-10\n")
    assert "has no column open" in refused(qlib_folder)


def test_a_field_shorter_than_the_close_is_refused(qlib_folder):
    path = qlib_folder / "features" / "sh600519" / "volume.day.bin"
    path.write_bytes(path.read_bytes()[:-8])
    message = refused(qlib_folder)
    assert "sh600519/volume.day.bin holds 6 values from session 0 on, and its close 8" in message
    assert "all fields of a stock cover the same sessions\nHINT: data.path=FOLDER" in message


def test_a_stock_delisted_before_it_is_listed_is_refused(qlib_folder):
    (qlib_folder / "instruments" / "all.txt").write_text("SH600519\t2021-03-05\t2021-03-02\n")
    message = refused(qlib_folder)
    assert "SH600519 starts on 2021-03-05 and ends on 2021-03-02, before that" in message


def test_a_stock_without_a_close_is_counted(qlib_folder):
    for path in (qlib_folder / "features" / "sh600519").iterdir():
        values = np.fromfile(path, dtype="<f4")
        values[1:] = np.nan
        values.tofile(path)
    notes = {note.kind: note for note in load(qlib_folder).report.notes}
    assert (notes["silent"].count, notes["silent"].examples) == (1, ("SH600519",))


def test_raw_prices_that_count_as_adjusted_are_refused(tmp_path, raw_quotes, write):
    """A price stored raw, which reading divides by the factor, falls at each split."""
    one = raw_quotes[raw_quotes["code"] == "SH600519"]
    quotes = pd.concat([one.assign(code=f"SH60000{stock}") for stock in range(4)])
    factor = quotes["adj_factor"]
    prices = ["open", "high", "low", "close", "vwap"]
    split = quotes[prices].mul(0.21 / factor, axis="index").round(4)
    quotes[prices] = split
    quotes["float_cap"] = 1e8 * quotes["close"]
    write(tmp_path / "right", quotes)
    assert load(tmp_path / "right").report.faults == []
    quotes[prices] = split.div(factor, axis="index")
    write(tmp_path / "wrong", quotes)
    message = refused(tmp_path / "wrong", accept=["units"])
    assert "4 of 28 moves of adjusted close are beyond the day's price limit" in message
    assert "data.accept=[units,adjustment]" in message
