"""Reading a panel: what every fit, prediction and evaluation starts from.

Example:
    >>> panel = Panel.open("runs/demo/panel.zarr")
    >>> panel.read("features", 100, 130).shape  # 30 sessions
    (30, 300, 15)
"""

from collections.abc import Sequence
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import zarr

from datamodules.base.dates import NoDayError, read_day
from datamodules.base.errors import PanelError
from datamodules.base.words import nearest
from datamodules.panel.layout import COORDINATES, LAYOUT, SHARD_DAYS, hash_array, shard_files
from datamodules.panel.manifest import (
    MANIFEST,
    REBUILD,
    Manifest,
    check_files,
    check_size,
    read_manifest,
)
from datamodules.settings import IndexSettings

_ZARR_ERRORS = (OSError, ValueError, KeyError, RuntimeError)


class Panel:
    """A panel on disk, read by session index; pickles as its path, fingerprint and channels.

    Attributes:
        path: The folder.
        dates: (D,) datetime64[D], ascending.
        codes: (S,) str, ascending.
        features: Names of the channels that `read("features")` gives, in order.
        industries: Names that `industry` counts.
        styles: Style names; empty without styles.
        horizon: Sessions a forward return spans.
        picture_days: Sessions in one picture.
        index: The benchmark it was built with; None without one, or in a panel of before this
            was recorded.
        fingerprint: sha256 over all contents.
        attrs: Everything else that was stored with it.
    """

    def __init__(
        self, path: Path, manifest: Manifest, features: Sequence[str] | None = None
    ) -> None:
        self.path = path
        self.fingerprint = manifest.fingerprint
        self._manifest = manifest
        self._identity = self._stat()
        self.attrs: dict[str, Any] = dict(self._group.attrs)
        self.dates: np.ndarray = self._labels("date").astype("datetime64[D]")
        self.codes: np.ndarray = np.array(self._names("code"))
        stored = self._names("feature")
        self.features = stored if features is None else tuple(features)
        chosen = [stored.index(name) for name in self.features]
        self._channels = None if self.features == stored else chosen
        self.industries = self._names("industry_name")
        self.styles = self._names("style") if "style" in manifest.arrays else ()
        self.horizon = int(self.attrs["horizon"])
        self.picture_days = int(self.attrs["picture_days"])
        index = self.attrs.get("index")
        self.index = None if index is None else IndexSettings(**index)

    @classmethod
    def open(cls, path: Path | str) -> "Panel":
        """Open a panel, checking that every file is present and no metadata changed.

        Raises:
            PanelError: Absent, foreign, of another version, or damaged, naming the file.
        """
        root = Path(path).absolute()
        manifest = read_manifest(root)
        check_files(root, manifest)
        return cls(root, manifest)

    def with_features(self, names: Sequence[str]) -> "Panel":
        """The same panel with some of its channels, in this order: a variant may take fewer.

        Raises:
            PanelError: It does not hold one of them.
        """
        if tuple(names) == self.features:
            return self
        if absent := [name for name in names if name not in self.features]:
            raise PanelError(f"the panel {self.path} has no channel {', '.join(absent)}",
                             f"some of {', '.join(self.features)}",
                             f"data.features=[{','.join(self.features)}]")  # fmt: skip
        return Panel(self.path, self._manifest, names)

    @property
    def names(self) -> tuple[str, ...]:
        """The arrays that the panel holds, coordinates apart."""
        return tuple(name for name in LAYOUT if name in self._manifest.arrays)

    def has(self, name: str) -> bool:
        """Say whether the panel holds an array of this name."""
        return name in self.names

    def read(self, name: str, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Read rows start..stop (sessions) of an array; all of them by default.

        Args:
            name: A name of `layout.LAYOUT` that the panel holds.
            start: First session index.
            stop: One past the last.

        Returns:
            A new array (stop - start, ...).

        Raises:
            PanelError: No such array or rows, or the array is damaged (naming the file).
        """
        if not self.has(name):
            raise PanelError(
                f"the panel {self.path} has no array {name!r}",
                f"one of {', '.join(self.names)}",
                nearest(name, self.names),
            )
        stop = len(self.dates) if stop is None else stop
        if not 0 <= start <= stop <= len(self.dates):
            raise PanelError(
                f"sessions {start} to {stop} of {name!r}",
                f"within 0 to {len(self.dates)}, the panel's sessions",
                "panel.session_on_or_before(day), which finds the session of a date",
            )
        self._check_same()
        for file in shard_files(name, start, stop):
            check_size(self.path, self._manifest, file)
        try:
            values = np.asarray(self._array(name)[start:stop])
        except _ZARR_ERRORS as error:
            raise self._damage(name, start, stop, error) from error
        self._check_same()  # again: it may have been replaced between two shards
        if name == "features" and self._channels is not None:
            return values[:, :, self._channels]
        return values

    def session_on_or_before(self, day: np.datetime64 | date | str) -> int:
        """Return the index of the last session on or before a calendar date.

        Raises:
            PanelError: It is no date, or before the panel's first session.
        """
        try:
            wanted = np.datetime64(read_day(str(day)[:10]))
        except NoDayError as error:
            raise PanelError(f"{day!r} is no date", str(error), str(self.dates[-1])) from error
        session = int(np.searchsorted(self.dates, wanted, side="right")) - 1
        if session < 0:
            raise PanelError(
                f"{day} is before the panel's first session {self.dates[0]}",
                f"a date from {self.dates[0]} to {self.dates[-1]}",
                f"{self.dates[0]}, or a panel that begins earlier",
            )
        return session

    def verify(self) -> None:
        """Read everything again and compare it with the content hashes; seconds a gigabyte.

        Raises:
            PanelError: Naming the first array whose content is not what was written.
        """
        check_files(self.path, self._manifest)
        for name, record in self._manifest.arrays.items():
            try:
                digest = hash_array(self._group, name)
            except _ZARR_ERRORS as error:
                raise self._damage(name, 0, len(self.dates), error) from error
            if digest != record.sha256:
                raise PanelError(f"array {name!r} of {self.path} differs from what was written",
                                 "unchanged content", REBUILD)  # fmt: skip

    def __repr__(self) -> str:
        span = f"{self.dates[0]} to {self.dates[-1]}" if len(self.dates) else "empty"
        return (
            f"Panel({self.path}: {len(self.dates)} sessions {span}, {len(self.codes)} stocks, "
            f"{len(self.features)} features, fingerprint {self.fingerprint[:12]})"
        )

    def __reduce__(self) -> tuple[Any, tuple[Path, str, tuple[str, ...]]]:
        return _reopen, (self.path, self.fingerprint, self.features)

    @cached_property
    def _group(self) -> zarr.Group:
        try:
            return zarr.open_group(self.path, mode="r", zarr_format=3, use_consolidated=False)
        except _ZARR_ERRORS as error:
            raise PanelError(f"{self.path} cannot be opened ({error})", "a readable Zarr group",
                             REBUILD) from error  # fmt: skip

    def _array(self, name: str) -> Any:
        return self._group[name]

    def _labels(self, name: str) -> np.ndarray:
        try:
            return np.asarray(self._array(name)[:])
        except _ZARR_ERRORS as error:
            raise self._damage(name, 0, 0, error) from error

    def _names(self, name: str) -> tuple[str, ...]:
        return tuple(str(label) for label in self._labels(name))

    def _stat(self) -> tuple[int, int]:
        stat = (self.path / MANIFEST).stat()
        return stat.st_ino, stat.st_mtime_ns

    def _check_same(self) -> None:
        try:
            same = self._stat() == self._identity
        except OSError:
            same = False
        if not same:
            raise _replaced(self.path)

    def _damage(self, name: str, start: int, stop: int, error: Exception) -> PanelError:
        """Name the first shard of an array that does not read."""
        file = f"{name}/c/0" if name in COORDINATES else self._first_bad(name, start, stop)
        return PanelError(f"array {name!r} is damaged in {self.path / file} ({error})",
                          "content that fits its checksum", REBUILD)  # fmt: skip

    def _first_bad(self, name: str, start: int, stop: int) -> str:
        files = shard_files(name, start, stop)
        first = start // SHARD_DAYS
        for shard, file in enumerate(files, start=first):
            rows = slice(max(start, shard * SHARD_DAYS), min(stop, (shard + 1) * SHARD_DAYS))
            try:
                self._array(name)[rows]
            except _ZARR_ERRORS:
                return file
        return name


def _reopen(path: Path, fingerprint: str, features: tuple[str, ...]) -> Panel:
    panel = Panel.open(path)
    if panel.fingerprint != fingerprint:
        raise _replaced(path)
    return panel.with_features(features)


def _replaced(path: Path) -> PanelError:
    return PanelError(f"the panel {path} was replaced while in use", "one panel throughout",
                      "start again, or prepare new panels under another path")  # fmt: skip
