"""What is kept of a study so that the loss of its runs costs nothing: a table, and fits that score.

FOLDER/fits.csv                           a row a fit, written after the fit is kept
FOLDER/VARIANT/ASOF/seedS-HASH/           config.yaml, best.ckpt without optimiser state, and
                                          fit.json with the digest of this smaller best.ckpt
FOLDER/VARIANT/evaluation.json, tables/   of the factor of all seeds whose windows are complete

A checkpoint is 156 kB for v2 and 79 kB for n=8. They are not compressed: zlib takes off a tenth.
"""

import hashlib
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import torch

from alphanet_pl.factor.roll.plan import Task
from alphanet_pl.fit.checkpoints import SafeCheckpoints
from alphanet_pl.fit.folder import DIGEST, Fit, done_fit, read_record
from benchmarks.rows import read_rows, write_rows
from datamodules.base.errors import FitError
from datamodules.base.files import (
    locked,
    read_json,
    sha256_of,
    write_json,
    written_aside,
)

FOR_RESUMING = ("optimizer_states", "lr_schedulers", "callbacks", "loops")
"""Parts of a checkpoint that a finished fit needs no more."""


class Row(NamedTuple):
    """A line of fits.csv."""

    variant: str
    asof: str
    """Session of the fit, YYYY-MM-DD."""
    seed: int
    epochs: int
    best_epoch: int
    val_rank_ic: float
    """Of the epoch that is kept."""
    test_rank_ic: float
    """Mean RankIC of the raw factor at every tenth session until the next window."""
    seconds: float
    """Wall time of training, over all runs of the fit."""
    weights_sha256: str
    commit: str
    """That trained it; `-dirty` where the checkout had changes."""

    @property
    def key(self) -> tuple[str, str, int]:
        """What there is one row of."""
        return self.variant, self.asof, self.seed


class Record:
    """A study's record in a folder.

    Args:
        folder: Made when the first fit is kept.

    Attributes:
        own: Rows that were kept through this object.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._table = folder / "fits.csv"
        self._rows: dict[tuple[str, str, int], Row] = {}
        self.own: list[Row] = []
        self.read_again()

    def read_again(self) -> None:
        """Take in what other processes have kept."""
        self._rows = {row.key: row for row in _read(self._table)}

    @property
    def rows(self) -> list[Row]:
        """The rows, in the order in which the fits were kept."""
        return list(self._rows.values())

    def fit(self, row: Row) -> Fit:
        """The fit behind a row.

        Raises:
            FitError: Its folder is not there.
        """
        home = self.folder / row.variant / row.asof
        found = [done_fit(path.parent) for path in home.glob(f"seed{row.seed}-*/fit.json")]
        for fit in found:
            if fit is not None:
                return fit
        raise FitError(
            f"{home} holds no fit of seed {row.seed}",
            f"a row of {self._table} has one",
            "the same study without that row trains it once more",
        )

    def holds(self, task: Task) -> bool:
        """Whether a fit is recorded.

        Raises:
            FitError: One of other settings or of another panel is, in its place.
        """
        if _key(task) not in self._rows:
            return False
        place = self.place(task.folder)
        if done_fit(place) is not None:
            return True
        if others := sorted(place.parent.glob(f"seed{task.settings.seed}-*/fit.json")):
            raise FitError(
                f"{others[0].parent} was trained with other settings, or on another panel, "
                f"than {place.name}",
                "a record is of one study",
                "the words and the tables that it was made with, or output=ANOTHER_FOLDER",
            )
        return False

    def lay_back(self, tasks: Iterable[Task]) -> None:
        """Put the recorded fits into their fit folders, where those do not hold them already.

        Raises:
            FitError: One is damaged.
        """
        for task in filter(self.holds, tasks):
            place = self.place(task.folder)
            record = read_record(place)
            there = read_record(task.folder)
            if record is None or there == {**record, DIGEST: (there or {}).get(DIGEST)}:
                continue
            if weights_sha256(Fit(place, record)) != self._rows[_key(task)].weights_sha256:
                raise FitError(
                    f"{place / 'best.ckpt'} does not hold the weights of its row",
                    f"{self._table} has the hash of each fit's",
                    f"rm -r {place}, and the same command trains it once more",
                )
            _copy_fit(place, task.folder)

    def keep(self, fit: Fit, row: Row) -> None:
        """Keep a finished fit; its row, written last, says that it is whole."""
        _copy_fit(fit.folder, self.place(fit.folder))
        with locked(self.folder / ".lock", None):  # parts of a study keep theirs side by side
            self.read_again()
            self._rows[row.key] = row
            write_rows(self._table, Row, self._rows.values())
        self.own.append(row)

    def keep_evaluation(self, variant: str, home: Path) -> None:
        """Keep evaluation.json and tables of a variant's folder of runs."""
        _copy_evaluation(home, self.folder / variant)

    def lay_back_evaluation(self, variant: str, home: Path) -> None:
        """Put them back in place of what is there."""
        kept = self.folder / variant
        if (kept / "evaluation.json").is_file():
            _copy_evaluation(kept, home)

    def place(self, folder: Path) -> Path:
        """Where a fit of this folder is kept."""
        return self.folder.joinpath(*folder.parts[-3:])


def _key(task: Task) -> tuple[str, str, int]:
    variant, asof, _ = task.folder.parts[-3:]
    return variant, asof, task.settings.seed


def weights_sha256(fit: Fit) -> str:
    """Hash of the names and the numbers of all weights and statistics, whatever file holds them."""
    found = hashlib.sha256()
    for name, values in sorted(fit.load().state_dict().items()):
        found.update(name.encode())
        found.update(values.contiguous().numpy().tobytes())
    return found.hexdigest()


def _copy_fit(source: Path, target: Path) -> None:
    """What scores, without what resumes; fit.json, which says that a fit is done, comes last."""
    content = torch.load(source / "best.ckpt", map_location="cpu", weights_only=True)
    slim = {name: part for name, part in content.items() if name not in FOR_RESUMING}
    SafeCheckpoints().save_checkpoint(slim, target / "best.ckpt")
    _copy(source / "config.yaml", target / "config.yaml")
    digest = {DIGEST: sha256_of(target / "best.ckpt")}
    write_json(target / "fit.json", read_json(source / "fit.json") | digest)


def _copy_evaluation(source: Path, target: Path) -> None:
    """The tables, no others, then evaluation.json."""
    found = {path.name: path for path in (source / "tables").glob("*.csv")}
    for path in (target / "tables").glob("*.csv"):
        if path.name not in found:
            path.unlink()
    for name, path in sorted(found.items()):
        _copy(path, target / "tables" / name)
    _copy(source / "evaluation.json", target / "evaluation.json")


def _copy(source: Path, target: Path) -> None:
    with written_aside(target) as aside:
        shutil.copyfile(source, aside)


def _read(path: Path) -> list[Row]:
    try:
        return read_rows(path, Row)
    except ValueError as error:
        raise FitError(
            f"{path} cannot be read ({error})",
            f"its columns are {', '.join(Row._fields)}",
            f"git checkout {path}, or the same study without the damaged row",
        ) from None
