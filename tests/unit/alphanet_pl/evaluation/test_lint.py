"""The lint of the printed tables finds the known anomalies, and any other we plant."""

from dataclasses import replace

import pytest

from alphanet_pl.evaluation.lint import excess_identity, lint, missing_last_day
from alphanet_pl.evaluation.paper import PRINTED, PrintedExcess


def altered(table, row, **fields):
    rows = dict(getattr(PRINTED, table))
    rows[row] = rows[row]._replace(**fields)
    return {(each.row, each.claim) for each in lint(replace(PRINTED, **{table: rows}))}


def known():
    return {(each.row, each.claim) for each in lint()}


def test_exactly_the_two_known_anomalies_are_found():
    found = [(each.table, each.row, each.printed, round(each.computed, 2)) for each in lint()]
    assert found == [("15, 23, 31", "v2.3", 27.89, 27.17), ("15, 23, 31", "csi500", 6.92, 6.93)]


def test_the_discarded_row_of_table_31_is_that_of_v21():
    assert PRINTED.yearly["v2.3"] == PRINTED.yearly["v2.1"]


@pytest.mark.parametrize(
    ("row", "low", "high"), [("v2.1", 0.37, 0.54), ("v2", 0.44, 0.61), ("v2.2", 0.46, 0.64)]
)
def test_the_other_rows_leave_a_last_day_like_the_index(row, low, high):
    day = missing_last_day(PRINTED.enhancement[row].annual_return, PRINTED.yearly[row])
    assert low <= day <= high


def test_the_excess_identity_predicts_the_printed_row_of_v21():
    assert excess_identity(PrintedExcess(27.11, 24.5, 0.0, 6.52, 4.0, 26.0)) == pytest.approx(
        21.50, abs=0.01
    )


@pytest.mark.parametrize(
    ("table", "row", "fields", "claim"),
    [
        ("ic", "v2", {"icir": 1.16}, "IC_IR = mean / std"),
        ("ic", "v2", {"positive_share": 88.60}, "IC > 0 of 261"),
        ("layers", "v2.1", {"long_short": 55.0}, "long-short identity"),
        ("layers", "v2.1", {"top_monthly_win": 79.5}, "months won of 125"),
        ("enhancement", "v2.2", {"sharpe": 0.87}, "Sharpe ratio"),
        ("enhancement", "v2.2", {"information_ratio": 3.15}, "information ratio"),
        ("enhancement", "v2.2", {"calmar": 3.22}, "Calmar ratio"),
        ("enhancement", "v2.2", {"monthly_win": 84.5}, "months won of 125"),
        ("enhancement", "v2.2", {"annual_excess": 17.0}, "excess identity"),
        ("earlier", "v3 in CSI 500", {"annual_excess": 10.2}, "excess identity"),
    ],
)
def test_a_planted_misprint_is_found(table, row, fields, claim):
    assert (row, claim) in altered(table, row, **fields) - known()


def test_a_planted_year_is_found():
    yearly = PRINTED.yearly | {"v2": (-9.47, *PRINTED.yearly["v2.2"][1:])}
    found = {(each.row, each.claim) for each in lint(replace(PRINTED, yearly=yearly))}
    assert found - known() == {("v2", "years compound to the annual return")}


def test_a_planted_coverage_is_found():
    found = {each.row for each in lint(replace(PRINTED, coverage={8: 96.0}))}
    assert "n = 8" in found
