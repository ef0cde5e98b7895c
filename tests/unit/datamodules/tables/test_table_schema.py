import numpy as np
import pandas as pd
import pytest

from datamodules.base.errors import TableError
from datamodules.settings import FEATURES


def refused(load, table, frame, clean):
    with pytest.raises(TableError) as caught:
        load(**{"quotes": clean["quotes"], table: frame})
    return str(caught.value)


def test_text_where_a_number_is_needed_is_refused(clean, load):
    frame = clean["quotes"].assign(close="10.2")
    message = refused(load, "quotes", frame, clean)
    assert "quotes.parquet: column close is of type" in message
    assert "a number is needed\nHINT: " in message
    assert "data.columns.quotes.close" in message


def test_numbers_where_a_date_is_needed_are_refused(clean, load):
    message = refused(load, "quotes", clean["quotes"].assign(date=20210301), clean)
    assert "column date is of type int64: a date or timestamp without time zone" in message
    assert "HINT: convert it when writing the file: pd.to_datetime(quotes['date']" in message


def test_dates_with_a_time_zone_are_refused(clean, load):
    zoned = clean["index"].assign(date=clean["index"]["date"].dt.tz_localize("Asia/Shanghai"))
    message = refused(load, "index", zoned, clean)
    assert "Asia/Shanghai]: a date or timestamp without time zone is needed" in message
    assert "HINT: drop the zone when writing the file: index['date'].dt.tz_localize" in message


def test_dates_with_a_time_of_day_are_refused(clean, load):
    late = clean["quotes"]
    late.loc[2, "date"] += pd.Timedelta(hours=15)
    message = refused(load, "quotes", late, clean)
    assert "date is wrong in 1 of 18 rows: 2021-03-01 15:00:00 SZ300001" in message
    assert "a day at midnight, without a time is needed" in message


def test_dates_after_today_are_refused_with_five_rows(clean, load):
    quotes = clean["quotes"]
    quotes["date"] += pd.Timedelta(days=200)
    message = refused(load, "quotes", quotes.iloc[::-1], clean)
    assert "in 18 of 18 rows: 2021-09-17 SH600000; 2021-09-17 SH688001" in message
    assert message.count("; 2021-09") == 4
    assert "a date up to today (2021-06-30) is needed" in message


def test_a_report_announced_in_weeks_is_refused(clean, load):
    frame = clean["fundamentals"].assign(announced=pd.Timestamp("2021-07-15"))
    assert "SH600000 2020-12-31 2021-07-15" in refused(load, "fundamentals", frame, clean)
    frame = frame.assign(announced=pd.Timestamp("2021-07-01"))
    assert "none but accounts announced after" in refused(load, "fundamentals", frame, clean)


def test_a_report_announced_in_the_year_1_is_refused(clean, load):
    never = pd.Series(["0001-01-01"] * len(clean["fundamentals"])).astype("datetime64[us]")
    frame = clean["fundamentals"].assign(announced=never.to_numpy())
    assert "a date from 1900 on is needed" in refused(load, "fundamentals", frame, clean)


def test_a_column_of_another_name_is_not_taken_for_the_missing_one(clean, load):
    quotes = clean["quotes"].rename(columns={"vwap": "change"})
    assert "data.columns.quotes.vwap=NAME" in refused(load, "quotes", quotes, clean)


def test_a_membership_may_begin_tomorrow(clean, load):
    members = clean["index_members"].assign(start=pd.Timestamp("2021-07-01"))
    assert len(load(quotes=clean["quotes"], index_members=members).index_members) == 3


@pytest.mark.parametrize("name", ["date", "code", "traded", "is_st"])
def test_a_key_or_flag_without_a_value_is_refused(clean, load, name):
    quotes = clean["quotes"].astype({"traded": "boolean", "is_st": "boolean"})
    quotes.loc[3, name] = None
    message = refused(load, "quotes", quotes, clean)
    assert f"{name} is empty in 1 of 18 rows" in message


def test_a_flag_of_two_is_refused(clean, load):
    quotes = clean["quotes"].astype({"traded": "int64"})
    quotes.loc[3, "traded"] = 2
    message = refused(load, "quotes", quotes, clean)
    assert "traded is wrong in 1 of 18 rows: 2021-03-02 SH600000 traded=2" in message
    assert "0 or 1 is needed" in message


@pytest.mark.parametrize(
    ("name", "who"),
    [
        ("close", "labels"),
        ("adj_factor", "adjusted prices and returns"),
        ("float_cap", "size and index weights"),
        ("is_st", "ST stocks are left out"),
        ("turn", "the features turn, open/turn"),
    ],
)
def test_a_missing_column_is_named_with_who_needs_it(clean, load, name, who):
    message = refused(load, "quotes", clean["quotes"].drop(columns=name), clean)
    assert f"quotes.parquet has no column {name}, needed by " in message
    assert who in message
    assert f"HINT: data.columns.quotes.{name}=" in message


def test_all_missing_columns_are_named_at_once(clean, load):
    message = refused(load, "quotes", clean["quotes"].drop(columns=["is_st", "industry"]), clean)
    assert "no column is_st, needed by" in message
    assert "; industry, needed by" in message
    assert "data.without=[is_st] does without: no stock counts as ST" in message


def test_the_hint_names_the_nearest_unread_column(clean, load):
    message = refused(load, "quotes", clean["quotes"].rename(columns={"close": "Closing"}), clean)
    assert "data.columns.quotes.close=Closing (the vendor's name for it)" in message


def test_a_missing_free_turn_hints_at_its_fallback_and_at_no_other_column(clean, load):
    message = refused(load, "quotes", clean["quotes"].drop(columns="free_turn"), clean)
    assert "HINT: data.columns.quotes.free_turn=NAME" in message
    assert "data.free_turn=turn uses turn in its place" in message


def test_turnover_is_not_needed_by_features_that_do_not_use_it(clean, load):
    features = [name for name in FEATURES if "turn" not in name.split("/") and "free" not in name]
    quotes = clean["quotes"].drop(columns=["turn", "free_turn"])
    assert (
        "turn" not in load(quotes=quotes, features=[f for f in features if "turn" not in f]).quotes
    )


def test_amount_is_needed_by_the_features_made_of_it(clean, load):
    quotes = clean["quotes"].drop(columns="amount")
    load(quotes=quotes)
    with pytest.raises(
        TableError, match=r"no column amount, needed by the features amount/turn"
    ) as f:
        load(quotes=quotes, features=["open", "amount/turn"])
    assert "leave amount/turn out of data.features" in f.value.hint


def test_optional_numbers_may_be_missing_everywhere(clean, load):
    quotes = clean["quotes"].assign(total_cap=np.nan)
    assert load(quotes=quotes).quotes["total_cap"].isna().all()
