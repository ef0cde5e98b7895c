"""The two universes: which stocks are scored, and which of them are learned from and judged.

`scorable` is known at the close of t. The next-day filter looks one session ahead, so it touches
labels and evaluation only, never what is scored. Source: HT21, "neither ST, nor suspended or at
its price limit on the next trading day"; its two readings and none at all are FILTERS.
"""

import numpy as np

from alphanet_pl.errors import ConfigError
from datamodules.dense import Dense, run_length
from datamodules.panel.panel import Panel

FILTERS: dict[str, tuple[str, ...]] = {
    "report": ("suspended_next", "limit_close_next"),
    "realistic": ("suspended_next", "unbuyable_next"),
    "none": (),
}
"""data.filter -> the masks that take a stock out of a date's labels and evaluation. `realistic`
asks whether the stock could be bought: a label and an IC speak of entering a position."""


def st_mask(dense: Dense) -> np.ndarray:
    """Return (D, S) bool: under special treatment; False everywhere where quotes do not say."""
    if not dense.has("is_st"):
        return np.zeros(dense.shape, dtype=bool)
    return dense.scatter(dense.quotes["is_st"].to_numpy(dtype=bool), absent=False)


def complete_pictures(features: np.ndarray, traded: np.ndarray, days: int) -> np.ndarray:
    """Say where a picture of `days` sessions ends in which every channel is known every day.

    Args:
        features: (D, S, F), NaN unknown.
        traded: (D, S) bool.
        days: Sessions in a picture.

    Returns:
        (D, S) bool. return1 needs a previous close, so a stock's first picture is complete on its
        31st day for days=30.
    """
    known = traded.copy()
    for k in range(features.shape[2]):  # a channel at a time: memory of one mask, not of fifteen
        known &= np.isfinite(features[:, :, k])
    return run_length(known) >= days


def scorable_mask(listed: np.ndarray, is_st: np.ndarray, complete: np.ndarray) -> np.ndarray:
    """Return (D, S) bool: listed, not ST, picture complete."""
    return listed & ~is_st & complete


def suspended_next(listed: np.ndarray, traded: np.ndarray) -> np.ndarray:
    """Return (D, S) bool: listed at t and without a trade at t + 1, be it suspended or delisted.

    False on the last session, where nothing is known of the next one (nor is there a label).
    """
    out = np.zeros_like(listed)
    out[:-1] = listed[:-1] & ~traded[1:]
    return out


def next_session(flags: np.ndarray, listed: np.ndarray) -> np.ndarray:
    """Return (D, S) bool: listed at t and flagged at t + 1; False on the last session."""
    out = np.zeros_like(flags)
    out[:-1] = listed[:-1] & flags[1:]
    return out


def excluded_next_day(
    panel: Panel, mode: str, start: int = 0, stop: int | None = None
) -> np.ndarray:
    """Say which cells the next-day filter takes out of labels and evaluation.

    Args:
        panel: The panel.
        mode: report, realistic or none.
        start: First session index.
        stop: One past the last; the panel's end by default.

    Returns:
        (stop - start, S) bool, True where taken out.

    Raises:
        ConfigError: There is no such mode.
    """
    check_filter(mode)
    stop = len(panel.dates) if stop is None else stop
    excluded = np.zeros((stop - start, len(panel.codes)), dtype=bool)
    for name in FILTERS[mode]:
        excluded |= panel.read(name, start, stop)
    return excluded


def check_filter(mode: str) -> None:
    """Refuse an unknown filter.

    Raises:
        ConfigError: There is no such mode.
    """
    if mode not in FILTERS:
        raise ConfigError(f"unknown filter {mode!r}", f"one of {', '.join(FILTERS)}",
                          "set data.filter=report")  # fmt: skip
