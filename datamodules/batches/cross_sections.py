"""A dataset of whole cross-sections: which stocks, which labels, and their pictures."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from datamodules.batches.batch import CrossSections
from datamodules.batches.pictures import PictureSource

BasisSource = Callable[[int, np.ndarray], Tensor]
"""(session, stocks) -> (S, K) orthonormal style basis."""


class CrossSectionDataset(Dataset[CrossSections]):
    """Cross-sections of given sessions; an item is one optimisation step's worth of them.

    Args:
        sessions: (D,) session indices in the panel.
        members: (D, N) which stocks belong to each cross-section.
        labels: (D, N) standardised labels, or None when scoring.
        source: Where pictures come from.
        basis: Where style bases come from, or None.
    """

    def __init__(
        self,
        sessions: np.ndarray,
        members: np.ndarray,
        labels: np.ndarray | None,
        source: PictureSource,
        basis: BasisSource | None = None,
    ) -> None:
        self.sessions = sessions
        self.stocks = [np.flatnonzero(row) for row in members]
        self.labels = (
            None
            if labels is None
            else [row[stocks] for row, stocks in zip(labels, self.stocks, strict=True)]
        )
        self._source, self._basis = source, basis

    def __len__(self) -> int:
        """Number of cross-sections."""
        return len(self.sessions)

    def __getitem__(self, positions: int | Sequence[int]) -> CrossSections:
        """The cross-sections at these positions, one after another."""
        chosen = [positions] if isinstance(positions, int) else list(positions)
        sections = [self._one(position) for position in chosen]
        if len(sections) == 1:
            return sections[0]
        return CrossSections(
            pictures=_stack([section.pictures for section in sections]),
            label=torch.cat([section.label for section in sections]),
            date=torch.cat([section.date for section in sections]),
            basis=_pad([s.basis for s in sections if s.basis is not None]),
        )

    def _one(self, position: int) -> CrossSections:
        session, stocks = int(self.sessions[position]), self.stocks[position]
        pictures = self._source.pictures(session, stocks)
        if self.labels is None:
            label = torch.full((len(stocks),), torch.nan)
        else:
            label = torch.from_numpy(self.labels[position])
        basis = None if self._basis is None else self._basis(session, stocks)
        device = pictures.device
        return CrossSections(
            pictures=pictures,
            label=label.to(device),
            date=torch.full((len(stocks),), session, device=device),
            basis=None if basis is None else basis.to(device),
        )


def _stack(pictures: list[Tensor]) -> Tensor:
    """Concatenate (S, F, T) views along stocks, keeping feature-major memory."""
    return torch.cat([p.permute(1, 2, 0) for p in pictures], dim=2).permute(2, 0, 1)


def _pad(bases: list[Tensor]) -> Tensor | None:
    """Concatenate (S, K) bases of different K, zero columns filling the narrower ones."""
    if not bases:
        return None
    width = max(basis.shape[1] for basis in bases)
    pad = torch.nn.functional.pad
    return torch.cat([pad(basis, (0, width - basis.shape[1])) for basis in bases])
