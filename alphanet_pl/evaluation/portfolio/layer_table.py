"""From the layers' daily history to tables 11, 21 and 29 and the figures beside them.

Example: `layers_section(factor, market, rows, ...)["by_filter"]["report"]["annual_excess"]`.
"""

from collections.abc import Mapping
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from alphanet_pl.evaluation.portfolio.layers import LAYERS, LayerBooks, run_layers
from alphanet_pl.evaluation.portfolio.performance import (
    ANNUAL_DAYS,
    Convention,
    annual_return,
    annual_volatility,
    monthly_wins,
    net_value,
    performance,
    ratio,
)
from alphanet_pl.evaluation.portfolio.prices import Bools, Floats, Market
from alphanet_pl.evaluation.portfolio.tradability import FilterMode, next_day
from alphanet_pl.evaluation.results import LayerCurves, LayersSection, LayerTable, LongShort
from alphanet_pl.evaluation.signal.neutralise import neutralise
from alphanet_pl.evaluation.signal.ranks import rank_correlation
from datamodules.base.errors import EvaluationError

LongShortMode = Literal["report", "net"]
COST = 0.002
"""One way, as in the report."""


def layers_section(
    factor: Floats,
    market: Market,
    rows: NDArray[np.integer],
    *,
    industry: NDArray[np.integer],
    log_cap: Floats,
    masks: Mapping[str, Bools],
    filter_mode: FilterMode = "report",
    ls_mode: LongShortMode = "report",
    convention: Convention = "standard",
    cost: float = COST,
    layers: int = LAYERS,
) -> LayersSection:
    """The whole layer test: the three filters side by side, curves of the chosen one.

    Args:
        factor: (S, N) published factor at the sections, NaN where there is no score. The filter's
            pool is cut first and the factor made industry-and-size neutral within it.
        market: Prices up to the end of the test.
        rows: (S,) the sections' rows in the market.
        industry: (S, N), negative unknown.
        log_cap: (S, N).
        masks: filters.MASKS at the sections, (S, N) each.
        filter_mode: Which filter the curves show.
        ls_mode: Which long-short the headline shows; both are computed.
        convention: See performance.py.
        cost: One way.
        layers: How many.
    """
    traded = np.isfinite(market.vwap[rows])
    found: dict[str, LayerBooks] = {}
    for mode in get_args(FilterMode):
        day = next_day(mode, masks, traded)
        pool = np.where(day.excluded, np.nan, factor)
        neutral = neutralise(pool, industry, log_cap)
        found[mode] = run_layers(
            neutral,
            market,
            rows,
            layers=layers,
            unbuyable=day.unbuyable,
            unsellable=day.unsellable,
        )
    return LayersSection(
        layers=layers,
        step=int(rows[1] - rows[0]) if len(rows) > 1 else 0,
        cost=cost,
        filter=filter_mode,
        ls_mode=ls_mode,
        convention=convention,
        by_filter={mode: layer_table(books, cost, convention) for mode, books in found.items()},
        curves=layer_curves(found[filter_mode], cost),
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
