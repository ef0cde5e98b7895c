import numpy as np
import pytest

from alphanet_pl.factor.predict import sessions_to_score
from datamodules.base.errors import AlphaNetError


def test_latest_is_the_panels_last_session(small_panel):
    assert sessions_to_score(small_panel, "latest").tolist() == [len(small_panel.dates) - 1]


def test_a_range_takes_its_ends_and_either_may_be_left_out(small_panel):
    dates = small_panel.dates
    both = sessions_to_score(small_panel, f"{dates[100]}:{dates[110]}")
    np.testing.assert_array_equal(both, np.arange(100, 111))
    assert sessions_to_score(small_panel, f"{dates[100]}:")[-1] == len(dates) - 1
    assert sessions_to_score(small_panel, f":{dates[100]}")[0] == small_panel.picture_days - 1


@pytest.mark.parametrize(
    ("date", "said"),
    [
        (None, "date is not set"),
        ("1990-01-01", "the panel can score sessions from"),
        ("2011-13-01", "a date reads YYYY-MM-DD"),
        ("2030-01-01:", "the panel can score sessions from"),
        ("2030-01-01", "the panel can score sessions from"),
        ("2012-01-14", "this Saturday is no session of the panel"),
        ("2012-01-14:2012-01-15", "and none is in it"),
        ("2012-03-01:2012-02-01", "the earlier date first"),
        ("2012-03", "this is a whole month"),
    ],
)
def test_what_cannot_be_scored_is_refused(small_panel, date, said):
    with pytest.raises(AlphaNetError, match=said):
        sessions_to_score(small_panel, date)


def test_a_day_without_a_session_is_refused_with_the_one_before_it(small_panel):
    with pytest.raises(AlphaNetError) as refused:
        sessions_to_score(small_panel, "2012-01-14")
    assert refused.value.hint == "date=2012-01-13, the session before it"
