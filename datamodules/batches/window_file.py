"""Windows kept in a memory-mapped file beside the panel, for all processes and for tomorrow.

A file is named by all that its values follow from: panel, operators and their source, sessions,
type, torch's version. It is written aside under a lock, renamed, and checked whenever it is opened.
"""

import hashlib
import inspect
import json
import math
import shutil
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from datamodules.base.errors import ConfigError
from datamodules.base.files import locked, read_json, sha256_of, write_json, written_aside
from datamodules.base.words import log

_FORMAT = 1
_PLAIN = ("builtins", "typing")
_CHUNK = 1 << 24

Arrays = Sequence[tuple[tuple[int, ...], torch.dtype]]
"""Shape and type of each array of a file; wider types first, so that all are aligned."""


def identity_of(operators: object) -> str:
    """What operators compute: their class, its arguments, and what its files and its bases' say."""
    kind = type(operators)
    files = [inspect.getfile(one) for one in kind.__mro__ if one.__module__ not in _PLAIN]
    sources = " ".join(sha256_of(Path(file)) for file in dict.fromkeys(files))
    return f"{kind.__module__}.{kind.__qualname__} {sorted(vars(operators).items())} {sources}"


def mapped(
    folder: Path,
    key: Mapping[str, str],
    arrays: Arrays,
    fill: Callable[[Sequence[Tensor]], None],
) -> list[Tensor]:
    """Arrays of a file that is written, once, where it is absent, damaged or of another key.

    Args:
        folder: Of the files; those of another panel are deleted before one is written.
        key: What the values follow from; `panel` is its fingerprint.
        arrays: What is in the file.
        fill: Writes all values into arrays of zeros.

    Raises:
        ConfigError: The disk has no room for it, or the folder cannot be written to.
    """
    key = {"format": str(_FORMAT), "torch": torch.__version__, **key}
    name = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:12]
    path, size = folder / f"{name}.windows", sum(map(_bytes, arrays))
    try:
        with locked(folder / "lock", None):
            if not _whole(path, size):
                _write(path, key, arrays, fill)
            return _map(path, arrays, shared=False)
    except PermissionError as error:
        raise ConfigError(
            "data.residency=disk was given",
            f"{folder}, where windows are kept, cannot be written to",
            "data.residency=host or stream",
        ) from error


def _write(
    path: Path, key: Mapping[str, str], arrays: Arrays, fill: Callable[[Sequence[Tensor]], None]
) -> None:
    size = sum(map(_bytes, arrays))
    for other in path.parent.glob("*.json"):
        said = _described(other)
        if said is None or said["key"].get("panel") != key["panel"]:
            other.with_suffix(".windows").unlink(missing_ok=True)
            other.unlink()
    for left in path.parent.glob(".*.windows.*"):  # by a process that was killed
        left.unlink()
    free = shutil.disk_usage(path.parent).free
    if size > free:
        raise ConfigError(
            f"data.residency=disk would write {size / 1e9:.1f} GB of windows",
            f"{path.parent} has {free / 1e9:.1f} GB free",
            "data.residency=host or stream",
        )
    log(f"write {size / 1e9:.2f} GB of windows to {path}")
    with written_aside(path) as aside:
        with aside.open("wb") as file:
            file.truncate(size)
        fill(_map(aside, arrays, shared=True))
        check = _checksum(aside)
    write_json(path.with_suffix(".json"), {"key": dict(key), "bytes": size, "crc32": check})


def _whole(path: Path, size: int) -> bool:
    """Whether the file is there as it was written."""
    description = path.with_suffix(".json")
    if not (path.is_file() and description.is_file()):
        return False
    written = (_described(description) or {}).get("crc32")
    whole = path.stat().st_size == size and _checksum(path) == written
    if not whole:
        log(f"{path} is damaged, and is written anew")
    return whole


def _described(description: Path) -> dict[str, Any] | None:
    """What is said of a file; None where that is damaged."""
    try:
        found = read_json(description)
    except ValueError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("key"), dict) else None


def _map(path: Path, arrays: Arrays, *, shared: bool) -> list[Tensor]:
    """The arrays in a file's memory; what is written to them is the file's where it is shared."""
    size = sum(map(_bytes, arrays))
    memory = torch.from_file(str(path), shared=shared, size=size, dtype=torch.uint8)
    parts = memory.split([_bytes(one) for one in arrays])
    return [
        part.view(dtype).view(shape) for part, (shape, dtype) in zip(parts, arrays, strict=True)
    ]


def _bytes(array: tuple[tuple[int, ...], torch.dtype]) -> int:
    shape, dtype = array
    return math.prod(shape) * dtype.itemsize


def _checksum(path: Path) -> int:
    check = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            check = zlib.crc32(chunk, check)
    return check
