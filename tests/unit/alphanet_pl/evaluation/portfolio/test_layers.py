"""The layer engine against a slow one, and the identities of a correct layer test."""

from dataclasses import replace

import numpy as np
import pytest

from alphanet_pl.config.settings import EvaluationSettings
from alphanet_pl.evaluation.portfolio.layers import (
    assign_layers,
    judge_layers,
    layer_curves,
    layer_table,
    long_short_returns,
    run_layers,
)
from alphanet_pl.evaluation.portfolio.tradability import MASKS
from alphanet_pl.evaluation.signal.cross_sections import Sections
from alphanet_pl.evaluation.signal.neutralise import neutralise
from alphanet_pl.evaluation.signal.prices import Market
from datamodules.base.errors import EvaluationError

DAYS, STOCKS, STEP = 61, 40, 10


def simulated(seed, suspended=0.0, stocks=STOCKS):
    """A market of random walks, and a factor that knows a part of the next ten returns."""
    rng = np.random.default_rng(seed)
    returns = rng.normal(0, 0.02, (DAYS, stocks))
    close = 10 * np.cumprod(1 + returns, axis=0)
    vwap = close * np.exp(rng.normal(0, 0.005, close.shape))
    vwap[rng.random(vwap.shape) < suspended] = np.nan
    for day in range(1, DAYS):
        close[day] = np.where(np.isnan(vwap[day]), close[day - 1], close[day])
    dates = np.datetime64("2020-01-01") + np.arange(DAYS)
    market = Market(dates, close, vwap, np.ones(close.shape, dtype=bool))
    rows = np.arange(0, DAYS - 1, STEP)
    factor = rng.normal(size=(len(rows), stocks))
    return market, rows, factor


def slow_layers(factor, market, rows, layers=5):
    """One stock at a time, dictionaries of shares: (m, layers + 1) gross returns, the pool last."""
    out = []
    for k in range(layers + 1):
        shares, cash, history = {}, 1.0, []
        previous = 1.0
        for day in range(rows[0] + 1, len(market.dates)):
            if day - 1 in rows:
                scores = factor[list(rows).index(day - 1)]
                ranked = sorted(np.flatnonzero(np.isfinite(scores)), key=lambda i: (-scores[i], i))
                mine = [
                    i
                    for place, i in enumerate(ranked)
                    if k == layers or place * layers // len(ranked) == k
                ]
                vwap = market.vwap[day]
                stuck = {i: n for i, n in shares.items() if np.isnan(vwap[i])}
                money = cash + sum(n * vwap[i] for i, n in shares.items() if i not in stuck)
                mine = [i for i in mine if not np.isnan(vwap[i])]
                shares = stuck | {i: money / len(mine) / vwap[i] for i in mine}
                cash = 0.0
            value = cash + sum(n * market.close[day, i] for i, n in shares.items())
            history.append(value / previous - 1)
            previous = value
        out.append(history)
    return np.array(out).T


def test_sections_with_fewer_stocks_than_layers_are_passed_over():
    market, rows, factor = simulated(0)
    factor[2, 1:] = np.nan
    factor[3] = np.nan
    books = run_layers(factor, market, rows)
    assert books.traded.tolist() == [0, 10, 40, 50]
    assert (books.turnover[[20, 30]] == 0).all()


def test_a_factor_without_any_usable_section_is_refused():
    market, rows, factor = simulated(0)
    with pytest.raises(EvaluationError, match="at least one cross-section"):
        run_layers(np.full_like(factor, np.nan), market, rows)


def test_an_equal_factor_is_layered_by_code():
    assert assign_layers(np.zeros((1, 10))).tolist() == [[0, 0, 1, 1, 2, 2, 3, 3, 4, 4]]


def test_layer_one_holds_the_highest_factor():
    assert assign_layers(np.array([[1.0, 5.0, np.nan, 3.0, 2.0, 4.0]])).tolist() == [
        [4, 0, -1, 2, 3, 1]
    ]


@pytest.mark.parametrize("suspended", [0.0, 0.1])
def test_the_engine_equals_a_slow_one(suspended):
    market, rows, factor = simulated(1, suspended)
    books = run_layers(factor, market, rows)
    slow = slow_layers(factor, market, rows)
    np.testing.assert_allclose(books.gross, slow[:, :5], rtol=0, atol=1e-12)
    np.testing.assert_allclose(books.pool, slow[:, 5], rtol=0, atol=1e-12)


def at_the_close(market):
    return Market(market.dates, market.close, market.close, market.listed)


def test_with_vwap_at_the_close_the_engine_is_a_close_to_close_one():
    market, rows, factor = simulated(2)
    books = run_layers(factor, at_the_close(market), rows)
    layer = assign_layers(factor)
    for section, row in enumerate(rows):
        stop = min(row + STEP + 1, DAYS - 1)
        growth = market.close[stop] / market.close[row + 1]
        for k in range(5):
            ours = np.prod(1 + books.gross[row + 1 : stop, k])
            assert ours == pytest.approx(growth[layer[section] == k].mean(), abs=1e-12)


def test_from_the_first_trade_the_values_of_the_layers_average_to_the_pool():
    market, rows, factor = simulated(3)
    books = run_layers(factor, market, rows)
    values = np.cumprod(1 + books.gross[:STEP], axis=0)
    np.testing.assert_allclose(
        values.mean(axis=1), np.cumprod(1 + books.pool[:STEP]), rtol=0, atol=1e-12
    )


