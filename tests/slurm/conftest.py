"""A site on a test cluster; every test here skips, and says why, where there is none."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.slurm_jobs import ROOT, Site

from alphanet_pl.cli.main import main


@pytest.fixture(scope="session")
def cluster() -> None:
    """Two nodes of a Slurm that is named on purpose: nobody's tests belong in a real queue."""
    if "SLURM_CONF" not in os.environ:
        pytest.skip("SLURM_CONF is not set, so there is no test cluster")
    if shutil.which("sbatch") is None:
        pytest.skip("there is no sbatch on this machine")
    pinged = subprocess.run(
        ["scontrol", "ping"], capture_output=True, text=True, check=False, timeout=30
    )
    if pinged.returncode != 0:
        pytest.skip(f"no controller answers: {pinged.stdout.strip()}")
    nodes = subprocess.check_output(["sinfo", "-h", "-N", "-o", "%N"], text=True)
    if len(set(nodes.split())) < 2:
        pytest.skip(f"these tests need two nodes, sinfo lists {nodes.split()}")


@pytest.fixture(scope="session")
def shared(cluster: None) -> Iterator[Path]:
    """A folder that all nodes see, with a space in its path."""
    (ROOT / "runs").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / "runs", prefix="slurm test ") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def site(shared: Path) -> Site:
    """The folder of runs and a panel of 40 stocks over 200 sessions."""
    market = ("data.market.stocks=40", "data.market.days=200", "data.market.seed=5")
    assert main(["prepare", f"runs='{shared}'", *market, "data.styles=none"]) == 0
    return Site(shared, shared / "demo" / "panel.zarr")
