"""Steps on one cross-section of S stocks: winsorise, standardise, fill, orthogonalise.

NaN means the stock has no value; statistics are taken over those that have one.
"""

import numpy as np
from numpy.typing import NDArray

from datamodules.styles.rolling import Array

_CLIP_QUANTILE = 0.95
_TOLERATED = 0.01
_ROUNDS = 12


def winsorise(values: Array, method: str, width: float) -> tuple[Array, int]:
    """Clip outliers to centre +- width x deviation.

    Args:
        values: (S,) any unit.
        method: `std`: mean and population standard deviation; `mad`: median and the unscaled
            median absolute deviation (the report's platform, no factor 1.4826).
        width: Multiple of the deviation.

    Returns:
        (S,) clipped values, and how many were moved.
    """
    present = values[np.isfinite(values)]
    if not len(present):
        return values, 0
    if method == "std":
        centre = present.mean()
        reach = width * _spread(present - centre)
    else:
        centre = np.median(present)
        reach = width * np.median(np.abs(present - centre))
    low, high = centre - reach, centre + reach
    moved = np.count_nonzero((present < low) | (present > high))
    return np.clip(values, low, high), int(moved)


def standardise(values: Array, weights: Array) -> Array:
    """Shift to weighted mean 0 and scale to an equal-weighted population deviation of 1.

    Args:
        values: (S,) any unit.
        weights: (S,) >= 0, of the mean; all 0 among stocks with a value: equal weights.

    Returns:
        (S,) without unit; all NaN if the values present are fewer than two or all the same.
    """
    present = np.isfinite(values)
    whole = present.all()
    shown, shares = (values, weights) if whole else (values[present], weights[present])
    if len(shown) < 2:
        return np.full(len(values), np.nan)
    mean = shown.mean()
    spread = _spread(shown - mean)
    if spread <= 1e-12 * _spread(shown):
        return np.full(len(values), np.nan)
    total = shares.sum()
    return (values - (shares @ shown / total if total > 0 else mean)) / spread


def _spread(centred: Array) -> float:
    """Root mean square; twice as fast as std() of the same."""
    return float(np.sqrt(centred @ centred / len(centred)))


def fill(values: Array, industry: NDArray[np.integer]) -> tuple[Array, int, int]:
    """Fill what is missing with the industry's mean, and with 0 where no peer has a value.

    Args:
        values: (S,) standardised, so that 0 is neutral.
        industry: (S,) codes; -1 unknown, which is no industry.

    Returns:
        (S,) without NaN, and how many were filled by the industry and by 0.
    """
    missing = ~np.isfinite(values)
    if not missing.any():
        return values, 0, 0
    place = np.asarray(industry, np.int64) + 1
    count = np.bincount(place, weights=~missing)
    total = np.bincount(place, weights=np.where(missing, 0.0, values))
    count[0] = 0
    mean = np.divide(total, count, out=np.zeros(len(total)), where=count > 0)
    by_industry = int(np.count_nonzero(count[place[missing]] > 0))
    filled = np.where(missing, mean[place], values)
    return filled, by_industry, int(missing.sum()) - by_industry


class Regression:
    """Weighted least squares with intercept on fixed regressors: residuals of any targets.

    Args:
        regressors: (S, K) of order 1, without NaN; collinear ones are harmless.
        weights: (S,) >= 0; all 0: equal weights.
    """

    def __init__(self, regressors: Array, weights: Array) -> None:
        total = weights.sum()
        self._shares = weights / total if total > 0 else np.full(len(weights), 1 / len(weights))
        self._basis: list[Array] = []
        for column in (np.ones(len(weights)), *regressors.T):
            rest = self.residual(self.residual(column))  # twice: to the last digit
            length = np.sqrt(self._shares @ (rest * rest))
            if length > 1e-9:
                self._basis.append(rest / length)
        centred = regressors - self._shares @ regressors
        spread = np.sqrt(self._shares @ (centred * centred))
        self._centred = centred / np.where(spread > 0, spread, 1.0)

    def residual(self, values: Array) -> Array:
        """(S,) values - fit: its weighted covariance with every regressor is 0."""
        weighted = self._shares * values
        for column in self._basis:
            values = values - (weighted @ column) * column
        return values

    def correlation(self, values: Array) -> float:
        """Largest absolute weighted correlation of (S,) values with a regressor."""
        centred = values - self._shares @ values
        weighted = self._shares * centred
        spread = np.sqrt(weighted @ centred)
        return float(np.abs(weighted @ self._centred).max() / spread) if spread > 0 else 0.0


def clean(residual: Array, line: Regression, method: str, width: float) -> tuple[Array, int]:
    """Winsorise a residual, and regress again while clipping brings a correlation back.

    Once is not enough where tails are heavy: clipping what the cube of Size has beside Size leaves
    a correlation of -0.04 on real markets at 3 deviations, -0.24 at 3 MAD. Each round about halves
    it; few are needed to bring it below 0.01.

    Args:
        residual: (S,) of the regression.
        line: The regression.
        method: See `winsorise`.
        width: See `winsorise`.

    Returns:
        (S,) clipped residual, and how many values a round moved at most.
    """
    values, moved = winsorise(residual, method, width)
    for _ in range(_ROUNDS):
        if line.correlation(values) < _TOLERATED:
            break
        values, clipped = winsorise(line.residual(values), method, width)
        moved = max(moved, clipped)
    return values, moved


def clip_cap(cap: Array) -> Array:
    """Capitalisation cut at its 95th percentile, so that no giant decides a regression alone."""
    return np.minimum(cap, np.quantile(cap, _CLIP_QUANTILE)) if len(cap) else cap
