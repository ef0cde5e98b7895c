"""Panels whose build was killed."""

import signal
import time
from pathlib import Path
from random import Random

import numpy as np
import pytest
from helpers.panel_builder import MOMENTS, contents, start
from helpers.small_study import Study
from helpers.waiting import until

from datamodules.base.errors import PanelError
from datamodules.panel import Panel, build_panel
from datamodules.panel import write as writing


@pytest.fixture
def out(tmp_path: Path) -> Path:
    build_panel(contents(0), tmp_path / "panel.zarr")
    return tmp_path / "panel.zarr"


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


def test_kills_by_the_clock_leave_a_whole_panel(out: Path, kill: int, chance: Random) -> None:
    known = {Panel.open(out).fingerprint}

    def both() -> bool:
        known.add(_fingerprint(out))
        return len(known - {""}) == 2

    process = start(out, 1, "forever")
    until(both, process)
    time.sleep(chance.uniform(0, 0.1))
    process.kill()
    process.wait()
    if out.exists():
        left = Panel.open(out)
        left.verify()
        assert left.fingerprint in known


def _fingerprint(out: Path) -> str:
    try:
        return Panel.open(out).fingerprint
    except PanelError:
        return ""


def test_prepare_that_is_terminated_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    market = ("data.market.stocks=400", "data.market.days=600")
    process = Study(tmp_path).start("prepare", *market, "data.styles=none")
    folder = tmp_path / "demo"
    until(lambda: (folder / ".panel.zarr.building" / "features").exists(), process)
    process.terminate()
    _, err = process.communicate()
    assert process.returncode == 143
    assert err.splitlines()[-1] == "terminated: the same command continues where it stopped"
    assert {path.name for path in folder.iterdir()} == {"tables"}
