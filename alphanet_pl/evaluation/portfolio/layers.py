"""The layer test: five equal-weight portfolios by factor, as real daily holdings.

At each section the pool (every stock with a factor) is cut into layers, layer 1 holding the highest
factor; they trade at the next day's vwap. The benchmark is the pool itself, equal weight, without
cost. Paper: tables 11, 21 and 29, figures 12, 13, 19, 20, 27 and 28.

Example: `layer_table(run_layers(neutral, market, rows)).annual_excess`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from alphanet_pl.config.settings import (
    Convention,
    EvaluationSettings,
    FilterMode,
    LongShortMode,
)
from alphanet_pl.evaluation.portfolio.book import Book, check_rows, equal_weight, net_returns
from alphanet_pl.evaluation.portfolio.performance import (
    ANNUAL_DAYS,
    Performance,
    annual_return,
    net_value,
    performance,
    relative_performance,
)
from alphanet_pl.evaluation.portfolio.tradability import MASKS, next_day
from alphanet_pl.evaluation.signal.cross_sections import FactorSections, Sections, usual_step
from alphanet_pl.evaluation.signal.neutralise import neutralise
from alphanet_pl.evaluation.signal.prices import Market
from alphanet_pl.evaluation.signal.ranks import equal_buckets, rank_correlation
from alphanet_pl.evaluation.types import Bools, Brief, Dates, Floats, Number
from datamodules.base.errors import EvaluationError
from datamodules.base.words import tracked


@dataclass(frozen=True, repr=False)
class LongShort(Brief):
    """Layer 1 less the last layer."""

    annual_return: Number
    volatility: Number
    sharpe: Number


@dataclass(frozen=True, repr=False)
class LayerTable(Brief):
    """Tables 11, 21 and 29 under one next-day filter; lists go from layer 1 (highest) down."""

    annual_excess: list[Number]
    """After cost, over the equal-weight pool without cost."""
    annual_excess_gross: list[Number]
    performance: list[Performance]
    tracking_error: list[Number]
    long_short: dict[str, LongShort]
    """By mode: `report` (both legs net, so that cost cancels) and `net` (both legs pay)."""
    top_information_ratio: Number
    top_monthly_win: Number
    months: int
    sections: int
    turnover: list[Number]
    """Mean two-sided turnover of a rebalance, the first build left out."""
    cost: list[Number]
    """Annual cost, the first build included."""
    stock_count: Number
    """Mean number of stocks in the pool."""
    frozen_share: list[Number]
    """Mean share of a layer's value that could not trade at a rebalance."""
    monotonicity: Number
    """Rank correlation of annual excess with the order of the layers: 1 is perfect."""


@dataclass(frozen=True, repr=False)
class LayerCurves(Brief):
    """Daily NAVs of the headline filter, all beginning with 1 before the first date."""

    dates: list[str]
    layers: list[list[Number]]
    pool: list[Number]
    excess: list[list[Number]]
    long_short: dict[str, list[Number]]


@dataclass(frozen=True, repr=False)
class LayersResult(Brief):
    """The layer test."""

    layers: int
    step: int
    cost: Number
    filter: str
    ls_mode: str
    convention: str
    by_filter: dict[str, LayerTable]
    curves: LayerCurves


@dataclass(frozen=True)
class LayerBooks:
    """What the layers earned and traded; m days, L layers, S sections.

    Attributes:
        dates: (m,) sessions from the first trade on.
        gross: (m, L) daily returns before cost, layer 1 first.
        turnover: (m, L) two-sided turnover of each day.
        pool: (m,) daily returns of the equal-weight pool, without cost.
        traded: (S,) positions in `dates` of the rebalances.
        stocks: (S,) stocks in the pool.
        frozen: (S, L) share of each layer's value that could not trade.
    """

    dates: Dates
    gross: Floats
    turnover: Floats
    pool: Floats
    traded: NDArray[np.int64]
    stocks: NDArray[np.int64]
    frozen: Floats

    def net(self, cost: float) -> Floats:
        """(m, L) daily returns after cost."""
        return net_returns(self.gross, self.turnover, cost)


