"""Writing files so that a reader never sees half of one, and one writer at a time."""

import errno
import hashlib
import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from datamodules.base.errors import AlphaNetError, ConfigError, FitError, UnfinishedError


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """A path to write, renamed to `path` at the end of the with statement; an error leaves none.

    On a shared disk a process of another machine may have the same number, so the machine's name
    is part of it; and what is renamed is on the disk, so that a power cut leaves no empty file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = _aside(path)
    try:
        yield aside
        flush(aside)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def _aside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{socket.gethostname()}.{os.getpid()}")


def try_place(path: Path, setting: str) -> None:
    """Refuse, before any work is done for it, a file that cannot be written.

    Args:
        path: The file.
        setting: What names another place, e.g. `output=FOLDER`.

    Raises:
        ConfigError: A folder is in its place, or none can be made for it, or the disk is full.
    """
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        # No folder is made, which another process that starts beside this one might use or remove.
        there = next(folder for folder in path.parents if folder.exists() or folder.is_symlink())
        aside = _aside(there / path.name)
        try:
            aside.write_bytes(bytes(4096))
        finally:
            aside.unlink(missing_ok=True)
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links
        raise ConfigError(
            f"{path} cannot be written ({getattr(error, 'strerror', None) or error})",
            "what this command makes needs a place",
            f"free some space, or {setting}",
        ) from error


def unusable(error: OSError) -> AlphaNetError | None:
    """The sentence for a file or folder that the system refuses, None where it names none."""
    if error.filename is None:
        return None
    return AlphaNetError(
        f"{error.filename} cannot be used ({error.strerror})",
        "the system refuses it",
        "look at its place and permissions, or name another in the settings",
    )


def flush(path: Path) -> None:
    """Have the system write a file's content to the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def write_text(path: Path, text: str) -> None:
    """Write aside and rename into place."""
    with written_aside(path) as aside:
        aside.write_text(text, encoding="utf-8")


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write readable JSON aside and rename into place."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def sha256_of(path: Path) -> str:
    """Hash of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def locked(path: Path, refusal: AlphaNetError | None) -> Iterator[None]:
    """Hold the lock file `path`; the system takes the lock back from a killed process.

    Args:
        path: The lock file, which stays: another process may be waiting on it.
        refusal: What to raise, at once, where another process (or thread) holds the lock; None
            waits for it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, timeout=-1 if refusal is None else 0, is_singleton=False)
    try:
        lock.acquire()
    except Timeout:
        if refusal is None:
            raise
        raise refusal from None
    try:
        yield
    finally:
        lock.release()


def is_disk_full(error: OSError) -> bool:
    """Whether no space, or none of the user's share of it, is left."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def disk_full_behind(error: BaseException) -> UnfinishedError | None:
    """The sentence for a full disk if one is behind this error, however deep, else None."""
    at: BaseException | None = error
    while at is not None:
        if isinstance(at, OSError) and is_disk_full(at):
            where = f" ({at.filename})" if at.filename else ""
            return UnfinishedError(
                f"the disk is full{where}",
                "fits and tables must be written",
                "free some space; the same command continues where it stopped",
            )
        at = at.__cause__ or at.__context__
    return None


@contextmanager
def full_disk_explained(folder: Path) -> Iterator[None]:
    """Say in one sentence that the disk under `folder` is full.

    Raises:
        FitError: In place of the operating system's error.
    """
    try:
        yield
    except OSError as error:
        if not is_disk_full(error):
            raise
        raise FitError(
            f"{folder} cannot be written to ({error.strerror})",
            "a fit keeps about 2 MB; what it saved before is intact",
            "free some space, and the same command continues",
        ) from error
