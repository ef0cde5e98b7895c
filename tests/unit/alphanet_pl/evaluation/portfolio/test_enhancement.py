"""Index enhancement end to end on small markets, and its limits one by one."""

import numpy as np
import pytest

from alphanet_pl.config.settings import EnhancementSettings, EvaluationSettings
from alphanet_pl.evaluation.portfolio.book import Book
from alphanet_pl.evaluation.portfolio.enhancement import (
    EnhancementRun,
    episodes,
    judge_enhancement,
    judge_years,
    rebalance_rows,
    run_enhancement,
    towards,
)
from alphanet_pl.evaluation.portfolio.performance import Drawdown
from alphanet_pl.evaluation.portfolio.rebalance import build_problem, index_weights
from alphanet_pl.evaluation.portfolio.tradability import NextDay
from alphanet_pl.evaluation.signal.cross_sections import Sections
from alphanet_pl.evaluation.signal.prices import Market
from datamodules.base.errors import EvaluationError

DAYS, STOCKS = 90, 150


def simulated(seed=0, suspended=0.0, **options):
    """Weekly sections of a market of random walks, and what `run_enhancement` takes besides."""
    rng = np.random.default_rng(seed)
    close = 10 * np.cumprod(1 + rng.normal(0, 0.02, (DAYS, STOCKS)), axis=0)
    vwap = close * np.exp(rng.normal(0, 0.003, close.shape))
    vwap[rng.random(vwap.shape) < suspended] = np.nan
    for day in range(1, DAYS):
        close[day] = np.where(np.isnan(vwap[day]), close[day - 1], close[day])
    dates = np.datetime64("2020-11-02") + np.arange(DAYS) // 5 * 7 + np.arange(DAYS) % 5
    rows = rebalance_rows(dates, np.arange(DAYS))
    shape = (len(rows), STOCKS)
    log_cap = np.tile(rng.normal(22, 1, STOCKS), (len(rows), 1))
    weights = np.tile(np.where(np.arange(STOCKS) < 100, rng.random(STOCKS), np.nan), (len(rows), 1))
    nothing = np.zeros(shape, dtype=bool)
    at = Sections(
        options=EvaluationSettings(enhancement=EnhancementSettings(**options)),
        market=Market(dates, close, vwap, np.ones(close.shape, dtype=bool)),
        rows=rows,
        industry=np.tile(np.arange(STOCKS) % 7 - 1, (len(rows), 1)),
        industries=[],
        log_cap=log_cap,
        price=close,
    )
    inputs = {
        "score": rng.normal(size=shape),
        "benchmark": weights,
        "next_day": NextDay(nothing, nothing, nothing, np.isnan(vwap)[rows]),
    }
    return at, inputs


def small_problem(**changes):
    arguments = {
        "current": np.array([0.5, 0.5, 0.0, 0.0]),
        "score": np.array([1.0, 2.0, 3.0, 0.5]),
        "benchmark": np.array([0.3, 0.005, 0.695, 0.0]),
        "industry": np.array([0, 1, -1, 0]),
        "log_cap": np.array([21.0, 22.0, 23.0, np.nan]),
        "fixed": np.zeros(4, dtype=bool),
        "gone": np.zeros(4, dtype=bool),
        "options": EnhancementSettings(),
    } | changes
    return build_problem(**arguments)


def test_an_index_without_weights_is_refused_with_its_date():
    with pytest.raises(EvaluationError, match="no weights on 2020-01-03"):
        index_weights(np.array([np.nan, 0.0]), np.datetime64("2020-01-03"))


def test_weights_stay_within_one_percent_and_above_zero():
    found = small_problem()
    np.testing.assert_allclose(found.lower, [0.29, 0.0, 0.685, 0.0], atol=1e-15)
    np.testing.assert_allclose(found.upper, [0.31, 0.015, 0.705, 0.01], atol=1e-15)