def assign_layers(factor: Floats, layers: int = EvaluationSettings.layers) -> NDArray[np.int64]:
    """Layer of each stock, 0 the highest: floor(rank * layers / n), ties broken by column.

    Args:
        factor: (S, N) with the columns in the order of the codes; NaN is outside the pool.
        layers: How many.

    Returns:
        (S, N) int64; -1 outside the pool.
    """
    return equal_buckets(-factor, layers)


def run_layers(
    factor: Floats,
    market: Market,
    rows: NDArray[np.integer],
    *,
    layers: int = EvaluationSettings.layers,
    unbuyable: Bools | None = None,
    unsellable: Bools | None = None,
) -> LayerBooks:
    """Hold and trade the layers and the pool from the first section to the market's last session.

    Args:
        factor: (S, N) factor at the sections, NaN outside the pool (the caller applied its filter).
        market: Prices, T sessions.
        rows: (S,) the sections' rows in the market; each trades on the next row.
        layers: How many.
        unbuyable: (S, N) names that could not be bought on the next day (filter `realistic`).
        unsellable: (S, N) names that could not be sold on the next day.

    A section with fewer stocks than layers is passed over: the books go on holding.

    Raises:
        EvaluationError: Sections out of order, without a next session, or all passed over.
    """
    stocks = np.isfinite(factor).sum(axis=1)
    usable = np.flatnonzero(stocks >= layers)
    check_rows(rows[usable], len(market.dates))
    layer = assign_layers(factor, layers)
    start = int(rows[usable[0]])
    books = [Book(market, start) for _ in range(layers + 1)]
    frozen = []
    for section in tracked(list(usable), "layers"):
        blocked = [None if mask is None else mask[section] for mask in (unbuyable, unsellable)]
        members = [*(layer[section] == k for k in range(layers)), layer[section] >= 0]
        stuck = []
        for book, member in zip(books, members, strict=True):
            book.carry_to(int(rows[section]))
            stuck.append(book.trade(equal_weight(member), *blocked))
        frozen.append(stuck[:layers])
    for book in books:
        book.carry_to(len(market.dates) - 1)
    gross = np.array([book.gross for book in books]).T
    return LayerBooks(
        dates=market.dates[start + 1 :],
        gross=gross[:, :layers],
        turnover=np.array([book.turnover for book in books[:layers]]).T,
        pool=gross[:, layers],
        traded=np.asarray(rows[usable] - start, dtype=np.int64),
        stocks=stocks[usable],
        frozen=np.array(frozen),
    )


def judge_layers(factor: Floats, at: Sections, masks: Mapping[str, Bools]) -> LayersResult:
    """The whole layer test: the three filters side by side, curves of the chosen one.

    Args:
        factor: (S, N) published factor at the sections, NaN where there is no score. The filter's
            pool is cut first and the factor made industry-and-size neutral within it.
        at: The sections, and the market up to the end of the test.
        masks: tradability.MASKS at the sections, (S, N) each.
    """
    options, rows, traded = at.options, at.rows, np.isfinite(at.market.vwap[at.rows])
    halted_next = at.market.halted(rows + 1)
    found: dict[str, LayerBooks] = {}
    for mode in get_args(FilterMode):
        day = next_day(mode, masks, traded, halted_next)
        pool = np.where(day.excluded, np.nan, factor)
        found[mode] = run_layers(
            neutralise(pool, at.industry, at.log_cap),
            at.market,
            rows,
            layers=options.layers,
            unbuyable=day.unbuyable,
            unsellable=day.unsellable,
        )
    return LayersResult(
        layers=options.layers,
        step=usual_step(rows) or options.step,
        cost=options.cost,
        filter=options.filter,
        ls_mode=options.ls_mode,
        convention=options.convention,
        by_filter={
            mode: layer_table(books, options.cost, options.convention)
            for mode, books in found.items()
        },
        curves=layer_curves(found[options.filter], options.cost),
    )


