"""The LightningDataModule: one fit's training and validation cross-sections, as of a session."""

from collections.abc import Callable
from dataclasses import asdict

import lightning.pytorch as pl
import numpy as np
import torch
from torch.utils.data import DataLoader

from datamodules.base.errors import ConfigError, PanelError
from datamodules.batches.batch import CrossSections
from datamodules.batches.cross_sections import CrossSectionDataset
from datamodules.batches.members import Sections, read_sections, split_of
from datamodules.batches.pictures import PictureSource, ResidentSlice, StreamedSlice
from datamodules.batches.sampler import CrossSectionSampler
from datamodules.batches.split import Split
from datamodules.batches.style_basis import StyleBases
from datamodules.panel.panel import Panel
from datamodules.settings import DataSettings

Parts = tuple[CrossSectionDataset, CrossSectionDataset]
"""Training and validation cross-sections."""


class LastRead:
    """The cross-sections that a process read last: its next fit may differ in the seed alone."""

    def __init__(self) -> None:
        self._key: object = None
        self._parts: Parts | None = None

    def get(self, key: object, read: Callable[[], Parts]) -> Parts:
        """The cross-sections of this key, read if they are not the last ones."""
        if self._parts is None or key != self._key:
            self._parts = None  # before the next slice of the panel: memory holds one
            self._key, self._parts = key, read()
        return self._parts


class CrossSectionDataModule(pl.LightningDataModule):
    """Whole cross-sections of one fit, shuffled by date from (seed, epoch).

    Args:
        panel: The panel.
        settings: Group `data`.
        asof: Session index of the fit.
        seed: The fit's seed.
        with_styles: Batches carry style bases, for a neutralised loss.
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
        last: LastRead | None = None,
    ) -> None:
        super().__init__()
        self._last = last or LastRead()
        self._bases = StyleBases(panel) if with_styles else None
        self._panel, self._settings, self._seed = panel, settings, seed
        self.features = panel.features
        self.split: Split = split_of(panel, settings, asof)
        self.train: CrossSectionDataset | None = None
        self.validation: CrossSectionDataset | None = None

    def setup(self, stage: str) -> None:
        """Read labels and, unless streaming, the slice of the panel that the fit needs."""
        if self.train is not None:
            return
        key = (
            *(self._panel.path, self._panel.fingerprint, self._bases is not None),
            *(self.split.asof, asdict(self._settings), self._device()),
        )
        self.train, self.validation = self._last.get(key, self._read)

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

    def name_row(self, batch: CrossSections, row: int) -> str:
        """Stock and date of a batch's row, e.g. `SH600000 on 2011-05-03`."""
        session = int(batch.date[row])
        offset = row - int((batch.date == session).int().argmax())  # the rows of a date together
        for part in (self.train, self.validation):
            if part is not None and session in part.sessions:
                stocks = part.stocks[int(np.searchsorted(part.sessions, session))]
                code = self._panel.codes[stocks[offset]]
                return f"{code} on {self._panel.dates[session]}"
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

    def _read(self) -> Parts:
        # Something of a cross-section must be left once its styles and intercept are taken out.
        least = 2 if self._bases is None else len(self._panel.styles) + 2
        train, validation = (
            read_sections(self._panel, self._settings, sessions, least)
            for sessions in (self.split.train, self.split.validation)
        )
        for name, part in (("training", train), ("validation", validation)):
            if len(part.sessions) < 2:
                raise PanelError(
                    f"{len(part.sessions)} {name} sessions have labelled stocks",
                    "a fit needs at least two of each",
                    "see the drop ledger in data_report.json beside the panel",
                )
        source = self._source(train, validation)
        return self._dataset(train, source), self._dataset(validation, source)

    def _dataset(self, part: Sections, source: PictureSource) -> CrossSectionDataset:
        return CrossSectionDataset(part.sessions, part.members, part.labels, source, self._bases)

    def _device(self) -> torch.device:
        """Where a resident slice lives."""
        if self._settings.residency == "device" and self.trainer:
            return self.trainer.strategy.root_device
        return torch.device("cpu")

    def _source(self, *parts: Sections) -> PictureSource:
        if self._settings.residency == "stream":
            return StreamedSlice(self._panel)
        stocks = np.flatnonzero(np.any([part.members.any(axis=0) for part in parts], axis=0))
        first = min(int(part.sessions[0]) for part in parts)
        last = max(int(part.sessions[-1]) for part in parts)
        return ResidentSlice(self._panel, first, last, stocks, self._device())
