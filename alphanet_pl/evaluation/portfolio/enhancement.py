"""Index enhancement: a portfolio near its index that leans to the factor, rebalanced weekly.

Every week a linear program (lp.py, rebalance.py) plans weights at the close from the holdings
drifted to that close; they trade at the next day's vwap, and what cannot trade stays. Paper:
tables 14, 15, 22, 23, 30 and 31, figures 16, 24 and 32.

Example: `run_enhancement(score, market, rows, benchmark=w, industry=i, log_cap=c, next_day=n)`.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from alphanet_pl.config.settings import EnhancementSettings
from alphanet_pl.evaluation.portfolio.book import (
    Allocate,
    Book,
    TradeDay,
    check_rows,
    net_returns,
)
from alphanet_pl.evaluation.portfolio.lp import Problem
from alphanet_pl.evaluation.portfolio.performance import (
    ANNUAL_DAYS,
    Convention,
    Drawdown,
    Performance,
    RelativePerformance,
    max_drawdown,
    net_value,
    performance,
    relative_performance,
    yearly_returns,
)
from alphanet_pl.evaluation.portfolio.rebalance import RUNGS, Rebalance, rebalance
from alphanet_pl.evaluation.portfolio.tradability import MASKS, NextDay, next_day
from alphanet_pl.evaluation.signal.cross_sections import FactorSections
from alphanet_pl.evaluation.signal.neutralise import standardise, winsorise
from alphanet_pl.evaluation.signal.prices import Market
from alphanet_pl.evaluation.types import Dates, Floats, Number
from datamodules.base.errors import EvaluationError

Schedule = Literal["weekly", "every_5"]
EPISODES = {
    "end of 2014": ("2014-10-01", "2015-01-31"),
    "early 2019": ("2019-01-01", "2019-04-30"),
    "early 2020": ("2020-01-01", "2020-04-30"),
}
"""Where the paper says that v2.2 loses less; it names no days, these are ours."""
AT_CAP = 1e-6
"""A plan whose turnover comes this near the cap uses the whole of it."""


@dataclass(frozen=True)
class Turnover:
    """How much a portfolio traded; a rebalance's two-sided turnover is sum |w_new - w_drifted|."""

    per_rebalance: Number
    """Mean over all rebalances, the first build included: the paper's last column."""
    planned: Number
    """The same, of the plan against the holdings drifted to its own close."""
    monthly: Number
    """Mean over months of the sum within a month."""
    annual_one_sided: Number
    share_at_cap: Number
    """Share of rebalances whose plan uses the whole cap."""
    share_relaxed: Number
    """Share of rebalances that climbed the ladder."""


@dataclass(frozen=True)
class Relaxation:
    """One rebalance that had no exact solution."""

    date: str
    rung: str
    detail: str


@dataclass(frozen=True)
class EnhancementCurves:
    """Daily series; NAVs begin with 1 before the first date."""

    dates: list[str]
    nav: list[Number]
    index: list[Number]
    excess: list[Number]
    excess_drawdown: list[Number]


@dataclass(frozen=True)
class EnhancementResult:
    """Index enhancement (tables 14, 22 and 30)."""

    index: str
    filter: str
    convention: str
    schedule: str
    cost: Number
    max_turnover: Number
    max_deviation: Number
    portfolio: Performance
    relative: RelativePerformance
    benchmark: dict[str, Performance]
    """The index's own row, by convention."""
    turnover: Turnover
    rebalances: int
    rungs: dict[str, int]
    relaxed: list[Relaxation]
    max_residual: Number
    """Largest violation of any constraint by any plan."""
    mean_names: Number
    episodes: dict[str, Drawdown | None]
    """Excess drawdown inside the periods that the paper names; null where the run has no day."""
    curves: EnhancementCurves


