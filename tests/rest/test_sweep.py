"""`alphanet sweep` on a real Ray: what is done already, what fails, and what is logged."""

import csv
import io
import json
import re
import shutil
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from helpers.small_study import ASOF, Study, call
from helpers.wandb_server import inspect_run

from alphanet_pl.config.compose import load_settings
from datamodules.panel import Panel
from sweeps.plan import Planned, plan

AXES = ("sweep=dropout", "sweep.axes.model.n=[6,8]", "sweep.axes.seed=[0,1]")


def _say(study: Study, verb: str, *overrides: str) -> tuple[int, str]:
    """Status and everything said by a command in this process."""
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        status = call(study, verb, *overrides)
    return status, said.getvalue()


@dataclass(frozen=True)
class Swept:
    """A sweep of four fits: `train` has done the first, the last one cannot write its metrics."""

    folder: Path
    planned: list[Planned]
    trained_at: int
    status: int
    said: str

    def rows(self) -> list[dict[str, str]]:
        with (self.folder / "trials.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def written_at(self) -> list[int]:
        """When the first three fits were last written."""
        return [one.folder.joinpath("fit.json").stat().st_mtime_ns for one in self.planned[:3]]

    def log(self, position: int) -> Path:
        return self.folder / "logs" / f"{self.planned[position].trial.name}.log"


@pytest.fixture(scope="module")
def swept(study: Study) -> Swept:
    asof = f"asof={Panel.open(study.runs / 'demo' / 'panel.zarr').dates[ASOF]}"
    one = ("sweep.max_concurrent=1", "sweep.retries=1")
    words = (*AXES, asof, "experiment=swept", "logger=wandb", *one)
    planned = plan(load_settings("sweep", study.words("sweep", *words)[1:]))
    assert call(study, "train", "variant=v2.1", "model.n=6", asof, "experiment=swept") == 0
    trained = planned[0].folder / "fit.json"
    before = trained.stat().st_mtime_ns
    (planned[-1].folder / "metrics.csv").mkdir(parents=True)
    status, said = _say(study, "sweep", *words)
    return Swept(study.runs / "swept" / "sweeps" / "dropout", planned, before, status, said)


def test_a_fit_that_train_has_done_is_not_repeated(swept):
    assert "4 trials (1 variant x 2 model.n x 2 seed); 1 done already" in swept.said
    assert (swept.planned[0].folder / "fit.json").stat().st_mtime_ns == swept.trained_at
    assert not swept.log(0).exists()


def test_a_trial_that_fails_is_tried_again_then_named_with_its_log(swept):
    name = swept.planned[-1].trial.name
    assert swept.status == 1
    assert "error: 1 of 4 trials failed 2 times" in swept.said
    assert f"log: {swept.log(3)}" in swept.said.split(f"  {name}: ")[1]
    log = swept.log(3).read_text(encoding="utf-8")
    assert log.count("--- ") == 2
    assert "Traceback" in log
    assert "Traceback" not in swept.said


def test_a_trial_that_ends_says_how_long_the_rest_will_take(swept):
    line = r"^[12]/3 .*: val/rank_ic -?0\.\d{4}, 3 epochs, \d+ s, about \d+ s left$"
    assert re.search(line, swept.said, re.MULTILINE)


def test_the_table_holds_what_was_trained_in_the_sweeps_order(swept):
    rows = swept.rows()
    assert [(row["model.n"], row["seed"]) for row in rows] == [
        ("6", "0"), ("6", "1"), ("8", "0"), ("8", "1"),
    ]  # fmt: skip
    assert [row["status"] for row in rows] == ["done", "done", "done", "missing"]
    for row, one in zip(rows[:3], swept.planned, strict=False):
        record = one.record()
        assert float(row["val/rank_ic"]) == record["metrics"]["val/rank_ic"]
        assert row["folder"] == str(one.folder)


def test_of_a_sweep_with_a_failed_trial_no_half_is_called_the_best(swept):
    assert not (swept.folder / "variant" / "best.yaml").exists()
    assert "best: none is named before every trial is trained" in swept.said


def test_a_trial_computes_on_exactly_the_threads_it_owns(swept):
    logs = [swept.log(position).read_text(encoding="utf-8") for position in (1, 2)]
    assert [re.findall(r"done with (\d+) threads", log) for log in logs] == [["1"], ["1"]]


def test_one_worker_trains_one_trial_after_another(swept):
    logs = [swept.log(position).read_text(encoding="utf-8") for position in (1, 2)]
    assert len({re.findall(r"process (\d+)", log)[0] for log in logs}) == 1


def test_no_trial_leaves_its_logger_unfinished(swept):
    """Ray ends a worker hard: a run that was not finished would be 7 bytes, said by nobody."""
    for position in (1, 2):
        (run,) = swept.planned[position].folder.glob("wandb/offline-run-*/*.wandb")
        records = inspect_run(run)
        assert sum("history" in record for record in records) == 3
        assert any("exit" in record for record in records)
        assert '"dropout"' in json.dumps(records)  # the run's group


def test_nothing_of_rays_own_is_left_behind(swept):
    assert not (swept.folder / "ray").exists()


def test_mended_the_same_command_trains_what_is_missing_and_nothing_else(swept, study):
    words = (*AXES, f"asof={swept.planned[0].asof}", "experiment=mended")
    mended = replace(
        swept,
        folder=study.runs / "mended" / "sweeps" / "dropout",
        planned=plan(load_settings("sweep", study.words("sweep", *words)[1:])),
    )
    shutil.copytree(study.runs / "swept", study.runs / "mended")
    (mended.planned[-1].folder / "metrics.csv").rmdir()
    before = mended.written_at()
    status, said = _say(study, "sweep", *words)
    assert status == 0, said
    assert "3 done already, 1 begun, 1 to do" in said
    assert mended.written_at() == before
    assert {row["status"] for row in mended.rows()} == {"done"}
    assert (mended.folder / "variant" / "best.yaml").is_file()