def test_without_an_underweight_limit_any_name_may_go_to_zero():
    found = small_problem(options=EnhancementSettings(max_underweight=None))
    assert found.lower.tolist() == [0.0, 0.0, 0.0, 0.0]


def test_a_name_that_left_the_pool_can_only_be_sold_and_goes_first():
    found = small_problem(score=np.array([1.0, np.nan, 3.0, np.nan]))
    assert found.upper[3] == 0.0
    assert found.upper[1] == pytest.approx(0.015)
    assert found.score.tolist() == [1.0, 1.0, 3.0, 1.0]


def test_an_index_name_outside_the_pool_that_is_not_held_needs_no_weight():
    found = small_problem(score=np.array([1.0, 2.0, np.nan, 0.5]))
    assert (found.lower[2], found.upper[2]) == (0.0, 0.0)


def test_a_name_that_cannot_trade_is_pinned_to_its_weight():
    found = small_problem(fixed=np.array([False, True, False, False]))
    assert found.lower[1] == found.upper[1] == 0.5


def test_a_name_that_left_the_market_is_sold():
    found = small_problem(gone=np.array([True, False, False, False]))
    assert found.lower[0] == found.upper[0] == 0.0


def test_size_is_standardised_over_the_pool_and_an_unknown_one_is_average():
    found = small_problem()
    np.testing.assert_allclose(found.size, [-np.sqrt(1.5), 0.0, np.sqrt(1.5), 0.0], atol=1e-12)


def test_the_first_build_has_no_cap():
    assert small_problem(current=np.zeros(4)).max_turnover == np.inf
    assert small_problem().max_turnover == 0.3


def test_weekly_plans_come_on_the_last_session_of_each_calendar_week():
    days = ["2020-01-02", "2020-01-03", "2020-01-06", "2020-01-08", "2020-01-13", "2020-01-19",
            "2020-01-20"]  # fmt: skip
    dates = np.array(days, dtype="datetime64[D]")
    assert dates[rebalance_rows(dates, np.arange(7))].astype(str).tolist() == [
        "2020-01-03", "2020-01-08", "2020-01-19"
    ]  # fmt: skip


def test_a_week_without_scores_at_its_end_is_planned_on_the_last_day_that_has_them():
    dates = np.datetime64("2020-01-06") + np.arange(40)
    dates = dates[np.is_busday(dates)]
    assert rebalance_rows(dates, np.array([2, 3, 9, 17])).tolist() == [3, 9, 17]
    assert rebalance_rows(dates, np.array([], dtype=int)).tolist() == []
    assert rebalance_rows(dates, np.array([2, 3, 9, 17]), "every_5").tolist() == [2, 9, 17]


def test_every_five_sessions_leaves_a_session_to_trade_on():
    dates = np.datetime64("2020-01-01") + np.arange(11)
    assert rebalance_rows(dates, np.arange(11), "every_5").tolist() == [0, 5]


@pytest.mark.parametrize("suspended", [0.0, 0.02])
def test_plans_meet_their_constraints_and_weights_move_within_the_cap(suspended):
    at, inputs = simulated(suspended=suspended)
    run = run_enhancement(at=at, **inputs)
    assert max(step.residual for step in run.plans) < 1e-8
    exact = [step.rung == "exact" for step in run.plans]
    assert exact[0]
    assert np.array(run.planned)[1:][exact[1:]].max() <= 0.3 + 1e-8
    assert run.turnover[0] == pytest.approx(1.0)


def test_realised_turnover_exceeds_the_plan_by_the_drift_to_the_trade():
    at, inputs = simulated()
    run = run_enhancement(at=at, **inputs)
    realised = run.turnover[run.traded][1:]
    assert 0.0 < np.mean(realised - np.array(run.planned)[1:]) < 0.05


