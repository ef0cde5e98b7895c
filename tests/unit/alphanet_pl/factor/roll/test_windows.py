"""The calendar of windows, and the sessions they fall on."""

from datetime import date

import numpy as np
import pytest

from alphanet_pl.config.settings import RollingSettings
from alphanet_pl.factor.roll.windows import calendar, check_history, last_session, window_sessions
from datamodules.base.errors import AlphaNetError
from datamodules.settings import DataSettings


def _days(*words: str) -> list[date]:
    return [date.fromisoformat(word) for word in words]


def test_the_reports_calendar_has_21_windows_all_at_month_ends():
    days = calendar(date(2011, 1, 31), date(2021, 6, 30), 6)
    assert len(days) == 21
    assert days[:3] == _days("2011-01-31", "2011-07-31", "2012-01-31")
    assert days[-1] == date(2021, 1, 31)


def test_a_month_end_stays_one_from_a_short_month_too():
    days = calendar(date(2011, 2, 28), date(2012, 2, 29), 6)
    assert days == _days("2011-02-28", "2011-08-31", "2012-02-29")


def test_a_day_that_a_month_lacks_is_its_last_and_comes_back():
    days = calendar(date(2011, 1, 30), date(2011, 4, 1), 1)
    assert days == _days("2011-01-30", "2011-02-28", "2011-03-30")


def test_the_last_date_itself_is_a_window():
    assert calendar(date(2011, 1, 15), date(2011, 7, 15), 6) == _days("2011-01-15", "2011-07-15")


def test_a_window_is_the_last_session_on_or_before_its_date(small_panel):
    dates = small_panel.dates
    sessions = window_sessions(small_panel, RollingSettings(start="2011-06-30", months=2))
    for session, day in zip(sessions, ("2011-06-30", "2011-08-31", "2011-10-31"), strict=False):
        assert dates[session] <= np.datetime64(day) < dates[session + 1]
    assert len(sessions) == len(calendar(date(2011, 6, 30), dates[-1].item(), 2))


def test_nothing_begins_or_is_scored_after_the_stop(small_panel):
    options = RollingSettings(start="2011-06-30", stop="2011-11-05", months=2)
    assert len(window_sessions(small_panel, options)) == 3
    assert small_panel.dates[last_session(small_panel, options)] <= np.datetime64("2011-11-05")
    assert last_session(small_panel, RollingSettings()) == len(small_panel.dates) - 1


def test_listed_dates_replace_the_calendar_in_any_order(small_panel):
    days = [str(day) for day in small_panel.dates[[250, 200]]]
    assert window_sessions(small_panel, RollingSettings(dates=days)) == [200, 250]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"dates": []}, "names at least one as-of date"),
        ({"dates": ["2031-01-31"]}, "rolling.dates holds 2031-01-31"),
        ({"dates": ["1999-01-31"]}, "rolling.dates holds 1999-01-31"),
        ({"dates": ["2011-07-02", "2011-07-03"]}, "on or before either is 2011-07-01"),
        ({"start": "1999-01-31"}, "rolling.start=1999-01-31"),
        ({"start": "2031-01-31"}, "rolling.start=2031-01-31"),
        ({"start": "2011-08-31", "stop": "2011-07-31"}, "with rolling.stop=2011-07-31"),
        ({"stop": "1999-01-31"}, "1999-01-31 is before the panel's first session"),
    ],
)
def test_what_is_no_window_is_refused_by_name(small_panel, given, said):
    with pytest.raises(AlphaNetError, match=said):
        window_sessions(small_panel, RollingSettings(**given))


def test_a_window_without_enough_history_is_named_with_the_first_that_has(small_panel):
    data = DataSettings(panel="", in_sample_days=200)
    check_history(small_panel, data, [229])
    with pytest.raises(AlphaNetError, match=f"window {small_panel.dates[228]}") as refused:
        check_history(small_panel, data, [228, 250])
    assert f"{small_panel.dates[229]} is the first as-of date" in refused.value.hint
