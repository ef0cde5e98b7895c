import pandas as pd
import pytest

DAY = pd.Timedelta(days=1)


@pytest.fixture
def index(moving):
    dates = moving["date"].unique()
    return pd.DataFrame({"date": dates, "code": "SH000905", "close": 6000.0})


def notes(tables, kind):
    return [note for note in tables.report.notes if note.kind == kind]


def test_the_same_sessions_are_not_mentioned(moving, index, load):
    assert notes(load(quotes=moving, index=index), "sessions") == []


@pytest.mark.parametrize(("shift", "words"), [(1, "late: add -1 day"), (-1, "early: add +1 day")])
def test_dates_shifted_by_a_day_are_refused_by_their_weekends(moving, refused, shift, words):
    error = refused("weekends", quotes=moving.assign(date=moving["date"] + shift * DAY))
    assert "rows are on Saturdays or Sundays (8 days): 2021-0" in error.given
    assert words in error.hint


def test_one_row_on_a_sunday_is_refused(moving, refused):
    stray = moving.head(1).assign(date=pd.Timestamp("2021-03-07"))
    error = refused(quotes=pd.concat([moving, stray]))
    assert "1 rows are on Saturdays or Sundays (1 day): 2021-03-07 Sun" in error.given
    assert "drop these rows of quotes" in error.hint


def test_an_index_on_weekends_is_refused(moving, index, refused):
    error = refused(quotes=moving, index=index.assign(date=index["date"] + DAY))
    assert error.given.startswith("index of ")


def test_a_session_of_one_stock_is_refused(moving, refused):
    thin = moving["date"] == moving["date"].unique()[20]
    quotes = moving[~thin | (moving["code"] == "SH600007")]
    error = refused("calendar", quotes=quotes)
    assert "1 sessions have rows of less than 20% of the stocks" in error.given
    assert "around them: 2021-03-29" in error.given


def test_a_row_of_another_century_is_refused(moving, refused):
    stray = moving.head(1).assign(date=pd.Timestamp("1970-01-05"))
    assert "1970-01-05" in refused(quotes=pd.concat([moving, stray])).given


def test_weeks_without_a_session_are_refused(moving, refused):
    dates = moving["date"].unique()
    quotes = moving[(moving["date"] < dates[12]) | (moving["date"] > dates[29])]
    error = refused(quotes=quotes)
    assert "no session follows for more than 20 days: 2021-03-16, then none for" in error.given


def test_a_session_that_only_the_index_has_is_noted(moving, index, load):
    quotes = moving[moving["date"] != "2021-04-13"]
    (note,) = notes(load(quotes=quotes, index=index), "sessions")
    assert (note.count, note.examples, note.cost) == (1, ("2021-04-13",), "lost")


def test_sessions_of_another_calendar_are_refused(moving, index, refused):
    error = refused("calendar", quotes=moving, index=index.iloc[::2])
    assert "sessions are in the index table only (0) or in quotes only (19)" in error.given


def test_an_index_with_holes_is_noted_by_its_code(moving, index, load):
    other = index.assign(code="SH000300").drop(index=[5, 6])
    tables = load(quotes=moving, index=pd.concat([index, other]))
    (note,) = notes(tables, "sessions of SH000300")
    assert (note.count, note.examples) == (2, ("2021-03-08", "2021-03-09"))


def test_an_index_that_begins_late_is_noted(moving, index, load):
    (note,) = notes(load(quotes=moving, index=index.iloc[10:]), "span")
    assert note.examples == ("SH000905 2021-03-15 to 2021-04-23",)


def test_an_infinite_close_of_an_index_is_refused(moving, index, refused):
    index.loc[3, "close"] = float("inf")
    assert "1 without a positive close" in refused(quotes=moving, index=index).given
