"""Panels that were damaged after they were written."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import zarr
from helpers.panel_builder import contents

from datamodules.base.errors import PanelError
from datamodules.panel import Panel, build_panel


@pytest.fixture(scope="module")
def intact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("intact") / "panel.zarr"
    build_panel(contents(0), path)
    return path


@pytest.fixture
def out(intact: Path, tmp_path: Path) -> Path:
    return shutil.copytree(intact, tmp_path / "panel.zarr")


def flip(path: Path, position: float) -> None:
    """Flip one bit, at a share of the file's length."""
    data = bytearray(path.read_bytes())
    data[int(position * (len(data) - 1))] ^= 16
    path.write_bytes(data)


def read_everything(out: Path) -> None:
    panel = Panel.open(out)
    for name in panel.names:
        panel.read(name)


FILES = ["features/c/0/0/0", "features/c/2/0/0", "close/c/1/0", "listed/c/0/0", "date/c/0",
         "code/c/0", "feature/c/0", "zarr.json", "features/zarr.json", "manifest.json"]  # fmt: skip


@pytest.mark.parametrize("position", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("file", FILES)
def test_a_flipped_bit_is_found_and_its_file_named(file: str, position: float, out: Path) -> None:
    flip(out / file, position)
    with pytest.raises(PanelError) as error:
        read_everything(out)
    assert file in str(error.value) or file == "manifest.json"


@pytest.mark.parametrize("file", FILES)
def test_a_missing_file_is_found_and_named(file: str, out: Path) -> None:
    (out / file).unlink()
    with pytest.raises(PanelError, match=file.split("/")[-1]) as error:
        Panel.open(out)
    assert file in str(error.value)


@pytest.mark.parametrize("file", FILES)
def test_a_truncated_file_is_found_and_named(file: str, out: Path) -> None:
    data = (out / file).read_bytes()
    (out / file).write_bytes(data[: len(data) // 2])
    with pytest.raises(PanelError) as error:
        Panel.open(out)
    assert file in str(error.value)


def test_a_chunk_lost_after_opening_is_no_nan(out: Path) -> None:
    panel = Panel.open(out)
    (out / "features/c/1/0/0").unlink()
    panel.read("features", 0, 240)
    with pytest.raises(PanelError, match="features/c/1/0/0 is missing"):
        panel.read("features", 200, 300)


def test_only_the_damaged_rows_are_lost(out: Path) -> None:
    flip(out / "features/c/1/0/0", 0.2)
    panel = Panel.open(out)
    panel.read("features", 0, 240)
    with pytest.raises(PanelError, match=r"'features' is damaged in .*features/c/1/0/0"):
        panel.read("features")


def test_a_chunk_of_another_panel_fails_only_the_content_check(out: Path, tmp_path: Path) -> None:
    """Valid by its own checksum, of the same size, and still not what was written."""
    other = tmp_path / "other.zarr"
    build_panel(contents(5), other)
    shutil.copy(other / "listed/c/0/0", out / "listed/c/0/0")
    manifest = json.loads((out / "manifest.json").read_text())
    manifest["files"]["listed/c/0/0"] = (out / "listed/c/0/0").stat().st_size
    (out / "manifest.json").write_text(json.dumps(manifest))
    panel = Panel.open(out)
    with pytest.raises(PanelError, match=r"'listed' .* differs from what was written"):
        panel.verify()


def test_a_bit_flipped_after_opening_fails_verification(out: Path) -> None:
    panel = Panel.open(out)
    flip(out / "close/c/1/0", 0.5)
    with pytest.raises(PanelError, match="close/c/1/0"):
        panel.verify()


def test_a_manifest_with_another_hash_is_refused(out: Path) -> None:
    manifest = json.loads((out / "manifest.json").read_text())
    manifest["arrays"]["close"]["sha256"] = "0" * 64
    (out / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(PanelError, match="fingerprint does not fit"):
        Panel.open(out)


def _foreign(path: Path) -> None:
    zarr.create_group(path).create_array("features", shape=(3,), dtype="f4")


def _foreign_manifest(path: Path) -> None:
    zarr.create_group(path)
    (path / "manifest.json").write_text('{"name": "a browser extension"}')


def _newer(path: Path) -> None:
    build_panel(contents(0), path)
    manifest = json.loads((path / "manifest.json").read_text()) | {"version": 2}
    (path / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "does not exist"),
        (lambda path: path.mkdir(), "no Zarr panel"),
        (lambda path: path.write_bytes(b"PK"), "no Zarr panel"),
        (_foreign, "a Zarr store of another program"),
        (lambda path: zarr.create_group(path, zarr_format=2), "a Zarr store of another program"),
        (_foreign_manifest, "a Zarr store of another program"),
        (_newer, "version 2: this program reads version 1"),
    ],
)
def test_what_is_no_panel_is_refused_in_words(
    make: Callable[[Path], object], message: str, tmp_path: Path
) -> None:
    make(tmp_path / "panel.zarr")
    with pytest.raises(PanelError, match=message) as error:
        Panel.open(tmp_path / "panel.zarr")
    assert "HINT: " in str(error.value)
