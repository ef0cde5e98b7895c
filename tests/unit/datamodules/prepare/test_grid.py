import numpy as np
import pandas as pd
import pytest

from datamodules.base.errors import TableError
from datamodules.prepare.grid import ffill, lag, lead, run_length, to_grid


def test_empty_quotes_are_refused(quotes):
    with pytest.raises(TableError, match="quotes are empty"):
        to_grid(quotes.iloc[:0])


def test_dates_and_codes_are_those_present_and_ascending(quotes):
    grid = to_grid(quotes)
    assert grid.codes.tolist() == sorted(set(quotes["code"]))
    expected = sorted({np.datetime64(day, "D") for day in quotes["date"]})
    assert grid.dates.tolist() == [day.item() for day in expected]


def test_every_row_lands_in_its_cell_and_nothing_else_does(quotes, rows):
    grid = to_grid(quotes)
    close, table = grid.column("close"), rows(quotes)
    for t, day in enumerate(grid.dates):
        for s, code in enumerate(grid.codes):
            row = table[code].get(day)
            assert grid.listed[t, s] == (row is not None)
            assert grid.traded[t, s] == (row is not None and row.traded)
            if row is None:
                assert np.isnan(close[t, s])
            else:
                assert close[t, s] == row.close


def test_the_order_of_rows_and_of_categories_does_not_matter(quotes):
    shuffled = quotes.sample(frac=1, random_state=1)
    categories = [*quotes["code"].cat.categories[::-1], "SH999999"]
    shuffled["code"] = shuffled["code"].cat.set_categories(categories)
    one, two = to_grid(quotes), to_grid(shuffled)
    assert one.codes.tolist() == two.codes.tolist()
    np.testing.assert_array_equal(one.column("vwap"), two.column("vwap"))


def test_plain_string_codes_give_the_same_grid(quotes):
    plain = quotes.assign(code=quotes["code"].astype(str))
    np.testing.assert_array_equal(to_grid(plain).column("close"), to_grid(quotes).column("close"))


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_dates_of_any_resolution_are_read(quotes, unit):
    other = quotes.assign(date=quotes["date"].astype(f"datetime64[{unit}]"))
    assert to_grid(other).dates.tolist() == to_grid(quotes).dates.tolist()


def test_a_missing_column_is_named_with_its_setting(quotes):
    with pytest.raises(TableError, match=r"(?s)no column 'free_turn'.*data.columns.quotes.free"):
        to_grid(quotes.drop(columns="free_turn")).column("free_turn")


def test_nullable_numbers_become_nan(quotes):
    nullable = quotes.assign(close=quotes["close"].astype("Float64"))
    nullable.loc[0, "close"] = pd.NA
    assert np.isnan(to_grid(nullable).column("close")).sum() == 1 + (~to_grid(quotes).listed).sum()


def test_adjusted_prices_are_unknown_where_not_traded(quotes):
    grid = to_grid(quotes)
    np.testing.assert_array_equal(np.isfinite(grid.adjusted("close")), grid.traded)


def test_carrying_keeps_the_last_known_value():
    values = np.array([[np.nan], [1.0], [7.0], [3.0], [8.0]])
    known = np.array([[False], [True], [False], [True], [False]])
    assert np.isnan(ffill(values, known)[0, 0])
    assert ffill(values, known)[1:, 0].tolist() == [1, 1, 3, 3]


def test_shifting_leaves_the_ends_absent():
    values = np.arange(4.0)[:, None]
    assert lag(values, -1)[:, 0].tolist() == [-1, 0, 1, 2]
    assert lead(values, 3, -1)[:, 0].tolist() == [3, -1, -1, -1]
    assert lead(values, 9, -1)[:, 0].tolist() == [-1, -1, -1, -1]


def test_runs_restart_after_a_gap():
    flags = np.array([[True], [True], [False], [True]])
    assert run_length(flags)[:, 0].tolist() == [1, 2, 0, 1]
