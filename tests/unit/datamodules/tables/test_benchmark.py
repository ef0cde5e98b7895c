import pandas as pd
import pytest


@pytest.fixture
def index(eighty):
    """Closes of an index of all stocks."""
    move = eighty["close"] / eighty["prev_close"] - 1
    size = eighty["prev_close"] * eighty["float_shares"]
    day = (move * size).groupby(eighty["date"]).sum() / size.groupby(eighty["date"]).sum()
    close = 1000 * (1 + day).cumprod()
    return pd.DataFrame({"date": close.index, "code": "SH000905", "close": close.to_numpy()})


def notes(tables):
    return {note.kind for note in tables.report.notes} - {"absent"}


def test_a_sound_index_is_not_mentioned_whatever_its_level(eighty, index, load):
    assert notes(load(quotes=eighty, index=index)) == set()
    assert notes(load(quotes=eighty, index=index.assign(close=index["close"] / 100))) == set()


@pytest.mark.parametrize("days", [1, 40])
def test_a_level_that_leaps_is_refused(eighty, index, refused, days):
    index.loc[30 : 29 + days, "close"] *= 0.01
    error = refused("index", quotes=eighty, index=index)
    assert "2 returns of an index are more than 15% off the market's" in error.given
    assert "SH000905 2021-04-12 -99%" in error.given


@pytest.mark.parametrize(("lag", "words"), [(1, "late"), (-1, "early")])
def test_closes_of_another_session_are_refused(eighty, index, refused, lag, words):
    shifted = index.assign(close=index["close"].shift(lag)).dropna()
    error = refused("index", quotes=eighty, index=shifted)
    assert f"SH000905 a session {words}" in error.given
    assert "the close of each session on its own date" in error.needed


def test_a_hole_in_the_index_is_no_leap(eighty, index, load):
    index.loc[40:, "close"] *= 1.3
    assert notes(load(quotes=eighty, index=index.drop(index=40))) == {
        "sessions",
        "sessions of SH000905",
    }
