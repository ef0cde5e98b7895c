"""Whole cross-sections: which stocks and labels each date has, and the batches made of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from datamodules.batches.windows import Windows
from datamodules.panel import Panel
from datamodules.prepare.labels import FILTERS, RETURNS, label_filter, standardised_label
from datamodules.settings import DataSettings

_SPAN = 120
"""Sessions of the panel read at once."""

BasisSource = Callable[[int, np.ndarray], Tensor]
"""(session, stocks) -> (S, K) orthonormal style basis."""


class CrossSections(NamedTuple):
    """Whole cross-sections, the rows of one date contiguous.

    S stocks over all dates of the batch, F features, T days, K basis columns.
    """

    pictures: Tensor | None
    """(S, F, T) float32; may be a permuted view of feature-major (F, T, S) memory. None where the
    network takes windows."""
    label: Tensor
    """(S,) float32 standardised forward return; NaN where it is not known (prediction)."""
    date: Tensor
    """(S,) int64 session index in the panel."""
    basis: Tensor | None
    """(S, K) float32 orthonormal style basis, zero columns as padding; None when not asked for."""
    windows: Windows | None = None
    """Features of each picture's windows, for a network that takes those."""

    @property
    def inputs(self) -> Tensor | Windows:
        """What the network takes: windows where there are some, else pictures."""
        if self.windows is not None:
            return self.windows
        if self.pictures is None:
            raise ValueError("a batch holds pictures or their windows")
        return self.pictures


class InputSource(Protocol):
    """Gives what a network takes of one session's stocks: pictures or windows."""

    def inputs(self, session: int, stocks: np.ndarray) -> Any:
        """Pictures (S, F, T) or windows of the stocks (S,) at a session."""
        ...

    def stack(self, parts: Sequence[Any]) -> Any:
        """Put those of several sessions one after another along the stocks."""
        ...


@dataclass(frozen=True)
class Membership:
    """Who is in which cross-section: sessions (D,), members (D, N) bool, labels (D, N)."""

    sessions: np.ndarray
    members: np.ndarray
    labels: np.ndarray


def read_membership(
    panel: Panel, settings: DataSettings, sessions: np.ndarray, least: int = 2
) -> Membership:
    """Members and standardised labels of these sessions.

    A member is scorable, has a forward return and passes the next-day filter; a session with
    fewer than `least` of them is left out. Read in blocks of the panel: the masks and returns of
    every session in ten years, most not drawn, would else be a streamed fit's peak of memory.
    """
    blocks = np.split(sessions, np.flatnonzero(np.diff(sessions // _SPAN)) + 1)
    parts = [_read_block(panel, settings, block, least) for block in blocks]
    return Membership(
        np.concatenate([part.sessions for part in parts]),
        np.concatenate([part.members for part in parts]),
        np.concatenate([part.labels for part in parts]),
    )


def _read_block(
    panel: Panel, settings: DataSettings, sessions: np.ndarray, least: int
) -> Membership:
    first, stop = int(sessions[0]), int(sessions[-1]) + 1
    rows = sessions - first
    forward = panel.read(RETURNS[settings.label], first, stop)[rows]
    members = panel.read("scorable", first, stop)[rows]
    members &= read_filter(panel, settings.filter, first, stop)[rows]
    labels = standardised_label(forward, members)
    members &= np.isfinite(labels)
    kept = members.sum(axis=1) >= least
    return Membership(sessions[kept], members[kept], labels[kept])


def read_filter(panel: Panel, mode: str, start: int = 0, stop: int | None = None) -> np.ndarray:
    """Cells (sessions, N) that the next-day filter keeps, for labels and evaluation only."""
    masks = {name: panel.read(name, start, stop) for name in ("listed", *FILTERS[mode])}
    return label_filter(masks, mode)


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
