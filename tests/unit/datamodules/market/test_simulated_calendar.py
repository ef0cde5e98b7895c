import numpy as np
import pytest

from datamodules.market.calendar import lunar_new_year, sessions

NEW_YEARS = ["2005-02-09", "2011-02-03", "2014-01-31", "2019-02-05", "2021-02-12", "2024-02-10"]


@pytest.mark.parametrize("date", NEW_YEARS)
def test_the_lunar_new_year_is_right_within_a_day(date):
    assert abs(lunar_new_year(int(date[:4])) - np.datetime64(date)).astype(int) <= 1


def test_sessions_are_weekdays_without_the_october_holiday():
    days = sessions("2011-01-04", 500)
    assert np.is_busday(days).all()
    assert not np.isin(np.arange("2011-10-01", "2011-10-08", dtype="datetime64[D]"), days).any()


def test_a_year_has_about_as_many_sessions_as_a_real_one():
    days = sessions("2011-01-01", 3000)
    per_year = np.unique(days.astype("datetime64[Y]"), return_counts=True)[1][:-1]
    assert per_year.min() >= 240
    assert per_year.max() <= 248


def test_more_sessions_begin_with_the_same_ones():
    np.testing.assert_array_equal(sessions("2013-05-05", 100), sessions("2013-05-05", 900)[:100])
