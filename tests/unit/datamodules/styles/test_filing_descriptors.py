"""Every descriptor from reports against plain loops over the reports known that day."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from datamodules.settings import StyleProfile
from datamodules.styles.filings import COLUMNS, Fundamentals

DATES = np.arange("2013-06-03", "2015-12-31", 9, dtype="datetime64[D]")
CODES = np.array([f"SH{600000 + k}" for k in range(5)])


@pytest.fixture(scope="module")
def whole(make_accounts):
    """Seven years of reports with missing ones, missing figures, restatements, and parts."""
    full = make_accounts(CODES, 2008, 8).sample(frac=0.97, random_state=0)
    rng = np.random.default_rng(5)
    for name in ("equity", "net_profit_ytd", "total_assets"):
        full.loc[full.index[rng.random(len(full)) < 0.02], name] = np.nan
    again = full.sample(frac=0.1, random_state=2)
    again["announced"] += pd.Timedelta(days=200)
    figures = list(again.columns[3:])
    again[figures] *= 3
    full.loc[full.index[:2], "total_assets"] = -1.0
    later = full.sample(frac=0.2, random_state=4)  # what the first filing leaves out
    full.loc[later.index, "equity"] = full.loc[later.index, "noncurrent_liabilities"] = np.nan
    later["announced"] += pd.Timedelta(days=30)
    later["total_assets"] = np.nan
    return pd.concat([full, again, later]).sample(frac=1, random_state=3)


@pytest.fixture
def table(whole):
    """A copy to spoil."""
    return whole.copy()


@pytest.fixture(scope="module")
def known(whole):
    """{(date, stock): reports known that day}, every sixth date."""
    return {(t, n): known_reports(whole, code, DATES[t])
            for t in range(0, len(DATES), 6) for n, code in enumerate(CODES)}  # fmt: skip


def known_reports(table, code, day):
    """{quarter: row}: of each period each figure as announced first, if before the day."""
    rows = table[(table["code"] == code) & (table["announced"] < day)].sort_values("announced")
    found = {}
    for end, of in rows.groupby("period_end"):
        first = {name: of[name].dropna().iloc[:1].mean() for name in of.columns[3:]}
        found[end.year * 4 + end.quarter - 1] = SimpleNamespace(**first)
    return found


def value(reports, quarter, column):
    return getattr(reports[quarter], column) if quarter in reports else np.nan


def trailing(reports, column):
    last = max(reports)
    to_date = value(reports, last, column)
    if last % 4 == 3:
        return to_date
    year = last // 4
    return value(reports, year * 4 - 1, column) + to_date - value(reports, last - 4, column)


def growth(reports, column):
    annual = [q for q in reports if q % 4 == 3]
    if not annual:
        return np.nan
    flows = [value(reports, max(annual) - 4 * k, column) for k in (4, 3, 2, 1, 0)]
    if np.isnan(flows).any():
        return np.nan
    return np.polyfit(range(5), flows, 1)[0] / abs(np.mean(flows))


def slow(name, reports, cap, annual):
    """One descriptor of one stock on one day."""
    quarters = [q for q in reports if q % 4 == 3 or not annual]
    sheet = reports[max(quarters)] if quarters else None
    column = COLUMNS[name][0]
    if name in ("ETOP", "CETOP"):
        return trailing(reports, column) / cap if reports else np.nan
    if name in ("EGRO", "SGRO"):
        return growth(reports, column) if reports else np.nan
    if sheet is None:
        return np.nan
    if name == "BTOP":
        return sheet.equity / cap
    if name == "MLEV":
        return (cap + sheet.noncurrent_liabilities) / cap
    if name == "DTOA":
        return sheet.total_liabilities / sheet.total_assets if sheet.total_assets > 0 else np.nan
    return (
        (sheet.equity + sheet.noncurrent_liabilities) / sheet.equity if sheet.equity > 0 else np.nan
    )


@pytest.mark.parametrize("balance_sheet", ["latest", "annual"])
@pytest.mark.parametrize("name", list(COLUMNS))
def test_a_descriptor_equals_the_loop_over_reports_known_that_day(
    whole, known, name, balance_sheet
):
    profile = replace(StyleProfile(), balance_sheet=balance_sheet)
    cap = np.exp(np.random.default_rng(1).normal(21, 1, (len(DATES), len(CODES))))
    read = Fundamentals.read(whole, CODES, DATES, (name,), profile)
    found = read.block(0, len(DATES), cap)[name]
    annual = balance_sheet == "annual"
    expected = {(t, n): slow(name, reports, cap[t, n], annual)
                for (t, n), reports in known.items()}  # fmt: skip
    values = np.array(list(expected.values()))
    assert np.isfinite(values).sum() > 10
    np.testing.assert_allclose([found[place] for place in expected], values, rtol=1e-10)


def test_a_cap_of_zero_gives_no_ratio(table):
    read = Fundamentals.read(table, CODES, DATES, ("BTOP", "MLEV"), StyleProfile())
    found = read.block(0, 3, np.zeros((3, len(CODES))))
    assert np.isnan(found["BTOP"]).all()
    assert np.isnan(found["MLEV"]).all()


def test_negative_equity_has_a_negative_book_to_price_but_no_book_leverage(table):
    table["equity"] = -1.0
    read = Fundamentals.read(table, CODES, DATES, ("BTOP", "BLEV"), StyleProfile())
    found = read.block(0, len(DATES), np.ones((len(DATES), len(CODES))))
    assert (found["BTOP"] == -1.0).all()
    assert np.isnan(found["BLEV"]).all()


def test_profits_that_grow_by_a_constant_grow_by_it_over_their_mean():
    ends = pd.to_datetime([f"{y}-12-31" for y in range(2009, 2014)])
    table = pd.DataFrame({"code": "SH600000", "period_end": ends})
    table["announced"] = ends + pd.Timedelta(days=60)
    table["net_profit_ytd"] = [1.0, 2, 3, 4, 5]
    read = Fundamentals.read(table, CODES, DATES, ("EGRO",), StyleProfile())
    found = read.block(0, len(DATES), np.ones((len(DATES), 5)))["EGRO"]
    assert found[-1, 0] == pytest.approx(1 / 3)
    assert np.isnan(found[0, 0]), "the fifth year is announced in 2014"


def test_four_years_are_too_few_for_growth(table):
    table = table[table["period_end"] >= "2012-01-01"]
    read = Fundamentals.read(table, CODES, DATES, ("EGRO",), StyleProfile())
    assert np.isnan(read.block(0, len(DATES), np.ones((len(DATES), 5)))["EGRO"]).all()


def test_a_table_without_any_of_the_panels_stocks_gives_nothing(table):
    codes = np.array(["SZ300001", "SZ300002"])
    read = Fundamentals.read(table, codes, DATES, ("BTOP", "ETOP", "EGRO"), StyleProfile())
    found = read.block(0, 4, np.ones((4, 2)))
    assert all(np.isnan(values).all() for values in found.values())
