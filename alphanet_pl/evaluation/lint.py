"""Do the printed figures agree with one another? Recompute each from the others.

A figure printed with two decimals stands for an interval; a quotient of two is checked with the
intervals, so that rounding is never called an error. The identities come from lognormal algebra on
daily series; see `excess_identity` and `long_short_identity`.

Example: `[anomaly.row for anomaly in lint()]`.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

from alphanet_pl.evaluation.paper import (
    CROSS_SECTIONS,
    INDEX,
    INDEX_LEVELS,
    MONTHS,
    PRINTED,
    SESSIONS,
    PrintedExcess,
    PrintedTables,
)
from alphanet_pl.evaluation.portfolio.performance import ANNUAL_DAYS

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


def lint(tables: PrintedTables = PRINTED) -> list[Anomaly]:
    """Recompute every ratio, count, identity and compounded row of the printed tables."""
    checks = (_ic, _layers, _enhancement, _earlier, _yearly, _index_year, _coverage)
    return [anomaly for check in checks for anomaly in check(tables)]


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
        volatility = row.long_short / row.long_short_sharpe
        expected = long_short_identity(row.annual_excess[0], row.annual_excess[-1], volatility)
        if abs(expected - row.long_short) > LONG_SHORT_TOLERANCE:
            yield Anomaly("11, 21, 29", name, "long-short identity", row.long_short, expected)
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


def _earlier(tables: PrintedTables) -> Iterator[Anomaly]:
    for name, row in tables.earlier.items():
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
