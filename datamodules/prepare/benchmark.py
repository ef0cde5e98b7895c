"""Whether the members of an index and the closes that it is measured by are of one index.

The members of csi300 or csi500, weighted by their float, end 0.24% off their index on a session of
2005 to 2020, and 1.0% off the other; those of csi800 0.25% off theirs, and 0.16% off SH000001. A
membership some weeks late cannot be told: it adds 0.001%, and honest vendors date members by the
month's end.
"""

import numpy as np
import pandas as pd

from datamodules.canon.report import DataReport
from datamodules.prepare.grid import QuoteGrid
from datamodules.prepare.index import index_close
from datamodules.settings import IndexSettings

_WORSE = 2.0
"""How much worse than another index of the table the named one may track its members."""
_SESSIONS = 60
"""Sessions from which on they are compared."""


def check_benchmark(
    grid: QuoteGrid,
    index: pd.DataFrame,
    weight: np.ndarray,
    returns: np.ndarray,
    settings: IndexSettings,
    report: DataReport,
) -> None:
    """Refuse closes that track the members worse than those of another index do.

    Args:
        grid: The quotes.
        index: Canonical index table.
        weight: (D, S) weights of the members, 0 elsewhere.
        returns: (D, S) one-day returns, NaN where unknown.
        settings: The index that is asked for.
        report: Takes the finding.

    Raises:
        TableError: Unless `data.accept` names `benchmark`.
    """
    held = np.where(np.isfinite(returns[1:]), weight[:-1], 0.0)
    total = held.sum(axis=1)
    book = (held * np.nan_to_num(returns[1:])).sum(axis=1) / np.where(total > 0.5, total, np.nan)
    members = (weight[:-1] > 0).sum(axis=1)
    book[members < 0.5 * members.max(initial=0)] = np.nan
    apart = {}
    for code in map(str, index["code"].unique()):
        close = index_close(grid, index, code)
        off = close[1:] / close[:-1] - 1 - book
        if np.isfinite(off).sum() >= _SESSIONS:
            apart[code] = float(np.nanstd(off))
    if settings.code not in apart:
        return
    best = min(apart, key=lambda code: apart[code])
    report.refuse(
        "benchmark", "index", int(apart[settings.code] > _WORSE * apart[best]),
        f"index is measured by other closes: members {settings.members} end"
        f" {apart[settings.code]:.2%} off {settings.code} on a session, and {apart[best]:.2%} off"
        f" {best}",
        "members and closes of one index",
        f"evaluation.index.code={best}, or evaluation.index.members=NAME",
    )  # fmt: skip
