"""A study: the calendar of its windows, the sessions they fall on, and shares of its fits."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphanet_pl.config.compose import load_settings
from alphanet_pl.config.settings import RollingSettings
from alphanet_pl.factor.roll.plan import (
    calendar,
    check_history,
    last_session,
    plan_study,
    take_part,
    window_sessions,
)
from datamodules.base.errors import AlphaNetError, ConfigError
from datamodules.settings import DataSettings


def _calendar(start: str, stop: str, months: int) -> list[str]:
    return [str(day) for day in calendar(np.datetime64(start), np.datetime64(stop), months)]


def test_the_papers_calendar_has_21_windows_all_at_month_ends():
    days = _calendar("2011-01-31", "2021-06-30", 6)
    assert len(days) == 21
    assert days[:3] == ["2011-01-31", "2011-07-31", "2012-01-31"]
    assert days[-1] == "2021-01-31"


def test_a_month_end_stays_one_from_a_short_month_too():
    days = _calendar("2011-02-28", "2012-02-29", 6)
    assert days == ["2011-02-28", "2011-08-31", "2012-02-29"]


def test_a_day_that_a_month_lacks_is_its_last_and_comes_back():
    days = _calendar("2011-01-30", "2011-04-01", 1)
    assert days == ["2011-01-30", "2011-02-28", "2011-03-30"]


def test_the_last_date_itself_is_a_window():
    assert _calendar("2011-01-15", "2011-07-15", 6) == ["2011-01-15", "2011-07-15"]


def test_more_months_than_there_are_leave_the_first_window():
    assert _calendar("2011-01-15", "2011-07-14", 6) == ["2011-01-15"]


def test_a_window_is_the_last_session_on_or_before_its_date(small_panel):
    dates = small_panel.dates
    sessions = window_sessions(small_panel, RollingSettings(start="2011-06-30", months=2))
    for session, day in zip(sessions, ("2011-06-30", "2011-08-31", "2011-10-31"), strict=False):
        assert dates[session] <= np.datetime64(day) < dates[session + 1]
    assert len(sessions) == len(_calendar("2011-06-30", str(dates[-1]), 2))


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


@given(st.integers(0, 300), st.integers(1, 40))
def test_parts_are_disjoint_complete_and_differ_by_one_at_most(items, count):
    parts = [take_part(range(items), f"{part}/{count}") for part in range(1, count + 1)]
    assert sorted(item for part in parts for item in part) == list(range(items))
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= 1


def test_without_parts_everything_is_ours():
    assert take_part("abc", None) == ["a", "b", "c"]


@pytest.mark.parametrize("parts", ["3/2", "0/2", "1/0", "1", "1/", "-1/2", "1/2/3", "a/b", ""])
def test_what_is_no_share_is_refused(parts):
    with pytest.raises(ConfigError, match=r"it reads i/n.*\nHINT: parts=\d+/\d+"):
        take_part("abc", parts)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("variant=ridge", "loss=long_side"), "loss=mse"),
        (("variant=blend", "score.variants=[v2,lightgbm]"), "pip install 'alphanet-pl[baselines]'"),
        (("model.arguments={heads: 3}",), "leave it out"),
    ],
)
def test_what_a_fit_would_refuse_is_refused_before_any_is_trained(
    small_panel, monkeypatch, words, hint
):
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    few = ("rolling.dates=[2012-01-31]", "rolling.seeds=[0]", "data.in_sample_days=200")
    settings = load_settings("roll", [*few, *words, f"data.panel={small_panel.path}"])
    with pytest.raises(ConfigError) as refused:
        plan_study(settings, small_panel)
    assert refused.value.hint == hint
