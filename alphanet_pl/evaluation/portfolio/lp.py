"""One rebalance as a linear program, solved by HiGHS.

Maximise the score of the weights subject to: weights sum to 1; each within its bounds; exposures to
industries and size equal to the benchmark's; two-sided turnover below a cap. Buys b >= 0 and sells
s >= 0 with w = current + b - s make it linear, and since every bound on w becomes a bound on b or
s, only 3 rows besides the industries remain.
"""

import os
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csc_array

from alphanet_pl.evaluation.types import Floats

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


def least_slack(problem: Problem) -> float | None:
    """The smallest slack of neutrality at which the program has a solution; None: at no slack.

    Minimises the largest absolute difference t of any exposure from the benchmark's within the
    bounds, the budget and the turnover cap; solved only in the rare week without any other plan.
    """
    program = _program(problem, problem.max_turnover)
    if isinstance(program, str):
        return None
    matrix, model = program.matrix, program.model
    exposures, gap = matrix[1:-1].toarray(), np.asarray(model.row_lower_)[1:-1] + problem.slack
    slack = -np.ones((len(exposures), 1))
    rows = [np.hstack([exposures, slack]), np.hstack([-exposures, slack])]
    limits = [gap, -gap]
    if np.isfinite(problem.max_turnover):
        rows.append(np.append(np.ones(matrix.shape[1]), 0.0)[None])
        limits.append(np.array([problem.max_turnover]))
    found = linprog(
        np.append(np.zeros(matrix.shape[1]), 1.0),
        A_ub=np.vstack(rows),
        b_ub=np.concatenate(limits),
        A_eq=np.append(program.sign, 0.0)[None],
        b_eq=[1.0 - problem.current.sum()],
        bounds=[*zip(model.col_lower_, model.col_upper_, strict=True), (0.0, np.inf)],
        method="highs",
        options={"primal_feasibility_tolerance": FEASIBILITY},
    )
    return float(found.fun) if found.status == 0 else None


@dataclass(frozen=True)
class _Program:
    """The program without an objective; a column a name bought, then one a name sold.

    Attributes:
        model: Columns and rows, the matrix among them.
        matrix: (G + 3, C) the same matrix: budget, industries, size, turnover.
        names: (C,) which name a column trades.
        sign: (C,) 1 for a purchase, -1 for a sale.
    """

    model: highspy.HighsLp
    matrix: csc_array
    names: NDArray[np.int64]
    sign: Floats


def _run(problem: Problem, score: Floats | None, cap: float) -> Solution:
    program = _program(problem, cap)
    if isinstance(program, str):
        return Solution(None, program)
    names, sign = program.names, program.sign
    program.model.col_cost_ = -np.ones(len(names)) if score is None else sign * score[names]
    solver = _solver()
    solver.passModel(program.model)
    solver.run()
    status = solver.getModelStatus()
    if status != highspy.HighsModelStatus.kOptimal:
        return Solution(None, solver.modelStatusToString(status))
    change = sign * np.array(solver.getSolution().col_value)
    weights = problem.current + np.bincount(names, change, len(problem.score))
    return Solution(np.clip(weights, problem.lower, problem.upper), "Optimal")


def _solver() -> highspy.Highs:
    _without_banner()
    solver = highspy.Highs()
    for option, value in (
        ("output_flag", False),
        ("presolve", "off"),  # with so few rows it costs more than the simplex it would spare
        ("primal_feasibility_tolerance", FEASIBILITY),
        ("dual_feasibility_tolerance", FEASIBILITY),
    ):
        solver.setOptionValue(option, value)
    return solver


@cache
def _without_banner() -> None:
    """Make the process's first solver while its standard output goes nowhere.

    HiGHS writes its licence there at the first construction, before an option could forbid it.
    """
    sys.stdout.flush()
    kept = os.dup(1)
    with Path(os.devnull).open("wb") as nothing:
        os.dup2(nothing.fileno(), 1)
        try:
            highspy.Highs()
        finally:
            os.dup2(kept, 1)
            os.close(kept)


def _program(problem: Problem, cap: float) -> _Program | str:
    """Columns, rows and matrix, or why there are none."""
    if (problem.lower > problem.upper).any():
        return "Bounds cross"
    rise, fall = problem.upper - problem.current, problem.current - problem.lower
    bought, sold = np.flatnonzero(rise > 0), np.flatnonzero(fall > 0)
    names = np.concatenate([bought, sold])
    if not len(names):
        return "Nothing can trade"
    sign = np.repeat([1.0, -1.0], [len(bought), len(sold)])
    gap = problem.exposures(problem.benchmark - problem.current)
    budget = 1.0 - problem.current.sum()
    model = highspy.HighsLp()
    model.sense_ = highspy.ObjSense.kMaximize
    model.num_col_, model.num_row_ = len(names), len(gap) + 2
    # A name outside its bounds must move at least that far: never the other way.
    model.col_lower_ = np.maximum(np.where(sign > 0, -fall[names], -rise[names]), 0.0)
    model.col_upper_ = np.where(sign > 0, rise[names], fall[names])
    model.row_lower_ = np.concatenate([[budget], gap - problem.slack, [-np.inf]])
    model.row_upper_ = np.concatenate([[budget], gap + problem.slack, [cap]])
    matrix = _matrix(problem, names, sign)
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = matrix.indptr
    model.a_matrix_.index_ = matrix.indices
    model.a_matrix_.value_ = matrix.data
    return _Program(model, matrix, names, sign)


def _matrix(problem: Problem, names: NDArray[np.int64], sign: Floats) -> csc_array:
    """(G + 3, C), four entries a column: the budget, its industry, size and turnover."""
    groups, count = int(problem.industry.max()) + 1, len(names)
    index = np.empty((count, 4), dtype=np.int32)
    index[:] = [0, 0, groups + 1, groups + 2]
    index[:, 1] = 1 + problem.industry[names]
    value = np.column_stack([sign, sign, sign * problem.size[names], np.ones(count)])
    start = np.arange(0, 4 * count + 1, 4, dtype=np.int32)
    return csc_array((value.ravel(), index.ravel(), start), shape=(groups + 3, count))
