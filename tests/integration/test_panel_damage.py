"""Panels that were killed while being written, or damaged afterwards.

Run as a script, this file is the process that gets killed: `test_panel_damage.py OUT SEED MOMENT`.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import zarr

from datamodules.base.errors import PanelError
from datamodules.panel import Panel, PanelContents, build_panel
from datamodules.panel import write as writing

SESSIONS, STOCKS = 500, 20
MOMENTS = (
    "first array",
    "last array",
    "attributes",
    "manifest",
    "rename old",
    "rename new",
    "swept",
)
"""Points of a build at which the process kills itself."""


def contents(seed: int) -> PanelContents:
    """Some noise; the seed decides the fingerprint."""
    rng = np.random.default_rng(seed)
    return PanelContents(
        dates=np.datetime64("2010-01-04") + np.arange(SESSIONS),
        codes=np.array([f"SH{600000 + k}" for k in range(STOCKS)]),
        features=("open", "close"),
        industries=("coal",),
        horizon=10,
        picture_days=30,
        arrays={
            "features": rng.normal(0, 1, (SESSIONS, STOCKS, 2)).astype(np.float32),
            "close": rng.normal(0, 1, (SESSIONS, STOCKS)),
            "listed": rng.random((SESSIONS, STOCKS)) > 0.1,
        },
    )


def die(*_args: object) -> None:
    """End as `kill -9` does: no handler, no clean-up."""
    os.kill(os.getpid(), signal.SIGKILL)


def arm(moment: str) -> None:
    """Make a build kill its own process at a moment."""
    rename, write = Path.rename, writing.write_array
    if moment in ("first array", "last array"):
        fatal = "features" if moment == "first array" else "listed"
        writing.write_array = lambda g, name, v: (write(g, name, v), name == fatal and die())[0]
    elif moment == "attributes":
        zarr.Group.update_attributes = die
    elif moment == "manifest":
        writing.write_manifest = die
    elif moment.startswith("rename"):
        source = ".panel.zarr.building" if moment.endswith("new") else "panel.zarr"
        Path.rename = lambda path, to: die() if path.name == source else rename(path, to)
    elif moment == "swept":
        writing.shutil.rmtree = lambda path, **_: path.exists() and die()


def start(out: Path, seed: int, moment: str) -> subprocess.Popen:
    command = [sys.executable, __file__, str(out), str(seed), moment]
    root = str(Path(__file__).parents[2])
    return subprocess.Popen(command, env=os.environ | {"PYTHONPATH": root})


@pytest.fixture(scope="module")
def intact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("intact") / "panel.zarr"
    build_panel(contents(0), path)
    return path


@pytest.fixture
def out(intact: Path, tmp_path: Path) -> Path:
    return shutil.copytree(intact, tmp_path / "panel.zarr")


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_build_killed_at_any_moment_leaves_the_old_panel_or_none(moment: str, out: Path) -> None:
    old = Panel.open(out).fingerprint
    assert start(out, 1, moment).wait() == -signal.SIGKILL
    if moment == "rename new":
        with pytest.raises(PanelError, match="does not exist"):
            Panel.open(out)
    else:
        panel = Panel.open(out)
        panel.verify()
        assert (panel.fingerprint == old) == (moment != "swept")
    build_panel(contents(2), out)
    np.testing.assert_array_equal(Panel.open(out).read("close"), contents(2).arrays["close"])
    assert [path.name for path in out.parent.iterdir()] == ["panel.zarr"]


@pytest.mark.parametrize("moment", MOMENTS[:4])
def test_a_first_build_that_is_killed_leaves_none(moment: str, tmp_path: Path) -> None:
    assert start(tmp_path / "panel.zarr", 1, moment).wait() == -signal.SIGKILL
    with pytest.raises(PanelError, match="does not exist"):
        Panel.open(tmp_path / "panel.zarr")


def test_a_build_that_died_between_its_renames_gives_the_old_panel_back(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = Panel.open(out).fingerprint
    assert start(out, 1, "rename new").wait() == -signal.SIGKILL
    assert not out.exists()
    monkeypatch.setattr(writing, "write_array", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        build_panel(contents(2), out)
    assert Panel.open(out).fingerprint == old


def test_kills_by_the_clock_leave_a_whole_panel(out: Path) -> None:
    known = {Panel.open(out).fingerprint}
    process = start(out, 1, "forever")
    deadline = time.monotonic() + 60
    while len(known) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
        known.add(_fingerprint(out))
    time.sleep(0.03)
    process.kill()
    process.wait()
    assert _fingerprint(out) in known | {""}
    assert len(known - {""}) >= 2


def _fingerprint(out: Path) -> str:
    try:
        return Panel.open(out).fingerprint
    except PanelError:
        return ""


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


if __name__ == "__main__":
    target, seed, moment = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    if moment != "forever":
        arm(moment)
        build_panel(contents(seed), target)
        sys.exit("the build was to be killed")
    while True:
        build_panel(contents(1), target)
        build_panel(contents(0), target)
