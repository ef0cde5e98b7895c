"""Writing a panel: in a folder beside the target, renamed into place when it is complete.

Killed at any moment, a build leaves the old panel or none, and a folder `.NAME.building` that the
next build clears away.
"""

import asyncio
import fcntl
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import zarr
from zarr.core.sync import sync

from datamodules.base.errors import PanelError
from datamodules.base.words import tracked
from datamodules.panel.layout import (
    LAYOUT,
    Record,
    fingerprint,
    write_array,
    write_coordinate,
)
from datamodules.panel.manifest import FORMAT, MANIFEST, VERSION, write_manifest
from datamodules.panel.read import Panel


@dataclass(frozen=True)
class PanelContents:
    """All that a panel holds; `arrays` by the names of `layout.LAYOUT`."""

    dates: np.ndarray
    codes: np.ndarray
    features: tuple[str, ...]
    industries: tuple[str, ...]
    horizon: int
    picture_days: int
    arrays: dict[str, np.ndarray]
    styles: tuple[str, ...] = ()
    attrs: Mapping[str, object] = field(default_factory=dict)

    def coordinates(self) -> dict[str, np.ndarray]:
        """Return each dimension's labels; dates as days since 1970."""
        labels = {
            "date": self.dates.astype("datetime64[D]").astype(np.int64),
            "code": self.codes,
            "feature": np.array(self.features, dtype=np.str_),
            "industry_name": np.array(self.industries, dtype=np.str_),
            "style": np.array(self.styles, dtype=np.str_),
        }
        return labels if self.styles else {k: v for k, v in labels.items() if k != "style"}


def build_panel(contents: PanelContents, out: Path) -> None:
    """Write a panel to `out`, replacing an older one only once the new one is complete.

    Args:
        contents: Coordinates and arrays; shapes must agree.
        out: The folder, usually `panel.zarr`.

    Raises:
        PanelError: Another process is writing the same panel, `out` is something else, or what
            was written does not read back.
        ValueError: An array's shape does not fit its coordinates.
    """
    _check_shapes(contents)
    out = check_target(out)
    try:
        with _staging(out) as folder:
            _write(contents, folder)
            Panel.open(folder).verify()
            _swap(folder, out)
    except OSError as error:
        raise _unwritable(out, error) from error


def check_target(out: Path) -> Path:
    """Refuse, before any work is done, a place where no panel can be written; return it resolved.

    Raises:
        PanelError: Something else is there, or the folder around it cannot be written to.
    """
    try:
        out = out.resolve()
        if out.exists() and not (out / MANIFEST).is_file():
            raise PanelError(f"{out} exists and is no panel of this program",
                             "a path that may be overwritten",
                             "remove it, or give another path")  # fmt: skip
        out.parent.mkdir(parents=True, exist_ok=True)
        Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent)).rmdir()
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links
        raise _unwritable(out, error) from error
    return out


def _unwritable(out: Path, error: Exception) -> PanelError:
    return PanelError(f"{out} cannot be written ({error})", "a folder with room for a panel",
                      "free some space, or give another path with data.panel=PATH")  # fmt: skip


def _write(contents: PanelContents, folder: Path) -> None:
    group = zarr.open_group(folder, mode="w-", zarr_format=3)
    records: dict[str, Record] = {}
    for name, labels in contents.coordinates().items():
        records[name] = write_coordinate(group, name, labels)
    for name, values in tracked(list(contents.arrays.items()), "write the panel"):
        records[name] = write_array(group, name, values)
    group.update_attributes(
        {
            **contents.attrs,
            "format": FORMAT,
            "version": VERSION,
            "features": list(contents.features),
            "horizon": contents.horizon,
            "picture_days": contents.picture_days,
            "fingerprint": fingerprint(records),
        }
    )
    with warnings.catch_warnings():  # xarray warns without consolidated metadata, zarr with it
        warnings.simplefilter("ignore")
        zarr.consolidate_metadata(group.store)
    write_manifest(folder, records)


def _check_shapes(contents: PanelContents) -> None:
    sizes = {name: len(labels) for name, labels in contents.coordinates().items()}
    for name, values in contents.arrays.items():
        needed = tuple(sizes[dim] for dim in LAYOUT[name].dims)
        if values.shape != needed:
            message = f"{name} has shape {values.shape}, not {needed}"
            raise ValueError(message)


@contextmanager
def _staging(out: Path) -> Iterator[Path]:
    """Hold the locked, empty folder `.NAME.building` beside the target."""
    folder, old = _beside(out, "building"), _beside(out, "old")
    folder.mkdir(exist_ok=True)
    with _locked(folder):
        if old.exists() and not out.exists():
            old.rename(out)  # a build died between its two renames
        shutil.rmtree(old, ignore_errors=True)
        for leftover in folder.iterdir():
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        try:
            yield folder
        except BaseException:
            sync(_under_way())  # an interrupted write goes on in zarr's own thread
            shutil.rmtree(folder, ignore_errors=True)
            raise


async def _under_way() -> None:
    """Wait for the other tasks of zarr's event loop, which would write into a removed folder."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*others, return_exceptions=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Lock a folder; the lock dies with the process, so a killed build blocks nobody."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # another build may have renamed the folder away between our mkdir and our lock
            free = os.fstat(handle).st_ino == folder.stat().st_ino
        except OSError:
            free = False
        if not free:
            raise PanelError(f"another process is writing {folder}", "one writer at a time",
                             "wait for it, or give another path")  # fmt: skip
        yield
    finally:
        os.close(handle)


def _swap(folder: Path, out: Path) -> None:
    old = _beside(out, "old")
    if out.exists():
        out.rename(old)
    folder.rename(out)
    shutil.rmtree(old, ignore_errors=True)


def _beside(out: Path, role: str) -> Path:
    return out.with_name(f".{out.name}.{role}")
