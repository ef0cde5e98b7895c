"""What one optimisation step sees: one or more whole cross-sections."""

from typing import NamedTuple

from torch import Tensor


class CrossSections(NamedTuple):
    """Whole cross-sections, the rows of one date contiguous.

    S stocks over all dates of the batch, F features, T days, K basis columns.
    """

    pictures: Tensor
    """(S, F, T) float32; may be a permuted view of feature-major (F, T, S) memory."""
    label: Tensor
    """(S,) float32 standardised forward return; NaN where it is not known (prediction)."""
    date: Tensor
    """(S,) int64 session index in the panel."""
    basis: Tensor | None
    """(S, K) float32 orthonormal style basis, zero columns as padding; None when not asked for."""
