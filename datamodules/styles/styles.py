"""From dense arrays and filed accounts to ten style exposures a stock and date.

    >>> inputs = StyleInputs(dates, codes, close, returns, turn, float_cap, industry, scorable)
    >>> styles = compute_styles(inputs, StyleProfile(), mode="available")   # (D, N, 10) float32

Works through the dates in blocks, so that memory is the inputs, the result and one block.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from datamodules.base.errors import TableError
from datamodules.base.words import counted, tracked
from datamodules.settings import STYLES, StyleProfile
from datamodules.styles.counts import StyleCounts
from datamodules.styles.cross_section import CrossSection
from datamodules.styles.filings import COLUMNS, Fundamentals
from datamodules.styles.price_volume import (
    cumulative_range,
    liquidity,
    log_cap,
    market_and_risk,
    market_returns,
)
from datamodules.styles.rolling import Array

_BLOCK = 128
"""Dates a block: the 524 days that momentum looks back are then read five times, not nine."""


@dataclass(frozen=True)
class StyleInputs:
    """Everything that styles are made of; D sessions, N stocks, nothing looks ahead.

    Attributes:
        dates: (D,) datetime64, ascending.
        codes: (N,) str.
        close: (D, N) back-adjusted close, carried through suspensions, NaN while not listed.
        returns: (D, N) simple return of that close, NaN where not traded.
        turn: (D, N) volume / float shares, NaN or 0 where not traded.
        float_cap: (D, N) yuan.
        industry: (D, N) integer codes, -1 unknown.
        universe: (D, N) bool, stocks that count at each date: the scorable ones.
        total_cap: (D, N) yuan; None: float_cap in its place.
        index_close: (D,) closes of the market index; None: the universe weighted by float cap.
        fundamentals: Canonical table of filed accounts, or None.
    """

    dates: NDArray
    codes: NDArray
    close: NDArray
    returns: NDArray
    turn: NDArray
    float_cap: NDArray
    industry: NDArray
    universe: NDArray
    total_cap: NDArray | None = None
    index_close: NDArray | None = None
    fundamentals: pd.DataFrame | None = None


@dataclass(frozen=True)
class Styles:
    """Exposures (D, N, 10) float32, NaN outside the universe and where a style is absent."""

    exposures: NDArray[np.float32]
    counts: StyleCounts


def compute_styles(inputs: StyleInputs, profile: StyleProfile, mode: str = "available") -> Styles:
    """Compute the exposures of every stock of the universe to the ten styles.

    One thread does the linear algebra: with more, products are summed in an order that depends on
    their number, and the panel's fingerprint, a part of every fit's name, would with it.

    Args:
        inputs: Dense arrays and accounts; exposures at t use nothing after t.
        profile: Windows, weights, processing.
        mode: `available`: styles without data are absent (NaN) and named in the counts; `all`:
            refuse accounts that lack a column some descriptor needs, and what else leaves a style
            without a session: no capitalisation, or too few sessions.

    Raises:
        TableError: Columns are missing, or a style never exists, under `all`.
    """
    missing = missing_columns(inputs.fundamentals, profile)
    if mode == "all" and missing:
        raise TableError(
            f"fundamentals without {', '.join(missing)} were given",
            "data.styles=all needs these columns for all ten styles",
            "data.styles=available computes the others, or map them in data.columns.fundamentals",
        )
    wanted = [name for name in profile.used() if name in COLUMNS]
    lost = tuple(name for name in wanted if set(COLUMNS[name]) & set(missing))
    cap = "float_cap" if inputs.total_cap is None else "total_cap"
    counts = StyleCounts(profile.name, inputs.dates, missing, lost, cap)
    filings = _read_filings(inputs, tuple(name for name in wanted if name not in lost), profile)
    counts.filings = filings.dropped if filings else {}
    exposures = np.full((*inputs.close.shape, len(STYLES)), np.nan, np.float32)
    market = market_returns(inputs.returns, inputs.float_cap, inputs.universe, inputs.index_close)
    with threadpool_limits(1, user_api="blas"):
        for start in tracked(range(0, len(inputs.dates), _BLOCK), "styles"):
            stop = min(start + _BLOCK, len(inputs.dates))
            if inputs.universe[start:stop].any():
                descriptors = block_descriptors(inputs, market, filings, start, stop, profile)
                for t in range(start, stop):
                    members = np.flatnonzero(inputs.universe[t])
                    section = CrossSection(
                        inputs.float_cap[t, members].astype(float),
                        inputs.industry[t, members],
                        profile,
                    )
                    own = {name: values[t - start, members] for name, values in descriptors.items()}
                    exposures[t, members] = section.styles(own, counts, t)
    never = counts.never() if inputs.universe.any() else ()
    if mode == "all" and never:
        raise TableError(
            f"no session has the {counted(len(never), 'style')} {', '.join(never)}",
            "data.styles=all needs all ten: capitalisation, turnover, accounts, enough sessions",
            "data.styles=available computes the others",
        )
    return Styles(exposures, counts)


def missing_columns(fundamentals: pd.DataFrame | None, profile: StyleProfile) -> tuple[str, ...]:
    """Columns that the profile's descriptors need and the table lacks or leaves all empty."""
    needed = dict.fromkeys(c for name in profile.used() for c in COLUMNS.get(name, ()))
    if fundamentals is None:
        return tuple(needed)
    return tuple(c for c in needed if c not in fundamentals or not fundamentals[c].notna().any())


def block_descriptors(
    inputs: StyleInputs,
    market: Array,
    filings: Fundamentals | None,
    start: int,
    stop: int,
    profile: StyleProfile,
) -> dict[str, Array]:
    """All descriptors of dates start .. stop - 1 but NLSIZE, which is made of Size.

    Returns:
        (stop - start, N) float64 by name, NaN where missing, inside the universe or not.
    """
    cap = inputs.float_cap if inputs.total_cap is None else inputs.total_cap
    cap_rows = cap[start:stop].astype(float)
    found = market_and_risk(inputs.returns, market, start, _BLOCK, profile)
    found["CMRA"] = cumulative_range(inputs.close, start, _BLOCK, profile)
    found |= liquidity(inputs.turn, inputs.close, start, _BLOCK, profile)
    found = {name: values[: stop - start] for name, values in found.items()}
    found["LNCAP"] = log_cap(cap_rows)
    return found | (filings.block(start, stop, cap_rows) if filings else {})


def _read_filings(
    inputs: StyleInputs, descriptors: tuple[str, ...], profile: StyleProfile
) -> Fundamentals | None:
    if inputs.fundamentals is None or not descriptors:
        return None
    return Fundamentals.read(inputs.fundamentals, inputs.codes, inputs.dates, descriptors, profile)
