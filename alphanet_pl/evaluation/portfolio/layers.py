"""The layer test: five equal-weight portfolios by factor, as real daily holdings.

At each section the pool (every stock with a factor) is cut into layers, layer 1 holding the highest
factor; they trade at the next day's vwap. The benchmark is the pool itself, equal weight, without
cost. Report: tables 11, 21 and 29, figures 12, 13, 19, 20, 27 and 28.

Example: `layer_table(run_layers(neutral, market, rows))["annual_excess"]`, see layer_table.py.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alphanet_pl.evaluation.portfolio.book import Book, check_rows, equal_weight, net_returns
from alphanet_pl.evaluation.portfolio.prices import Bools, Dates, Floats, Market
from alphanet_pl.evaluation.signal.ranks import equal_buckets

LAYERS = 5


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
