"""Which stocks each session's cross-section holds, and their labels."""

from dataclasses import dataclass

import numpy as np

from datamodules.base.errors import PanelError
from datamodules.batches.split import Split, split_sessions
from datamodules.panel import Panel
from datamodules.prepare.labels import FILTERS, RETURNS, label_filter, standardise
from datamodules.settings import DataSettings

_SPAN = 120
"""Sessions of the panel read at once."""


@dataclass(frozen=True)
class Sections:
    """Cross-sections with labels: sessions (D,), members (D, N), labels (D, N)."""

    sessions: np.ndarray
    members: np.ndarray
    labels: np.ndarray


def read_sections(
    panel: Panel, settings: DataSettings, sessions: np.ndarray, least: int = 2
) -> Sections:
    """Members and standardised labels of these sessions.

    A member is scorable, has a forward return and passes the next-day filter; a session with
    fewer than `least` of them is left out. Read in blocks of the panel: the masks and returns of
    every session in ten years, most not drawn, would else be a streamed fit's peak of memory.
    """
    blocks = np.split(sessions, np.flatnonzero(np.diff(sessions // _SPAN)) + 1)
    parts = [_read_block(panel, settings, block, least) for block in blocks]
    return Sections(
        np.concatenate([part.sessions for part in parts]),
        np.concatenate([part.members for part in parts]),
        np.concatenate([part.labels for part in parts]),
    )


def _read_block(panel: Panel, settings: DataSettings, sessions: np.ndarray, least: int) -> Sections:
    first, stop = int(sessions[0]), int(sessions[-1]) + 1
    rows = sessions - first
    forward = panel.read(RETURNS[settings.label], first, stop)[rows]
    members = panel.read("scorable", first, stop)[rows]
    members &= read_filter(panel, settings.filter, first, stop)[rows]
    labels = standardise(forward, members)
    members &= np.isfinite(labels)
    kept = members.sum(axis=1) >= least
    return Sections(sessions[kept], members[kept], labels[kept])


def split_of(panel: Panel, settings: DataSettings, asof: int) -> Split:
    """The sessions of a fit as of a session of this panel; see `split_sessions`."""
    return split_sessions(
        asof,
        first_usable_session(panel),
        in_sample_days=settings.in_sample_days,
        min_in_sample_days=settings.min_in_sample_days,
        sample_step=settings.sample_step,
        train_share=settings.train_share,
        embargo=settings.embargo,
    )


def read_filter(panel: Panel, mode: str, start: int = 0, stop: int | None = None) -> np.ndarray:
    """Cells (sessions, N) that the next-day filter keeps, for labels and evaluation only."""
    masks = {name: panel.read(name, start, stop) for name in ("listed", *FILTERS[mode])}
    return label_filter(masks, mode)


def first_usable_session(panel: Panel) -> int:
    """First session at which any stock has a complete picture.

    Raises:
        PanelError: There is none.
    """
    step = 240
    for start in range(0, len(panel.dates), step):
        rows = panel.read("scorable", start, min(start + step, len(panel.dates))).any(axis=1)
        if rows.any():
            return start + int(rows.argmax())
    raise PanelError(
        f"{panel.path} has no stock with a complete picture",
        f"a picture needs {panel.picture_days} traded sessions in a row",
        "see the drop ledger in data_report.json beside the panel",
    )
