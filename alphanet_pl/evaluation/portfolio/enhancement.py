"""Index enhancement: a portfolio near its index that leans to the factor, rebalanced weekly.

Every week a linear program (program.py, ladder.py) plans weights at the close from the holdings
drifted to that close; they trade at the next day's vwap, and what cannot trade stays. Report:
tables 14, 15, 22, 23, 30 and 31, figures 16, 24 and 32.

Example: `run_enhancement(score, market, rows, benchmark=w, industry=i, log_cap=c, next_day=n)`.
"""

from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from alphanet_pl.evaluation.portfolio.book import Allocate, Book, Desk, check_rows, net_returns
from alphanet_pl.evaluation.portfolio.lp import Problem
from alphanet_pl.evaluation.portfolio.prices import Dates, Floats, Market
from alphanet_pl.evaluation.portfolio.rebalance import Plan, plan
from alphanet_pl.evaluation.portfolio.tradability import NextDay
from datamodules.base.errors import EvaluationError

Schedule = Literal["weekly", "every_5"]


@dataclass(frozen=True)
class EnhancementOptions:
    """How a portfolio is enhanced.

    Attributes:
        schedule: weekly (last session of each calendar week) or every_5 (sessions).
        max_turnover: Two-sided turnover of a rebalance; the first build is free.
        max_deviation: Most by which a weight may exceed the benchmark's.
        max_underweight: Most by which it may fall short, never below zero weight; None lets any
            name go to zero.
        slack: Neutrality of the ladder's second rung, in weight and in standard deviations.
        cost: One way, as a fraction of the value traded.
    """

    schedule: Schedule = "weekly"
    max_turnover: float = 0.3
    max_deviation: float = 0.01
    max_underweight: float | None = 0.01
    slack: float = 0.001
    cost: float = 0.002


@dataclass
class EnhancementRun:
    """What the portfolio did; m days, S sections.

    Attributes:
        dates: (m,) sessions from the first trade on.
        gross: (m,) daily returns before cost.
        turnover: (m,) realised two-sided turnover of each day.
        sections: (S,) dates of the plans.
        traded: (S,) positions in `dates` of the rebalances, held ones included.
        plans: Rung, detail and residual of each plan, without its weights.
        planned: (S,) two-sided turnover of each plan.
        names: (S,) names held after the trade.
    """

    dates: Dates
    gross: Floats
    turnover: Floats
    sections: Dates
    traded: NDArray[np.int64]
    plans: list[Plan] = field(default_factory=list)
    planned: list[float] = field(default_factory=list)
    names: list[int] = field(default_factory=list)

    def net(self, cost: float) -> Floats:
        """(m,) daily returns after cost."""
        return net_returns(self.gross, self.turnover, cost)


def rebalance_rows(
    dates: Dates, start: int, stop: int, schedule: Schedule = "weekly"
) -> NDArray[np.int64]:
    """Rows of the plans in [start, stop), each with a next session to trade on.

    Args:
        dates: (T,) all sessions.
        start: First row that may plan.
        stop: One past the last.
        schedule: weekly, the last session of each calendar week; every_5, from `start` on.

    Raises:
        EvaluationError: A name that is no schedule.
    """
    if schedule not in get_args(Schedule):
        raise EvaluationError(
            f"rebalancing schedule {schedule!r}",
            f"one of {', '.join(get_args(Schedule))}",
            "evaluation.enhancement.schedule=weekly",
        )
    if schedule == "every_5":
        return np.arange(start, min(stop, len(dates) - 1), 5)
    monday = (dates.astype("datetime64[D]").astype(np.int64) + 3) // 7  # 1970-01-01: a Thursday
    last = np.flatnonzero(monday[1:] != monday[:-1])
    return last[(last >= start) & (last < stop)]


