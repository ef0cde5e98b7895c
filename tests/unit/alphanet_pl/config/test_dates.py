import numpy as np
import pytest

from alphanet_pl.config.dates import parse_date, parse_range
from datamodules.base.errors import ConfigError

DATES = np.array(["2012-01-12", "2012-01-13", "2012-01-16", "2012-01-17"], "datetime64[D]")


def test_a_date_is_the_day_it_reads():
    for text in ("2012-02-29", "20120229"):
        assert parse_date("date", text) == np.datetime64("2012-02-29", "D")


@pytest.mark.parametrize(
    ("text", "why", "hint"),
    [
        ("2012", "this is a whole year", "asof=2012-12-31"),
        ("2012-02", "this is a whole month", "asof=2012-02-29"),
        ("2011-02-29", "the calendar has no such day", "asof=2011-02-28"),
        ("2011-13-01", "the calendar has no such day", "asof=2011-12-01"),
        ("2012-0301", "a date reads YYYY-MM-DD", "asof=2012-03-01"),
        ("2012/3/1", "a date reads YYYY-MM-DD", "asof=2012-03-01"),
        ("2012-01-14T09:30", "a date reads YYYY-MM-DD", "asof=2011-01-31"),
        ("today", "a date reads YYYY-MM-DD", "asof=2011-01-31"),
        ("NaT", "a date reads YYYY-MM-DD", "asof=2011-01-31"),
        ("0000", "a date reads YYYY-MM-DD", "asof=2011-01-31"),
        ("", "asof='' was given", "asof=2011-01-31"),
    ],
)
def test_what_is_no_date_is_refused_with_the_likely_one(text, why, hint):
    with pytest.raises(ConfigError) as refused:
        parse_date("asof", text)
    assert why in str(refused.value)
    assert refused.value.hint == hint


@pytest.mark.parametrize(
    ("text", "sessions"),
    [
        ("2012-01-13:2012-01-16", [1, 2]),
        ("2012-01-14:", [2, 3]),
        (":2012-01-15", [0, 1]),
        (":", [0, 1, 2, 3]),
        ("2012-01-14:2012-01-15", []),
    ],
)
def test_a_range_holds_its_ends_and_either_may_be_left_out(text, sessions):
    assert parse_range("date", text, DATES).tolist() == sessions


def test_a_reversed_range_is_refused_with_the_other_order():
    with pytest.raises(ConfigError, match="the earlier date first") as refused:
        parse_range("date", "2012-03-01:2012-02-01", DATES)
    assert refused.value.hint == "date=2012-02-01:2012-03-01"


def test_a_month_is_no_end_of_a_range():
    with pytest.raises(ConfigError, match="this is a whole month"):
        parse_range("date", "2012-03-01:2012-04", DATES)
