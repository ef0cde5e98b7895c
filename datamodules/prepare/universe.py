"""Which stocks have a score: what is known at the close of t, and nothing later.

Source: HT21's universe without its next-day filter, which is in labels.py: a stock's score must
not depend on what happens to it tomorrow.
"""

import numpy as np

from datamodules.prepare.grid import QuoteGrid, run_length


def st_mask(grid: QuoteGrid) -> np.ndarray:
    """Return (D, S) bool: under special treatment; False everywhere where quotes do not say."""
    if not grid.has("is_st"):
        return np.zeros(grid.shape, dtype=bool)
    return grid.scatter(grid.quotes["is_st"].to_numpy(dtype=bool), absent=False)


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


def next_session(flags: np.ndarray, listed: np.ndarray) -> np.ndarray:
    """Return (D, S) bool: listed at t and flagged at t + 1; False on the last session.

    Nothing is known of the session after the last one (nor is there a label).
    """
    out = np.zeros_like(flags)
    out[:-1] = listed[:-1] & flags[1:]
    return out