def test_between_rebalances_at_the_close_the_layers_average_to_the_pool():
    market, rows, factor = simulated(3)
    books = run_layers(factor, at_the_close(market), rows)
    for row in rows:
        held = slice(row + 1, row + STEP + 1)
        values = np.cumprod(1 + books.gross[held], axis=0)
        pool = np.cumprod(1 + books.pool[held])
        np.testing.assert_allclose(values.mean(axis=1), pool, rtol=0, atol=1e-12)


def test_only_on_the_first_day_do_the_returns_of_the_layers_average_to_the_pool():
    market, rows, factor = simulated(4)
    books = run_layers(factor, at_the_close(market), rows)
    difference = np.abs(books.gross.mean(axis=1) - books.pool)
    assert difference[rows[:-1] + 1].max() < 1e-12
    assert difference[rows[:-1] + 5].max() > 1e-6


def test_cost_is_linear_in_turnover():
    market, rows, factor = simulated(5)
    books = run_layers(factor, market, rows)
    paid = 1 - (1 + books.net(0.002)) / (1 + books.gross)
    np.testing.assert_allclose(paid, 0.002 * books.turnover, rtol=0, atol=1e-15)


def test_a_random_factor_turns_its_layers_over_by_eight_fifths():
    market, rows, factor = simulated(6, stocks=2000)
    table = layer_table(run_layers(factor, market, rows))
    np.testing.assert_allclose(table.turnover, 1.6, atol=0.06)


def test_the_cost_of_both_legs_cancels_in_the_long_short_of_the_report():
    market, rows, factor = simulated(7)
    books = run_layers(factor, market, rows)
    free = long_short_returns(books, 0.0, "report")
    report = long_short_returns(books, 0.002, "report")
    net = long_short_returns(books, 0.002, "net")
    paid = 0.002 * books.turnover * (1 + books.gross)
    np.testing.assert_allclose(report, free - paid[:, 0] + paid[:, 4], rtol=0, atol=1e-15)
    np.testing.assert_allclose(net, free - paid[:, 0] - paid[:, 4], rtol=0, atol=1e-15)


def test_the_long_short_obeys_the_identity_of_the_printed_tables():
    market, rows, factor = simulated(8, stocks=500)
    books = run_layers(factor, market, rows)
    table = layer_table(books)
    top, bottom = table.annual_excess[0], table.annual_excess[-1]
    errors = table.tracking_error
    both = table.long_short["report"]
    drift = (
        np.log1p(top) + errors[0] ** 2 / 2 - np.log1p(bottom) - errors[-1] ** 2 / 2
        - both.volatility ** 2 / 2
    )  # fmt: skip
    assert np.expm1(drift) == pytest.approx(both.annual_return, abs=5e-4)


def test_a_factor_that_knows_the_future_orders_its_layers():
    market, rows, _ = simulated(9, stocks=200)
    ahead = market.close[np.minimum(rows + 11, DAYS - 1)] / market.vwap[rows + 1]
    table = layer_table(run_layers(ahead, market, rows))
    assert table.monotonicity == 1.0
    assert table.annual_excess[0] > 1.0
    assert table.top_monthly_win == 1.0


def test_a_name_that_cannot_be_bought_is_left_to_the_others():
    market, rows, factor = simulated(10)
    unbuyable = np.zeros(factor.shape, dtype=bool)
    unbuyable[0] = assign_layers(factor)[0] == 0
    unbuyable[0, np.flatnonzero(unbuyable[0])[0]] = False
    books = run_layers(factor, market, rows, unbuyable=unbuyable)
    only = np.flatnonzero((assign_layers(factor)[0] == 0) & ~unbuyable[0])[0]
    assert books.gross[0, 0] == pytest.approx(market.close[1, only] / market.vwap[1, only] - 1)


def test_the_curves_end_where_the_returns_compound_to():
    market, rows, factor = simulated(11)
    books = run_layers(factor, market, rows)
    curves = layer_curves(books, 0.002)
    assert curves.layers[0][-1] == pytest.approx(np.prod(1 + books.net(0.002)[:, 0]))
    assert len(curves.dates) == len(curves.pool) == DAYS - 1


def test_the_section_shows_the_three_filters_side_by_side():
    market, rows, factor = simulated(12)
    rng = np.random.default_rng(12)
    masks = {name: rng.random(factor.shape) < 0.05 for name in MASKS}
    at = Sections(
        options=EvaluationSettings(filter="realistic"),
        market=market,
        rows=rows,
        industry=np.zeros(factor.shape, dtype=int),
        industries=[],
        log_cap=rng.normal(size=factor.shape),
        price=market.close,
    )
    section = judge_layers(factor, at, masks)
    assert list(section.by_filter) == ["report", "realistic", "none"]
    assert section.by_filter["report"].stock_count < STOCKS
    assert section.by_filter["realistic"].stock_count == STOCKS
    assert section.step == STEP
    printed = replace(at, options=replace(at.options, convention="huatai"))
    tables = [judge_layers(factor, one, masks).by_filter["none"] for one in (at, printed)]
    books = run_layers(neutralise(factor, at.industry, at.log_cap), market, rows)
    assert tables[0] != tables[1] == layer_table(books, at.options.cost, "huatai")
