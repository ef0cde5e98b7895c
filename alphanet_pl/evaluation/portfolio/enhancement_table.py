"""From an enhanced portfolio's daily history to tables 14 and 15 and the figures under them."""

from collections import Counter
from typing import get_args

import numpy as np

from alphanet_pl.evaluation.portfolio.enhancement import EnhancementOptions, EnhancementRun
from alphanet_pl.evaluation.portfolio.performance import (
    ANNUAL_DAYS,
    Convention,
    max_drawdown,
    net_value,
    performance,
    relative_performance,
    yearly_returns,
)
from alphanet_pl.evaluation.portfolio.prices import Floats
from alphanet_pl.evaluation.portfolio.rebalance import RUNGS
from alphanet_pl.evaluation.results import (
    Drawdown,
    EnhancementCurves,
    EnhancementSection,
    Relaxation,
    Turnover,
    YearlySection,
)

EPISODES = {
    "end of 2014": ("2014-10-01", "2015-01-31"),
    "early 2019": ("2019-01-01", "2019-04-30"),
    "early 2020": ("2020-01-01", "2020-04-30"),
}
"""Where the report says that v2.2 loses less; it names no days, these are ours."""
AT_CAP = 1e-6
"""A plan whose turnover comes this near the cap uses the whole of it."""


def enhancement_section(
    run: EnhancementRun,
    index_returns: Floats,
    *,
    index: str,
    filter_mode: str,
    convention: Convention = "standard",
    options: EnhancementOptions | None = None,
) -> EnhancementSection:
    """Table 14 and what it leaves out.

    Args:
        run: What `run_enhancement` returned.
        index_returns: (m,) daily returns of the index on the run's dates.
        index: Its name.
        filter_mode: The next-day filter the run was made with.
        convention: See performance.py.
        options: Those of the run.
    """
    options = options or EnhancementOptions()
    net = run.net(options.cost)
    rungs = Counter(step.rung for step in run.plans)
    return EnhancementSection(
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
    """How much was traded and how often the cap or the ladder decided; see the schema."""
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
    run: EnhancementRun, index_returns: Floats, options: EnhancementOptions | None = None
) -> YearlySection:
    """Table 15: returns of the calendar years, partial ones as they are.

    Args:
        run: What `run_enhancement` returned.
        index_returns: (m,) daily returns of the index on the run's dates.
        options: Those of the run.
    """
    net = run.net((options or EnhancementOptions()).cost)
    ours = yearly_returns(net, run.dates)
    return YearlySection(
        years=list(ours),
        portfolio=list(ours.values()),
        index=list(yearly_returns(index_returns, run.dates).values()),
        excess=list(yearly_returns(net - index_returns, run.dates).values()),
    )
