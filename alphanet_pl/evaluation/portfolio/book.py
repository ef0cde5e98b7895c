"""Real holdings, valued every day and traded at the next day's vwap.

A book holds adjusted shares and cash. A signal of the close of t trades on t + 1: overnight the old
shares move from close to vwap, then the book trades, then the new shares move from vwap to close.
What cannot trade keeps its shares. Cost does not touch the shares: it is kept beside them and
scales the NAV, so that a day's net return is (1 + gross)(1 - cost) - 1, cost is exactly linear in
turnover, and one run serves every cost.

Example: `book.carry_to(rows[0]); book.trade(rows[0] + 1, allocate)`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from alphanet_pl.evaluation.signal.prices import Market
from alphanet_pl.evaluation.types import Bools, Floats
from datamodules.base.errors import EvaluationError


@dataclass(frozen=True)
class TradeDay:
    """Prices, and which orders can be filled, on the day of a trade; all (N,).

    Attributes:
        price: Execution price: vwap, or the last price of a stock that left the market.
        can_buy: Names of which more can be bought.
        can_sell: Names that can be sold.
    """

    price: Floats
    can_buy: Bools
    can_sell: Bools


Allocate = Callable[[Floats, float, TradeDay], Floats]
"""(current values (N,), total value, day) -> values (N,) wanted after the trade."""


@dataclass
class Book:
    """One portfolio: shares, cash, and its daily history since the row it began on.

    Attributes:
        market: Prices.
        row: The last session whose close is in the history; the history begins after the first.
    """

    market: Market
    row: int
    cash: float = 1.0
    shares: Floats = field(default_factory=lambda: np.zeros(0))
    gross: list[float] = field(default_factory=list)
    turnover: list[float] = field(default_factory=list)
    """Two-sided turnover of each day, zero where the book did not trade."""

    def __post_init__(self) -> None:
        self.shares = np.zeros(self.market.close.shape[1])

    def weights(self) -> Floats:
        """(N,) weights at the close of the last session, cash left out."""
        values = self._values(self.market.close[self.row])
        return values / (values.sum() + self.cash)

    def carry_to(self, until: int) -> None:
        """Carry the shares to the close of row `until` without a trade."""
        if until <= self.row:
            return
        held = np.flatnonzero(self.shares)
        path = self.market.close[self.row : until + 1, held] @ self.shares[held] + self.cash
        self.gross.extend((path[1:] / path[:-1] - 1.0).tolist())
        self.turnover.extend([0.0] * (until - self.row))
        self.row = until

    def trade(
        self, allocate: Allocate, unbuyable: Bools | None = None, unsellable: Bools | None = None
    ) -> float:
        """Trade on the next session and move to its close.

        Args:
            allocate: Says what to hold; values of names that cannot trade must stay as they are.
            unbuyable: (N,) names that could not be bought that day although they traded.
            unsellable: (N,) names that could not be sold that day although they traded.

        Returns:
            The share of the book's value that could neither be bought nor sold.
        """
        day = self.row + 1
        today = self._trade_day(day, unbuyable, unsellable)
        before = self._total(self.market.close[self.row])
        current = self._values(today.price)
        total = float(current.sum()) + self.cash
        wanted = allocate(current, total, today)
        moved = wanted != current
        self.shares[moved] = wanted[moved] / today.price[moved]
        self.cash = total - float(wanted.sum())
        self.row = day
        self.gross.append(self._total(self.market.close[day]) / before - 1.0)
        self.turnover.append(float(np.abs(wanted - current).sum()) / total)
        return float(current[~(today.can_buy | today.can_sell)].sum()) / total

    def _trade_day(self, day: int, unbuyable: Bools | None, unsellable: Bools | None) -> TradeDay:
        vwap, close = self.market.vwap[day], self.market.close[day]
        traded, gone = np.isfinite(vwap), self.market.gone(day)
        none = np.zeros(len(vwap), dtype=bool)
        return TradeDay(
            price=np.where(traded, vwap, close),
            can_buy=traded & ~(none if unbuyable is None else unbuyable),
            can_sell=(traded & ~(none if unsellable is None else unsellable)) | gone,
        )

    def _values(self, price: Floats) -> Floats:
        """(N,) value of each holding; a name that is not held may have no price."""
        return np.where(self.shares == 0.0, 0.0, self.shares * price)

    def _total(self, price: Floats) -> float:
        return float(self._values(price).sum()) + self.cash


def net_returns(gross: Floats, turnover: Floats, cost: float) -> Floats:
    """Daily returns after a cost per unit traded; cost 0.002 is 0.2% one way."""
    return (1.0 + gross) * (1.0 - cost * turnover) - 1.0


def equal_weight(member: Bools) -> Allocate:
    """Hold the members at equal values; money that cannot be placed goes to the others.

    Names outside are sold. A member that can only be sold is cut to the common level or left below
    it, one that can only be bought is filled up to it or left above. If nothing can take the money,
    it stays cash.

    Args:
        member: (N,) bool.
    """

    def allocate(current: Floats, total: float, day: TradeDay) -> Floats:
        wanted = np.where(~member & day.can_sell, 0.0, current)
        free = member & day.can_buy & day.can_sell
        capped = member & day.can_sell & ~day.can_buy
        floored = member & day.can_buy & ~day.can_sell
        moving = free | capped | floored
        budget = total - float(wanted[~moving].sum())
        level = common_level(int(free.sum()), current[capped], current[floored], budget)
        wanted[free] = level
        wanted[capped] = np.minimum(current[capped], level)
        wanted[floored] = np.maximum(current[floored], level)
        return wanted

    return allocate


def common_level(free: int, capped: Floats, floored: Floats, budget: float) -> float:
    """Solve free * x + sum min(capped, x) + sum max(floored, x) = budget for x >= 0.

    The left side is piecewise linear and does not fall, so its knots bracket the solution. Without
    a name that takes money the largest useful level is returned.
    """
    knots = np.unique(np.concatenate([[0.0], capped, floored]))
    below = np.minimum(capped[None], knots[:, None]).sum(axis=1)
    above = np.maximum(floored[None], knots[:, None]).sum(axis=1)
    totals = free * knots + below + above
    slope = free + len(floored)
    if budget <= totals[-1] or not slope:
        return float(np.interp(budget, totals, knots))
    return float(knots[-1] + (budget - totals[-1]) / slope)


def check_rows(rows: NDArray[np.integer], sessions: int) -> None:
    """Refuse cross-sections that are not in order or have no next session to trade on.

    Raises:
        EvaluationError: No cross-section, not ascending, or past the last session but one.
    """
    if not len(rows) or (np.diff(rows) < 1).any() or rows[-1] + 1 >= sessions:
        raise EvaluationError(
            f"cross-sections {rows[:1].tolist()}..{rows[-1:].tolist()} of {sessions} sessions",
            "at least one cross-section, in order, each with a next session to trade on",
            "predict earlier dates, or prepare a longer panel",
        )
