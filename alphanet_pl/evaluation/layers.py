"""The layer test: five equal-weight portfolios by factor, as real daily holdings.

At each section the pool (every stock with a factor) is cut into layers, layer 1 holding the highest
factor; they trade at the next day's vwap. The benchmark is the pool itself, equal weight, without
cost. Report: tables 11, 21 and 29, figures 12, 13, 19, 20, 27 and 28.

Example: `layer_table(run_layers(neutral, market, rows), cost=0.002)["annual_excess"]`.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from alphanet_pl.errors import EvaluationError
from alphanet_pl.evaluation.book import (
    Book,
    Bools,
    Dates,
    Floats,
    Market,
    check_rows,
    equal_weight,
    net_returns,
)
from alphanet_pl.evaluation.performance import (
    ANNUAL_DAYS,
    Convention,
    annual_return,
    annual_volatility,
    monthly_wins,
    net_value,
    performance,
    ratio,
)
from alphanet_pl.evaluation.ranks import equal_buckets, rank_correlation
from alphanet_pl.evaluation.schema import LayerCurves, LayerTable, LongShort

LongShortMode = Literal["report", "net"]
LAYERS = 5
COST = 0.002
"""One way, as in the report."""


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


def assign_layers(factor: Floats, layers: int = LAYERS) -> NDArray[np.int64]:
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
    layers: int = LAYERS,
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
    for section in usable:
        blocked = [None if mask is None else mask[section] for mask in (unbuyable, unsellable)]
        members = [*(layer[section] == k for k in range(layers)), layer[section] >= 0]
        stuck = []
        for book, member in zip(books, members, strict=True):
            book.hold(int(rows[section]))
            stuck.append(book.trade(equal_weight(member), *blocked))
        frozen.append(stuck[:layers])
    for book in books:
        book.hold(len(market.dates) - 1)
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


def long_short_returns(books: LayerBooks, cost: float, mode: LongShortMode) -> Floats:
    """Daily returns (m,) of layer 1 less the last layer.

    `report` takes the difference of two net series, as the report does, so that the short leg's
    cost counts as gain; `net` lets both legs pay.

    Raises:
        EvaluationError: A name that is no mode.
    """
    if mode not in get_args(LongShortMode):
        raise EvaluationError(
            f"long-short mode {mode!r}",
            f"one of {', '.join(get_args(LongShortMode))}",
            "evaluation.ls_mode=report",
        )
    net = books.net(cost)
    if mode == "report":
        return net[:, 0] - net[:, -1]
    return net[:, 0] - books.gross[:, -1] - (books.gross[:, -1] - net[:, -1])


def layer_table(
    books: LayerBooks, cost: float = COST, convention: Convention = "standard"
) -> LayerTable:
    """One row of table 11, and what the table leaves out.

    Args:
        books: What `run_layers` returned.
        cost: One way, as a fraction of the value traded.
        convention: See `performance.py`.
    """
    net, pool, dates = books.net(cost), books.pool, books.dates
    excess = [annual_return(column - pool, convention) for column in net.T]
    errors = [annual_volatility(column - pool, convention) for column in net.T]
    wins, months = monthly_wins(net[:, 0], pool, dates)
    modes = {
        mode: _long_short(long_short_returns(books, cost, mode), convention)
        for mode in get_args(LongShortMode)
    }
    rebalances = books.turnover[books.traded[1:]]
    order = rank_correlation(-np.array([excess]), np.arange(float(len(excess)))[None])
    return LayerTable(
        annual_excess=excess,
        annual_excess_gross=[
            annual_return(column - pool, convention) for column in books.gross.T
        ],
        performance=[performance(column, dates, convention) for column in net.T],
        tracking_error=errors,
        long_short=modes,
        top_information_ratio=ratio(excess[0], errors[0]),
        top_monthly_win=ratio(wins, months),
        months=months,
        turnover=(rebalances.mean(axis=0) if len(rebalances) else np.full(net.shape[1], np.nan)
                  ).tolist(),
        cost=(cost * books.turnover.sum(axis=0) * ANNUAL_DAYS / len(dates)).tolist(),
        stock_count=float(books.stocks.mean()),
        frozen_share=books.frozen.mean(axis=0).tolist(),
        sections=len(books.traded),
        monotonicity=float(order[0]),
    )  # fmt: skip


def layer_curves(books: LayerBooks, cost: float = COST) -> LayerCurves:
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


def _long_short(returns: Floats, convention: Convention) -> LongShort:
    growth, volatility = (f(returns, convention) for f in (annual_return, annual_volatility))
    return LongShort(annual_return=growth, volatility=volatility, sharpe=ratio(growth, volatility))


def _curve(returns: Floats) -> list[float]:
    """NAV at the closes, the opening 1 left out."""
    return net_value(returns)[1:].tolist()
