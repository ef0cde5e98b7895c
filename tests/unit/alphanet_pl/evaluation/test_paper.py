"""Do the printed figures agree with one another? Each is computed again from the others.

A figure printed with two decimals stands for an interval; a quotient of two is checked with the
intervals, so that rounding is never called an error. The identities come from lognormal algebra on
daily series; see `excess_identity` and `long_short_identity`.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import pytest

from alphanet_pl.evaluation.paper import CROSS_SECTIONS, INDEX, MONTHS, PRINTED, PrintedTables
from alphanet_pl.evaluation.portfolio.performance import ANNUAL_DAYS

SESSIONS = 2531
INDEX_LEVELS = {"2020-12-31": 6367.11, "2021-06-30": 6808.18}
"""Closes of CSI 500 that the printed return of 2021 comes from."""


class PrintedExcess(NamedTuple):
    """What the two reports of 2020 print of an enhanced portfolio, and of their index."""

    annual_return: float
    volatility: float
    annual_excess: float
    tracking_error: float
    index_return: float
    index_volatility: float


EARLIER = {
    "v1, 10 days, 0.5%": PrintedExcess(18.31, 25.50, 15.67, 5.24, 1.83, 26.67),
    "v1, 10 days, 1%": PrintedExcess(19.08, 25.53, 16.38, 6.02, 1.83, 26.67),
    "v1, 10 days, 1.5%": PrintedExcess(19.16, 25.65, 16.45, 6.60, 1.83, 26.67),
    "v1, 10 days, 2%": PrintedExcess(19.35, 25.75, 16.63, 7.06, 1.83, 26.67),
    "v1, 5 days, 0.5%": PrintedExcess(20.02, 25.13, 17.23, 5.22, 1.83, 26.67),
    "v1, 5 days, 1%": PrintedExcess(20.39, 25.19, 17.55, 6.02, 1.83, 26.67),
    "v1": PrintedExcess(22.43, 25.52, 17.17, 6.28, 3.96, 26.70),
    "v2": PrintedExcess(24.41, 25.56, 19.09, 6.11, 3.96, 26.70),
    "v2 in CSI 500": PrintedExcess(14.06, 25.95, 9.40, 4.30, 3.96, 26.70),
    "v3 in CSI 500": PrintedExcess(14.39, 26.05, 9.75, 4.24, 3.96, 26.70),
}
"""Rows of 2020-06-14 (v1) and 2020-08-24 (v1, v2, v3)."""

HALF = 0.005
"""Half a unit of the second decimal."""
EXCESS_TOLERANCE = 0.05
LONG_SHORT_TOLERANCE = 0.1
COVERAGE_TOLERANCE = 0.3
"""Two standard errors of the mean of figure 5's 1000 simulations are below 0.2 points."""
LAST_DAY = 2.0
"""Percent by which a diversified portfolio may differ from its index on one day."""


class Anomaly(NamedTuple):
    """A printed figure that the others contradict."""

    table: str
    row: str
    claim: str
    printed: float
    computed: float


def lint(tables=PRINTED, earlier=EARLIER) -> list[Anomaly]:
    """Recompute every ratio, count, identity and compounded row of the printed tables."""
    checks = (_ic, _layers, _enhancement, _yearly, _index_year, _coverage)
    found = [anomaly for check in checks for anomaly in check(tables)]
    return found + list(_earlier(earlier))


def excess_identity(row: PrintedExcess) -> float:
    """Annual excess in percent that follows from returns, volatilities and tracking error.

    For lognormal daily series whose excess is the compounded daily difference,
    ln(1 + ex) = ln(1 + R_p) + s_p^2 / 2 - ln(1 + R_b) - s_b^2 / 2 - TE^2 / 2.
    """
    annual, volatility, _, error, index, index_volatility = (value / 100 for value in row)
    portfolio_drift = math.log1p(annual) + volatility**2 / 2
    index_drift = math.log1p(index) + index_volatility**2 / 2
    return 100 * math.expm1(portfolio_drift - index_drift - error**2 / 2)


def long_short_identity(top: float, bottom: float, volatility: float) -> float:
    """Long-short annual return in percent that follows from the excess of the two layers.

    The same algebra, with the layers' own tracking errors taken as equal (only the top layer's is
    printed); it holds only if cost cancels, because both legs are after cost.
    """
    drift = math.log1p(top / 100) - math.log1p(bottom / 100)
    return 100 * math.expm1(drift - (volatility / 100) ** 2 / 2)


def missing_last_day(annual: float, yearly: tuple[float, ...]) -> float:
    """Last day's return in percent that the yearly row has and the annual return leaves out."""
    total = math.prod(1 + value / 100 for value in yearly)
    return 100 * (total / (1 + annual / 100) ** (SESSIONS / ANNUAL_DAYS) - 1)


def _is_quotient(quotient: float, top: float, bottom: float) -> bool:
    """Whether printed top / bottom can round to the printed quotient."""
    low = (top - HALF) / (bottom + HALF) - HALF
    high = (top + HALF) / (bottom - HALF) + HALF
    return low <= quotient <= high


