"""Forward returns, the next-day filter, and the standardised label: all that looks ahead.

Source: HT21: the return from this cross-section to the next, ten sessions on, of stocks that on
the next session are neither suspended nor at a price limit.
"""

from collections.abc import Mapping

import numpy as np

from datamodules.prepare.grid import ffill, lead

RETURNS = {"close": "forward_close", "vwap_next": "forward_vwap_next"}
"""data.label -> the panel's array."""

FILTERS: dict[str, tuple[str, ...]] = {
    "report": ("suspended_next", "limit_close_next"),
    "realistic": ("suspended_next", "unbuyable_next"),
    "none": (),
}
"""data.filter -> the masks that take a stock out of a date's labels and evaluation. `realistic`
asks whether the stock could be bought: a label and an IC speak of entering a position."""


def forward_close(close: np.ndarray, listed: np.ndarray, horizon: int) -> np.ndarray:
    """Return from the adjusted close of t to that of t + horizon.

    Args:
        close: (D, S) back-adjusted, NaN where not traded.
        listed: (D, S) bool.
        horizon: Sessions.

    Returns:
        (D, S) float32. Without a trade at the end the last price counts, after a delisting that of
        the last trade. NaN where the stock is not listed at t, has not traded yet, or t + horizon
        lies past the panel's end.
    """
    last = ffill(close, np.isfinite(close))
    out = lead(last, horizon, np.nan) / last - 1
    return np.where(listed, out, np.nan).astype(np.float32)


def forward_vwap_next(
    vwap: np.ndarray, close: np.ndarray, listed: np.ndarray, horizon: int
) -> np.ndarray:
    """Return from the adjusted vwap of t + 1 to that of t + 1 + horizon.

    Args:
        vwap: (D, S) back-adjusted, NaN where not traded.
        close: (D, S) back-adjusted, NaN where not traded.
        listed: (D, S) bool.
        horizon: Sessions.

    Returns:
        (D, S) float32. Without a trade at the end the last close counts. NaN where the stock is
        not listed at t, does not trade at t + 1 (there is no entry), or t + 1 + horizon lies past
        the panel's end.
    """
    last = ffill(close, np.isfinite(close))
    exit_price = np.where(np.isfinite(vwap), vwap, last)
    out = lead(exit_price, 1 + horizon, np.nan) / lead(vwap, 1, np.nan) - 1
    return np.where(listed, out, np.nan).astype(np.float32)


def label_filter(masks: Mapping[str, np.ndarray], mode: str) -> np.ndarray:
    """Say which cells keep their label under the next-day filter.

    Args:
        masks: At least the masks FILTERS[mode] names, and any one for its shape; bool arrays of
            one shape, as read from the panel.
        mode: report, realistic or none.

    Returns:
        bool, True where the label is kept.
    """
    keep = np.ones_like(next(iter(masks.values())))
    for name in FILTERS[mode]:
        keep &= ~masks[name]
    return keep


def standardised_label(label: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """z-score the label within each date's filtered universe (ddof 1).

    Args:
        label: (D, S) forward returns, NaN unknown.
        mask: (D, S) bool, the filtered universe.

    Returns:
        (D, S) float32, NaN outside the mask and where the return is unknown. A date with fewer
        than two stocks, or with all returns equal, has no label at all: it ranks nothing.
    """
    kept = mask & np.isfinite(label)
    count = kept.sum(axis=1)
    values = np.where(kept, label, 0).astype(np.float64)
    mean = values.sum(axis=1) / np.maximum(count, 1)
    centred = np.where(kept, values - mean[:, None], 0)
    std = np.sqrt((centred**2).sum(axis=1) / np.maximum(count - 1, 1))
    low = np.where(kept, label, np.inf).min(axis=1, initial=np.inf)
    high = np.where(kept, label, -np.inf).max(axis=1, initial=-np.inf)
    std[~(high > low)] = np.nan  # exact, where a rounded std of equal values is not 0
    return np.where(kept, centred / std[:, None], np.nan).astype(np.float32)
