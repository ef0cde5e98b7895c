"""What evaluate, sweep and roll send to W&B: runs beside those of `train`, and the factor."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from helpers.small_study import ASOF, Study
from helpers.wandb_server import Json, WandbServer, served

from datamodules.base.files import read_json
from datamodules.panel import Panel


@dataclass(frozen=True)
class Sent:
    """What the server got of one command."""

    server: WandbServer

    def run(self, job_type: str) -> str:
        """The only run of this type."""
        (found,) = self.runs(job_type)
        return found

    def runs(self, job_type: str) -> list[str]:
        return [run for run, said in self.server.runs.items() if said["jobType"] == job_type]

    def config(self, run: str) -> Json:
        return {key: said.get("value") for key, said in
                json.loads(self.server.runs[run]["config"]).items()}  # fmt: skip

    def exit_codes(self, run: str) -> list[int]:
        return [part["exitcode"] for part in self.server.streams[run] if part.get("complete")]


Send = Callable[..., Sent]


@pytest.fixture(scope="module")
def send(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Send:
    """Run a command with a key, against a server of its own."""

    def run(verb: str, *overrides: str) -> Sent:
        words = study.words(verb, "logger=wandb", "trainer.max_epochs=1", *overrides)
        return Sent(served(words, tmp_path_factory.mktemp("home")))

    return run


@pytest.fixture(scope="module")
def asof(study: Study) -> str:
    return str(Panel.open(study.runs / "demo" / "panel.zarr").dates[ASOF])


@pytest.fixture(scope="module")
def evaluated(send: Send, tmp_path_factory: pytest.TempPathFactory) -> tuple[Sent, Path]:
    out = tmp_path_factory.mktemp("evaluated")
    return send("evaluate", "variant=v2.1", f"output={out}", "logger.tags=[mine]"), out


def test_an_evaluation_arrives_beside_its_fits_and_is_finished(evaluated):
    sent, out = evaluated
    run, written = sent.run("evaluation"), read_json(out / "evaluation.json")
    said = sent.server.runs[run]
    assert said["groupName"] == "default/v2.1"
    assert set(said["tags"]) == {"v2.1", f"{written['start']}..{written['stop']}", "mine"}
    assert sent.exit_codes(run) == [0]


def test_an_evaluations_summary_is_what_its_file_says(evaluated):
    sent, out = evaluated
    written = read_json(out / "evaluation.json")
    summary = sent.server.summary(sent.run("evaluation"))
    assert summary["test/rank_ic"] == written["ic"]["raw"]["summary"]["mean"]
    assert summary["test/neutral_rank_ic"] == written["ic"]["neutral"]["summary"]["mean"]


def test_an_evaluations_tables_and_figures_arrive_with_their_content(evaluated):
    sent, out = evaluated
    tables = [one for one in sent.server.artifacts.find("run_table") if one.committed]
    names = {name for one in tables for name in one.files}
    written = {f"tables/{path.stem}.table.json" for path in (out / "tables").glob("*.csv")}
    assert names == written
    ic = next(one.files[n] for one in tables for n in one.files if n.endswith("/ic.table.json"))
    table = json.loads(sent.server.uploads[ic])
    rows = [dict(zip(table["columns"], row, strict=True)) for row in table["data"]]
    means = {row["factor"]: row["mean"] for row in rows}
    assert means["raw"] == read_json(out / "evaluation.json")["ic"]["raw"]["summary"]["mean"]
    (row,) = sent.server.history(sent.run("evaluation"))
    figure = sent.server.uploads[row["figures/cumulative_rank_ic"]["path"]]
    assert json.loads(figure)["data"]


def test_the_factor_arrives_whole_with_its_hash_and_the_panels_fingerprint(evaluated):
    sent, out = evaluated
    (factor,) = sent.server.artifacts.find("factor")
    origin = read_json(out / "evaluation.json")["provenance"]
    assert (factor.name, factor.committed) == ("factor-v2.1", True)
    assert factor.metadata["panel_fingerprint"] == origin["panel_fingerprint"]
    content = sent.server.uploads[factor.files["factor.parquet"]]
    assert hashlib.sha256(content).hexdigest() == factor.metadata["sha256"]


@pytest.fixture(scope="module")
def swept(send: Send, asof: str) -> Sent:
    axes = ("sweep=dropout", "sweep.axes.model.n=[6]", "sweep.axes.seed=[0,1]")
    return send("sweep", *axes, f"asof={asof}", "experiment=swept-online", "sweep.retries=0")


def test_each_trial_of_a_sweep_arrives_in_its_group_and_sorts(swept, asof):
    runs = swept.runs("trial")
    assert runs == list(swept.server.runs)
    for run in runs:
        said = swept.server.runs[run]
        assert said["groupName"] == "dropout"
        assert set(said["tags"]) == {"v2.1", asof}
    found = [[swept.config(run)[key] for key in ("n", "long_weight", "seed")] for run in runs]
    assert sorted(found) == [[6, 1.0, 0], [6, 1.0, 1]]


def test_each_trial_of_a_sweep_is_finished_with_what_its_fit_says(swept, study):
    fits = [read_json(path) for path in study.runs.glob("swept-online/v2.1/*/*/fit.json")]
    arrived = {
        swept.config(run)["seed"]: swept.server.summary(run)["val/rank_ic"]
        for run in swept.runs("trial")
    }
    assert arrived == {fit["seed"]: fit["metrics"]["val/rank_ic"] for fit in fits}
    assert [swept.exit_codes(run) for run in swept.runs("trial")] == [[0], [0]]


@pytest.fixture(scope="module")
def rolled(send: Send, asof: str) -> Sent:
    study = (f"rolling.dates=[{asof}]", "rolling.seeds=[0,1]", "experiment=rolled-online")
    return send("roll", "variant=v2.1", *study)


def test_each_fit_of_a_roll_is_a_run_and_one_more_holds_their_factor(rolled, study):
    assert len(rolled.runs("fit")) == 2
    run = rolled.run("roll")
    groups = {said["groupName"] for said in rolled.server.runs.values()}
    assert groups == {"rolled-online/v2.1"}
    fits = [read_json(path) for path in study.runs.glob("rolled-online/v2.1/*/*/fit.json")]
    mean = sum(fit["metrics"]["val/rank_ic"] for fit in fits) / 2
    assert rolled.server.summary(run)["val/rank_ic"] == pytest.approx(mean)
    (factor,) = rolled.server.artifacts.find("factor")
    written = study.runs / "rolled-online" / "v2.1" / "factor.parquet"
    assert rolled.server.uploads[factor.files["factor.parquet"]] == written.read_bytes()
    assert factor.metadata["seeds"] == [0, 1]
