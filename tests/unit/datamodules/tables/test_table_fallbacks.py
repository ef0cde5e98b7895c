import pytest

from datamodules.base.errors import ConfigError, TableError


def notes(tables):
    return {note.kind: note for note in tables.report.notes}


def test_turn_takes_the_place_of_free_turn_and_the_report_says_so(clean, load):
    tables = load(quotes=clean["quotes"].drop(columns="free_turn"), settings={"free_turn": "turn"})
    assert tables.quotes["free_turn"].equals(tables.quotes["turn"].rename("free_turn"))
    assert notes(tables)["free_turn"].says == "rows have turn in the place of free_turn"


def test_the_fallback_holds_even_where_free_turn_exists(clean, load):
    tables = load(quotes=clean["quotes"], settings={"free_turn": "turn"})
    assert (tables.quotes["free_turn"] == 0.01).all()
    assert notes(tables)["unknown"].says == "columns that nothing reads: free_turn"


def test_with_the_fallback_turn_is_needed_by_the_features_of_both(clean, load):
    quotes = clean["quotes"].drop(columns=["turn", "free_turn"])
    with pytest.raises(TableError, match=r"has no column turn, needed by .*open/turn, free_turn"):
        load(quotes=quotes, settings={"free_turn": "turn"})


def test_st_industry_and_size_may_be_done_without_and_the_report_says_so(clean, load):
    without = ["is_st", "industry", "float_cap"]
    tables = load(quotes=clean["quotes"].drop(columns=without), settings={"without": without})
    assert not tables.quotes["is_st"].any()
    assert tables.quotes["industry"].isna().all()
    assert tables.quotes["float_cap"].isna().all()
    assert notes(tables)["without is_st"].says == "rows without is_st: no stock counts as ST"


def test_prices_cannot_be_done_without(clean, load):
    with pytest.raises(ConfigError, match=r"data.without names close: it may name is_st, indus"):
        load(quotes=clean["quotes"], settings={"without": ["close"]})
