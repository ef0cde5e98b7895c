"""A rebalance as a program, and what is done when it has no solution: a ladder, every rung logged.

exact -> neutrality (industries and size within a slack) -> turnover (the least that is feasible)
-> nearest (neutrality out of reach at any turnover: the least violation within the cap, and the
highest score there) -> hold (no trade). A solver status other than optimal is never used, nor are
weights that violate a constraint by 1e-8 or more.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from alphanet_pl.config.settings import EnhancementSettings
from alphanet_pl.evaluation.portfolio.lp import (
    Problem,
    Solution,
    least_slack,
    least_turnover,
    solve,
)
from alphanet_pl.evaluation.types import Floats
from datamodules.base.errors import EvaluationError

Rung = Literal["exact", "neutrality", "turnover", "nearest", "hold"]
RUNGS: tuple[Rung, ...] = ("exact", "neutrality", "turnover", "nearest", "hold")
RESIDUAL = 1e-8


@dataclass(frozen=True)
class Rebalance:
    """What a rebalance wants.

    Attributes:
        weights: (N,) planned weights; the current ones on the last rung.
        rung: How far the ladder was climbed.
        detail: What was relaxed, as a clause; empty for an exact plan.
        residual: Largest violation of the constraints that were in force.
    """

    weights: Floats
    rung: Rung
    detail: str = ""
    residual: float = 0.0


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


def rebalance(problem: Problem, slack: float) -> Rebalance:
    """Climb the ladder until weights are found.

    Args:
        problem: The rebalance, with exact neutrality.
        slack: Neutrality of the second rung, e.g. 0.001.
    """
    first = solve(problem)
    found = _accept(problem, first, "exact", "")
    if found is not None:
        return found
    loose = replace(problem, slack=slack)
    found = _accept(loose, solve(loose), "neutrality", f"neutral within {slack:.2%}")
    if found is not None:
        return found
    least = least_turnover(loose)
    if least.weights is not None:
        cap = float(np.abs(least.weights - problem.current).sum()) * (1 + 1e-6)
        wide = replace(loose, max_turnover=max(cap, problem.max_turnover))
        detail = (
            f"neutral within {slack:.2%}, "
            f"turnover {wide.max_turnover:.2%} instead of {problem.max_turnover:.2%}"
        )
        found = _accept(wide, solve(wide), "turnover", detail)
        if found is not None:
            return found
    found = _nearest(problem)
    if found is not None:
        return found
    return Rebalance(problem.current, "hold", f"no plan: {first.status.lower()}")


def _nearest(problem: Problem) -> Rebalance | None:
    """As neutral as the names that cannot trade allow, and the highest score there."""
    least = least_slack(problem)
    if least is None:
        return None
    near = replace(problem, slack=least * (1 + 1e-6) + RESIDUAL / 10)
    return _accept(near, solve(near), "nearest", f"neutral within {near.slack:.2%}, the least")


def _accept(problem: Problem, solution: Solution, rung: Rung, detail: str) -> Rebalance | None:
    if solution.weights is None:
        return None
    residual = problem.residual(solution.weights)
    return Rebalance(solution.weights, rung, detail, residual) if residual < RESIDUAL else None
