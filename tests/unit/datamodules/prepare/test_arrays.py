from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from datamodules.base.errors import TableError
from datamodules.canon.limits import A_SHARES
from datamodules.prepare.arrays import industry_codes, panel_contents, quote_arrays
from datamodules.prepare.grid import to_grid
from datamodules.settings import DataSettings, IndexSettings

LOOKS_AHEAD = {"forward_close", "forward_vwap_next"}
ONE_AHEAD = {"suspended_next", "limit_close_next", "unbuyable_next", "unsellable_next"}
KNOWN_NOW = {"features", "close", "vwap", "log_cap", "listed", "traded", "is_st", "scorable",
             "index_close", "index_weight", "industry"}  # fmt: skip
DAYS, HORIZON = 5, 4


SETTINGS = DataSettings(picture_days=DAYS, horizon=HORIZON, styles="none")


@pytest.fixture
def contents(make_tables):
    """What a panel of these quotes holds."""

    def compute(quotes, tables=()):
        return panel_contents(make_tables(quotes, **dict(tables)), SETTINGS, IndexSettings())

    return compute


def another_future(quotes, after, make_quotes):
    """The same market up to a day, and an entirely different one after it."""
    other = make_quotes(seed=99, sessions=70, start=str(quotes["date"].iloc[0].date()))
    other = other[other["code"] != "SH600002"]  # a stock that vanishes after that day
    later = other[other["date"] > after].assign(is_st=lambda rows: ~rows["is_st"])
    whole = pd.concat([quotes[quotes["date"] <= after], later], ignore_index=True)
    return whole.assign(code=whole["code"].astype(str), industry=whole["industry"].astype(str))


@pytest.mark.parametrize("last", [12, 33, 44, 58])
def test_nothing_up_to_t_depends_on_any_row_after_t(last, make_quotes, contents):
    quotes = make_quotes()
    day = np.unique(quotes["date"])[last]
    one = contents(quotes)
    two = contents(another_future(quotes, day, make_quotes))
    common, mine, theirs = np.intersect1d(one.codes, two.codes, return_indices=True)
    assert len(common) > 5
    rows = {name: last + 1 for name in KNOWN_NOW}
    rows |= {name: last for name in ONE_AHEAD}
    rows |= {"forward_close": last + 1 - HORIZON, "forward_vwap_next": last - HORIZON}
    for name, stop in rows.items():
        before, after = one.arrays[name][:stop], two.arrays[name][:stop]
        if name == "industry":
            before = np.array([*one.industries, ""])[before]
            after = np.array([*two.industries, ""])[after]
        if before.ndim > 1:
            before, after = before[:, mine], after[:, theirs]
        assert before.tobytes() == after.tobytes(), name


def test_every_array_is_classed_as_known_or_ahead(contents, quotes):
    assert set(contents(quotes).arrays) == KNOWN_NOW | ONE_AHEAD | LOOKS_AHEAD


def test_the_other_future_does_change_what_looks_ahead(make_quotes, contents):
    quotes = make_quotes()
    day = np.unique(quotes["date"])[33]
    one = contents(quotes)
    two = contents(another_future(quotes, day, make_quotes))
    for name in LOOKS_AHEAD | {"suspended_next"}:
        assert one.arrays[name][25:34].tobytes() != two.arrays[name][25:34].tobytes()


def test_close_is_carried_through_suspensions_while_listed(quotes, rows):
    grid = to_grid(quotes)
    close, table = quote_arrays(grid, SETTINGS, A_SHARES)["close"], rows(quotes)
    for s, code in enumerate(grid.codes):
        last = np.nan
        for t, day in enumerate(grid.dates):
            row = table[code].get(day)
            if row is not None and row.traded:
                last = row.close * row.adj_factor
            expected = np.nan if row is None else last
            np.testing.assert_equal(close[t, s], expected)


def test_industries_are_sorted_and_unknown_is_minus_one(quotes):
    unknown = quotes["date"] == quotes["date"].iloc[0]
    names, codes = industry_codes(to_grid(quotes.assign(industry=quotes["industry"].mask(unknown))))
    grid = to_grid(quotes)
    assert names == tuple(sorted(names))
    assert (codes[0] == -1).all()
    assert (codes[~grid.listed] == -1).all()
    wide = quotes.pivot(index="date", columns="code", values="industry").to_numpy()
    known = grid.listed[1:]
    assert np.array(names)[codes[1:][known]].tolist() == wide[1:][known].tolist()


def test_log_cap_is_the_logarithm_of_float_cap(contents, quotes):
    cap = to_grid(quotes).column("float_cap")
    np.testing.assert_allclose(contents(quotes).arrays["log_cap"], np.log(cap), rtol=1e-6)


@pytest.mark.parametrize("cap", [np.inf, 0.0, -1.0, np.nan])
def test_a_market_value_that_is_none_is_unknown(contents, quotes, cap):
    found = contents(quotes.assign(float_cap=cap)).arrays["log_cap"]
    assert np.isnan(found).all()


def test_size_is_the_total_cap_where_that_is_asked_for(make_tables, quotes):
    total = quotes.assign(total_cap=3 * quotes["float_cap"])
    by_total = replace(SETTINGS, size="total_cap")
    found = panel_contents(make_tables(total), by_total).arrays["log_cap"]
    expected = np.log(3 * to_grid(quotes).column("float_cap"))
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    with pytest.raises(
        TableError, match=r"no total_cap above 0.*\nHINT: data.size=float_cap, or map"
    ):
        panel_contents(make_tables(quotes), by_total)
    with pytest.raises(TableError, match="no total_cap above 0"):
        panel_contents(make_tables(quotes.assign(total_cap=np.nan)), by_total)


def test_a_market_without_limit_rules_has_nothing_at_a_limit(make_tables, quotes):
    limits = ("limit_close_next", "unbuyable_next", "unsellable_next")
    shipped, free = (
        panel_contents(make_tables(quotes), replace(SETTINGS, market_rules=name)).arrays
        for name in ("a_share", "none")
    )
    assert shipped["limit_close_next"].any()
    assert not any(free[name].any() for name in limits)


def test_a_users_own_rule_counts_from_its_date_on(make_tables, quotes):
    day = np.unique(quotes["date"])[30]
    row = {"since": str(day)[:10], "percent": 50, "st_percent": 50, "free_days": 1}
    main = [A_SHARES.board_of(code) == "main" for code in to_grid(quotes).codes]
    at_limit, later = (
        panel_contents(make_tables(quotes), replace(SETTINGS, limit_rules=rules)).arrays[
            "limit_close_next"
        ][:, main]
        for rules in ([], [{"board": "main", **row}])
    )
    np.testing.assert_array_equal(at_limit[:29], later[:29])
    assert at_limit[29:].any()
    assert not later[29:].any()


def test_optional_arrays_are_absent_without_their_tables(contents, quotes):
    bare = quotes.drop(columns=["float_cap", "industry", "is_st"])
    arrays = contents(bare, {"index": None, "index_members": None}).arrays
    assert not {"index_close", "index_weight", "true_return", "styles", "log_cap"} & set(arrays)
    assert (arrays["industry"] == -1).all()


def test_the_truth_is_put_on_the_grid(contents, quotes):
    truth = quotes[["date", "code"]].assign(expected_return=np.arange(len(quotes)) / 1e4)
    array = contents(quotes, {"truth": truth}).arrays["true_return"]
    expected = to_grid(quotes).scatter(truth["expected_return"].to_numpy(), np.nan)
    np.testing.assert_array_equal(array, expected.astype(np.float32))
