"""How near to neutral a rebalance can come when names that cannot trade forbid more."""

import numpy as np
from scipy.optimize import linprog

from alphanet_pl.evaluation.portfolio.lp import FEASIBILITY, Problem


def least_slack(problem: Problem) -> float | None:
    """The smallest slack of neutrality at which the program has a solution; None: at no slack.

    Minimises the largest absolute difference t of any exposure from the benchmark's over buys b and
    sells s, within the bounds, the budget and the turnover cap: a program of a few rows, solved
    only in the rare week without any other plan.
    """
    rise, fall = problem.upper - problem.current, problem.current - problem.lower
    if (rise + fall < 0).any():
        return None
    names = len(problem.score)
    groups = np.arange(int(problem.industry.max()) + 1)
    exposures = np.vstack([problem.industry == groups[:, None], problem.size])
    change = np.hstack([exposures, -exposures])
    below = -np.ones((len(exposures), 1))
    gap = problem.exposures(problem.benchmark - problem.current)
    rows = [np.hstack([change, below]), np.hstack([-change, below])]
    limits = [gap, -gap]
    if np.isfinite(problem.max_turnover):
        rows.append(np.append(np.ones(2 * names), 0.0)[None])
        limits.append(np.array([problem.max_turnover]))
    found = linprog(
        np.append(np.zeros(2 * names), 1.0),
        A_ub=np.vstack(rows),
        b_ub=np.concatenate(limits),
        A_eq=np.concatenate([np.ones(names), -np.ones(names), [0.0]])[None],
        b_eq=[1.0 - problem.current.sum()],
        # A name outside its bounds must move at least that far.
        bounds=np.column_stack(
            [
                np.concatenate([np.maximum(-fall, 0.0), np.maximum(-rise, 0.0), [0.0]]),
                np.concatenate([np.maximum(rise, 0.0), np.maximum(fall, 0.0), [np.inf]]),
            ]
        ),
        method="highs",
        options={"primal_feasibility_tolerance": FEASIBILITY},
    )
    return float(found.fun) if found.status == 0 else None
