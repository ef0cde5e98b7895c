"""Runs that stayed offline, sent by the line of docs/wandb.md as it stands."""

import csv
import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.small_study import ASOF, Study
from helpers.waiting import epochs_of, until
from helpers.wandb_server import WandbServer, wandb_server

from datamodules.base.files import read_json
from datamodules.panel import Panel

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def home(study: Study) -> Path:
    """The variant's folder of a roll and its evaluation; the first fit was killed on its way."""
    asof = Panel.open(study.runs / "demo" / "panel.zarr").dates[ASOF]
    mine = ("variant=v2.1", "logger=wandb", "logger.mode=offline", "experiment=synced")
    home = study.runs / "synced" / "v2.1"
    fit = study.start("train", *mine, f"asof={asof}", "trainer.max_epochs=5")
    until(lambda: any(epochs_of(path) for path in home.glob("*/*")), fit)
    fit.kill()
    fit.communicate()
    rolling = (f"rolling.dates=[{asof}]", "rolling.seeds=[0,1]", "trainer.max_epochs=5")
    # As processes of their own: W&B keeps what other tests did in this one.
    for verb, words in (("roll", rolling), ("evaluate", ())):
        done = study.start(verb, *mine, *words)
        said = done.communicate()
        assert done.returncode == 0, said
    return home


@pytest.fixture(scope="module")
def server(study: Study, home: Path, tmp_path_factory: pytest.TempPathFactory) -> WandbServer:
    """What a server got of it by the documented line."""
    text = (ROOT / "docs" / "wandb.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^find runs/EXPERIMENT .*$", text, re.MULTILINE)
    line = line.replace("runs/EXPERIMENT", str(study.runs / "synced"))
    with wandb_server() as server:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        where = tmp_path_factory.mktemp("home")
        own = {"PATH": path, "HOME": str(where)}
        done = subprocess.run(
            ["bash", "-c", line], env=os.environ | server.environment | own, cwd=where,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return server


def _runs(server: WandbServer, kind: str) -> list[str]:
    return [run for run, said in server.runs.items() if said["jobType"] == kind]


def test_every_run_arrives_once(server):
    kinds = sorted(said["jobType"] for said in server.runs.values())
    assert kinds == ["evaluation", "fit", "fit", "roll"]


def test_the_fit_that_was_killed_arrives_as_whole_as_the_other(server, home):
    for run in _runs(server, "fit"):
        (folder,) = (path.parent for path in home.glob("*/*/wandb_id") if path.read_text() == run)
        with (folder / "metrics.csv").open(encoding="utf-8", newline="") as file:
            rows = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
        assert len(rows) == 5
        arrived = [{name: row[name] for name in rows[0]} for row in server.history(run)]
        assert arrived == [pytest.approx(row) for row in rows]
        assert server.summary(run)["status"] == "done"


def test_tables_figures_and_the_factor_arrive_with_their_content(server, home):
    tables = [one for one in server.artifacts.find("run_table") if one.committed]
    written = {f"tables/{path.stem}.table.json" for path in (home / "tables").glob("*.csv")}
    assert {name for one in tables for name in one.files} == written
    (row,) = server.history(*_runs(server, "evaluation"))
    assert json.loads(server.uploads[row["figures/cumulative_rank_ic"]["path"]])["data"]
    factors = server.artifacts.find("factor")
    for factor in factors:
        content = server.uploads[factor.files["factor.parquet"]]
        assert hashlib.sha256(content).hexdigest() == factor.metadata["sha256"]
    evaluation = read_json(home / "evaluation.json")
    (run,) = _runs(server, "evaluation")
    assert server.summary(run)["test/rank_ic"] == evaluation["ic"]["raw"]["summary"]["mean"]
    assert len(factors) == 2  # the roll's and the evaluation's: one version, whoever sends it
