"""One rebalance as a linear program, solved by HiGHS.

Maximise the score of the weights subject to: weights sum to 1; each within its bounds; exposures to
industries and size equal to the benchmark's; two-sided turnover below a cap. Buys b >= 0 and sells
s >= 0 with w = current + b - s make it linear, and since every bound on w becomes a bound on b or
s, only 3 rows besides the industries remain.
"""

from dataclasses import dataclass

import highspy
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
FEASIBILITY = 1e-10
"""HiGHS' tolerance, so that the residuals of the weights stay below 1e-8."""


@dataclass(frozen=True)
class Problem:
    """One rebalance; N names, G industries.

    Attributes:
        score: (N,) finite; what to maximise.
        current: (N,) weights before the trade; all zero for the first build.
        benchmark: (N,) weights, sum 1.
        lower: (N,) smallest weight.
        upper: (N,) largest weight; equal to `lower` and `current` where a name cannot trade.
        industry: (N,) in [0, G).
        size: (N,) standardised ln capitalisation.
        max_turnover: Cap on the sum of absolute weight changes; infinite for the first build.
        slack: Largest absolute difference of an exposure from the benchmark's.
    """

    score: Floats
    current: Floats
    benchmark: Floats
    lower: Floats
    upper: Floats
    industry: NDArray[np.int64]
    size: Floats
    max_turnover: float
    slack: float = 0.0

    def exposures(self, weights: Floats) -> Floats:
        """(G + 1,) weight of each industry, and the mean size."""
        groups = int(self.industry.max()) + 1
        return np.append(np.bincount(self.industry, weights, groups), weights @ self.size)

    def residual(self, weights: Floats) -> float:
        """Largest violation of any constraint by (N,) weights."""
        neutral = np.abs(self.exposures(weights - self.benchmark)).max() - self.slack
        turnover = np.abs(weights - self.current).sum() - self.max_turnover
        bounds = np.maximum(self.lower - weights, weights - self.upper).max()
        return float(max(abs(weights.sum() - 1.0), neutral, turnover, bounds, 0.0))


@dataclass(frozen=True)
class Solution:
    """Weights, or none with the solver's own word for why."""

    weights: Floats | None
    status: str


def solve(problem: Problem) -> Solution:
    """Weights of the highest score."""
    return _run(problem, problem.score, problem.max_turnover)


def least_turnover(problem: Problem) -> Solution:
    """Weights that meet every constraint but the turnover cap with the least turnover."""
    return _run(problem, None, np.inf)


def _run(problem: Problem, score: Floats | None, cap: float) -> Solution:
    if (problem.lower > problem.upper).any():
        return Solution(None, "Bounds cross")
    rise = problem.upper - problem.current
    fall = problem.current - problem.lower
    bought, sold = np.flatnonzero(rise > 0), np.flatnonzero(fall > 0)
    names = np.concatenate([bought, sold])
    if not len(names):
        return Solution(None, "Nothing can trade")
    sign = np.repeat([1.0, -1.0], [len(bought), len(sold)])
    model = highspy.HighsLp()
    _columns(model, problem, names, sign, score)
    _rows(model, problem, cap)
    _matrix(model, problem, names, sign)
    solver = highspy.Highs()
    for option, value in (
        ("output_flag", False),
        ("presolve", "off"),  # with so few rows it costs more than the simplex it would spare
        ("primal_feasibility_tolerance", FEASIBILITY),
        ("dual_feasibility_tolerance", FEASIBILITY),
    ):
        solver.setOptionValue(option, value)
    solver.passModel(model)
    solver.run()
    status = solver.getModelStatus()
    if status != highspy.HighsModelStatus.kOptimal:
        return Solution(None, solver.modelStatusToString(status))
    change = sign * np.array(solver.getSolution().col_value)
    weights = problem.current + np.bincount(names, change, len(problem.score))
    return Solution(np.clip(weights, problem.lower, problem.upper), "Optimal")


def _columns(
    model: highspy.HighsLp,
    problem: Problem,
    names: NDArray[np.int64],
    sign: Floats,
    score: Floats | None,
) -> None:
    """A column a name that may be bought, then one a name that may be sold."""
    rise = problem.upper - problem.current
    fall = problem.current - problem.lower
    most = np.where(sign > 0, rise[names], fall[names])
    # A name outside its bounds must move at least that far: never the other way.
    least = np.where(sign > 0, -fall[names], -rise[names])
    model.num_col_ = len(names)
    model.col_cost_ = -np.ones(len(names)) if score is None else sign * score[names]
    model.col_lower_ = np.maximum(least, 0.0)
    model.col_upper_ = most
    model.sense_ = highspy.ObjSense.kMaximize


def _rows(model: highspy.HighsLp, problem: Problem, cap: float) -> None:
    """Rows: fully invested, industries, size, turnover."""
    gap = problem.exposures(problem.benchmark - problem.current)
    budget = 1.0 - problem.current.sum()
    model.num_row_ = len(gap) + 2
    model.row_lower_ = np.concatenate([[budget], gap - problem.slack, [-np.inf]])
    model.row_upper_ = np.concatenate([[budget], gap + problem.slack, [cap]])


def _matrix(
    model: highspy.HighsLp, problem: Problem, names: NDArray[np.int64], sign: Floats
) -> None:
    """Four entries a column: the budget, its industry, size and turnover."""
    rows = model.num_row_
    count = len(names)
    index = np.empty((count, 4), dtype=np.int32)
    index[:] = [0, 0, rows - 2, rows - 1]
    index[:, 1] = 1 + problem.industry[names]
    value = np.column_stack([sign, sign, sign * problem.size[names], np.ones(count)])
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = np.arange(0, 4 * count + 1, 4, dtype=np.int32)
    model.a_matrix_.index_ = index.ravel()
    model.a_matrix_.value_ = value.ravel()
