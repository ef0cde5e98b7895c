"""A CSI-500-like index: the names behind the largest, weighted by float cap."""

import numpy as np
import pandas as pd

NAME, CODE = "csi500", "SH000905"
BASE = 1000.0
SEASONED = 60  # sessions since listing


class Index:
    """Keeps members, spells of membership and the level.

    Reconstitution takes effect on the first session on or after the Monday that follows the
    second Friday of June and December, from the caps of the session before.
    """

    def __init__(self, stocks: int, calendar: np.ndarray) -> None:
        self._size = min(500, max(1, stocks // 4))
        self._larger = self._size * 3 // 5
        self._calendar = calendar
        self._effective = _effective_sessions(calendar)
        self._member = np.zeros(stocks, bool)
        self._since = np.zeros(stocks, int)
        self._spells: list[tuple[int, int, int]] = []
        self.levels: list[float] = []

    def step(
        self, day: int, eligible: np.ndarray, listed: np.ndarray, cap: np.ndarray, ret: np.ndarray
    ) -> None:
        """Take in a session.

        Args:
            day: Session number.
            eligible: Stocks that could be chosen on the session before, (N,).
            listed: Stocks still listed today, (N,).
            cap: Float caps at the session before, yuan, (N,).
            ret: Simple returns of the session, 0 where not traded, (N,).
        """
        self._move(day, self._member & listed)
        if day == 0 or day in self._effective:
            self._move(day, self._choose(eligible & listed, cap))
        weight = np.where(self._member, cap, 0.0)
        change = float(weight @ ret / weight.sum()) if weight.any() else 0.0
        self.levels.append((self.levels[-1] if self.levels else BASE) * (1 + change))

    def close(self) -> pd.DataFrame:
        """Return the index table: date, code, close."""
        dates = self._calendar[: len(self.levels)].astype("datetime64[ns]")
        return pd.DataFrame({"date": dates, "code": CODE, "close": np.round(self.levels, 4)})

    def members(self, codes: np.ndarray) -> pd.DataFrame:
        """Return the spells of membership: index, code, start, end (inclusive)."""
        last = len(self.levels) - 1
        current = [(int(i), int(self._since[i]), last) for i in np.flatnonzero(self._member)]
        spells = np.array(sorted(self._spells + current)).reshape(-1, 3)
        dates = self._calendar.astype("datetime64[ns]")
        return pd.DataFrame(
            {
                "index": NAME,
                "code": codes[spells[:, 0]],
                "start": dates[spells[:, 1]],
                "end": dates[spells[:, 2]],
            }
        )

    def _choose(self, eligible: np.ndarray, cap: np.ndarray) -> np.ndarray:
        order = np.argsort(np.where(eligible, -cap, np.inf), kind="stable")[: eligible.sum()]
        chosen = np.zeros(len(cap), bool)
        chosen[order[self._larger : self._larger + self._size]] = True
        return chosen

    def _move(self, day: int, member: np.ndarray) -> None:
        for i in np.flatnonzero(self._member & ~member):
            self._spells.append((int(i), int(self._since[i]), day - 1))
        self._since[member & ~self._member] = day
        self._member = member


def _effective_sessions(calendar: np.ndarray) -> set[int]:
    """Return the session numbers on which new members take effect."""
    years = np.unique(calendar.astype("datetime64[Y]"))
    months = np.concatenate([years.astype("datetime64[M]") + m for m in (5, 11)])
    friday = np.busday_offset(months, 1, roll="forward", weekmask="Fri")
    position = np.searchsorted(calendar, friday + 3)
    return {int(p) for p in position if 0 < p < len(calendar)}
