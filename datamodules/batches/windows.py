"""Windows of features: each ten-day window of the panel worked out once, whoever asks for it.

Operators without parameters turn the days of a window into features, and the window that ends at
session t - 10 is the middle one of date t's picture and the last one of date t - 10's. So a window
is computed once, for all stocks that traded on each of its days, normalised by the mean and the
deviation of its own cross-section, and kept: in memory, on a device, in a file, or not at all.
Wherever it is kept, the values are the same to the bit.

Shape suffixes: S stocks of the cross-sections asked for, N stocks of the panel, F channels, T days,
C features, W windows of a picture, D dates of a batch, E windows kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from datamodules.batches.window_file import identity_of, mapped
from datamodules.panel import Panel

_SESSIONS_PER_READ = 120


class Operators(Protocol):
    """What makes features of a window: without parameters, each stock by itself."""

    days: int
    """Days of a window."""
    stride: int
    """Sessions between the ends of a picture's windows."""

    def width(self, channels: int) -> int:
        """C, features of a window of so many channels."""
        ...

    def __call__(self, days_FTN: Tensor) -> Tensor:
        """Features (C, N) of one window (F, days, N)."""
        ...


@dataclass(frozen=True)
class WindowInputs:
    """What of the windows a network takes.

    Attributes:
        operators: Make the features.
        rows: (C,) int64 of the operators' features; None for all.
        dtype: float32, or bfloat16 for products in half precision.
        also: Other windows of the same pictures, for a network with a second branch.
    """

    operators: Operators
    rows: Tensor | None = None
    dtype: torch.dtype = torch.float32
    also: "WindowInputs | None" = None

    def in_half(self) -> "WindowInputs":
        """The same in bfloat16."""
        also = self.also and self.also.in_half()
        return replace(self, dtype=torch.bfloat16, also=also)


class Windows(NamedTuple):
    """The windows of one or more whole cross-sections, dates one after another along S.

    A feature is location + scale * value; dates differ in both, and so do a picture's windows.
    """

    values: Tensor
    """(W, C, S) float32 or bfloat16, oldest window first."""
    location: Tensor
    """(D, W, C) float64."""
    scale: Tensor
    """(D, W, C) float64, positive."""
    mean: Tensor
    """(D, C) float64 mean of each date's features over its stocks and windows."""
    variance: Tensor
    """(D, C) float64, biased, about that mean."""
    counts: tuple[int, ...]
    """Stocks of each date, D of them."""
    also: "Windows | None" = None
    """The other windows that `WindowInputs.also` asks for."""

    def features(self) -> Tensor:
        """Return the features themselves, (S, W, C), float32 unless the values are float64."""
        counts = torch.tensor(self.counts, device=self.values.device)
        dtype = torch.promote_types(self.values.dtype, torch.float32)
        scale, location = (
            part.to(dtype).repeat_interleave(counts, 0) for part in (self.scale, self.location)
        )
        return torch.addcmul(location, self.values.permute(2, 0, 1).to(dtype), scale)


