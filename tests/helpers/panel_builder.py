"""A process that builds a panel and is killed at a moment: `panel_builder.py OUT SEED MOMENT`."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import zarr

from datamodules.panel import PanelContents, build_panel
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


if __name__ == "__main__":
    target, seed, moment = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    if moment != "forever":
        arm(moment)
        build_panel(contents(seed), target)
        sys.exit("the build was to be killed")
    while True:
        build_panel(contents(1), target)
        build_panel(contents(0), target)