def _is_share(percent: float, count: int) -> bool:
    """Whether a printed percentage is a whole number out of `count`."""
    return abs(100 * round(percent * count / 100) / count - percent) <= HALF + 1e-9


def _ic(tables: PrintedTables) -> Iterator[Anomaly]:
    for name, row in tables.ic.items():
        if not _is_quotient(row.icir, row.mean, row.std):
            yield Anomaly("9, 17, 25", name, "IC_IR = mean / std", row.icir, row.mean / row.std)
        if not _is_share(row.positive_share, CROSS_SECTIONS):
            wins = row.positive_share * CROSS_SECTIONS / 100
            yield Anomaly("9, 17, 25", name, "IC > 0 of 261", row.positive_share, wins)


def _layers(tables: PrintedTables) -> Iterator[Anomaly]:
    for name, row in tables.layers.items():
        volatility = row.long_short_report / row.sharpe_report
        expected = long_short_identity(row.annual_excess[0], row.annual_excess[-1], volatility)
        if abs(expected - row.long_short_report) > LONG_SHORT_TOLERANCE:
            yield Anomaly(
                "11, 21, 29", name, "long-short identity", row.long_short_report, expected
            )
        if not _is_share(row.top_monthly_win, MONTHS):
            wins = row.top_monthly_win * MONTHS / 100
            yield Anomaly("11, 21, 29", name, "months won of 125", row.top_monthly_win, wins)


def _enhancement(tables: PrintedTables) -> Iterator[Anomaly]:
    index = tables.benchmark
    rows = {INDEX: [("Sharpe ratio", index.sharpe, index.annual_return, index.volatility)]}
    for name, row in tables.enhancement.items():
        rows[name] = [
            ("Sharpe ratio", row.sharpe, row.annual_return, row.volatility),
            ("information ratio", row.information_ratio, row.annual_excess, row.tracking_error),
            ("Calmar ratio", row.calmar, row.annual_excess, row.excess_max_drawdown),
        ]
        figures = (row.annual_return, row.volatility, row.annual_excess, row.tracking_error)
        yield from _excess(
            "14, 22, 30", name, PrintedExcess(*figures, index.annual_return, index.volatility)
        )
        if not _is_share(row.monthly_win, MONTHS):
            wins = row.monthly_win * MONTHS / 100
            yield Anomaly("14, 22, 30", name, "months won of 125", row.monthly_win, wins)
    for name, quotients in rows.items():
        for claim, quotient, top, bottom in quotients:
            if not _is_quotient(quotient, top, bottom):
                yield Anomaly("14, 22, 30", name, claim, quotient, top / bottom)


def _earlier(rows) -> Iterator[Anomaly]:
    for name, row in rows.items():
        yield from _excess("reports of 2020", name, row)


def _excess(table: str, name: str, row: PrintedExcess) -> Iterator[Anomaly]:
    expected = excess_identity(row)
    if abs(expected - row.annual_excess) > EXCESS_TOLERANCE:
        yield Anomaly(table, name, "excess identity", row.annual_excess, expected)


def _yearly(tables: PrintedTables) -> Iterator[Anomaly]:
    index_day = missing_last_day(tables.benchmark.annual_return, tables.yearly[INDEX])
    for name, row in tables.enhancement.items():
        day = missing_last_day(row.annual_return, tables.yearly[name])
        if abs(day - index_day) > LAST_DAY:
            total = math.prod(1 + value / 100 for value in tables.yearly[name])
            annual = 100 * (total ** (ANNUAL_DAYS / SESSIONS) - 1)
            claim = "years compound to the annual return"
            yield Anomaly("15, 23, 31", name, claim, row.annual_return, annual)


def _index_year(tables: PrintedTables) -> Iterator[Anomaly]:
    begin, end = INDEX_LEVELS.values()
    printed, computed = tables.yearly[INDEX][-1], 100 * (end / begin - 1)
    if abs(printed - computed) > HALF:
        yield Anomaly("15, 23, 31", INDEX, "2021 from the closes", printed, computed)


def _coverage(tables: PrintedTables) -> Iterator[Anomaly]:
    for n, printed in tables.coverage.items():
        exact = 100 * (1 - (1 - n * (n - 1) / 210) ** 10)
        if abs(printed - exact) > COVERAGE_TOLERANCE:
            yield Anomaly("figure 5", f"n = {n}", "expected coverage", printed, exact)


def altered(table, row, **fields):
    rows = dict(EARLIER if table == "earlier" else getattr(PRINTED, table))
    rows[row] = rows[row]._replace(**fields)
    found = lint(earlier=rows) if table == "earlier" else lint(replace(PRINTED, **{table: rows}))
    return {(each.row, each.claim) for each in found}


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
        ("layers", "v2.1", {"long_short_report": 55.0}, "long-short identity"),
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
