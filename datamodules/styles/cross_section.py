"""From the descriptors of one date to its ten styles, within the universe known that day.

Descriptors are winsorised and standardised, summed within their style by weights renormalised
over those a stock has, standardised, filled where a stock has none, and standardised again
(weighted mean 0, equal-weighted deviation 1). Non-linear Size is then cleaned of Size, Residual
Volatility of Beta and Size, Liquidity of Size; each is winsorised and standardised once more
(see `clean`).
Under `composite: raw` the sum comes first and the winsorising after it.
"""

import numpy as np
from numpy.typing import NDArray

from datamodules.settings import DESCRIPTORS, STYLES, StyleProfile
from datamodules.styles.counts import StyleCounts
from datamodules.styles.rolling import Array
from datamodules.styles.standardise import (
    Regression,
    clean,
    clip_cap,
    fill,
    standardise,
    winsorise,
)

ORTHOGONAL_TO: dict[str, tuple[str, ...]] = {
    "non_linear_size": ("size",),
    "residual_volatility": ("beta", "size"),
    "liquidity": ("size",),
}
"""What each of these styles is cleaned of, in this order (a style missing that day is skipped)."""


class CrossSection:
    """One date's universe of S stocks on its way from descriptors to styles."""

    def __init__(
        self, float_cap: Array, industry: NDArray[np.integer], profile: StyleProfile
    ) -> None:
        cap = np.where(np.isfinite(float_cap), np.maximum(float_cap, 0.0), 0.0)
        clipped = clip_cap(cap)
        self.profile, self.industry = profile, industry
        self.centre = cap if profile.centre_weight == "cap" else np.sqrt(clipped)
        self.regression = np.sqrt(cap) if profile.regression_weight == "sqrt_cap" else clipped

    def styles(self, descriptors: dict[str, Array], counts: StyleCounts, t: int) -> Array:
        """Work out the ten styles and count each step.

        Args:
            descriptors: (S,) by name, NaN where missing; those not there count as missing.
            counts: Counts, added to in place.
            t: The date's place in the counts.

        Returns:
            (S, 10) float64 in the order of `STYLES`; a style absent on the date is all NaN.
        """
        counts.members[t] = len(self.industry)
        made: dict[str, Array] = {}
        for k, style in enumerate(STYLES):
            if style == "non_linear_size":
                counts.coverage[t, k] = counts.coverage[t, STYLES.index("size")]
                continue
            composite = self._composite(style, descriptors, counts, k)
            counts.coverage[t, k] = np.isfinite(composite).mean() if len(composite) else 0.0
            final = self._finish(composite, counts, k) if self._enough(composite) else None
            if final is not None:
                made[style] = final
        if "size" in made:
            made["non_linear_size"] = made["size"] ** 3
        for style, others in ORTHOGONAL_TO.items():
            if style in made:
                regressors = [made[name] for name in others if name in made]
                made[style] = self._clean(style, made[style], regressors, counts)
        exposures = np.full((len(self.industry), len(STYLES)), np.nan)
        for style, values in made.items():
            exposures[:, STYLES.index(style)] = values
        counts.available[t] = np.isfinite(exposures).any(axis=0)
        return exposures

    def _composite(
        self, style: str, descriptors: dict[str, Array], counts: StyleCounts, k: int
    ) -> Array:
        """(S,) weighted mean of the descriptors that a stock has, NaN where it has none."""
        weights = self.profile.weights[style]
        wanted = [name for name in DESCRIPTORS[style] if weights.get(name, 0.0) > 0]
        total, share = np.zeros(len(self.industry)), np.zeros(len(self.industry))
        having = np.zeros(len(self.industry), np.int64)
        for name in wanted:
            values = self._prepare(descriptors.get(name), counts, k)
            if values is None:
                continue
            present = np.isfinite(values)
            total += weights[name] * np.where(present, values, 0.0)
            share += weights[name] * present
            having += present
        counts.reweighted[k] += np.count_nonzero((having > 0) & (having < len(wanted)))
        return np.divide(total, share, out=np.full(len(total), np.nan), where=share > 0)

    def _prepare(self, values: Array | None, counts: StyleCounts, k: int) -> Array | None:
        """(S,) a descriptor as it enters the sum; None if too few stocks have it."""
        if values is None or not self._enough(values):
            return None
        if np.isinf(values).any():
            values = np.where(np.isinf(values), np.nan, values)
        if self.profile.composite == "raw":
            return values
        return standardise(self._winsorise(values, counts, k), self.centre)

    def _finish(self, composite: Array, counts: StyleCounts, k: int) -> Array | None:
        """(S,) standardised and filled style; None if it does not vary."""
        if self.profile.composite == "raw":
            composite = self._winsorise(composite, counts, k)
        alone = standardise(composite, self.centre)
        filled, by_industry, by_zero = fill(alone, self.industry)
        final = standardise(filled, self.centre) if by_industry + by_zero else alone
        if not np.isfinite(alone).any():
            return None
        counts.filled_by_industry[k] += by_industry
        counts.filled_by_zero[k] += by_zero
        return final

    def _clean(
        self, style: str, values: Array, regressors: list[Array], counts: StyleCounts
    ) -> Array:
        """(S,) style orthogonal to the regressors, winsorised and standardised again.

        All NaN where the regressors leave nothing but rounding: then the style says nothing new.
        """
        rules, k = self.profile, STYLES.index(style)
        if not regressors:
            return standardise(self._winsorise(values, counts, k), self.centre)
        line = Regression(np.column_stack(regressors), self.regression)
        residual = line.residual(values)
        if residual.std() <= 1e-9 * values.std():
            return np.full(len(values), np.nan)
        if rules.winsorise_residuals == "all" or style == "non_linear_size":
            residual, moved = clean(residual, line, rules.winsorise, rules.winsorise_width)
            counts.clipped[k] += moved
        return standardise(residual, self.centre)

    def _winsorise(self, values: Array, counts: StyleCounts, k: int) -> Array:
        clipped, moved = winsorise(values, self.profile.winsorise, self.profile.winsorise_width)
        counts.clipped[k] += moved
        return clipped

    def _enough(self, values: Array) -> bool:
        """Whether the share of the universe that has a value reaches `min_coverage`."""
        least = max(1.0, self.profile.min_coverage * len(values))
        return bool(np.count_nonzero(np.isfinite(values)) >= least)