def run_enhancement(
    score: Floats,
    market: Market,
    rows: NDArray[np.integer],
    *,
    benchmark: Floats,
    industry: NDArray[np.integer],
    log_cap: Floats,
    next_day: NextDay,
    options: EnhancementOptions | None = None,
) -> EnhancementRun:
    """Plan and trade from the first section to the market's last session.

    Args:
        score: (S, N) what to maximise, standardised; NaN outside the pool. A name that left the
            pool can only be sold, and is the first to go.
        market: Prices.
        rows: (S,) rows of the plans; each trades on the next row.
        benchmark: (S, N) index weights, NaN or zero outside the index.
        industry: (S, N) industry index, negative unknown (an industry of its own).
        log_cap: (S, N) ln of float capitalisation.
        next_day: What the filter leaves untradable, see filters.py.
        options: Limits and cost.

    Raises:
        EvaluationError: Sections that cannot be traded, or without index weights.
    """
    check_rows(rows, len(market.dates))
    options = options or EnhancementOptions()
    book = Book(market, int(rows[0]))
    run = EnhancementRun(
        dates=market.dates[int(rows[0]) + 1 :],
        gross=np.zeros(0),
        turnover=np.zeros(0),
        sections=market.dates[rows],
        traded=np.asarray(rows - rows[0], dtype=np.int64),
    )
    for section, row in enumerate(rows):
        book.hold(int(row))
        fixed = next_day.frozen[section] & ~market.gone(int(row))
        problem = build_problem(
            book.weights(),
            np.where(next_day.excluded[section], np.nan, score[section]),
            index_weights(benchmark[section], market.dates[row]),
            industry[section],
            log_cap[section],
            fixed=fixed,
            gone=market.gone(int(row)),
            options=options,
        )
        step = plan(problem, options.slack)
        if step.rung != "hold":
            book.trade(
                towards(step.weights), next_day.unbuyable[section], next_day.unsellable[section]
            )
        run.planned.append(float(np.abs(step.weights - problem.current).sum()))
        run.plans.append(Plan(np.zeros(0), step.rung, step.detail, step.residual))
        run.names.append(int(np.count_nonzero(book.shares)))
    book.hold(len(market.dates) - 1)
    run.gross, run.turnover = np.array(book.gross), np.array(book.turnover)
    return run


def index_weights(weights: Floats, date: np.datetime64) -> Floats:
    """(N,) index weights, absent ones zero, scaled to sum to 1.

    Raises:
        EvaluationError: No weight at all on that date.
    """
    known = np.nan_to_num(weights.astype(np.float64))
    if known.sum() <= 0:
        raise EvaluationError(
            f"the index has no weights on {date}",
            "index members, or weights, on every rebalance",
            "begin later, or choose another index with evaluation.index",
        )
    return known / known.sum()


def build_problem(
    current: Floats,
    score: Floats,
    benchmark: Floats,
    industry: NDArray[np.integer],
    log_cap: Floats,
    *,
    fixed: NDArray[np.bool_],
    gone: NDArray[np.bool_],
    options: EnhancementOptions,
) -> Problem:
    """Bounds, exposures and cap of one rebalance; all arrays (N,).

    Args:
        current: Weights drifted to the close of the plan.
        score: NaN outside the pool.
        benchmark: Index weights, sum 1.
        industry: Negative unknown.
        log_cap: NaN counts as the mean of the pool.
        fixed: Names that cannot trade: they stay at their weight, whatever the bounds say.
        gone: Names that left the market: sold.
        options: Limits.
    """
    pool = np.isfinite(score)
    under = 1.0 if options.max_underweight is None else options.max_underweight
    upper = benchmark + options.max_deviation
    upper = np.where(pool, upper, np.minimum(upper, current))
    lower = np.minimum(np.maximum(benchmark - under, 0.0), upper)
    lower, upper = (np.where(gone, 0.0, bound) for bound in (lower, upper))
    lower, upper = (np.where(fixed, current, bound) for bound in (lower, upper))
    worst = score[pool].min() if pool.any() else 0.0
    known = pool & np.isfinite(log_cap)
    mean, spread = (log_cap[known].mean(), log_cap[known].std()) if known.any() else (0.0, 1.0)
    size = np.nan_to_num((log_cap - mean) / (spread or 1.0))
    return Problem(
        score=np.where(pool, score, worst),
        current=current,
        benchmark=benchmark,
        lower=lower,
        upper=upper,
        industry=np.maximum(industry.astype(np.int64), -1) + 1,
        size=size,
        max_turnover=options.max_turnover if current.any() else np.inf,
    )


def towards(planned: Floats) -> Allocate:
    """Trade to planned weights; money that an untradable name keeps or frees moves the others.

    Orders against a direction that is blocked that day are not filled. The names that trade freely
    are scaled together so that the book stays fully invested.

    Args:
        planned: (N,) weights, sum 1.
    """

    def allocate(current: Floats, total: float, desk: Desk) -> Floats:
        wanted = planned * total
        blocked = ((wanted > current) & ~desk.can_buy) | ((wanted < current) & ~desk.can_sell)
        wanted = np.where(blocked, current, wanted)
        free = desk.can_buy & desk.can_sell & (wanted > 0)
        placed = float(wanted[free].sum())
        money = total - float(wanted[~free].sum())
        if placed <= 0 or money < 0:
            return current
        wanted[free] *= money / placed
        return wanted

    return allocate
