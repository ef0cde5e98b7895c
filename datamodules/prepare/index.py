"""The benchmark index on the panel's grid: its close, and its members' weights.

Weights are the vendor's where index_members give them, else the members' float market value.
"""

import numpy as np
import pandas as pd

from datamodules.base.errors import ConfigError
from datamodules.prepare.grid import QuoteGrid


def index_close(
    grid: QuoteGrid, index: pd.DataFrame, code: str, setting: str = "evaluation.index.code"
) -> np.ndarray:
    """Return (D,) float64 closes of an index, NaN on sessions that it lacks.

    Args:
        grid: The quotes.
        index: Canonical index table.
        code: The index's.
        setting: Where the code comes from, to name it in a refusal.

    Raises:
        ConfigError: The table has no such index.
    """
    rows = index[(index["code"] == code).to_numpy()]
    _check(code, rows, index["code"], setting)
    closes = pd.Series(rows["close"].to_numpy(np.float64), rows["date"].astype("datetime64[s]"))
    return closes.reindex(pd.DatetimeIndex(grid.dates)).to_numpy(np.float64)


def index_weight(grid: QuoteGrid, members: pd.DataFrame, name: str) -> np.ndarray:
    """Return (D, S) float32 weights of an index's members listed on each session.

    They sum to 1 on every session with a member, and are all 0 on one without.

    Raises:
        ConfigError: The table has no such index.
    """
    rows = members[(members["index"] == name).to_numpy()]
    _check(name, rows, members["index"], "evaluation.index.members")
    given = "weight" in rows and bool(rows["weight"].notna().any())
    base = None if given else np.nan_to_num(grid.column("float_cap"))
    weight = np.zeros(grid.shape, dtype=np.float64)
    stocks = pd.Index(grid.codes).get_indexer(rows["code"].astype(str))
    first = np.searchsorted(grid.dates, rows["start"].to_numpy().astype("datetime64[D]"), "left")
    last = np.searchsorted(grid.dates, rows["end"].to_numpy().astype("datetime64[D]"), "right")
    values = np.nan_to_num(rows["weight"].to_numpy(np.float64)) if given else np.ones(len(rows))
    for stock, start, stop, value in zip(stocks, first, last, values, strict=True):
        if stock >= 0:
            weight[start:stop, stock] = value if base is None else base[start:stop, stock]
    weight[~grid.listed] = 0
    total = weight.sum(axis=1, keepdims=True)
    return (weight / np.where(total > 0, total, 1)).astype(np.float32)


def _check(name: str, rows: pd.DataFrame, names: pd.Series, setting: str) -> None:
    if rows.empty:
        known = ", ".join(sorted(map(str, names.unique()))[:10])
        raise ConfigError(f"the tables have no index {name!r}", f"one of {known}",
                          f"set {setting}")  # fmt: skip
