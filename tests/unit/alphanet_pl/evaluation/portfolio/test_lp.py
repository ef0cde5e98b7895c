"""The linear program against cvxpy with Clarabel on random instances."""

from dataclasses import replace

import cvxpy as cp
import numpy as np
import pytest

from alphanet_pl.evaluation.portfolio.lp import Problem, least_turnover, solve

NAMES, INDUSTRIES = 60, 5


def problem(seed, *, frozen=0, cap=0.3):
    """A portfolio near its benchmark, drifted; `frozen` held names cannot trade."""
    rng = np.random.default_rng(seed)
    benchmark = np.where(rng.random(NAMES) < 0.6, rng.random(NAMES), 0.0)
    benchmark /= benchmark.sum()
    industry = np.resize(np.arange(INDUSTRIES), NAMES)
    current = np.maximum(benchmark + rng.uniform(-0.02, 0.02, NAMES), 0.0)
    current /= current.sum()
    lower, upper = np.maximum(benchmark - 0.03, 0.0), benchmark + 0.03
    stuck = rng.permutation(np.flatnonzero(current))[:frozen]
    lower[stuck] = upper[stuck] = current[stuck]
    return Problem(
        score=rng.normal(size=NAMES),
        current=current,
        benchmark=benchmark,
        lower=lower,
        upper=upper,
        industry=industry,
        size=rng.normal(size=NAMES),
        max_turnover=cap,
    )


def by_cvxpy(given, turnover_only=False):
    """The same program in the weights themselves; status and best value."""
    weights = cp.Variable(NAMES)
    away = weights - given.benchmark
    limits = [cp.sum(weights) == 1, weights >= given.lower, weights <= given.upper]
    for k in range(INDUSTRIES):
        limits.append(cp.abs((given.industry == k).astype(float) @ away) <= given.slack)
    limits.append(cp.abs(given.size @ away) <= given.slack)
    traded = cp.norm1(weights - given.current)
    if not turnover_only:
        limits.append(traded <= given.max_turnover)
    goal = cp.Minimize(traded) if turnover_only else cp.Maximize(given.score @ weights)
    program = cp.Problem(goal, limits)
    program.solve(solver=cp.CLARABEL)
    return program.status, program.value


def test_crossing_bounds_have_no_solution():
    given = problem(0)
    found = solve(replace(given, lower=given.upper + 0.1))
    assert found.weights is None


def test_an_infeasible_program_gives_the_word_of_the_solver():
    given = problem(0, cap=1e-4)
    assert by_cvxpy(given)[0] == "infeasible"
    assert solve(given).weights is None
    assert solve(given).status == "Infeasible"


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("frozen", [0, 6])
def test_the_optimum_equals_that_of_cvxpy(seed, frozen):
    given = problem(seed, frozen=frozen, cap=0.6)
    status, best = by_cvxpy(given)
    found = solve(given)
    if status == "infeasible":
        assert found.weights is None
    else:
        assert given.score @ found.weights == pytest.approx(best, abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_slack_widens_neutrality_as_in_cvxpy(seed):
    given = replace(problem(seed, cap=0.6), slack=0.002)
    assert given.score @ solve(given).weights == pytest.approx(by_cvxpy(given)[1], abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_the_least_turnover_equals_that_of_cvxpy(seed):
    given = problem(seed)
    traded = np.abs(least_turnover(given).weights - given.current).sum()
    assert traded == pytest.approx(by_cvxpy(given, turnover_only=True)[1], abs=1e-6)


@pytest.mark.parametrize("seed", range(8))
def test_no_constraint_is_violated_by_as_much_as_a_hundred_millionth(seed):
    given = problem(seed, cap=0.6)
    assert given.residual(solve(given).weights) < 1e-8


def test_a_first_build_from_cash_is_fully_invested_and_neutral():
    given = replace(problem(1), current=np.zeros(NAMES), max_turnover=np.inf)
    weights = solve(given).weights
    assert weights.sum() == pytest.approx(1.0, abs=1e-12)
    assert given.residual(weights) < 1e-8


def test_a_name_that_cannot_trade_keeps_its_weight_bit_for_bit():
    given = problem(2, frozen=6, cap=0.6)
    stuck = given.lower == given.upper
    assert np.array_equal(solve(given).weights[stuck], given.current[stuck])


def test_the_residual_sees_each_violation():
    given = problem(3, cap=0.6)
    weights = solve(given).weights
    assert given.residual(weights * 1.01) == pytest.approx(0.01, abs=2e-3)
    assert replace(given, max_turnover=0.1).residual(weights) == pytest.approx(0.5, abs=1e-6)
    assert replace(given, upper=given.upper - 0.02).residual(weights) == pytest.approx(0.02)
    swapped = np.roll(weights, 1)
    assert given.residual(swapped) > 1e-3