def test_weights_are_neutral_when_the_trade_is_at_the_close_of_the_plan():
    at, inputs = simulated(1)
    market, rows = at.market, at.rows
    still = market.close.copy()
    still[1:] = np.where(np.isin(np.arange(1, DAYS), rows + 1)[:, None], still[:-1], still[1:])
    market = Market(market.dates, still, still, market.listed)
    book = Book(market, int(rows[0]))
    weights = index_weights(inputs["benchmark"][0], market.dates[0])
    planned = weights + np.where(np.arange(STOCKS) % 2, 1, -1) * np.minimum(weights, 0.001)
    planned /= planned.sum()
    book.carry_to(int(rows[0]))
    book.trade(towards(planned))
    np.testing.assert_allclose(book.weights(), planned, rtol=0, atol=1e-12)


def test_an_order_that_is_not_filled_moves_the_others():
    market = simulated(2)[0].market
    planned = np.zeros(STOCKS)
    planned[:4] = 0.25
    book = Book(market, 0)
    book.trade(towards(planned), unbuyable=np.arange(STOCKS) == 0)
    values = book.shares * market.vwap[1]
    np.testing.assert_allclose(values[:4], [0, 1 / 3, 1 / 3, 1 / 3], atol=1e-12)


def test_a_factor_that_knows_the_future_beats_its_index():
    at, inputs = simulated(3)
    market, rows = at.market, at.rows
    ahead = market.close[np.minimum(rows + 6, DAYS - 1)] / market.vwap[rows + 1] - 1
    run = run_enhancement(at=at, **inputs | {"score": ahead / ahead.std()})
    weights = index_weights(inputs["benchmark"][0], market.dates[0])
    index = Book(market, int(rows[0]))
    index.trade(towards(weights))
    index.carry_to(DAYS - 1)
    section = judge_enhancement(run, np.array(index.gross))
    assert section.relative.annual_excess > 0.5
    assert section.relative.monthly_win == 1.0


def test_the_table_counts_every_rebalance_and_rung():
    at, inputs = simulated(4)
    run = run_enhancement(at=at, **inputs)
    index = np.random.default_rng(0).normal(0, 0.01, len(run.dates))
    section = judge_enhancement(run, index)
    assert section.rebalances == len(at.rows) == sum(section.rungs.values())
    assert section.turnover.per_rebalance == pytest.approx(run.turnover[run.traded].mean())
    assert section.turnover.annual_one_sided == pytest.approx(
        run.turnover.sum() / 2 / len(run.dates) * 250
    )
    assert section.max_residual < 1e-8
    assert len(section.relaxed) == sum(step.rung != "exact" for step in run.plans)
    assert set(section.benchmark) == {"standard", "huatai"}


def test_the_years_compound_to_the_nav():
    at, inputs = simulated(5)
    run = run_enhancement(at=at, **inputs)
    index = np.zeros(len(run.dates))
    yearly = judge_years(run, index)
    assert yearly.years == ["2020", "2021"]
    assert np.prod(1 + np.array(yearly.portfolio)) == pytest.approx(np.prod(1 + run.net), abs=1e-12)
    assert yearly.excess == pytest.approx(yearly.portfolio)


def test_no_weights_change_when_every_name_is_suspended():
    at, inputs = simulated(6)
    everything = np.ones(inputs["score"].shape, dtype=bool)
    frozen = np.zeros_like(everything)
    frozen[2] = True
    nothing = ~everything
    inputs["next_day"] = NextDay(nothing, nothing, nothing, frozen)
    run = run_enhancement(at=at, **inputs)
    assert run.plans[2].rung == "hold"
    assert run.turnover[run.traded[2]] == 0.0


def test_an_episode_outside_the_run_is_null_and_one_inside_begins_anew():
    dates = np.array(["2019-01-02", "2019-01-03", "2019-05-06"], dtype="datetime64[D]")
    excess = np.array([-0.1, 0.2, -0.5])
    run = EnhancementRun(EvaluationSettings(), dates, excess, np.zeros(3), dates[:1], np.array([0]))
    assert episodes(run, excess) == {
        "end of 2014": None,
        "early 2019": Drawdown(pytest.approx(0.1), None, "2019-01-02"),
        "early 2020": None,
    }
