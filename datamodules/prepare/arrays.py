"""Everything a panel holds, computed from checked tables and not yet written."""

from dataclasses import asdict

import numpy as np
import pandas as pd

from datamodules.base.errors import ConfigError, TableError
from datamodules.canon.limits import LimitTable, limit_table
from datamodules.canon.tables import Tables
from datamodules.panel import PanelContents
from datamodules.prepare.benchmark import check_benchmark
from datamodules.prepare.features import check_features, feature_array, one_day_return
from datamodules.prepare.grid import QuoteGrid, coded, ffill, to_grid
from datamodules.prepare.index import index_close, index_weight
from datamodules.prepare.labels import forward_close, forward_vwap_next
from datamodules.prepare.limits import at_limit_close, limit_prices, stuck_at_limit
from datamodules.prepare.universe import (
    complete_pictures,
    next_session,
    scorable_mask,
    st_mask,
)
from datamodules.settings import STYLES, DataSettings, IndexSettings
from datamodules.styles.styles import StyleInputs, Styles, compute_styles


def panel_contents(
    tables: Tables, data: DataSettings, index: IndexSettings | None = None
) -> PanelContents:
    """Compute all that a panel holds.

    Args:
        tables: Checked tables.
        data: Features, horizon, picture, styles and limits.
        index: The benchmark; None leaves it out.

    Raises:
        ConfigError: An unknown feature, index or market, or a Beta index without a table.
        TableError: Quotes are empty or lack a column, or accounts lack one under `styles=all`.
    """
    check_features(data.features)
    grid = to_grid(tables.quotes)
    arrays = quote_arrays(grid, data, limit_table(data.market_rules, data.limit_rules, data.boards))
    industries, arrays["industry"] = industry_codes(grid)
    arrays |= optional_arrays(grid, tables, data, index)
    styles = None if data.styles == "none" else panel_styles(grid, arrays, tables, data)
    if styles is not None:
        arrays["styles"] = styles.exposures
        never = styles.counts.never()
        says = f"of {len(STYLES)} styles exist on no session"
        tables.report.note("quotes", "styles", len(never), says, never, "lost")
    return PanelContents(
        dates=grid.dates,
        codes=grid.codes,
        features=tuple(data.features),
        industries=industries,
        horizon=data.horizon,
        picture_days=data.picture_days,
        arrays=arrays,
        styles=() if styles is None else STYLES,
        attrs={
            "free_turn": data.free_turn,
            "without": list(data.without),
            "accept": list(data.accept),
            "source": data.source,
            "tables": tables.report.provenance,
            "size": data.size,
            "market_rules": data.market_rules,
            "index": None if index is None else asdict(index),
            "styles": {} if styles is None else styles.counts.summary(),
        },
    )


def quote_arrays(grid: QuoteGrid, data: DataSettings, limits: LimitTable) -> dict[str, np.ndarray]:
    """Compute all arrays that quotes alone give, by their names in the panel."""
    listed, traded, is_st = grid.listed, grid.traded, st_mask(grid)
    channels = feature_array(grid, data.features)
    complete = complete_pictures(channels, traded, data.picture_days)
    close, vwap = grid.adjusted("close"), grid.adjusted("vwap")
    prices = limit_prices(grid, is_st, limits)
    return {
        "features": channels,
        "close": np.where(listed, ffill(close, traded), np.nan),
        "vwap": vwap,
        "forward_close": forward_close(close, listed, data.horizon),
        "forward_vwap_next": forward_vwap_next(vwap, close, listed, data.horizon),
        "listed": listed,
        "traded": traded,
        "is_st": is_st,
        "scorable": scorable_mask(listed, is_st, complete),
        "suspended_next": next_session(~traded, listed),
        "limit_close_next": next_session(at_limit_close(grid, prices), listed),
        "unbuyable_next": next_session(stuck_at_limit(grid, prices.up), listed),
        "unsellable_next": next_session(stuck_at_limit(grid, prices.down), listed),
    }