class WindowStore(Protocol):
    """Where windows come from."""

    panel: Panel
    operators: Operators

    def take(
        self, ends: Sequence[int], stocks: np.ndarray, rows: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Values (W, C, S) of windows and their constants (2, W, C) float64: location, scale.

        Args:
            ends: (W,) sessions at which the windows end.
            stocks: (S,) ascending columns of the panel that traded on all days of the windows.
            rows: (C,) int64 of the operators' features to take; None for all.
        """
        ...


class WindowSource:
    """Gives the windows of a session's pictures to one model.

    Args:
        store: Where windows come from.
        rows: (C,) int64, the features that the model takes of the operators'; None for all.
        also: Gives the other windows of the same pictures, for a network that takes two kinds.
    """

    def __init__(
        self,
        store: WindowStore,
        rows: Tensor | None = None,
        also: "WindowSource | None" = None,
    ) -> None:
        self._store, self._rows, self._also = store, rows, also
        self._moments: dict[int, tuple[np.ndarray, Tensor, Tensor]] = {}

    def inputs(self, session: int, stocks: np.ndarray) -> Windows:
        """The windows of the pictures that end at `session`.

        Args:
            session: Session index in the panel.
            stocks: (S,) columns of the panel, ascending, whose pictures are complete.
        """
        ends = window_ends(session, self._store.panel.picture_days, self._store.operators)
        values, (location, scale) = self._store.take(ends, stocks, self._rows)
        known = self._moments.get(session)
        if known is None or not np.array_equal(known[0], stocks):
            known = self._moments[session] = stocks, *_moments(values, location, scale)
        _, mean, variance = known
        also = None if self._also is None else self._also.inputs(session, stocks)
        return Windows(
            values, location[None], scale[None], mean[None], variance[None], (len(stocks),), also
        )

    def stack(self, parts: Sequence[Windows]) -> Windows:
        """Put the windows of several dates one after another."""
        if len(parts) == 1:
            return parts[0]
        return Windows(
            torch.cat([part.values for part in parts], dim=2),
            torch.cat([part.location for part in parts]),
            torch.cat([part.scale for part in parts]),
            torch.cat([part.mean for part in parts]),
            torch.cat([part.variance for part in parts]),
            tuple(count for part in parts for count in part.counts),
            self._also.stack([part.also for part in parts if part.also]) if self._also else None,
        )


class WindowStream:
    """Works windows out as they are asked for; memory does not grow with the panel.

    Args:
        panel: The panel.
        operators: Makes the features.
        dtype: Of the values: float32, or bfloat16 for products in half precision.
    """

    def __init__(
        self, panel: Panel, operators: Operators, dtype: torch.dtype = torch.float32
    ) -> None:
        self.panel, self.operators, self._dtype = panel, operators, dtype

    def take(
        self, ends: Sequence[int], stocks: np.ndarray, rows: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """See `WindowStore`."""
        windows = []
        for end in ends:
            days_TNF = self.panel.read("features", end - self.operators.days + 1, end + 1)
            known, values, constants = work_out(days_TNF, self.operators)
            places = torch.from_numpy(np.searchsorted(known, stocks))
            windows.append((values.to(self._dtype), constants, places))
        return _gather(windows, rows)


class WindowBank:
    """Every window of some sessions' pictures, kept once and shared by all models of a process.

    Args:
        panel: The panel.
        operators: Makes the features.
        sessions: (D,) ascending session indices whose pictures will be asked for.
        dtype: Of the values: float32, or bfloat16 for half the memory.
        device: Where they are kept.
        folder: Of the file that keeps them, in place of memory; see `window_file`.
    """

    def __init__(
        self,
        panel: Panel,
        operators: Operators,
        sessions: np.ndarray,
        dtype: torch.dtype = torch.float32,
        device: torch.device | None = None,
        folder: Path | None = None,
    ) -> None:
        self.panel, self.operators = panel, operators
        ends = np.unique([window_ends(int(s), panel.picture_days, operators) for s in sessions])
        stocks = _traded(panel, int(ends[0]) - operators.days + 1, int(ends[-1]) + 1)
        self._place = {int(end): place for place, end in enumerate(ends)}
        self._column = np.full(len(panel.codes), -1, dtype=np.int64)
        self._column[stocks] = np.arange(len(stocks))
        width = operators.width(len(panel.features))
        arrays = (
            ((len(ends), 2, width), torch.float64),
            ((len(ends), width, len(stocks)), dtype),
        )
        if folder is None:
            memory = [torch.zeros(shape, dtype=kind, device=device) for shape, kind in arrays]
            self._fill(memory, ends)
        else:
            key = {
                "panel": panel.fingerprint,
                "features": " ".join(panel.features),
                "operators": identity_of(operators),
                "ends": " ".join(map(str, ends)),
                "type": str(dtype),
            }
            memory = mapped(folder, key, arrays, lambda memory: self._fill(memory, ends))
        self._constants_E2C, self._values_ECN = memory

    def take(
        self, ends: Sequence[int], stocks: np.ndarray, rows: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """See `WindowStore`."""
        columns = torch.from_numpy(self._column[stocks]).to(self._values_ECN.device)
        places = [self._place[end] for end in ends]
        return _gather(
            [(self._values_ECN[e], self._constants_E2C[e], columns) for e in places], rows
        )

    def _fill(self, memory: Sequence[Tensor], ends: np.ndarray) -> None:
        """Work out all windows; see `__init__` for the two arrays."""
        constants_E2C, values_ECN = memory
        days = self.operators.days
        for block in np.split(ends, np.flatnonzero(np.diff(ends // _SESSIONS_PER_READ)) + 1):
            first = int(block[0]) - days + 1
            days_TNF = self.panel.read("features", first, int(block[-1]) + 1)
            for end in block:
                stop, place = int(end) + 1 - first, self._place[int(end)]
                stocks, values, constants = work_out(days_TNF[stop - days : stop], self.operators)
                columns = torch.from_numpy(self._column[stocks]).to(values_ECN.device)
                values_ECN[place].index_copy_(1, columns, values.to(values_ECN))
                constants_E2C[place] = constants


def work_out(days_TNF: np.ndarray, operators: Operators) -> tuple[np.ndarray, Tensor, Tensor]:
    """Compute one window's features and normalise them by its own cross-section.

    Moments are taken in float64: the covariance of two volumes reaches 7.5e15, and its square
    must not overflow.

    Args:
        days_TNF: The panel's channels on the days of the window, NaN where a stock did not trade.
        operators: Makes the features.

    Returns:
        The stocks (n,) that traded on all days, their values (C, n) float32, and location and
        scale (2, C) float64, exact in float32.
    """
    stocks = np.flatnonzero(np.isfinite(days_TNF).all(axis=(0, 2)))
    days_FTN = torch.from_numpy(days_TNF[:, stocks]).permute(2, 0, 1).contiguous()
    return stocks, *_normalise(operators(days_FTN))


def _normalise(features_CN: Tensor) -> tuple[Tensor, Tensor]:
    """Write (features - location) / scale in their place; return them, and the two (2, C)."""
    variance, mean = torch.var_mean(features_CN.double(), dim=1, correction=0)
    scale = torch.where(variance > 0, variance.sqrt(), 1.0)
    constants = torch.stack([mean, scale]).to(features_CN.dtype)
    location, scale = constants[:, :, None]
    return features_CN.sub_(location).div_(scale), constants.double()


def windows_of(
    pictures: Tensor,
    operators: Operators,
    rows: Tensor | None = None,
    also: WindowInputs | None = None,
) -> Windows:
    """Windows of pictures (S, F, T) of one cross-section, normalised by these stocks alone."""
    ends = window_ends(pictures.shape[2] - 1, pictures.shape[2], operators)
    found = []
    for end in ends:
        days_FTS = pictures[:, :, end + 1 - operators.days : end + 1].permute(1, 2, 0).contiguous()
        values, constants = _normalise(operators(days_FTS))
        found.append((values, constants) if rows is None else (values[rows], constants[:, rows]))
    values = torch.stack([values for values, _ in found])
    location, scale = torch.stack([constants for _, constants in found], dim=1)
    mean, variance = _moments(values, location, scale)
    others = windows_of(pictures, also.operators, also.rows, also.also) if also else None
    count = (pictures.shape[0],)
    return Windows(values, location[None], scale[None], mean[None], variance[None], count, others)


def window_ends(session: int, picture_days: int, operators: Operators) -> list[int]:
    """Sessions at which the windows of a picture end, oldest first; the last is its own."""
    count = (picture_days - operators.days) // operators.stride + 1
    return [session - operators.stride * back for back in reversed(range(count))]


def _gather(
    windows: Sequence[tuple[Tensor, Tensor, Tensor]], rows: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Take some features of some stocks of each window, into one memory.

    Args:
        windows: Of each the values (C', N), the constants (2, C') and the columns (S,) to take.
        rows: (C,) of C'; None for all.
    """
    values_CN, _, columns = windows[0]
    rows = None if rows is None else rows.to(values_CN.device)
    width = len(values_CN) if rows is None else len(rows)
    values_WCS = values_CN.new_empty(len(windows), width, len(columns))
    for out, (values_CN, _, columns) in zip(values_WCS, windows, strict=True):
        # Whole rows first, which are contiguous.
        chosen = values_CN if rows is None else values_CN.index_select(0, rows)
        if chosen.dtype.itemsize > 2:
            torch.index_select(chosen, 1, columns, out=out)
        else:  # Twice as fast, as integers, where a value has two bytes.
            whole, places = torch.int16, columns.expand(width, -1)
            torch.gather(chosen.view(whole), 1, places, out=out.view(whole))
    constants_2WC = torch.stack([constants for _, constants, _ in windows], dim=1)
    return values_WCS, constants_2WC if rows is None else constants_2WC[..., rows]


def _moments(values_WCS: Tensor, location: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and biased variance (C,) of the features over stocks and windows, in float64."""
    values_WCS = values_WCS.to(torch.promote_types(values_WCS.dtype, torch.float32))
    spread, centre = torch.var_mean(values_WCS, dim=2, correction=0)
    means = location + scale * centre
    mean = means.mean(0)
    within = (scale.square() * spread).mean(0)
    return mean, within + (means - mean).square().mean(0)


def _traded(panel: Panel, first: int, stop: int) -> np.ndarray:
    """Stocks that traded at all in these sessions."""
    return np.flatnonzero(panel.read("traded", first, stop).any(axis=0))
