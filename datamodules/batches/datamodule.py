"""The LightningDataModule: one fit's training and validation cross-sections, as of a session."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import lightning.pytorch as pl
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from datamodules.base.errors import ConfigError, PanelError
from datamodules.batches.cross_sections import (
    CrossSectionDataset,
    CrossSections,
    InputSource,
    Membership,
    read_membership,
)
from datamodules.batches.pictures import ResidentSlice, StreamedSlice
from datamodules.batches.sampler import CrossSectionSampler
from datamodules.batches.split import Split, split_of
from datamodules.batches.style_basis import StyleBases
from datamodules.batches.windows import (
    WindowBank,
    WindowInputs,
    WindowSource,
    WindowStore,
    WindowStream,
)
from datamodules.panel import Panel
from datamodules.settings import DataSettings

T = TypeVar("T")

_ONCE = "once: "


class LastRead:
    """What a process read last: its next fit may differ in the seed or the variant alone."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[object, Any]] = {}

    def get(self, what: str, key: object, read: Callable[[], T]) -> T:
        """What was read under this key, or is read now in place of the last of its kind."""
        if what not in self._kept or self._kept[what][0] != key:
            self._kept.pop(what, None)  # before the next is read: memory holds one
            self._kept[what] = key, read()
        value: T = self._kept[what][1]
        return value

    def windows(
        self,
        panel: Panel,
        takes: WindowInputs,
        sessions: np.ndarray,
        residency: str = "host",
        device: torch.device | None = None,
        nth: int = 0,
    ) -> WindowSource:
        """The windows of these sessions' pictures, as a network takes them, from one store.

        Args:
            panel: The panel.
            takes: What of the windows the network takes.
            sessions: (D,) session indices.
            residency: Where they are kept, if at all; see `data.residency`.
            device: Of windows kept in memory.
            nth: How many other kinds of windows the same network takes: each kind is kept.
        """
        also = None
        if takes.also is not None:
            also = self.windows(panel, takes.also, sessions, residency, device, nth=nth + 1)
        of = panel.path, panel.fingerprint, panel.features
        key = (*of, takes.operators, takes.dtype, residency, device, sessions.tobytes())

        def read() -> WindowStore:
            for what in self._resting_on_windows(nth):
                del self._kept[what]
            if residency == "stream":
                return WindowStream(panel, takes.operators, takes.dtype)
            beside = panel.path.with_name(f"{panel.path.name}.windows")
            folder = beside if residency == "disk" else None
            days = np.sort(sessions)
            return WindowBank(panel, takes.operators, days, takes.dtype, device, folder)

        store = self.get(f"windows {nth}", key, read)
        rows = None if takes.rows is None else tuple(takes.rows.tolist())
        return self.get(
            f"rows {nth}", (key, rows, also), lambda: WindowSource(store, takes.rows, also)
        )

    def _resting_on_windows(self, nth: int) -> list[str]:
        """What is kept and would keep the windows before in memory."""
        rows = {f"rows {kind}" for kind in range(nth + 1)}
        return [what for what in self._kept if what in rows or what.startswith(_ONCE)]


