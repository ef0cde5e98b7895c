"""The channels of a data picture, from grid columns; the list is an argument.

Source: HT21 table 8 and figure 6. Prices are back-adjusted, volume is raw; nothing is scaled.
"""

from collections.abc import Sequence

import numpy as np

from datamodules.base.errors import ConfigError
from datamodules.prepare.grid import PRICES, QuoteGrid, ffill, lag

BASE = (*PRICES, "volume", "amount", "return1", "turn", "free_turn")
"""What a channel, or either side of a ratio 'a/b', may name."""


def check_features(features: Sequence[str]) -> None:
    """Refuse an empty list, an unknown name, or one that occurs twice.

    Raises:
        ConfigError: Naming it.
    """
    hint = "set data.features to such names, for example [open, high, volume/low]"
    if not features:
        raise ConfigError("data.features is empty", "at least one feature", hint)
    for name in features:
        if not all(part in BASE for part in name.split("/")) or name.count("/") > 1:
            raise ConfigError(f"unknown feature {name!r}",
                              f"one of {', '.join(BASE)}, or a ratio a/b of two of them",
                              hint)  # fmt: skip
    twice = {name for name in features if list(features).count(name) > 1}
    if twice:
        raise ConfigError(f"feature {min(twice)!r} occurs twice", "each feature once", hint)


def feature_array(grid: QuoteGrid, features: Sequence[str]) -> np.ndarray:
    """Compute every channel.

    Args:
        grid: The quotes.
        features: Names of BASE, or ratios 'a/b' of two of them.

    Returns:
        (D, S, F) float32. NaN where the stock did not trade, where an input is missing, and where
        a ratio's denominator is 0; a picture with a NaN is incomplete, so never scorable.

    Raises:
        ConfigError: A name is not a feature.
        TableError: Quotes lack a column that a feature needs.
    """
    check_features(features)
    out = np.empty((*grid.shape, len(features)), dtype=np.float32)
    needed = dict.fromkeys(part for name in features for part in name.split("/"))
    base = {name: base_feature(grid, name) for name in needed}
    with np.errstate(divide="ignore", invalid="ignore"):
        for k, name in enumerate(features):
            above, *below = (base[part] for part in name.split("/"))
            out[:, :, k] = above / below[0] if below else above
    out[~np.isfinite(out)] = np.nan
    return out


def base_feature(grid: QuoteGrid, name: str) -> np.ndarray:
    """Return one feature of BASE as (D, S) float64, NaN where the stock did not trade."""
    if name == "return1":
        return one_day_return(grid.adjusted("close"), grid.traded)
    return grid.adjusted(name) if name in PRICES else grid.when_traded(name)


def one_day_return(close: np.ndarray, traded: np.ndarray) -> np.ndarray:
    """Return the adjusted close over that of the previous session, less 1.

    After a suspension the previous close is the last traded one. NaN on a stock's first day.

    Args:
        close: (D, S) back-adjusted, NaN where not traded.
        traded: (D, S) bool.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return close / lag(ffill(close, traded), np.nan) - 1
