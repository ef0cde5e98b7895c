"""Pictures gathered from the panel when they are needed, and never stored."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from datamodules.panel import Panel

_ROWS_PER_READ = 120


class PictureSource:
    """Gives the pictures of one session's stocks."""

    def inputs(self, session: int, stocks: np.ndarray) -> Tensor:
        """Pictures (S, F, T) ending at `session`, a view of feature-major (F, T, S) memory.

        Args:
            session: Session index in the panel.
            stocks: (S,) columns of the panel, ascending.
        """
        raise NotImplementedError

    def stack(self, parts: Sequence[Tensor]) -> Tensor:
        """Concatenate (S, F, T) views along stocks, keeping feature-major memory."""
        return torch.cat([p.permute(1, 2, 0) for p in parts], dim=2).permute(2, 0, 1)


class ResidentSlice(PictureSource):
    """A slice of the panel held in memory or on an accelerator, as (F, D, N).

    Args:
        panel: The panel.
        first: First session whose picture can be gathered.
        last: Last one.
        stocks: (N,) ascending columns to hold; the others can never be asked for.
        device: Where the slice lives.
    """

    def __init__(
        self, panel: Panel, first: int, last: int, stocks: np.ndarray, device: torch.device
    ) -> None:
        self._days = panel.picture_days
        self._start = first - self._days + 1
        self._column = np.full(len(panel.codes), -1, dtype=np.int64)
        self._column[stocks] = np.arange(len(stocks))
        shape = (len(panel.features), last + 1 - self._start, len(stocks))
        self._slice_FDN = torch.empty(shape, dtype=torch.float32, device=device)
        for row in range(self._start, last + 1, _ROWS_PER_READ):
            stop = min(row + _ROWS_PER_READ, last + 1)
            block_DNF = torch.from_numpy(panel.read("features", row, stop)[:, stocks])
            self._slice_FDN[:, row - self._start : stop - self._start] = block_DNF.permute(2, 0, 1)

    def inputs(self, session: int, stocks: np.ndarray) -> Tensor:
        """Pictures (S, F, T) ending at `session`; see `PictureSource`."""
        columns = torch.from_numpy(self._column[stocks]).to(self._slice_FDN.device)
        stop = session + 1 - self._start
        window_FTN = self._slice_FDN[:, stop - self._days : stop]
        pictures_FTS = window_FTN.new_empty((*window_FTN.shape[:2], len(stocks)))
        # A channel at a time: six times faster than one index_select of the strided window.
        for channel_TN, out_TS in zip(window_FTN, pictures_FTS, strict=True):
            torch.index_select(channel_TN, 1, columns, out=out_TS)
        return pictures_FTS.permute(2, 0, 1)


class StreamedSlice(PictureSource):
    """Reads each session's window from Zarr as it goes; memory does not grow with the panel."""

    def __init__(self, panel: Panel) -> None:
        self._panel, self._days = panel, panel.picture_days

    def inputs(self, session: int, stocks: np.ndarray) -> Tensor:
        """Pictures (S, F, T) ending at `session`; see `PictureSource`."""
        window_TNF = self._panel.read("features", session - self._days + 1, session + 1)
        window_FTS = torch.from_numpy(window_TNF[:, stocks]).permute(2, 0, 1).contiguous()
        return window_FTS.permute(2, 0, 1)
