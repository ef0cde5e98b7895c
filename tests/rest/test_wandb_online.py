"""A fit that is sent to W&B while it trains: what arrives is what its files say."""

import csv
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from helpers.small_study import ASOF, Study
from helpers.waiting import until
from helpers.wandb_server import WandbServer, served, wandb_server

from datamodules.panel import Panel


@dataclass(frozen=True)
class Sent:
    """A fit's folder, and what the server got of it."""

    folder: Path
    server: WandbServer
    run: str

    def rows(self) -> list[dict[str, float]]:
        with (self.folder / "metrics.csv").open(encoding="utf-8", newline="") as file:
            return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def sent(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Sent:
    asof = Panel.open(study.runs / "demo" / "panel.zarr").dates[ASOF]
    logger = ("logger=wandb", "logger.mode=online", "logger.project=alphas", "logger.tags=[mine]")
    words = study.words("train", "variant=v2.1", f"asof={asof}", "experiment=online", *logger)
    server = served(words, tmp_path_factory.mktemp("home"))
    (folder,) = study.runs.glob("online/v2.1/*/*")
    (run,) = server.runs
    return Sent(folder, server, run)


def test_the_run_is_the_folders_own(sent):
    assert sent.run == (sent.folder / "wandb_id").read_text(encoding="utf-8")


def test_it_arrives_with_group_job_type_and_tags(sent):
    said = sent.server.runs[sent.run]
    window = sent.folder.parent.name
    assert (said["project"], said["groupName"], said["jobType"]) == (
        "alphas", "online/v2.1", "fit",
    )  # fmt: skip
    assert set(said["tags"]) == {"v2.1", window, "mine"}
    assert said["displayName"] == f"v2.1 n=8 {window} seed 0"


def test_its_config_sorts_by_n_weight_and_seed(sent):
    config = json.loads(sent.server.runs[sent.run]["config"])
    found = {name: config[name]["value"] for name in ("n", "long_weight", "seed", "asof")}
    assert found == {"n": 8, "long_weight": 1.0, "seed": 0, "asof": sent.folder.parent.name}
    record = json.loads((sent.folder / "fit.json").read_text(encoding="utf-8"))
    assert config["fit"]["value"]["panel"] == record["panel"]
    assert not {"status", "seconds"} & set(config["fit"]["value"])


def test_every_epochs_rank_ic_arrives(sent):
    name = "val/rank_ic"
    arrived = [(row["epoch"], row[name]) for row in sent.server.history(sent.run) if name in row]
    assert arrived == [(row["epoch"], pytest.approx(row[name])) for row in sent.rows()]
    assert len(arrived) == 3


def test_its_summary_is_the_best_epoch_that_fit_json_records(sent):
    record = json.loads((sent.folder / "fit.json").read_text(encoding="utf-8"))
    summary = sent.server.summary(sent.run)
    assert summary["val/rank_ic"] == record["metrics"]["val/rank_ic"]
    for name in ("status", "seconds", "best_epoch"):
        assert summary[name] == record[name]
    assert summary["sampled_features"] == record["sampled_features"]


def test_it_is_finished_as_a_success(sent):
    ends = [part for part in sent.server.streams[sent.run] if part.get("complete")]
    assert [end["exitcode"] for end in ends] == [0]


def test_a_run_that_was_killed_is_continued_and_has_every_epoch_once(study, tmp_path):
    asof = Panel.open(study.runs / "demo" / "panel.zarr").dates[ASOF]
    words = ("variant=v2.1", f"asof={asof}", "experiment=continued", "logger=wandb")
    with wandb_server() as server:
        own = os.environ | server.environment | {"HOME": str(tmp_path), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "alphanet_pl", *study.words("train", *words)]
        command.append("trainer.max_epochs=6")
        fit = subprocess.Popen(command, env=own, stderr=subprocess.PIPE, text=True)
        until(lambda: any(server.streams.values()) and server.history(*server.streams), fit)
        fit.kill()
        fit.communicate()
        done = subprocess.run(command, env=own, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (folder,) = study.runs.glob("continued/v2.1/*/*")
    (run,) = server.runs
    arrived = [row["epoch"] for row in server.history(run)]
    assert arrived == list(range(6))
    assert [row["epoch"] for row in Sent(folder, server, run).rows()] == arrived
    assert len([path for path in folder.glob("wandb/run-*") if not path.is_symlink()]) == 1
