"""A sweep that may stop poor fits early: which ones, and what is left of them."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.small_study import ASOF, Study, call

from alphanet_pl.config.compose import load_settings
from datamodules.panel import Panel
from sweeps.plan import Planned, plan

EPOCHS = 4
"""ASHA's second milestone too, where there is nothing left to stop."""
AXES = (
    "sweep=dropout",
    "sweep.axes.model.n=[6,8]",
    "sweep.axes.seed=[1,2]",  # the second is better after the first epoch, worse after the last
    "sweep.asha=true",
    "sweep.asha_grace=1",
    "sweep.max_concurrent=1",
)


@dataclass(frozen=True)
class Raced:
    """Four trials, one after another, of which ASHA stops some after their first epoch."""

    words: tuple[str, ...]
    planned: list[Planned]
    folder: Path

    def trials(self) -> pd.DataFrame:
        return pd.read_csv(self.folder / "trials.csv")

    def rank_ics(self) -> list[float]:
        """Each trial's after the first epoch."""
        found = []
        for one in self.planned:
            with (one.folder / "metrics.csv").open(encoding="utf-8", newline="") as file:
                found.append(float(next(csv.DictReader(file))["val/rank_ic"]))
        return found


@pytest.fixture(scope="module")
def raced(study: Study) -> Raced:
    asof = f"asof={Panel.open(study.runs / 'demo' / 'panel.zarr').dates[ASOF]}"
    words = (*AXES, asof, f"trainer.max_epochs={EPOCHS}", "experiment=raced")
    planned = plan(load_settings("sweep", study.words("sweep", *words)[1:]))
    assert call(study, "sweep", *words) == 0
    return Raced(words, planned, study.runs / "raced" / "sweeps" / "dropout")


def test_it_stops_the_trials_below_the_best_quarter_of_those_before_them(raced):
    rank_ics = raced.rank_ics()
    poor = [
        position > 0 and value < np.percentile(rank_ics[:position], 75)
        for position, value in enumerate(rank_ics)
    ]
    assert any(poor)
    assert raced.trials()["status"].tolist() == ["stopped" if p else "done" for p in poor]


def test_a_stopped_trial_has_fewer_epochs_and_the_others_all(raced):
    trials = raced.trials()
    assert set(trials.loc[trials["status"] == "done", "epochs"]) == {EPOCHS}
    assert (trials.loc[trials["status"] == "stopped", "epochs"] < EPOCHS).all()


def test_a_configuration_that_lost_a_seed_is_not_called_the_best(raced):
    summary, trials = pd.read_csv(raced.folder / "summary.csv"), raced.trials()
    for _, row in summary.iterrows():
        seeds = trials[trials["model.n"] == row["model.n"]]
        assert (row["seeds"], row["of"]) == ((seeds["status"] == "done").sum(), 2)
    whole = (summary["seeds"] == summary["of"]).any()
    assert (raced.folder / "variant" / "best.yaml").is_file() == whole


def test_the_same_command_starts_no_stopped_trial_again(raced, study):
    before = [one.folder.joinpath("fit.json").stat().st_mtime_ns for one in raced.planned]
    table = raced.trials()
    assert call(study, "sweep", *raced.words) == 0
    after = [one.folder.joinpath("fit.json").stat().st_mtime_ns for one in raced.planned]
    assert after == before
    pd.testing.assert_frame_equal(raced.trials(), table)
