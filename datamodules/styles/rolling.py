"""Rolling weighted sums over dates as matrix products: one (dates x window) matrix, all stocks.

A block of B dates that looks back over `reach` earlier days needs B + reach rows. Its banded
weights, zero outside each date's window, turn every rolling sum of N stocks into one product
(B, B + reach) @ (B + reach, N). Rows after a date have weight exactly 0, so nothing ahead of it
can change its result, not even in the last bit.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def rows_back(array: NDArray, start: int, block: int, reach: int) -> Array:
    """Rows start - reach .. start + block - 1 as float64, NaN where the array has none.

    The shape is the same for every block, the last one included: matrix products then round the
    same way wherever the panel ends.

    Args:
        array: (D, ...) values by date.
        start: First date of the block.
        block: Dates in the block.
        reach: Earlier days that the block's first date looks back over.
    """
    rows = np.full((reach + block, *array.shape[1:]), np.nan)
    low, high = max(start - reach, 0), min(start + block, len(array))
    rows[low - start + reach : high - start + reach] = array[low:high]
    return rows


@lru_cache(maxsize=16)
def band(block: int, days: int, half_life: float = np.inf, lag: int = 0) -> Array:
    """Weights 0.5^(age / half_life) of `days` days ending `lag` days back, for every date.

    Args:
        block: Dates B.
        days: Days in the window.
        half_life: Days after which a weight is half; infinite: all 1.
        lag: Newest days left out.

    Returns:
        (B, B + days + lag - 1) weights, read-only, newest day on the diagonal's right end.
    """
    reach = days + lag - 1
    age = np.arange(block)[:, None] + reach - np.arange(reach + block)[None, :] - lag
    weights = np.where((age >= 0) & (age < days), 0.5 ** (np.clip(age, 0, days) / half_life), 0.0)
    weights.flags.writeable = False
    return weights


def weighted_moments(rows: Array, weights: Array, days: int, least: float) -> tuple[Array, Array]:
    """Weighted mean and population standard deviation of each date's window.

    Args:
        rows: (B + reach, N) observations; NaN or infinite ones weigh 0.
        weights: (B, B + reach) from `band`.
        days: Days in the window.
        least: Number of observations below which both are NaN.

    Returns:
        (B, N) mean and (B, N) standard deviation.
    """
    valid = np.isfinite(rows)
    filled = np.where(valid, rows, 0.0)
    total = _total(valid, weights, days, least)
    mean = (weights @ filled) / total
    np.multiply(filled, filled, out=filled)
    square = (weights @ filled) / total
    return mean, np.sqrt(np.maximum(square - mean * mean, 0.0))


def rolling_mean(rows: Array, days: int, least: float) -> Array:
    """(B, N) plain mean over the last `days` rows of each date; NaN observations are left out.

    As a matrix product too: differences of cumulative sums would turn an empty month into 1e-17,
    whose logarithm is no longer missing.

    Args:
        rows: (B + days - 1, N).
        days: Days in the window.
        least: Number of observations below which the mean is NaN.
    """
    valid = np.isfinite(rows)
    count = _count(valid, len(rows) - days + 1, days).astype(np.float64)
    count[count < max(least, 1)] = np.nan
    return (band(len(rows) - days + 1, days) @ np.where(valid, rows, 0.0)) / count


def weighted_line(
    rows: Array, market: Array, weights: Array, days: int, least: float
) -> tuple[Array, Array]:
    """Slope on the market, and spread of the residuals, of each date's weighted regression.

    The regression has an intercept; a day on which the stock or the market has no return weighs
    0. The spread is sqrt(sum w e^2 / sum w): residuals have weighted mean 0.

    Args:
        rows: (B + reach, N) returns of the stocks.
        market: (B + reach,) returns of the market.
        weights: (B, B + reach) from `band`.
        days: Days in the window.
        least: Number of common observations below which both are NaN.

    Returns:
        (B, N) slope and (B, N) spread; NaN where the market does not vary in the window.
    """
    valid = np.isfinite(rows) & np.isfinite(market)[:, None]
    y = np.where(valid, rows, 0.0)
    x = np.where(np.isfinite(market), market, 0.0)[:, None]
    total = _total(valid, weights, days, least)
    x_mean = (weights @ (valid * x)) / total
    y_mean = (weights @ y) / total
    xx = (weights @ (valid * (x * x))) / total
    xx_centred = xx - x_mean * x_mean
    xx_centred[xx_centred <= 1e-12 * xx] = np.nan
    xy_centred = (weights @ (y * x)) / total - x_mean * y_mean
    np.multiply(y, y, out=y)
    yy_centred = (weights @ y) / total - y_mean * y_mean
    slope = xy_centred / xx_centred
    return slope, np.sqrt(np.maximum(yy_centred - slope * xy_centred, 0.0))


def _total(valid: NDArray[np.bool_], weights: Array, days: int, least: float) -> Array:
    """Sum of the weights of valid days, NaN where fewer than `least` (or none) are valid."""
    total = weights @ valid.astype(np.float64)
    total[_count(valid, len(weights), days) < max(least, 1)] = np.nan
    return total


def _count(valid: NDArray[np.bool_], block: int, days: int) -> NDArray[np.int32]:
    """(B, N) valid days in each date's window, which starts with the date's own row of `valid`."""
    sums = np.zeros((len(valid) + 1, valid.shape[1]), np.int32)
    np.cumsum(valid, axis=0, out=sums[1:])
    return sums[days : days + block] - sums[:block]
