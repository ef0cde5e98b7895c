"""The performance conventions that every table shares.

A year has 250 sessions, returns compound (geometric), standard deviations have ddof 1, the
risk-free rate is 0, and the excess over a benchmark is the compounded *daily difference*
prod(1 + r_p - r_b). Two conventions for annual figures, from the same daily returns:

- `standard`: all m daily returns count;
- `huatai`: the NAV vector has m entries and begins with 1, so that the last day's return is left
  out of annual return, volatility and drawdown while the exponent stays 250 / m. This reproduces
  the benchmark rows the paper (table 14) and its two predecessors print. Calendar years and
  months include the last day under both, as in table 15.

Example: `performance(returns, dates).annual_return`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alphanet_pl.config.settings import Convention
from alphanet_pl.evaluation.types import Brief, Dates, Floats, Number
from datamodules.base.errors import EvaluationError

ANNUAL_DAYS = 250
"""Sessions in a year: the only value with which the printed volatilities reproduce."""


@dataclass(frozen=True, repr=False)
class Drawdown(Brief):
    """A positive depth; peak is null if it lies before the first session."""

    depth: Number
    peak: str | None
    trough: str | None


@dataclass(frozen=True, repr=False)
class Performance(Brief):
    """Absolute columns of tables 14, 22 and 30."""

    annual_return: Number
    volatility: Number
    sharpe: Number
    max_drawdown: Drawdown
    sessions: int


@dataclass(frozen=True, repr=False)
class RelativePerformance(Brief):
    """Excess columns of tables 14, 22 and 30."""

    annual_excess: Number
    tracking_error: Number
    information_ratio: Number
    excess_max_drawdown: Drawdown
    calmar: Number
    monthly_win: Number
    months: int


def net_value(returns: Floats) -> Floats:
    """Compound daily returns (m,) into a NAV (m + 1,) that begins with 1."""
    return np.concatenate([[1.0], np.cumprod(1.0 + np.asarray(returns, dtype=np.float64))])


def counted(returns: Floats, convention: Convention) -> Floats:
    """The daily returns that the annual figures of a convention are made of.

    Raises:
        EvaluationError: A return is not finite.
    """
    if not np.isfinite(returns).all():
        raise EvaluationError(
            f"{int((~np.isfinite(returns)).sum())} of {len(returns)} daily returns are not finite",
            "a return on every session",
            "check that the index has a close on every session of the period",
        )
    return returns[:-1] if convention == "huatai" else returns


def annual_return(returns: Floats, convention: Convention = "standard") -> float:
    """Geometric annual return of m daily returns: NAV ** (250 / m) - 1; NaN without a day."""
    growth = float(np.prod(1.0 + counted(returns, convention)))
    return growth ** (ANNUAL_DAYS / len(returns)) - 1.0 if len(returns) else np.nan


def annual_volatility(returns: Floats, convention: Convention = "standard") -> float:
    """Standard deviation (ddof 1) of the daily returns times sqrt(250); NaN below two days."""
    days = counted(returns, convention)
    return float(np.std(days, ddof=1) * np.sqrt(ANNUAL_DAYS)) if len(days) > 1 else np.nan


def ratio(numerator: float, denominator: float) -> float:
    """Divide, giving NaN over zero: a Sharpe ratio without volatility does not exist."""
    return numerator / denominator if denominator else np.nan


def max_drawdown(returns: Floats, dates: Dates, convention: Convention = "standard") -> Drawdown:
    """Deepest fall of the NAV from its running maximum, as a positive share.

    Args:
        returns: (m,) daily returns.
        dates: (m,) their sessions.
        convention: Which days count.

    Returns:
        depth, and the sessions of peak and trough; the peak is None where it is the NAV before
        the first session, both are None where the NAV never falls.
    """
    nav = net_value(counted(returns, convention))
    falls = 1.0 - nav / np.maximum.accumulate(nav)
    trough = int(np.argmax(falls))
    if falls[trough] <= 0.0:
        return Drawdown(depth=0.0, peak=None, trough=None)
    peak = int(np.argmax(nav[: trough + 1]))
    return Drawdown(
        depth=float(falls[trough]),
        peak=str(dates[peak - 1]) if peak else None,
        trough=str(dates[trough - 1]),
    )


def performance(returns: Floats, dates: Dates, convention: Convention = "standard") -> Performance:
    """The absolute half of table 14: annual return, volatility, Sharpe ratio, drawdown."""
    growth = annual_return(returns, convention)
    volatility = annual_volatility(returns, convention)
    return Performance(
        annual_return=growth,
        volatility=volatility,
        sharpe=ratio(growth, volatility),
        max_drawdown=max_drawdown(returns, dates, convention),
        sessions=len(returns),
    )


def relative_performance(
    returns: Floats, benchmark: Floats, dates: Dates, convention: Convention = "standard"
) -> RelativePerformance:
    """The excess half of table 14, from the daily differences to a benchmark.

    Args:
        returns: (m,) daily returns of the portfolio.
        benchmark: (m,) daily returns of the benchmark.
        dates: (m,) sessions.
        convention: Which days count.
    """
    excess = np.asarray(returns) - np.asarray(benchmark)
    growth = annual_return(excess, convention)
    error = annual_volatility(excess, convention)
    fall = max_drawdown(excess, dates, convention)
    wins, months = monthly_wins(returns, benchmark, dates)
    return RelativePerformance(
        annual_excess=growth,
        tracking_error=error,
        information_ratio=ratio(growth, error),
        excess_max_drawdown=fall,
        calmar=ratio(growth, fall.depth),
        monthly_win=ratio(wins, months),
        months=months,
    )


def monthly_returns(returns: Floats, dates: Dates) -> tuple[NDArray[np.datetime64], Floats]:
    """Compounded return of each calendar month, from month-end to month-end NAV.

    A month with a single session in the period is a stub, not a month (the paper's 2011-01-31).

    Returns:
        (months,) datetime64[M] and (months,) returns.
    """
    last, nav = _period_ends(returns, dates, "M")
    whole = np.diff(last, prepend=-1) > 1
    return dates[last[whole]].astype("datetime64[M]"), (nav[1:] / nav[:-1] - 1.0)[whole]


def monthly_wins(returns: Floats, benchmark: Floats, dates: Dates) -> tuple[int, int]:
    """Count the months in which the portfolio returned strictly more, and all months."""
    ours, theirs = (monthly_returns(each, dates)[1] for each in (returns, benchmark))
    return int(np.sum(ours > theirs)), len(ours)


def yearly_returns(returns: Floats, dates: Dates) -> dict[str, float]:
    """Compounded return of each calendar year, its last day included, partial years as they are.

    Args:
        returns: (m,) daily returns; (m,) daily differences give the yearly excess.
        dates: (m,) sessions.
    """
    last, nav = _period_ends(returns, dates, "Y")
    years = dates[last].astype("datetime64[Y]").astype(str)
    return dict(zip(years.tolist(), (nav[1:] / nav[:-1] - 1.0).tolist(), strict=True))


def _period_ends(returns: Floats, dates: Dates, unit: str) -> tuple[NDArray[np.int64], Floats]:
    """Index of the last session of each calendar period; the NAV there, behind the opening 1."""
    periods = dates.astype(f"datetime64[{unit}]")
    changes = np.flatnonzero(periods[1:] != periods[:-1])
    last = np.append(changes, np.arange(len(periods))[-1:])
    return last, net_value(returns)[np.append(0, last + 1)]
