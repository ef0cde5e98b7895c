"""What the tests of kills and of signals share."""

import os
import random
from pathlib import Path

import pytest

KILLS = int(os.environ.get("KILLS", "1"))
"""How often each test that kills something at a random moment runs; `make storm` says 25."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes `kill`, itself or through a fixture, as often as KILLS says."""
    if "kill" in metafunc.fixturenames:
        metafunc.parametrize("kill", range(KILLS), scope="session")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`pytest -m kill` selects them."""
    for item in items:
        if "kill" in getattr(item, "fixturenames", ()):
            item.add_marker("kill")


@pytest.fixture
def chance(kill: int) -> random.Random:
    """The random moments of a kill: the first one's are the same everywhere, further ones new."""
    return random.Random(kill)


@pytest.fixture
def slurm_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The environment of a Slurm job whose commands answer as those of a running job would."""
    for name, body in {
        "scontrol": f'echo "$@" >>{tmp_path}/asked',
        "squeue": "echo $STATE",
    }.items():
        script = tmp_path / name
        script.write_text(f"#!/bin/sh\n{body}\n")
        script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("SLURM_JOB_ID", "77")
    return tmp_path / "asked"
