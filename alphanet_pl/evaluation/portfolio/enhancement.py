"""Index enhancement: a portfolio near its index that leans to the factor, rebalanced weekly.

Every week a linear program (lp.py, rebalance.py) plans weights at the close from the holdings
drifted to that close; they trade at the next day's vwap, and what cannot trade stays. Paper:
tables 14, 15, 22, 23, 30 and 31, figures 16, 24 and 32.

Example: `run_enhancement(score, sections, index_weights, next_day)`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from alphanet_pl.config.settings import Convention, EvaluationSettings, Schedule
from alphanet_pl.evaluation.portfolio.book import (
    Allocate,
    Book,
    TradeDay,
    check_rows,
    net_returns,
)
from alphanet_pl.evaluation.portfolio.performance import (
    ANNUAL_DAYS,
    Drawdown,
    Performance,
    RelativePerformance,
    max_drawdown,
    net_value,
    performance,
    relative_performance,
    yearly_returns,
)
from alphanet_pl.evaluation.portfolio.rebalance import (
    RUNGS,
    Rebalance,
    build_problem,
    index_weights,
    rebalance,
)
from alphanet_pl.evaluation.portfolio.tradability import MASKS, NextDay, next_day
from alphanet_pl.evaluation.signal.cross_sections import FactorSections, Sections, spaced
from alphanet_pl.evaluation.signal.neutralise import standardise, winsorise
from alphanet_pl.evaluation.types import Brief, Dates, Floats, Number
from datamodules.base.errors import EvaluationError
from datamodules.base.words import tracked

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


@dataclass(frozen=True, repr=False)
class EnhancementCurves(Brief):
    """Daily series; NAVs begin with 1 before the first date."""

    dates: list[str]
    nav: list[Number]
    index: list[Number]
    excess: list[Number]
    excess_drawdown: list[Number]


@dataclass(frozen=True, repr=False)
class EnhancementResult(Brief):
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


@dataclass(frozen=True)
class EnhancementRun:
    """What the portfolio did; m days, S sections.

    Attributes:
        options: What it was made with.
        dates: (m,) sessions from the first trade on.
        gross: (m,) daily returns before cost.
        turnover: (m,) realised two-sided turnover of each day.
        sections: (S,) dates of the plans.
        traded: (S,) positions in `dates` of the rebalances, held ones included.
        plans: Rung, detail and residual of each plan, without its weights.
        planned: (S,) two-sided turnover of each plan.
        names: (S,) names held after the trade.
    """

    options: EvaluationSettings
    dates: Dates
    gross: Floats
    turnover: Floats
    sections: Dates
    traded: NDArray[np.int64]
    plans: Sequence[Rebalance] = ()
    planned: Sequence[float] = ()
    names: Sequence[int] = ()

    @property
    def net(self) -> Floats:
        """(m,) daily returns after cost."""
        return net_returns(self.gross, self.turnover, self.options.enhancement.cost)


def rebalance_rows(
    dates: Dates, scored: NDArray[np.int64], schedule: Schedule = "weekly"
) -> NDArray[np.int64]:
    """Rows of the plans, each with a next session to trade on.

    Args:
        dates: (T,) all sessions.
        scored: Rows that may plan, ascending: those with scores.
        schedule: weekly, the last of them in each calendar week that is over; every_5, one in five
            sessions.
    """
    scored = scored[scored < len(dates) - 1]
    if schedule == "every_5":
        return spaced(scored, 5)
    week = (dates.astype("datetime64[D]").astype(np.int64) + 3) // 7  # 1970-01-01: a Thursday
    over = scored[week[scored] < week[-1]]
    return over[np.append(np.diff(week[over]) > 0, True)[: len(over)]]


def run_enhancement(
    score: Floats, at: Sections, benchmark: Floats, next_day: NextDay
) -> EnhancementRun:
    """Plan and trade from the first section to the market's last session.

    Args:
        score: (S, N) what to maximise, standardised; NaN outside the pool. A name that left the
            pool can only be sold, and is the first to go.
        at: The sections; each trades on the next row. An unknown industry is one of its own.
        benchmark: (S, N) index weights, NaN or zero outside the index.
        next_day: What the filter leaves untradable, see tradability.py.

    Raises:
        EvaluationError: Sections that cannot be traded, or without index weights.
    """
    market, rows, options = at.market, at.rows, at.options.enhancement
    check_rows(rows, len(market.dates))
    book = Book(market, int(rows[0]))
    plans, planned, names = [], [], []
    for section, row in enumerate(tracked(list(rows), "index enhancement")):
        book.carry_to(int(row))
        gone = market.gone(int(row))
        problem = build_problem(
            book.weights(),
            np.where(next_day.excluded[section], np.nan, score[section]),
            index_weights(benchmark[section], market.dates[row]),
            at.industry[section],
            at.log_cap[section],
            fixed=next_day.frozen[section] & ~gone,
            gone=gone,
            options=options,
        )
        step = rebalance(problem, options.slack)
        if step.rung != "hold":
            book.trade(
                towards(step.weights), next_day.unbuyable[section], next_day.unsellable[section]
            )
        plans.append(replace(step, weights=np.zeros(0)))
        planned.append(float(np.abs(step.weights - problem.current).sum()))
        names.append(int(np.count_nonzero(book.shares)))
    book.carry_to(len(market.dates) - 1)
    return EnhancementRun(
        options=at.options,
        dates=market.dates[int(rows[0]) + 1 :],
        gross=np.array(book.gross),
        turnover=np.array(book.turnover),
        sections=at.dates,
        traded=np.asarray(rows - rows[0], dtype=np.int64),
        plans=plans,
        planned=planned,
        names=names,
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


def judge_enhancement(run: EnhancementRun, index_returns: Floats) -> EnhancementResult:
    """Table 14 and what it leaves out.

    Args:
        run: What `run_enhancement` returned.
        index_returns: (m,) daily returns of the index on the run's dates.
    """
    options, net, convention = run.options.enhancement, run.net, run.options.convention
    rungs = Counter(step.rung for step in run.plans)
    return EnhancementResult(
        index=run.options.index.members,
        filter=run.options.filter,
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
        turnover=turnover(run),
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
        curves=curves(run, index_returns),
    )


def turnover(run: EnhancementRun) -> Turnover:
    """How much was traded and how often the cap or the ladder decided."""
    realised, planned = run.turnover[run.traded], np.array(run.planned)
    cap = run.options.enhancement.max_turnover
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


def curves(run: EnhancementRun, index_returns: Floats) -> EnhancementCurves:
    """Daily NAVs and the drawdown of the excess (figures 16, 24 and 32)."""
    excess = net_value(run.net - index_returns)
    return EnhancementCurves(
        dates=run.dates.astype(str).tolist(),
        nav=net_value(run.net)[1:].tolist(),
        index=net_value(index_returns)[1:].tolist(),
        excess=excess[1:].tolist(),
        excess_drawdown=(1.0 - excess / np.maximum.accumulate(excess))[1:].tolist(),
    )


def judge_years(run: EnhancementRun, index_returns: Floats) -> YearlyResult:
    """Table 15: returns of the calendar years, partial ones as they are."""
    series = {"portfolio": run.net, "index": index_returns, "excess": run.net - index_returns}
    found = {name: yearly_returns(each, run.dates) for name, each in series.items()}
    years = list(found["portfolio"])
    return YearlyResult(years=years, **{name: list(each.values()) for name, each in found.items()})


def enhancement_of(cut: FactorSections) -> tuple[EnhancementResult, YearlyResult]:
    """The index enhancement and its calendar years.

    Raises:
        EvaluationError: The panel holds no index, or none in the weeks that have scores.
    """
    run = _run(cut)
    index = _index_returns(cut, run)
    return judge_enhancement(run, index), judge_years(run, index)


def _run(cut: FactorSections) -> EnhancementRun:
    missing = [name for name in ("index_weight", "index_close") if not cut.panel.has(name)]
    if missing:
        raise EvaluationError(
            f"the panel has no {' and no '.join(missing)}",
            "it was prepared without the tables index and index_members",
            "prepare a panel with both, and evaluation.index naming the benchmark",
        )
    market = cut.test_period()
    scored = np.flatnonzero(np.isfinite(cut.daily).any(axis=1))
    rows = rebalance_rows(market.dates, scored, cut.options.enhancement.schedule)
    benchmark = cut.read("index_weight", rows) if len(rows) else np.zeros((0, 0))
    weighed = np.nan_to_num(benchmark).sum(axis=1) > 0
    rows, benchmark = rows[weighed], benchmark[weighed]
    if not len(rows):
        raise EvaluationError(
            "no rebalance has both scores and index weights",
            f"the scores span {len(cut.daily)} sessions",
            "predict more dates, or prepare with members of the index in this period",
        )
    at = Sections(
        options=cut.options,
        market=market,
        rows=rows,
        industry=cut.read("industry", rows),
        industries=cut.industries,
        log_cap=cut.read("log_cap", rows),
        price=market.close,
    )
    masks = {name: cut.read(name, rows) for name in MASKS}
    traded = np.isfinite(market.vwap[rows])
    tradable = next_day(cut.options.filter, masks, traded, market.halted(rows + 1))
    return run_enhancement(standardise(winsorise(cut.daily[rows])), at, benchmark, tradable)


def _index_returns(cut: FactorSections, run: EnhancementRun) -> Floats:
    """(m,) daily returns of the index on the run's dates."""
    begin = int(np.searchsorted(cut.panel.dates, run.dates[0])) - 1
    close = cut.panel.read("index_close", begin, begin + len(run.dates) + 1)
    return close[1:] / close[:-1] - 1.0