class CrossSectionDataModule(pl.LightningDataModule):
    """Whole cross-sections of one fit, shuffled by date from (seed, epoch).

    Args:
        panel: The panel.
        settings: Group `data`.
        asof: Session index of the fit.
        seed: The fit's seed.
        with_styles: Batches carry style bases, for a neutralised loss.
        windows: The network takes these windows of features; None where it takes pictures.
        last: What this process read for an earlier fit, taken over where it is the same.
    """

    def __init__(
        self,
        panel: Panel,
        settings: DataSettings,
        asof: int,
        seed: int,
        *,
        with_styles: bool = False,
        windows: WindowInputs | None = None,
        last: LastRead | None = None,
    ) -> None:
        super().__init__()
        self._last, self._windows = last or LastRead(), windows
        self._of = (panel.path, panel.fingerprint)
        self._bases = (
            self._last.get("bases", self._of, lambda: StyleBases(panel)) if with_styles else None
        )
        self._panel, self._settings, self._seed = panel, settings, seed
        self.features = panel.features
        self.split: Split = split_of(panel, settings, asof)
        self.train: CrossSectionDataset | None = None
        self.validation: CrossSectionDataset | None = None

    def setup(self, stage: str) -> None:
        """Read labels and, unless streaming, the slice of the panel that the fit needs."""
        if self.train is not None:
            return
        members = ("label", "filter", "horizon")
        key = (
            *(*self._of, self._bases is not None, self.split.asof),
            *(self.split.train.tobytes(), self.split.validation.tobytes()),
            *(getattr(self._settings, name) for name in members),
        )
        parts = self._last.get("cross-sections", key, self._read)
        source = self._source(parts)
        self._what = (*key, source)
        self.train, self.validation = (
            CrossSectionDataset(part.sessions, part.members, part.labels, source, self._bases)
            for part in parts
        )

    def once(self, what: str, by: object, work_out: Callable[[], T]) -> T:
        """What is worked out of these cross-sections, kept for the next fit of the same.

        Args:
            what: Its kind; one of each is kept.
            by: All else that it depends on.
            work_out: Called where it is not kept.
        """
        return self._last.get(_ONCE + what, (self._what, by), work_out)

    def train_dataloader(self) -> DataLoader[CrossSections]:
        """One item a step; the order continues where a resumed run left it."""
        dataset = self.train
        sampler = CrossSectionSampler(
            len(dataset) if dataset is not None else 0,
            self._seed,
            self._settings.dates_per_step,
            rank=self.trainer.global_rank if self.trainer else 0,
            ranks=self.trainer.world_size if self.trainer else 1,
        )
        if self.trainer:
            # On resume Lightning builds the iterator before it sets the epoch.
            loop = self.trainer.fit_loop
            sampler.set_epoch(loop.epoch_progress.current.processed)  # type: ignore[attr-defined]
            # At the end of an epoch all of its steps are counted still.
            sampler.skip(loop.epoch_loop.batch_progress.current.processed % len(sampler))  # type: ignore[attr-defined]
        return self._loader(dataset, sampler)

    def val_dataloader(self) -> DataLoader[CrossSections]:
        """Validation cross-sections in order, dealt round-robin to the ranks."""
        dataset = self.validation
        count = len(dataset) if dataset is not None else 0
        rank = self.trainer.global_rank if self.trainer else 0
        ranks = self.trainer.world_size if self.trainer else 1
        if count < ranks:
            raise ConfigError(
                f"{ranks} processes share {count} validation sessions",
                "each needs one",
                f"at most {count} processes",
            )
        return self._loader(dataset, range(rank, count, ranks))

    def transfer_batch_to_device(
        self, batch: CrossSections, device: torch.device, dataloader_idx: int
    ) -> CrossSections:
        """A batch that is there already stays as it is: Lightning looks into every part of it."""
        if batch.label.device == device:
            return batch
        moved: CrossSections = super().transfer_batch_to_device(batch, device, dataloader_idx)
        return moved

    def pictures_of(self, batch: CrossSections) -> Tensor:
        """Pictures (S, F, T) behind a batch, whatever the network takes of them."""
        source = StreamedSlice(self._panel)
        sessions = batch.date.unique_consecutive().tolist()
        return source.stack([source.inputs(day, self._stocks_of(day)) for day in sessions])

    def name_row(self, batch: CrossSections, row: int) -> str:
        """Stock and date of a batch's row, e.g. `SH600000 on 2011-05-03`."""
        session = int(batch.date[row])
        offset = row - int((batch.date == session).int().argmax())  # the rows of a date together
        code = self._panel.codes[self._stocks_of(session)[offset]]
        return f"{code} on {self._panel.dates[session]}"

    def _stocks_of(self, session: int) -> np.ndarray:
        for part in (self.train, self.validation):
            if part is not None and session in part.sessions:
                return part.stocks[int(np.searchsorted(part.sessions, session))]
        raise KeyError(session)

    def _loader(self, dataset: object, sampler: object) -> DataLoader[CrossSections]:
        workers = self._settings.workers if self._settings.residency == "stream" else 0
        return DataLoader(
            dataset,  # type: ignore[arg-type]
            batch_size=None,
            sampler=sampler,  # type: ignore[arg-type]
            num_workers=workers,
            persistent_workers=workers > 0,
            # A forked worker inherits locked threads of the parent's Zarr and BLAS.
            multiprocessing_context="forkserver" if workers else None,
        )

    def _read(self) -> tuple[Membership, Membership]:
        # Something of a cross-section must be left once its styles and intercept are taken out.
        least = 2 if self._bases is None else len(self._panel.styles) + 2
        train, validation = (
            read_membership(self._panel, self._settings, sessions, least)
            for sessions in (self.split.train, self.split.validation)
        )
        for name, part in (("training", train), ("validation", validation)):
            if len(part.sessions) < 2:
                raise PanelError(
                    f"{len(part.sessions)} {name} sessions have labelled stocks",
                    "a fit needs at least two of each",
                    "see the drop ledger in data_report.json beside the panel",
                )
        return train, validation

    def _device(self) -> torch.device:
        """Where what is resident lives."""
        if self._settings.residency == "device" and self.trainer:
            return self.trainer.strategy.root_device
        return torch.device("cpu")

    def _source(self, parts: Sequence[Membership]) -> InputSource:
        sessions = np.concatenate([part.sessions for part in parts])
        residency, device = self._settings.residency, self._device()
        if self._windows is not None:
            return self._last.windows(self._panel, self._windows, sessions, residency, device)
        if residency in ("stream", "disk"):
            return StreamedSlice(self._panel)
        stocks = np.flatnonzero(np.any([part.members.any(axis=0) for part in parts], axis=0))
        span = int(sessions.min()), int(sessions.max())
        key = (*self._of, self.features, *span, stocks.tobytes(), device)
        return self._last.get(
            "pictures", key, lambda: ResidentSlice(self._panel, *span, stocks, device)
        )
