"""Each rung of the ladder on a program made for it."""

from dataclasses import replace

import numpy as np
import pytest

from alphanet_pl.evaluation.portfolio import rebalance as ladder
from alphanet_pl.evaluation.portfolio.lp import Problem, Solution
from alphanet_pl.evaluation.portfolio.rebalance import rebalance


def two_industries(**changes):
    """Four names, two industries, equal benchmark; the portfolio leans 10% to the first."""
    base = Problem(
        score=np.array([1.0, 0.0, 1.0, 0.0]),
        current=np.array([0.35, 0.25, 0.2, 0.2]),
        benchmark=np.full(4, 0.25),
        lower=np.zeros(4),
        upper=np.full(4, 0.5),
        industry=np.array([0, 0, 1, 1]),
        size=np.zeros(4),
        max_turnover=1.0,
    )
    return replace(base, **changes)


def test_a_feasible_program_is_exact():
    found = rebalance(two_industries(), 0.001)
    assert (found.rung, found.detail) == ("exact", "")
    np.testing.assert_allclose(found.weights, [0.5, 0, 0.5, 0], atol=1e-12)


def test_neutrality_is_relaxed_first():
    found = rebalance(two_industries(max_turnover=0.1999), 0.001)
    assert (found.rung, found.detail) == ("neutrality", "neutral within 0.10%")
    assert np.abs(found.weights - two_industries().current).sum() <= 0.1999 + 1e-12


def test_turnover_is_relaxed_next_and_no_further_than_needed():
    found = rebalance(two_industries(max_turnover=0.05), 0.001)
    assert found.rung == "turnover"
    assert found.detail == "neutral within 0.10%, turnover 19.80% instead of 5.00%"
    assert found.residual < 1e-8


def test_what_cannot_be_neutral_comes_as_near_as_it_can():
    held = two_industries()
    stuck = replace(
        held, lower=np.array([0.35, 0.25, 0, 0]), upper=np.array([0.35, 0.25, 0.5, 0.5])
    )
    found = rebalance(stuck, 0.001)
    assert (found.rung, found.detail) == ("nearest", "neutral within 10.00%, the least")
    np.testing.assert_allclose(found.weights, [0.35, 0.25, 0.4, 0.0], atol=1e-8)
    assert found.residual < 1e-8


def test_without_any_plan_the_holdings_stay():
    held = two_industries()
    found = rebalance(replace(held, upper=np.full(4, 0.24)), 0.001)
    assert (found.rung, found.detail) == ("hold", "no plan: infeasible")
    assert np.array_equal(found.weights, held.current)


def test_the_holdings_stay_when_nothing_can_trade():
    held = two_industries()
    found = rebalance(replace(held, lower=held.current, upper=held.current), 0.001)
    assert (found.rung, found.detail) == ("hold", "no plan: nothing can trade")


def test_weights_that_violate_a_constraint_are_not_used(monkeypatch):
    wrong = Solution(np.array([0.5, 0.0, 0.5 + 2e-8, 0.0]), "Optimal")
    monkeypatch.setattr(ladder, "solve", lambda problem: wrong)
    monkeypatch.setattr(ladder, "least_turnover", lambda problem: wrong)
    assert rebalance(two_industries(), 0.0).rung == "hold"


@pytest.mark.parametrize("status", ["Time limit reached", "Unknown"])
def test_a_status_other_than_optimal_is_never_used(monkeypatch, status):
    monkeypatch.setattr(ladder, "solve", lambda problem: Solution(None, status))
    monkeypatch.setattr(ladder, "least_turnover", lambda problem: Solution(None, status))
    found = rebalance(two_industries(), 0.001)
    assert (found.rung, found.detail) == ("hold", f"no plan: {status.lower()}")
