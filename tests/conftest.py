"""Fixtures that several tiers share: a small market, its panel, and a study on it, once a process.

With pytest-xdist each worker has its own: small enough to be made again.
"""

import os
import secrets

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is loaded: its workers share the cores
# Before Ray is loaded, which else takes ~/.ray/auth_token from the moment on that any process of
# this machine has made one: a driver then does not know the nodes that were started before.
os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}

from pathlib import Path

import pytest
import torch
from helpers.small_study import ASOF, WINDOWS, Study, call
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from datamodules.market.market import simulate
from datamodules.panel import Panel
from datamodules.prepare.prepare import prepare
from datamodules.settings import DataSettings, IndexSettings, MarketSettings
from datamodules.tables.load import load_tables

# Nobody's key is used, and no job that the tests happen to run in is theirs.
os.environ["NETRC"] = os.devnull
for name in [*os.environ]:
    of_a_job = name.startswith("SLURM_") and not name.startswith(("SLURM_CONF", "SLURM_CLUSTER_"))
    if of_a_job or name in ("WANDB_API_KEY", "WANDB_MODE", "WANDB_BASE_URL"):
        del os.environ[name]

torch.set_num_threads(1)
settings.register_profile("same", derandomize=True, deadline=None)  # what CI saw, everybody sees
settings.register_profile("explore", max_examples=1000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


class ByFile(LoadFileScheduling):
    """A file's tests in one worker; likewise all of the cluster, whose nodes are killed, and of the
    flow, which share a study (the README's blocks have their own)."""

    def _split_scope(self, nodeid: str) -> str:
        scope = super()._split_scope(nodeid)
        alone = scope == "tests/flow/test_readme.py"
        shared = [room for room in ("tests/slurm/", "tests/flow/") if scope.startswith(room)]
        return shared[0] if shared and not alone else scope


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile | None:
    """For `--dist=loadfile`."""
    return ByFile(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def small_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables of 60 stocks over 330 sessions."""
    folder = tmp_path_factory.mktemp("market") / "tables"
    simulate(MarketSettings(stocks=60, days=330, seed=5), folder)
    return folder


@pytest.fixture(scope="session")
def small_panel(small_tables: Path) -> Panel:
    """The panel of `small_tables`."""
    data = DataSettings(source="simulated", path=str(small_tables))
    return prepare(load_tables(data), small_tables.parent / "panel.zarr", data, IndexSettings())


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Simulated, prepared, trained as v2.1, scored, evaluated: all through the command line."""
    made = Study(tmp_path_factory.mktemp("study"))
    assert call(made, "prepare") == 0
    asof = Panel.open(made.runs / "demo" / "panel.zarr").dates[ASOF]
    assert call(made, "train", "variant=v2.1", f"asof={asof}") == 0
    assert call(made, "predict", "variant=v2.1", f"date={asof}:") == 0
    assert call(made, "evaluate", "variant=v2.1") == 0
    return made


@pytest.fixture(scope="session")
def rolling(study: Study) -> tuple[str, ...]:
    """Words of a roll over two windows and two seeds."""
    dates = Panel.open(study.runs / "demo" / "panel.zarr").dates[list(WINDOWS)]
    listed = ",".join(map(str, dates))
    return ("variant=v2.1", f"rolling.dates=[{listed}]", "rolling.seeds=[0,1]")


@pytest.fixture(scope="session")
def whole(study: Study, rolling: tuple[str, ...]) -> Path:
    """The folder of a roll that nothing disturbed."""
    assert call(study, "roll", *rolling, "experiment=whole") == 0
    return study.runs / "whole" / "v2.1"