@dataclass(frozen=True)
class YearlyResult:
    """Tables 15, 23 and 31; partial first and last years are not annualised."""

    years: list[str]
    portfolio: list[Number]
    index: list[Number]
    excess: list[Number]
    """Compounded daily differences."""


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
    plans: list[Rebalance] = field(default_factory=list)
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
    """
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
    options: EnhancementSettings | None = None,
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
        next_day: What the filter leaves untradable, see tradability.py.
        options: Limits and cost.

    Raises:
        EvaluationError: Sections that cannot be traded, or without index weights.
    """
    check_rows(rows, len(market.dates))
    options = options or EnhancementSettings()
    book = Book(market, int(rows[0]))
    run = EnhancementRun(
        dates=market.dates[int(rows[0]) + 1 :],
        gross=np.zeros(0),
        turnover=np.zeros(0),
        sections=market.dates[rows],
        traded=np.asarray(rows - rows[0], dtype=np.int64),
    )
    for section, row in enumerate(rows):
        book.carry_to(int(row))
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
        step = rebalance(problem, options.slack)
        if step.rung != "hold":
            book.trade(
                towards(step.weights), next_day.unbuyable[section], next_day.unsellable[section]
            )
        run.planned.append(float(np.abs(step.weights - problem.current).sum()))
        run.plans.append(Rebalance(np.zeros(0), step.rung, step.detail, step.residual))
        run.names.append(int(np.count_nonzero(book.shares)))
    book.carry_to(len(market.dates) - 1)
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
    options: EnhancementSettings,
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

    def allocate(current: Floats, total: float, day: TradeDay) -> Floats:
        wanted = planned * total
        blocked = ((wanted > current) & ~day.can_buy) | ((wanted < current) & ~day.can_sell)
        wanted = np.where(blocked, current, wanted)
        free = day.can_buy & day.can_sell & (wanted > 0)
        placed = float(wanted[free].sum())
        money = total - float(wanted[~free].sum())
        if placed <= 0 or money < 0:
            return current
        wanted[free] *= money / placed
        return wanted

    return allocate


def enhancement_section(
    run: EnhancementRun,
    index_returns: Floats,
    *,
    index: str,
    filter_mode: str,
    convention: Convention = "standard",
    options: EnhancementSettings | None = None,
) -> EnhancementResult:
    """Table 14 and what it leaves out.

    Args:
        run: What `run_enhancement` returned.
        index_returns: (m,) daily returns of the index on the run's dates.
        index: Its name.
        filter_mode: The next-day filter the run was made with.
        convention: See performance.py.
        options: Those of the run.
    """
    options = options or EnhancementSettings()
    net = run.net(options.cost)
    rungs = Counter(step.rung for step in run.plans)
    return EnhancementResult(
        index=index,
        filter=filter_mode,
        convention=convention,
        schedule=options.schedule,
        cost=options.cost,
        max_turnover=options.max_turnover,
        max_deviation=options.max_deviation,
        portfolio=performance(net, run.dates, convention),
        relative=relative_performance(net, index_returns, run.dates, convention),
        benchmark={
            each: performance(index_returns, run.dates, each) for each in get_args(Convention)
        },
        turnover=turnover(run, options.max_turnover),
        rebalances=len(run.plans),
        rungs={rung: rungs[rung] for rung in RUNGS},
        relaxed=[
            Relaxation(date=str(date), rung=step.rung, detail=step.detail)
            for date, step in zip(run.sections, run.plans, strict=True)
            if step.rung != "exact"
        ],
        max_residual=max(step.residual for step in run.plans),
        mean_names=float(np.mean(run.names)),
        episodes=episodes(run, net - index_returns),
        curves=curves(run, net, index_returns),
    )


def turnover(run: EnhancementRun, cap: float) -> Turnover:
    """How much was traded and how often the cap or the ladder decided."""
    realised, planned = run.turnover[run.traded], np.array(run.planned)
    months = np.unique(run.dates.astype("datetime64[M]"))
    return Turnover(
        per_rebalance=float(realised.mean()),
        planned=float(planned.mean()),
        monthly=float(run.turnover.sum() / len(months)),
        annual_one_sided=float(run.turnover.sum() / 2 * ANNUAL_DAYS / len(run.dates)),
        share_at_cap=float((np.abs(planned - cap) < AT_CAP).mean()),
        share_relaxed=float(np.mean([step.rung != "exact" for step in run.plans])),
    )


