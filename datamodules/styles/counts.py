"""What the making of styles counted: which exist when, and what was clipped and filled."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from datamodules.settings import STYLES


@dataclass
class StyleCounts:
    """Counts of one `compute_styles`; the last axis of every array is `STYLES`.

    Attributes:
        profile: Name of the profile.
        dates: (D,) sessions.
        missing_columns: Columns of the fundamentals table that would be needed for all styles.
        missing_descriptors: Descriptors left out for want of them.
        cap: `total_cap`, or `float_cap` where the table has no total.
        coverage: (D, 10) share of the universe with a value of its own, before filling.
        available: (D, 10) whether the style exists on the date.
        members: (D,) stocks in the universe.
        clipped: (10,) values moved by winsorising, descriptors included.
        reweighted: (10,) stocks and dates with some but not all descriptors of the style.
        filled_by_industry: (10,) stocks and dates without any, filled by the industry's mean.
        filled_by_zero: (10,) the same, filled by 0.
        filings: Rows of the fundamentals table left out, by reason.
    """

    profile: str
    dates: NDArray
    missing_columns: tuple[str, ...] = ()
    missing_descriptors: tuple[str, ...] = ()
    cap: str = "total_cap"
    coverage: NDArray[np.float32] = field(init=False)
    available: NDArray[np.bool_] = field(init=False)
    members: NDArray[np.int32] = field(init=False)
    clipped: NDArray[np.int64] = field(init=False)
    reweighted: NDArray[np.int64] = field(init=False)
    filled_by_industry: NDArray[np.int64] = field(init=False)
    filled_by_zero: NDArray[np.int64] = field(init=False)
    filings: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shape = (len(self.dates), len(STYLES))
        self.coverage = np.zeros(shape, np.float32)
        self.available = np.zeros(shape, np.bool_)
        self.members = np.zeros(len(self.dates), np.int32)
        for name in ("clipped", "reweighted", "filled_by_industry", "filled_by_zero"):
            setattr(self, name, np.zeros(len(STYLES), np.int64))

    def never(self) -> tuple[str, ...]:
        """Styles that exist on no session."""
        return tuple(np.array(STYLES)[~self.available.any(axis=0)].tolist())

    def summary(self) -> dict[str, object]:
        """Plain types for a JSON file: per style when it exists, what was clipped and filled."""
        return {
            "profile": self.profile,
            "cap": self.cap,
            "missing_columns": list(self.missing_columns),
            "missing_descriptors": list(self.missing_descriptors),
            "reports_left_out": dict(self.filings),
            "styles": {name: self._style(k) for k, name in enumerate(STYLES)},
        }

    def _style(self, k: int) -> dict[str, object]:
        there = np.flatnonzero(self.available[:, k])
        days = np.datetime_as_string(self.dates[there].astype("datetime64[D]"))
        shares = self.coverage[there, k]
        return {
            "first": str(days[0]) if len(there) else None,
            "last": str(days[-1]) if len(there) else None,
            "dates": len(there),
            "mean_coverage": round(float(shares.mean()), 4) if len(there) else 0.0,
            "clipped": int(self.clipped[k]),
            "reweighted": int(self.reweighted[k]),
            "filled_by_industry": int(self.filled_by_industry[k]),
            "filled_by_zero": int(self.filled_by_zero[k]),
        }
