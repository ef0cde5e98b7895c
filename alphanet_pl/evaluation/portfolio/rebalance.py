"""What a rebalance does when its program has no solution: a ladder, every rung logged.

exact -> neutrality (industries and size within a slack) -> turnover (the least that is feasible)
-> nearest (neutrality out of reach at any turnover: the least violation within the cap, and the
highest score there) -> hold (no trade). A solver status other than optimal is never used, nor are
weights that violate a constraint by 1e-8 or more.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from alphanet_pl.evaluation.portfolio.lp import (
    Problem,
    Solution,
    least_slack,
    least_turnover,
    solve,
)
from alphanet_pl.evaluation.types import Floats

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
