"""The drop ledger: how many stock-dates fall out of the labels, at which step, in which year."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from datamodules.prepare.grid import run_length
from datamodules.prepare.labels import FILTERS, RETURNS

REASONS = {
    "suspended_next": "suspended or delisted on the next session",
    "limit_close_next": "at a price limit at the next close",
    "unbuyable_next": "locked at the upper limit on the next session",
}


@dataclass(frozen=True)
class DropLedger:
    """Stock-dates lost, step by step; each counts once, at the first step that it fails.

    Attributes:
        label: close or vwap_next.
        filter: report, realistic or none.
        listed: Stock-dates with a quotes row.
        dropped: Reason -> stock-dates, in the order of the steps.
        labelled: What remains: stock-dates with a label.
        years: Year -> the same counts.
    """

    label: str
    filter: str
    listed: int
    dropped: dict[str, int]
    labelled: int
    years: dict[str, dict[str, int]]

    def to_dict(self) -> dict[str, object]:
        """Plain types only, for JSON."""
        return asdict(self)


def drop_ledger(
    dates: np.ndarray,
    arrays: Mapping[str, np.ndarray],
    picture_days: int,
    label: str = "close",
    mode: str = "report",
) -> DropLedger:
    """Count what falls out between the quotes and the labels.

    Args:
        dates: (D,) datetime64.
        arrays: The panel's masks and forward returns by name, (D, S).
        picture_days: Sessions in a picture.
        label: close or vwap_next.
        mode: report, realistic or none.
    """
    left = arrays["listed"].copy()
    steps = [("listed", left.sum(axis=1))]
    for reason, good in _steps(arrays, picture_days, label, mode):
        steps.append((reason, (left & ~good).sum(axis=1)))
        left &= good
    steps.append(("labelled", left.sum(axis=1)))
    totals = {reason: int(count.sum()) for reason, count in steps}
    year = dates.astype("datetime64[Y]").astype(str)
    years = {
        str(y): {reason: int(count[year == y].sum()) for reason, count in steps}
        for y in np.unique(year)
    }
    listed, labelled = totals.pop("listed"), totals.pop("labelled")
    return DropLedger(label, mode, listed, totals, labelled, years)


def _steps(
    arrays: Mapping[str, np.ndarray], picture_days: int, label: str, mode: str
) -> list[tuple[str, np.ndarray]]:
    """Each reason with the cells that it does not touch; complete pictures split by cause."""
    scorable = arrays["scorable"]
    history = np.cumsum(arrays["listed"], axis=0, dtype=np.int32) > picture_days
    unbroken = run_length(arrays["traded"]) >= picture_days
    return [
        ("under special treatment", ~arrays["is_st"]),
        (f"within the first {picture_days} sessions of quotes", history | scorable),
        (f"not traded on each of the last {picture_days} sessions", unbroken | scorable),
        ("an unknown feature in the picture", scorable),
        ("no forward return", np.isfinite(arrays[RETURNS[label]])),
        *((REASONS[name], ~arrays[name]) for name in FILTERS[mode]),
    ]
