"""The least violation of neutrality against cvxpy with Clarabel on random instances."""

from dataclasses import replace

import cvxpy as cp
import numpy as np
import pytest

from alphanet_pl.evaluation.portfolio.lp import Problem, least_slack, solve

NAMES, INDUSTRIES = 40, 4


def stuck_problem(seed: int, cap: float) -> Problem:
    """Half of the held names cannot trade, so that neutrality is out of reach."""
    rng = np.random.default_rng(seed)
    benchmark, current = rng.dirichlet(np.ones(NAMES)), rng.dirichlet(np.ones(NAMES))
    lower, upper = np.maximum(benchmark - 0.01, 0.0), benchmark + 0.05
    stuck = rng.permutation(NAMES)[: NAMES // 2]
    lower[stuck] = upper[stuck] = current[stuck]
    lower, upper = np.minimum(lower, current), np.maximum(upper, current)
    return Problem(
        score=rng.normal(size=NAMES),
        current=current,
        benchmark=benchmark,
        lower=lower,
        upper=upper,
        industry=np.resize(np.arange(INDUSTRIES), NAMES),
        size=rng.normal(size=NAMES),
        max_turnover=cap,
    )


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("cap", [0.2, np.inf])
def test_the_least_slack_is_that_of_cvxpy_and_the_program_solves_there(seed, cap):
    given = stuck_problem(seed, cap)
    weights = cp.Variable(NAMES)
    away = weights - given.benchmark
    each = [(given.industry == k).astype(float) @ away for k in range(INDUSTRIES)]
    worst = cp.max(cp.abs(cp.hstack([*each, given.size @ away])))
    limits = [cp.sum(weights) == 1, weights >= given.lower, weights <= given.upper]
    if np.isfinite(cap):
        limits.append(cp.norm1(weights - given.current) <= cap)
    program = cp.Problem(cp.Minimize(worst), limits)
    program.solve(solver=cp.CLARABEL)
    least = least_slack(given)
    assert least == pytest.approx(program.value, abs=1e-6)
    assert solve(replace(given, slack=least * (1 + 1e-6) + 1e-9)).weights is not None
    if least > 1e-4:
        assert solve(replace(given, slack=least * 0.99)).weights is None


def test_bounds_that_cross_or_cannot_sum_to_one_have_no_slack():
    given = stuck_problem(0, 0.2)
    assert least_slack(replace(given, lower=given.upper + 0.1)) is None
    small = np.full(NAMES, 0.5 / NAMES)
    assert least_slack(replace(given, lower=0 * small, upper=small, max_turnover=np.inf)) is None
