"""The three next-day filters, as what a portfolio may buy and sell on the day after a section.

The paper drops stocks that on the next day are suspended or close at a price limit, which looks
ahead: a name that closes limit-up may have traded below it. `realistic` drops nothing and leaves
orders unfilled, buying and selling apart; `none` only knows that a suspended stock has no price.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from alphanet_pl.config.settings import FilterMode
from alphanet_pl.evaluation.types import Bools

MASKS = ("suspended_next", "limit_close_next", "unbuyable_next", "unsellable_next")
"""Arrays of the panel that `next_day` needs."""


class NextDay(NamedTuple):
    """What a filter does at the sections; all (S, N) bool."""

    excluded: Bools
    """Left out of the pool."""
    unbuyable: Bools
    """Not bought on the next day although it trades."""
    unsellable: Bools
    """Not sold on the next day although it trades."""
    frozen: Bools
    """Left at its weight already by the plan, because at planning it counts as untradable."""


def next_day(
    mode: FilterMode, masks: Mapping[str, Bools], traded: Bools, halted_next: Bools
) -> NextDay:
    """Say what a filter mode means for portfolios.

    Args:
        mode: report, realistic or none.
        masks: The panel's MASKS at the sections, (S, N) each.
        traded: (S, N) whether a stock traded on the section's own day.
        halted_next: (S, N) `Market.halted` of the next day: a vendor may have no rows of suspended
            stocks, of which `suspended_next` is False then.
    """
    nothing = np.zeros_like(traded)
    if mode == "report":
        at_limit = masks["limit_close_next"]
        dropped = masks["suspended_next"] | at_limit
        return NextDay(dropped, at_limit, at_limit, dropped | halted_next)
    if mode == "realistic":
        return NextDay(nothing, masks["unbuyable_next"], masks["unsellable_next"], ~traded)
    return NextDay(nothing, nothing, nothing, ~traded)
