"""The panel's manifest: what files there must be, and what every array must hold.

Zarr itself notices neither a missing shard (it reads as NaN) nor a changed zarr.json. The manifest
does: every file with its size, every metadata file's sha256, every array's content hash.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from datamodules.base.errors import PanelError
from datamodules.base.files import sha256_of
from datamodules.panel.layout import Record, fingerprint

FORMAT = "alphanet-pl panel"
VERSION = 1
MANIFEST = "manifest.json"
REBUILD = "build the panel again with `alphanet prepare`"


@dataclass(frozen=True)
class Manifest:
    """Sizes in bytes by relative file name, sha256 of metadata files, records of the arrays."""

    files: dict[str, int]
    metadata: dict[str, str]
    arrays: dict[str, Record]
    fingerprint: str


def write_manifest(root: Path, arrays: Mapping[str, Record]) -> None:
    """Describe every file below root, and every array, in root/manifest.json."""
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    names = {path.relative_to(root).as_posix(): path for path in paths}
    content = {
        "format": FORMAT,
        "version": VERSION,
        "fingerprint": fingerprint(arrays),
        "arrays": {name: asdict(record) for name, record in sorted(arrays.items())},
        "metadata": {n: sha256_of(p) for n, p in names.items() if p.name == "zarr.json"},
        "files": {name: path.stat().st_size for name, path in names.items()},
    }
    (root / MANIFEST).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def read_manifest(root: Path) -> Manifest:
    """Read root/manifest.json.

    Raises:
        PanelError: There is no panel, it is not one of ours, of another version, or its manifest
            is damaged.
    """
    path = root / MANIFEST
    if not path.is_file():
        raise _not_a_panel(root)
    try:
        content = json.loads(path.read_bytes())
        if content.get("format") != FORMAT:
            raise _not_a_panel(root)
        if content["version"] != VERSION:
            raise PanelError(f"{root} is a panel of version {content['version']}",
                             f"this program reads version {VERSION}", REBUILD)  # fmt: skip
        arrays = {
            name: Record(r["dtype"], tuple(r["shape"]), r["sha256"])
            for name, r in content["arrays"].items()
        }
        manifest = Manifest(
            dict(content["files"]), dict(content["metadata"]), arrays, content["fingerprint"]
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PanelError(f"{path} is damaged ({error})", "a readable manifest", REBUILD) from error
    if fingerprint(manifest.arrays) != manifest.fingerprint:
        raise PanelError(f"{path} is damaged: its fingerprint does not fit its arrays",
                         "an unchanged manifest", REBUILD)  # fmt: skip
    return manifest


def check_files(root: Path, manifest: Manifest) -> None:
    """Check that every file is there with its size, and the metadata unchanged.

    Raises:
        PanelError: Naming the first file that is missing, of another size, or changed.
    """
    for name in manifest.files:
        check_size(root, manifest, name)
    for name, digest in manifest.metadata.items():
        if sha256_of(root / name) != digest:
            raise PanelError(f"{root / name} has changed since the panel was written",
                             "unchanged metadata", REBUILD)  # fmt: skip


def check_size(root: Path, manifest: Manifest, name: str) -> None:
    """Check one file by name, without reading it.

    Raises:
        PanelError: It is missing, or not of the size it was written with.
    """
    needed = manifest.files[name]
    try:
        size = (root / name).stat().st_size
    except OSError as error:
        raise PanelError(f"{root / name} is missing", f"a file of {needed} bytes",
                         REBUILD) from error  # fmt: skip
    if size != needed:
        raise PanelError(f"{root / name} has {size} bytes", f"{needed} bytes as written", REBUILD)


def _not_a_panel(root: Path) -> PanelError:
    if not root.exists():
        return PanelError(f"{root} does not exist", "a panel", "write one with `alphanet prepare`")
    kind = "a Zarr store of another program" if _is_zarr(root) else "no Zarr panel"
    return PanelError(f"{root} is {kind}: it has no {MANIFEST} of format {FORMAT!r}",
                      "a panel written by this program",
                      "write one with `alphanet prepare`")  # fmt: skip


def _is_zarr(root: Path) -> bool:
    return any((root / name).exists() for name in ("zarr.json", ".zgroup", ".zarray"))
