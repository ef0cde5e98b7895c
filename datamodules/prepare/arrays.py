"""Everything a panel holds, computed from checked tables and not yet written."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from datamodules.canon.tables import Tables
from datamodules.panel import PanelContents
from datamodules.prepare.features import check_features, feature_array
from datamodules.prepare.grid import QuoteGrid, ffill, to_grid
from datamodules.prepare.index import index_close, index_weight
from datamodules.prepare.labels import forward_close, forward_vwap_next
from datamodules.prepare.limits import at_limit_close, limit_prices, stuck_at_limit
from datamodules.prepare.universe import (
    complete_pictures,
    next_session,
    scorable_mask,
    st_mask,
    suspended_next,
)
from datamodules.settings import FEATURES, IndexSettings


@dataclass(frozen=True)
class StyleArray:
    """Style exposures for the panel: K names, (D, S, K) values, and facts for the data report."""

    names: tuple[str, ...]
    values: np.ndarray
    summary: Mapping[str, object] = field(default_factory=dict)


MakeStyles = Callable[[QuoteGrid, Mapping[str, np.ndarray]], StyleArray]
"""Computes styles from the grid quotes and the panel's other arrays."""


def panel_contents(
    tables: Tables,
    *,
    features: Sequence[str] = FEATURES,
    horizon: int = 10,
    picture_days: int = 30,
    index: IndexSettings | None = None,
    styles: MakeStyles | None = None,
    attrs: Mapping[str, object] | None = None,
) -> PanelContents:
    """Compute all that a panel holds.

    Args:
        tables: Checked tables.
        features: Channels, in order.
        horizon: Sessions a forward return spans.
        picture_days: Sessions in a picture.
        index: The benchmark; None leaves it out.
        styles: Computes style exposures; None leaves them out.
        attrs: Further facts to store with the panel, JSON types.

    Raises:
        ConfigError: An unknown feature or index.
        TableError: Quotes are empty or lack a column.
    """
    check_features(features)
    grid = to_grid(tables.quotes)
    arrays = quote_arrays(grid, features, horizon, picture_days)
    industries, arrays["industry"] = industry_codes(grid)
    arrays |= optional_arrays(grid, tables, index)
    made = styles(grid, arrays) if styles else StyleArray((), np.empty(0))
    if made.names:
        arrays["styles"] = made.values
    return PanelContents(
        dates=grid.dates,
        codes=grid.codes,
        features=tuple(features),
        industries=industries,
        horizon=horizon,
        picture_days=picture_days,
        arrays=arrays,
        styles=made.names,
        attrs={**(attrs or {}), "styles": dict(made.summary)},
    )


def quote_arrays(
    grid: QuoteGrid, features: Sequence[str], horizon: int, picture_days: int
) -> dict[str, np.ndarray]:
    """Compute all arrays that quotes alone give, by their names in the panel."""
    listed, traded, is_st = grid.listed, grid.traded, st_mask(grid)
    channels = feature_array(grid, features)
    complete = complete_pictures(channels, traded, picture_days)
    close, vwap = grid.adjusted("close"), grid.adjusted("vwap")
    limits = limit_prices(grid, is_st)
    return {
        "features": channels,
        "close": np.where(listed, ffill(close, traded), np.nan),
        "vwap": vwap,
        "forward_close": forward_close(close, listed, horizon),
        "forward_vwap_next": forward_vwap_next(vwap, close, listed, horizon),
        "listed": listed,
        "traded": traded,
        "is_st": is_st,
        "scorable": scorable_mask(listed, is_st, complete),
        "suspended_next": suspended_next(listed, traded),
        "limit_close_next": next_session(at_limit_close(grid, limits), listed),
        "unbuyable_next": next_session(stuck_at_limit(grid, limits.up), listed),
        "unsellable_next": next_session(stuck_at_limit(grid, limits.down), listed),
    }


def optional_arrays(
    grid: QuoteGrid, tables: Tables, index: IndexSettings | None
) -> dict[str, np.ndarray]:
    """Compute the arrays that a panel has only when its tables do."""
    arrays: dict[str, np.ndarray] = {}
    if grid.has("float_cap"):
        cap = grid.column("float_cap")
        arrays["log_cap"] = np.log(np.where(cap > 0, cap, np.nan)).astype(np.float32)
    if index and tables.index is not None:
        arrays["index_close"] = index_close(grid, tables.index, index.code)
    if index and tables.index_members is not None:
        arrays["index_weight"] = index_weight(grid, tables.index_members, index.members)
    if tables.truth is not None:
        arrays["true_return"] = truth_array(grid, tables.truth)
    return arrays


def industry_codes(grid: QuoteGrid) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the industries' names, sorted, and (D, S) int16 positions in them, -1 unknown."""
    if not grid.has("industry"):
        return (), np.full(grid.shape, -1, dtype=np.int16)
    category = grid.quotes["industry"].astype("category").cat.remove_unused_categories().cat
    names = category.categories.to_numpy().astype(np.str_)
    order = np.argsort(names)
    rank = np.full(len(names) + 1, -1, dtype=np.int16)  # the last place serves code -1, unknown
    rank[order] = np.arange(len(names))
    numbers = rank[category.codes.to_numpy()]
    return tuple(names[order].tolist()), grid.scatter(numbers, absent=-1)


def truth_array(grid: QuoteGrid, truth: pd.DataFrame) -> np.ndarray:
    """Return (D, S) float32 true expected returns, NaN where the truth table is silent."""
    wide = truth.pivot(index="date", columns="code", values="expected_return")
    wide.columns = wide.columns.astype(str)
    wide = wide.reindex(index=grid.dates, columns=grid.codes)
    return wide.to_numpy(dtype=np.float32)
