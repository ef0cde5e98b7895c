"""`alphanet compare` with a W&B key: the report reaches the server, or a sentence says why not."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from helpers.wandb_server import WandbServer, wandb_server

from alphanet_pl.evaluation.results import Evaluation, write_result

pytest.importorskip("wandb_workspaces")


@pytest.fixture
def server() -> Iterator[WandbServer]:
    with wandb_server() as made:
        yield made


def _compare(server, tmp_path) -> "subprocess.CompletedProcess[str]":
    for name in ("v2", "v2.1"):
        folder = tmp_path / "runs" / "mine" / name
        folder.mkdir(parents=True)
        empty = Evaluation(variant=name, start="2011-01-31", stop="2021-06-30")
        write_result(empty, folder / "evaluation.json")
    command = [sys.executable, "-m", "alphanet_pl", "compare", f"runs={tmp_path / 'runs'}"]
    return subprocess.run(
        [*command, "experiment=mine", "logger.project=alphas"],
        env=os.environ | server.environment | {"HOME": str(tmp_path), "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_report_is_saved_under_the_users_entity(server, tmp_path):
    done = _compare(server, tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"W&B report: {server.url}/team/alphas/reports/" in done.stdout
    (view,) = server.views
    assert (view["entityName"], view["projectName"]) == ("team", "alphas")
    assert "panel-grid" in view["spec"]
    assert "the baseline is v2." in view["spec"]


def test_a_refusal_is_one_sentence_and_the_page_stays(server, tmp_path):
    server.refuse = True
    done = _compare(server, tmp_path)
    assert done.returncode == 2
    assert "W&B did not take the report" in done.stderr
    assert "HINT: logger.entity=" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "runs" / "mine" / "compare.html").is_file()
