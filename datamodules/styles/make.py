"""Styles as `prepare` takes them: from dense quotes and the panel's other arrays.

>>> prepare(tables, out, styles=style_maker(tables.fundamentals, StyleProfile(), "available"))
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from datamodules.prepare.arrays import MakeStyles, StyleArray
from datamodules.prepare.features import one_day_return
from datamodules.prepare.grid import Dense
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

    def make(dense: Dense, arrays: Mapping[str, np.ndarray]) -> StyleArray:
        inputs = StyleInputs(
            dates=dense.dates,
            codes=dense.codes,
            close=arrays["close"],
            returns=one_day_return(dense.adjusted("close"), dense.traded),
            turn=dense.when_traded("turn"),
            float_cap=_cap(dense, "float_cap"),
            industry=arrays["industry"],
            universe=arrays["scorable"],
            total_cap=_cap(dense, "total_cap") if dense.has("total_cap") else None,
            index_close=None if market is None else index_close(dense, *market, "data.beta_index"),
            fundamentals=fundamentals,
        )
        styles = compute_styles(inputs, profile, mode)
        return StyleArray(STYLES, styles.exposures, styles.report.summary())

    return make


def _cap(dense: Dense, name: str) -> np.ndarray:
    return dense.column(name) if dense.has(name) else np.full(dense.shape, np.nan)
