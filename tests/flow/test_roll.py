"""Rolling training: whatever happens on the way, the same factor."""

import shutil
import sys

import pandas as pd
import pytest
import torch
from helpers.small_study import WINDOWS, Study, call

from alphanet_pl.cli.main import main
from alphanet_pl.config.compose import load_settings
from alphanet_pl.evaluation.results import read_evaluation
from alphanet_pl.factor.roll.plan import plan_study
from datamodules.base.errors import FitError
from datamodules.base.files import read_json
from datamodules.panel import Panel


def _fits(study: Study, experiment: str) -> list:
    return sorted(study.runs.glob(f"{experiment}/*/*/*/fit.json"))


def test_every_date_is_scored_by_the_newest_window_on_or_before_it(study, rolling, whole):
    factor = pd.read_parquet(whole / "factor.parquet").astype({"code": str})
    dates = Panel.open(study.runs / "demo" / "panel.zarr").dates
    days = factor["date"].to_numpy().astype("datetime64[D]")
    assert (days[0], days[-1]) == (dates[WINDOWS[0]], dates[-1])
    assert factor["date"].nunique() == len(dates) - WINDOWS[0]
    for session in (250, 289, 290, 329):
        out = study.runs / "one.parquet"
        # predict takes the newest fits as of this date or earlier, and averages the two seeds.
        words_of_predict = (f"date={dates[session]}", f"factor={out}")
        assert call(study, "predict", "variant=v2.1", "experiment=whole", *words_of_predict) == 0
        one = pd.read_parquet(out).astype({"code": str})
        rolled = factor[days == dates[session]].reset_index(drop=True)
        pd.testing.assert_frame_equal(one, rolled, check_exact=True)
        mean = rolled[["seed_0", "seed_1"]].astype(float).mean(axis=1).astype("float32")
        pd.testing.assert_series_equal(rolled["factor"], mean, check_names=False)


def test_a_range_over_two_windows_is_scored_by_what_was_known_before_it(study, whole, tmp_path):
    dates, out = Panel.open(study.runs / "demo" / "panel.zarr").dates, tmp_path / "range.parquet"
    words = (f"date={dates[WINDOWS[0]]}:", f"factor={out}")
    assert call(study, "predict", "variant=v2.1", "experiment=whole", *words) == 0
    range_, rolled = (
        pd.read_parquet(path).astype({"code": str}).set_index(["date", "code"])["factor"]
        for path in (out, whole / "factor.parquet")
    )
    later = range_.index.get_level_values("date") >= pd.Timestamp(str(dates[WINDOWS[1]]))
    assert range_[~later].equals(rolled[~later])
    assert (range_[later] != rolled[later]).mean() > 0.9  # which has the later window's fits there


def test_a_fit_of_a_roll_is_the_one_that_train_makes(study, rolling, whole):
    asof = Panel.open(study.runs / "demo" / "panel.zarr").dates[WINDOWS[1]]
    one = ("variant=v2.1", f"asof={asof}", "seed=1", "experiment=alone")
    assert call(study, "train", *one) == 0
    (alone,) = (path.parent for path in _fits(study, "alone"))
    rolled = whole / alone.parent.name / alone.name
    weights, same = (
        torch.load(folder / "best.ckpt", weights_only=True)["state_dict"]
        for folder in (alone, rolled)
    )
    assert all(torch.equal(weights[key], same[key]) for key in weights)


def test_what_is_done_is_not_done_again(study, rolling, whole, capsys):
    files = [*whole.glob("*/*/*"), whole / "factor.parquet"]
    before = [path.stat().st_mtime_ns for path in files]
    assert call(study, "roll", *rolling, "experiment=whole") == 0
    assert "4 done, 0 to train" in capsys.readouterr().err
    assert [path.stat().st_mtime_ns for path in files] == before


def test_another_period_of_the_same_fits_is_another_factor(study, rolling, whole, tmp_path):
    stop = Panel.open(study.runs / "demo" / "panel.zarr").dates[300]
    out = tmp_path / "shorter.parquet"
    shorter = (f"rolling.stop={stop}", f"factor={out}", "experiment=whole")
    assert call(study, "roll", *rolling, *shorter) == 0
    assert str(pd.read_parquet(out)["date"].max().date()) == str(stop)


def test_an_ensemble_that_lacks_a_fit_is_refused_by_name(study, rolling, whole):
    shutil.copytree(whole, study.runs / "lacking" / "v2.1")
    settings = load_settings("roll", study.words("roll", *rolling, "experiment=lacking")[1:])
    rolled = plan_study(settings, Panel.open(settings.data.panel))
    assert [[len(fits) for fits in groups] for groups in rolled.ensembles()] == [[2], [2]]
    shutil.rmtree(rolled.tasks[3].folder)
    with pytest.raises(FitError, match=f"1 of 4 fits are not trained: {rolled.tasks[3]}"):
        rolled.ensembles()


def test_a_roll_counts_its_fits_and_says_the_time_left(study, rolling, capsys):
    assert call(study, "roll", *rolling, "experiment=counted", "trainer.max_epochs=1") == 0
    said = capsys.readouterr().err
    assert "4 fits: 2 windows" in said
    assert "1/4 v2.1" in said
    assert said.count(" left") == 3
    assert "epoch 0" not in said


def test_evaluate_names_the_fits_behind_the_factor(study, whole, capsys, monkeypatch):
    words = study.words("evaluate", "variant=v2.1", "experiment=whole")
    monkeypatch.setattr(sys, "argv", ["alphanet", *words])  # as a shell starts it
    assert main() == 0
    assert "RankIC" in capsys.readouterr().out
    evaluation = read_evaluation(whole / "evaluation.json")
    fits = evaluation.provenance.fits
    dates = Panel.open(study.runs / "demo" / "panel.zarr").dates
    assert [(fit.asof, fit.seed) for fit in fits] == [
        (str(dates[window]), seed) for window in WINDOWS for seed in (0, 1)
    ]
    for fit in fits:
        record = read_json(whole / fit.asof / f"seed{fit.seed}-{fit.hash}" / "fit.json")
        assert fit.seconds == record["seconds"] > 0
    assert evaluation.pair_coverage.models == 2
    assert evaluation.provenance.command.startswith("alphanet evaluate runs=")


def test_settings_of_one_fit_are_refused(study, rolling, capsys):
    assert call(study, "roll", *rolling, "seed=2") == 2
    assert "HINT: rolling.seeds=[2]" in capsys.readouterr().err


def test_predict_does_not_take_the_place_of_a_stitched_factor(study, whole, capsys):
    before = (whole / "factor.parquet").read_bytes()
    words = ("variant=v2.1", "experiment=whole", "date=latest")
    assert call(study, "predict", *words) == 2
    said = capsys.readouterr().err
    assert "is the factor that roll stitched" in said
    assert "HINT: factor=" in said
    assert (whole / "factor.parquet").read_bytes() == before
