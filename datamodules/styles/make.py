"""Styles as `prepare` takes them: from grid quotes and the panel's other arrays.

>>> prepare(tables, out, styles=style_maker(tables.fundamentals, StyleProfile(), "available"))
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from datamodules.prepare.arrays import MakeStyles, StyleArray
from datamodules.prepare.features import one_day_return
from datamodules.prepare.grid import QuoteGrid
from datamodules.prepare.index import index_close
from datamodules.styles.compose import StyleInputs, compute_styles
from datamodules.styles.profiles import STYLES, StyleProfile


def style_maker(
    fundamentals: pd.DataFrame | None,
    profile: StyleProfile,
    mode: str,
    market: tuple[pd.DataFrame, str] | None = None,
) -> MakeStyles:
    """Return what computes the ten styles of a panel, its scorable stocks being the universe.

    Args:
        fundamentals: Canonical table of financial reports, or None.
        profile: Windows, weights, processing.
        mode: See `compute_styles`, which raises what the returned function raises.
        market: Canonical index table and a code in it, the market of Beta; None: the universe
            weighted by float capitalisation.
    """

    def make(grid: QuoteGrid, arrays: Mapping[str, np.ndarray]) -> StyleArray:
        inputs = StyleInputs(
            dates=grid.dates,
            codes=grid.codes,
            close=arrays["close"],
            returns=one_day_return(grid.adjusted("close"), grid.traded),
            turn=grid.when_traded("turn"),
            float_cap=_cap(grid, "float_cap"),
            industry=arrays["industry"],
            universe=arrays["scorable"],
            total_cap=_cap(grid, "total_cap") if grid.has("total_cap") else None,
            index_close=None if market is None else index_close(grid, *market, "data.beta_index"),
            fundamentals=fundamentals,
        )
        styles = compute_styles(inputs, profile, mode)
        return StyleArray(STYLES, styles.exposures, styles.report.summary())

    return make


def _cap(grid: QuoteGrid, name: str) -> np.ndarray:
    return grid.column(name) if grid.has(name) else np.full(grid.shape, np.nan)