def optional_arrays(
    grid: QuoteGrid, tables: Tables, data: DataSettings, index: IndexSettings | None
) -> dict[str, np.ndarray]:
    """Compute the arrays that a panel has only when its tables do.

    Raises:
        ConfigError: An unknown index.
        TableError: `data.size=total_cap` of quotes that lack it, or members of another index than
            the one that is measured by.
    """
    arrays: dict[str, np.ndarray] = {}
    if data.size == "total_cap" and not grid.is_positive("total_cap"):
        raise TableError("quotes have no total_cap above 0", "data.size=total_cap needs it",
                         "data.size=float_cap, or map it with data.columns.quotes.total_cap"
                         )  # fmt: skip
    if grid.has(data.size):
        cap = grid.column(data.size)
        known = (cap > 0) & np.isfinite(cap)
        arrays["log_cap"] = np.log(np.where(known, cap, np.nan)).astype(np.float32)
    if index and tables.index is not None:
        arrays["index_close"] = index_close(grid, tables.index, index.code)
    if index and tables.index_members is not None:
        arrays["index_weight"] = index_weight(
            grid, tables.index_members, index.members, tables.report
        )
    if index and tables.index is not None and "index_weight" in arrays:
        returns = one_day_return(grid.adjusted("close"), grid.traded)
        check_benchmark(grid, tables.index, arrays["index_weight"], returns, index, tables.report)
    if tables.truth is not None:
        arrays["true_return"] = truth_array(grid, tables.truth)
    return arrays


def panel_styles(
    grid: QuoteGrid, arrays: dict[str, np.ndarray], tables: Tables, data: DataSettings
) -> Styles:
    """Compute the ten styles, the scorable stocks being the universe.

    Raises:
        ConfigError: `data.beta_index` names an index that the tables lack.
        TableError: Accounts lack a column under `data.styles=all`.
    """
    absent = np.full(grid.shape, np.nan)
    inputs = StyleInputs(
        dates=grid.dates,
        codes=grid.codes,
        close=arrays["close"],
        returns=one_day_return(grid.adjusted("close"), grid.traded),
        turn=grid.when_traded("turn"),
        float_cap=grid.column("float_cap") if grid.has("float_cap") else absent,
        industry=arrays["industry"],
        universe=arrays["scorable"],
        total_cap=grid.column("total_cap") if grid.is_positive("total_cap") else None,
        index_close=beta_market(grid, tables.index, data.beta_index),
        fundamentals=tables.fundamentals,
    )
    return compute_styles(inputs, data.style_profile, data.styles)


def beta_market(grid: QuoteGrid, index: pd.DataFrame | None, code: str | None) -> np.ndarray | None:
    """Return (D,) closes of the index that Beta is measured against; None: the universe itself."""
    if code is None:
        return None
    if index is None:
        raise ConfigError(
            f"data.beta_index={code} was given",
            "the tables have no index table to find it in",
            "data.beta_index=null takes the capitalisation-weighted universe",
        )
    return index_close(grid, index, code, "data.beta_index")


def industry_codes(grid: QuoteGrid) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the industries' names, sorted, and (D, S) int16 positions in them, -1 unknown."""
    if not grid.has("industry"):
        return (), np.full(grid.shape, -1, dtype=np.int16)
    names, numbers = coded(grid.quotes["industry"])
    return tuple(names.tolist()), grid.scatter(numbers.astype(np.int16), absent=-1)


def truth_array(grid: QuoteGrid, truth: pd.DataFrame) -> np.ndarray:
    """Return (D, S) float32 true expected returns, NaN where the truth table is silent."""
    wide = truth.pivot(index="date", columns="code", values="expected_return")
    wide.columns = wide.columns.astype(str)
    wide = wide.reindex(index=grid.dates, columns=grid.codes)
    return wide.to_numpy(dtype=np.float32)
