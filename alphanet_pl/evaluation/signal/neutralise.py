"""Winsorise, standardise and neutralise a factor by industry and size, date by date.

The paper tests its factors "industry and size neutral": the residual of a regression on industry
dummies and the logarithm of float capitalisation. With dummies alone among the regressors the fit
is a within-industry one (Frisch, Waugh and Lovell), so that no solver and no rank question remain.
"""

import numpy as np
from numpy.typing import NDArray

from alphanet_pl.evaluation.types import Floats

MAD_TO_SIGMA = 1.4826
"""The median absolute deviation of a normal sample times this is its standard deviation."""
ROUNDING = 1e-12
"""Residuals below this share of the largest value are rounding errors."""


def winsorise(values: Floats, deviations: float = 3.0) -> Floats:
    """Clip each row to median +- `deviations` robust standard deviations.

    Args:
        values: (D, N), NaN absent.
        deviations: Width in robust standard deviations (1.4826 median absolute deviations).

    Returns:
        (D, N) float64. A row more than half of whose values are equal has no robust width and is
        returned as it is.
    """
    out = np.array(values, dtype=np.float64)
    for row in out:
        present = np.isfinite(row)
        known = row[present]
        if known.size == 0:
            continue
        middle = np.median(known)
        width = deviations * MAD_TO_SIGMA * np.median(np.abs(known - middle))
        if width > 0:
            row[present] = np.clip(known, middle - width, middle + width)
    return out


def standardise(values: Floats) -> Floats:
    """Give each row mean 0 and standard deviation 1 (ddof 1).

    Args:
        values: (D, N), NaN absent.

    Returns:
        (D, N) float64; a constant row, or one of a single stock, becomes zeros.
    """
    out = np.full(values.shape, np.nan)
    for source, row in zip(values, out, strict=True):
        present = np.isfinite(source)
        known = source[present].astype(np.float64)
        if known.size == 0:
            continue
        centred = known - known.mean()
        spread = np.sqrt(np.sum(centred**2) / max(known.size - 1, 1))
        row[present] = centred / spread if np.ptp(known) > 0 else 0.0
    return out


def residual(values: Floats, industry: NDArray[np.integer], log_cap: Floats) -> Floats:
    """Residual of each row on industry dummies and ln cap (ordinary least squares).

    Args:
        values: (D, N), NaN absent.
        industry: (D, N) industry index; every negative value is one industry, "unknown".
        log_cap: (D, N) ln of float capitalisation; a stock without it has no residual.

    Returns:
        (D, N) float64, orthogonal to every dummy and to ln cap. A stock alone in its industry has
        residual 0; where ln cap does not vary inside industries the regression has dummies only.
    """
    out = np.full(values.shape, np.nan)
    for row in range(values.shape[0]):
        present = np.isfinite(values[row]) & np.isfinite(log_cap[row])
        if not present.any():
            continue
        group = np.maximum(industry[row, present].astype(np.int64), -1) + 1
        factor = _within(values[row, present].astype(np.float64), group)
        size = _within(log_cap[row, present].astype(np.float64), group)
        square = size @ size
        flat = square <= 1e-20 * np.sum(np.square(log_cap[row, present], dtype=np.float64))
        left = factor if flat else factor - size * (size @ factor / square)
        # A factor that industry and size explain wholly leaves rounding errors: not to be ranked.
        noise = ROUNDING * np.max(np.abs(values[row, present]))
        out[row, present] = np.where(np.abs(left) <= noise, 0.0, left)
    return out


def neutralise(values: Floats, industry: NDArray[np.integer], log_cap: Floats) -> Floats:
    """Winsorise, standardise, and take the industry-and-size residual: what the paper ranks.

    Args:
        values: (D, N) published factor, NaN absent.
        industry: (D, N) industry index, negative unknown.
        log_cap: (D, N) ln of float capitalisation.

    Returns:
        (D, N) float64 residual, NaN where the factor or ln cap is absent.
    """
    return residual(standardise(winsorise(values)), industry, log_cap)


def _within(values: Floats, group: NDArray[np.int64]) -> Floats:
    """Subtract each group's mean, once more than needed: the second pass removes the rounding."""
    count = np.maximum(np.bincount(group), 1)
    for _ in range(2):
        values = values - (np.bincount(group, values) / count)[group]
    return values
