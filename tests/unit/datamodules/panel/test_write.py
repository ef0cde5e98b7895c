import asyncio
import fcntl
import os
from pathlib import Path

import numpy as np
import pytest
import zarr
from zarr.core.sync import _get_loop, sync

from datamodules.base.errors import PanelError
from datamodules.panel import Panel, build_panel, check_target


@pytest.fixture
def small(make_contents):
    return lambda seed=0: make_contents(seed, sessions=5, names=("close", "listed"))


def test_a_build_leaves_nothing_but_the_panel(small, tmp_path):
    build_panel(small(), tmp_path / "panel.zarr")
    build_panel(small(1), tmp_path / "panel.zarr")
    assert [path.name for path in tmp_path.iterdir()] == ["panel.zarr"]


def test_a_new_panel_replaces_the_old_one_whole(make_contents, small, tmp_path):
    out = tmp_path / "panel.zarr"
    build_panel(make_contents(sessions=400, names=("features", "close")), out)
    build_panel(small(1), out)
    panel = Panel.open(out)
    assert panel.names == ("close", "listed")
    assert not (out / "features").exists()
    np.testing.assert_array_equal(panel.read("close"), small(1).arrays["close"])


def test_folders_on_the_way_are_made(small, tmp_path):
    build_panel(small(), tmp_path / "runs" / "demo" / "panel.zarr")
    Panel.open(tmp_path / "runs" / "demo" / "panel.zarr").verify()


def test_a_link_to_a_panel_is_followed(small, tmp_path):
    build_panel(small(), tmp_path / "real.zarr")
    (tmp_path / "link.zarr").symlink_to("real.zarr")
    build_panel(small(1), tmp_path / "link.zarr")
    assert (tmp_path / "link.zarr").is_symlink()
    np.testing.assert_array_equal(
        Panel.open(tmp_path / "real.zarr").read("close"), small(1).arrays["close"]
    )


def test_leftovers_of_a_killed_build_are_cleared(small, tmp_path):
    leftover = tmp_path / ".panel.zarr.building"
    (leftover / "features").mkdir(parents=True)
    (leftover / "zarr.json").write_text("half")
    (tmp_path / ".panel.zarr.old").mkdir()
    build_panel(small(), tmp_path / "panel.zarr")
    assert [path.name for path in tmp_path.iterdir()] == ["panel.zarr"]


def test_a_build_that_is_stopped_waits_for_what_zarr_still_writes(small, tmp_path, monkeypatch):
    def stopped(group, *_args):
        async def write_later():
            await asyncio.sleep(0.05)
            late = tmp_path / ".panel.zarr.building" / "late"
            late.mkdir(parents=True)

        asyncio.run_coroutine_threadsafe(write_later(), _get_loop())
        raise KeyboardInterrupt

    monkeypatch.setattr("datamodules.panel.write.write_array", stopped)
    with pytest.raises(KeyboardInterrupt):
        build_panel(small(), tmp_path / "panel.zarr")
    sync(asyncio.sleep(0.1))
    assert list(tmp_path.iterdir()) == []


def test_a_build_that_fails_keeps_the_old_panel_and_no_leftovers(small, tmp_path, monkeypatch):
    build_panel(small(), tmp_path / "panel.zarr")
    before = Panel.open(tmp_path / "panel.zarr").fingerprint

    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("datamodules.panel.write.write_array", full)
    with pytest.raises(PanelError, match=r"No space left.*room for a panel\nHINT: free some space"):
        build_panel(small(1), tmp_path / "panel.zarr")
    assert Panel.open(tmp_path / "panel.zarr").fingerprint == before
    assert [path.name for path in tmp_path.iterdir()] == ["panel.zarr"]


def test_two_builds_of_one_panel_at_once_are_refused(small, tmp_path):
    other = tmp_path / ".panel.zarr.building"
    (other / "features").mkdir(parents=True)
    handle = os.open(other, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(PanelError, match="another process is writing"):
        build_panel(small(), tmp_path / "panel.zarr")
    os.close(handle)
    assert (other / "features").is_dir()


def test_what_was_written_wrongly_never_becomes_the_panel(small, tmp_path, monkeypatch):
    def wrong(group, name, values):
        record = real(group, name, values)
        group[name][0] = values[0] * 0
        return record

    from datamodules.panel import write as writing

    real = writing.write_array
    monkeypatch.setattr(writing, "write_array", wrong)
    with pytest.raises(PanelError, match=r"'close' .* differs from what was written"):
        build_panel(small(), tmp_path / "panel.zarr")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["below a file", "long name", "loop", "no folder"])
def test_a_place_that_cannot_be_written_is_refused_in_one_sentence(kind, tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    out = {
        "below a file": tmp_path / "file" / "panel.zarr",
        "long name": tmp_path / ("p" * 300),
        "loop": tmp_path / "loop" / "panel.zarr",
        "no folder": Path("/proc/nope/panel.zarr"),
    }[kind]
    with pytest.raises(PanelError, match=r"cannot be written \(.*\): .*\nHINT: .*data.panel=PATH"):
        check_target(out)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "loop"]


@pytest.mark.parametrize("kind", ["file", "folder", "foreign zarr"])
def test_what_is_no_panel_of_ours_is_not_overwritten(kind, small, tmp_path):
    out = tmp_path / "panel.zarr"
    if kind == "file":
        out.write_text("mine")
    elif kind == "folder":
        (out / "thesis").mkdir(parents=True)
    else:
        zarr.create_group(out)
    with pytest.raises(PanelError, match="is no panel of this program"):
        build_panel(small(), out)
    assert [path.name for path in tmp_path.iterdir()] == ["panel.zarr"]


def test_arrays_must_fit_the_coordinates(small, tmp_path):
    contents = small()
    contents.arrays["close"] = contents.arrays["close"][:, :3]
    with pytest.raises(ValueError, match=r"close has shape \(5, 3\), not \(5, 7\)"):
        build_panel(contents, tmp_path / "panel.zarr")


def test_the_fingerprint_does_not_depend_on_chunks_or_codec(small, tmp_path, monkeypatch):
    build_panel(small(), tmp_path / "one.zarr")
    monkeypatch.setattr("datamodules.panel.layout.CHUNK_CODES", 2)
    monkeypatch.setattr(
        "datamodules.panel.layout._compressors", lambda _: [zarr.codecs.ZstdCodec()]
    )
    build_panel(small(), tmp_path / "two.zarr")
    one, two = Panel.open(tmp_path / "one.zarr"), Panel.open(tmp_path / "two.zarr")
    assert one.fingerprint == two.fingerprint
