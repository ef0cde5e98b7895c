"""An orthonormal basis of each date's style exposures: what a neutralised loss projects out.

Exposures are data, so the whole linear algebra happens once per date, here and in float64; the
loss needs two matrix products, no solver, and no gradient through the exposures.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import qr
from torch import Tensor

from datamodules.base.errors import PanelError
from datamodules.panel import Panel

RANK_CUTOFF = 1e-6
"""Share of a column that must be new for it to count. Exposures are stored as float32: what
differs by less than that is rounding, and its direction would be noise."""


def orthonormal_basis(exposures: NDArray) -> NDArray[np.float32]:
    """Columns that span one date's exposures and a constant: Q'Q = I, Q(Q'y) regresses y on them.

    With the constant a residual has mean 0; exposures are centred by capitalisation, not plainly.
    A style absent on the date (a column all NaN) is dropped; so are columns that others already
    span, by a column-pivoted QR factorisation. A single missing exposure counts as 0, the
    cross-section's average, so that no stock is lost.

    Args:
        exposures: (S, K) styles of the date's stocks.

    Returns:
        (S, r) float32, r <= K + 1.
    """
    columns = np.asarray(exposures, np.float64)
    columns = columns[:, np.isfinite(columns).any(axis=0)]
    columns = np.where(np.isfinite(columns), columns, 0.0)
    columns = np.column_stack([np.ones(len(columns)), columns])
    lengths = np.linalg.norm(columns, axis=0)
    columns = columns[:, lengths > 0] / lengths[lengths > 0]
    if not columns.size:
        return np.empty((len(columns), 0), np.float32)
    basis, triangle, _ = qr(columns, mode="economic", pivoting=True)
    rank = int(np.count_nonzero(np.abs(np.diag(triangle)) > RANK_CUTOFF))
    return basis[:, :rank].astype(np.float32)


class StyleBases:
    """The bases of cross-sections of a panel, each worked out once and kept.

    Keeps 4 bytes x stocks x 11 a session: 100 MB for 750 sessions of 3,000 stocks.

    Args:
        panel: A panel with styles.

    Raises:
        PanelError: It has none.
    """

    def __init__(self, panel: Panel) -> None:
        if not panel.has("styles"):
            raise PanelError(
                f"{panel.path} was prepared without styles",
                "a neutralised loss projects them out",
                "alphanet prepare data.styles=available, or loss.neutralise=false",
            )
        self._panel = panel
        self._kept: dict[int, tuple[NDArray, Tensor]] = {}

    def __call__(self, session: int, stocks: NDArray[np.integer]) -> Tensor:
        """Basis (len(stocks), r) of a session's stocks, float32."""
        known = self._kept.get(session)
        if known is None or not np.array_equal(known[0], stocks):
            rows = self._panel.read("styles", session, session + 1)[0, stocks]
            known = stocks, torch.from_numpy(orthonormal_basis(rows))
            self._kept[session] = known
        return known[1]
