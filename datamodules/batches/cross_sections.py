"""A dataset of whole cross-sections: which stocks, which labels, and their pictures."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from datamodules.batches.batch import CrossSections
from datamodules.batches.windows import Windows


class InputSource(Protocol):
    """Gives what a network takes of one session's stocks: pictures or windows."""

    def inputs(self, session: int, stocks: np.ndarray) -> Any:
        """Pictures (S, F, T) or windows of the stocks (S,) at a session."""
        ...

    def stack(self, parts: Sequence[Any]) -> Any:
        """Put those of several sessions one after another along the stocks."""
        ...


BasisSource = Callable[[int, np.ndarray], Tensor]
"""(session, stocks) -> (S, K) orthonormal style basis."""


class CrossSectionDataset(Dataset[CrossSections]):
    """Cross-sections of given sessions; an item is one optimisation step's worth of them.

    Args:
        sessions: (D,) session indices in the panel.
        members: (D, N) which stocks belong to each cross-section.
        labels: (D, N) standardised labels, or None when scoring.
        source: Where pictures, or their windows, come from.
        basis: Where style bases come from, or None.
    """

    def __init__(
        self,
        sessions: np.ndarray,
        members: np.ndarray,
        labels: np.ndarray | None,
        source: InputSource,
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
        inputs = self._source.stack([section.inputs for section in sections])
        return CrossSections(
            **_by_kind(inputs),
            label=torch.cat([section.label for section in sections]),
            date=torch.cat([section.date for section in sections]),
            basis=_pad([s.basis for s in sections if s.basis is not None]),
        )

    def _one(self, position: int) -> CrossSections:
        session, stocks = int(self.sessions[position]), self.stocks[position]
        inputs = self._source.inputs(session, stocks)
        if self.labels is None:
            label = torch.full((len(stocks),), torch.nan)
        else:
            label = torch.from_numpy(self.labels[position])
        basis = None if self._basis is None else self._basis(session, stocks)
        device = (inputs if isinstance(inputs, Tensor) else inputs.values).device
        return CrossSections(
            **_by_kind(inputs),
            label=label.to(device),
            date=torch.full((len(stocks),), session, device=device),
            basis=None if basis is None else basis.to(device),
        )


def _by_kind(inputs: Tensor | Windows) -> dict[str, Any]:
    kind = "pictures" if isinstance(inputs, Tensor) else "windows"
    return {"pictures": None, kind: inputs}


def _pad(bases: list[Tensor]) -> Tensor | None:
    """Concatenate (S, K) bases of different K, zero columns filling the narrower ones."""
    if not bases:
        return None
    width = max(basis.shape[1] for basis in bases)
    pad = torch.nn.functional.pad
    return torch.cat([pad(basis, (0, width - basis.shape[1])) for basis in bases])