def episodes(run: EnhancementRun, excess: Floats) -> dict[str, Drawdown | None]:
    """Drawdown of the excess NAV inside each of EPISODES, begun anew at its first day."""
    out: dict[str, Drawdown | None] = {}
    for name, (first, last) in EPISODES.items():
        inside = (run.dates >= np.datetime64(first)) & (run.dates <= np.datetime64(last))
        out[name] = max_drawdown(excess[inside], run.dates[inside]) if inside.any() else None
    return out


def curves(run: EnhancementRun, net: Floats, index_returns: Floats) -> EnhancementCurves:
    """Daily NAVs and the drawdown of the excess (figures 16, 24 and 32)."""
    excess = net_value(net - index_returns)
    return EnhancementCurves(
        dates=run.dates.astype(str).tolist(),
        nav=net_value(net)[1:].tolist(),
        index=net_value(index_returns)[1:].tolist(),
        excess=excess[1:].tolist(),
        excess_drawdown=(1.0 - excess / np.maximum.accumulate(excess))[1:].tolist(),
    )


def yearly_section(
    run: EnhancementRun, index_returns: Floats, options: EnhancementSettings | None = None
) -> YearlyResult:
    """Table 15: returns of the calendar years, partial ones as they are.

    Args:
        run: What `run_enhancement` returned.
        index_returns: (m,) daily returns of the index on the run's dates.
        options: Those of the run.
    """
    net = run.net((options or EnhancementSettings()).cost)
    ours = yearly_returns(net, run.dates)
    return YearlyResult(
        years=list(ours),
        portfolio=list(ours.values()),
        index=list(yearly_returns(index_returns, run.dates).values()),
        excess=list(yearly_returns(net - index_returns, run.dates).values()),
    )


def enhancement_of(cut: FactorSections) -> tuple[EnhancementResult, YearlyResult]:
    """The index enhancement and its calendar years.

    Raises:
        EvaluationError: The panel holds no index, or none in the weeks that have scores.
    """
    options = cut.options.enhancement
    run = _run(cut)
    index = _index_returns(cut, run)
    section = enhancement_section(
        run,
        index,
        index=cut.options.index.members,
        filter_mode=cut.options.filter,
        convention=cut.options.convention,
        options=options,
    )
    return section, yearly_section(run, index, options)


def _run(cut: FactorSections) -> EnhancementRun:
    options = cut.options.enhancement
    missing = [name for name in ("index_weight", "index_close") if not cut.panel.has(name)]
    if missing:
        raise EvaluationError(
            f"the panel has no {' and no '.join(missing)}",
            "it was prepared without the tables index and index_members",
            "prepare a panel with both, and evaluation.index naming the benchmark",
        )
    market = cut.test_period()
    rows = rebalance_rows(market.dates, 0, len(cut.daily), options.schedule)
    rows = rows[np.isfinite(cut.daily[rows]).any(axis=1)]
    benchmark = cut.read("index_weight", rows) if len(rows) else np.zeros((0, 0))
    weighed = np.nan_to_num(benchmark).sum(axis=1) > 0
    rows, benchmark = rows[weighed], benchmark[weighed]
    if not len(rows):
        raise EvaluationError(
            "no rebalance has both scores and index weights",
            f"the scores span {len(cut.daily)} sessions",
            "predict more dates, or prepare with members of the index in this period",
        )
    masks = {name: cut.read(name, rows) for name in MASKS}
    traded = np.isfinite(market.vwap[rows])
    return run_enhancement(
        standardise(winsorise(cut.daily[rows])),
        market,
        rows,
        benchmark=benchmark,
        industry=cut.read("industry", rows),
        log_cap=cut.read("log_cap", rows),
        next_day=next_day(cut.options.filter, masks, traded),
        options=options,
    )


def _index_returns(cut: FactorSections, run: EnhancementRun) -> Floats:
    """(m,) daily returns of the index on the run's dates."""
    begin = int(np.searchsorted(cut.panel.dates, run.dates[0])) - 1
    close = cut.panel.read("index_close", begin, begin + len(run.dates) + 1)
    return close[1:] / close[:-1] - 1.0