def long_short_returns(books: LayerBooks, cost: float, mode: LongShortMode) -> Floats:
    """Daily returns (m,) of layer 1 less the last layer.

    `report` takes the difference of two net series, as the paper does, so that the short leg's
    cost counts as gain; `net` lets both legs pay.
    """
    net = books.net(cost)
    if mode == "report":
        return net[:, 0] - net[:, -1]
    return net[:, 0] - books.gross[:, -1] - (books.gross[:, -1] - net[:, -1])


def layer_table(
    books: LayerBooks, cost: float = EvaluationSettings.cost, convention: Convention = "standard"
) -> LayerTable:
    """One row of table 11, and what the table leaves out.

    Args:
        books: What `run_layers` returned.
        cost: One way, as a fraction of the value traded.
        convention: See performance.py.
    """
    net, pool, dates = books.net(cost), books.pool, books.dates
    relative = [relative_performance(column, pool, dates, convention) for column in net.T]
    excess, top = [each.annual_excess for each in relative], relative[0]
    pair = {
        mode: performance(long_short_returns(books, cost, mode), dates, convention)
        for mode in get_args(LongShortMode)
    }
    rebalances = books.turnover[books.traded[1:]]
    traded = rebalances.mean(axis=0) if len(rebalances) else np.full(net.shape[1], np.nan)
    order = rank_correlation(-np.array([excess]), np.arange(float(len(excess)))[None])
    return LayerTable(
        annual_excess=excess,
        annual_excess_gross=[annual_return(column - pool, convention) for column in books.gross.T],
        performance=[performance(column, dates, convention) for column in net.T],
        tracking_error=[each.tracking_error for each in relative],
        long_short={
            mode: LongShort(each.annual_return, each.volatility, each.sharpe)
            for mode, each in pair.items()
        },
        top_information_ratio=top.information_ratio,
        top_monthly_win=top.monthly_win,
        months=top.months,
        sections=len(books.traded),
        turnover=traded.tolist(),
        cost=(cost * books.turnover.sum(axis=0) * ANNUAL_DAYS / len(dates)).tolist(),
        stock_count=float(books.stocks.mean()),
        frozen_share=books.frozen.mean(axis=0).tolist(),
        monotonicity=float(order[0]),
    )


def layer_curves(books: LayerBooks, cost: float = EvaluationSettings.cost) -> LayerCurves:
    """Daily NAVs behind figures 12, 13, 19, 20, 27 and 28."""
    net = books.net(cost)
    return LayerCurves(
        dates=books.dates.astype(str).tolist(),
        layers=[_curve(column) for column in net.T],
        pool=_curve(books.pool),
        excess=[_curve(column - books.pool) for column in net.T],
        long_short={
            mode: _curve(long_short_returns(books, cost, mode)) for mode in get_args(LongShortMode)
        },
    )


def _curve(returns: Floats) -> list[float]:
    """NAV at the closes, the opening 1 left out."""
    return net_value(returns)[1:].tolist()


def layers_of(cut: FactorSections) -> LayersResult:
    """The layer test at the sections of the IC test.

    Raises:
        EvaluationError: No section has as many stocks as there are layers.
    """
    options = cut.options
    most = int(np.isfinite(cut.neutral).sum(axis=1).max())
    if most < options.layers:
        raise EvaluationError(
            f"no cross-section has more than {most} stocks",
            f"it takes one for each of {options.layers} layers",
            f"evaluation.layers={max(most, 2)}",
        )
    masks = {name: cut.read(name) for name in MASKS}
    return judge_layers(cut.daily[cut.rows], replace(cut, market=cut.test_period()), masks)
