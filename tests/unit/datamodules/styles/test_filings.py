"""Which report counts when: announcements, restatements, late filings."""

import numpy as np
import pandas as pd
import pytest

from datamodules.base.errors import TableError
from datamodules.styles.filings import Filings

DATES = np.arange("2015-01-01", "2016-12-31", dtype="datetime64[D]")
DATES = DATES[np.is_busday(DATES)]
CODES = np.array(["SH600000", "SZ000001"])


def reports(*rows, dates=DATES):
    """Rows of (code, period end, announced, equity)."""
    table = pd.DataFrame(rows, columns=["code", "period_end", "announced", "equity"])
    for name in ("period_end", "announced"):
        table[name] = pd.to_datetime(table[name])
    return Filings.read(table, CODES, dates, ("equity",))


def equity_by_day(book, annual=False):
    """{date: equity in force} of the first stock."""
    figure = np.append(book.figure("equity", book.latest(annual)), np.nan)
    values = figure[book.known(len(DATES), len(CODES))[:, 0]]
    return dict(zip(DATES.astype(str), values, strict=True))


def test_a_report_counts_from_the_session_after_its_announcement():
    seen = equity_by_day(reports(("SH600000", "2014-12-31", "2015-03-19", 5.0)))
    assert np.isnan(seen["2015-03-18"])
    assert np.isnan(seen["2015-03-19"])
    assert seen["2015-03-20"] == 5.0


def test_a_report_of_a_saturday_counts_from_monday():
    seen = equity_by_day(reports(("SH600000", "2014-12-31", "2015-03-21", 5.0)))
    assert np.isnan(seen["2015-03-20"])
    assert seen["2015-03-23"] == 5.0


def test_the_hour_of_an_announcement_does_not_matter():
    seen = equity_by_day(reports(("SH600000", "2014-12-31", "2015-03-19 18:30", 5.0)))
    assert np.isnan(seen["2015-03-19"])
    assert seen["2015-03-20"] == 5.0


def test_a_report_from_before_the_panel_counts_from_its_first_session():
    seen = equity_by_day(reports(("SH600000", "2013-12-31", "2014-03-19", 5.0)))
    assert seen["2015-01-01"] == 5.0


def test_a_restatement_never_reaches_back_nor_replaces():
    first = ("SH600000", "2014-12-31", "2015-03-19", 5.0)
    book = reports(("SH600000", "2014-12-31", "2015-09-01", 9.0), first)
    assert equity_by_day(book) == pytest.approx(equity_by_day(reports(first)), nan_ok=True)
    assert book.dropped["restatements"] == 1


def test_what_a_filing_leaves_out_a_later_one_adds_from_its_own_day():
    book = reports(
        ("SH600000", "2014-12-31", "2015-03-19", np.nan),
        ("SH600000", "2014-12-31", "2015-03-24", 5.0),
        ("SH600000", "2014-12-31", "2015-09-01", 9.0),
    )
    seen = equity_by_day(book)
    assert np.isnan(seen["2015-03-24"])
    assert seen["2015-03-25"] == seen["2016-12-30"] == 5.0
    assert book.dropped["restatements"] == 1


def test_parts_of_one_weekend_count_together_from_monday():
    rows = [
        ("SH600000", "2014-12-31", "2015-03-21", np.nan),
        ("SH600000", "2014-12-31", "2015-03-22", 5.0),
    ]
    for order in (rows, rows[::-1]):
        seen = equity_by_day(reports(*order))
        assert np.isnan(seen["2015-03-20"])
        assert seen["2015-03-23"] == 5.0


def test_an_older_period_announced_late_does_not_replace_a_newer_one():
    seen = equity_by_day(
        reports(
            ("SH600000", "2015-03-31", "2015-04-20", 7.0),
            ("SH600000", "2014-12-31", "2015-06-01", 5.0),
        )
    )
    assert seen["2015-12-31"] == 7.0


def test_the_newer_of_two_reports_of_one_day_is_in_force():
    rows = [
        ("SH600000", "2015-03-31", "2015-04-20", 7.0),
        ("SH600000", "2014-12-31", "2015-04-20", 5.0),
    ]
    for order in (rows, rows[::-1]):
        assert equity_by_day(reports(*order))["2015-04-21"] == 7.0


def test_the_last_annual_report_stays_in_force_through_the_next_quarters():
    book = reports(
        ("SH600000", "2014-12-31", "2015-03-19", 5.0),
        ("SH600000", "2015-03-31", "2015-04-20", 7.0),
    )
    assert equity_by_day(book, annual=True)["2015-12-31"] == 5.0
    assert equity_by_day(book)["2015-12-31"] == 7.0


def test_quarters_before_the_first_annual_report_have_no_annual_figure():
    book = reports(("SH600000", "2015-03-31", "2015-04-20", 7.0))
    assert np.isnan(equity_by_day(book, annual=True)["2015-12-31"])


def test_what_is_left_out_is_counted():
    book = reports(
        ("SH600000", "2014-12-31", None, 5.0),
        ("SH999999", "2014-12-31", "2015-03-19", 5.0),
    )
    assert book.dropped == {"without_announcement": 1, "of_other_codes": 1, "restatements": 0}
    assert len(book.stock) == 0


def test_reports_after_the_panels_end_are_not_known_in_it():
    book = reports(("SH600000", "2016-12-31", "2017-03-19", 5.0))
    assert (book.known(len(DATES), len(CODES)) == -1).all()


def test_a_period_that_ends_within_a_quarter_is_refused_with_its_date():
    with pytest.raises(TableError, match=r"2014-11-30.*calendar quarter"):
        reports(("SH600000", "2014-11-30", "2015-03-19", 5.0))
