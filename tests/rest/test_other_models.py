"""v1, v3 and baselines on one panel: each verb, from a fit to the page."""

import pandas as pd
import pytest
from helpers.small_study import ASOF, call
from helpers.wandb_server import inspect_run
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from alphanet_pl.evaluation.results import read_evaluation
from datamodules.base.files import read_json
from datamodules.panel import Panel

MODELS = {"v1": [936, 21090, 31], "v3": [1080, 54480, 61], "ridge": [810], "reversal": [0]}


@pytest.fixture(scope="module")
def home(study):
    """The experiment `others`: each model rolled over a window, v1 of nine of the 15 channels."""
    asof = Panel.open(study.runs / "demo" / "panel.zarr").dates[ASOF]
    for name in MODELS:
        words = (f"variant={name}", f"rolling.dates=[{asof}]", "rolling.seeds=[0]")
        assert call(study, "roll", "experiment=others", "trainer.max_epochs=1", *words) == 0
    assert call(study, "evaluate", "experiment=others", f"variants=[{','.join(MODELS)}]") == 0
    return study.runs / "others"


@pytest.mark.parametrize("name", MODELS)
def test_a_fit_says_what_its_model_is_and_how_many_numbers_it_has(home, name):
    (path,) = home.glob(f"{name}/*/*/fit.json")
    record = read_json(path)
    assert record["status"] == "done"
    assert record["parameters"] == MODELS[name]


@pytest.mark.parametrize("loss", ["neutralised", "long_side", "neutralised_long_side"])
def test_v3_goes_with_dropped_features_and_every_loss(study, loss):
    asof = Panel.open(study.runs / "demo" / "panel.zarr").dates[ASOF]
    words = ("variant=v3", "model.n=8", f"loss={loss}", f"asof={asof}", f"experiment=v3-{loss}")
    assert call(study, "train", *words, "trainer.max_epochs=1") == 0
    (path,) = study.runs.glob(f"v3-{loss}/v3/*/*/fit.json")
    record = read_json(path)
    assert record["parameters"] == [464, 26760, 61]
    assert 0.5 < record["metrics"]["val/loss"] < 1.5


def test_loggers_are_given_the_one_row_of_a_baseline(study):
    asof = Panel.open(study.runs / "demo" / "panel.zarr").dates[ASOF]
    words = ("variant=ridge", f"asof={asof}", "experiment=logged", "logger=[wandb,tensorboard]")
    assert call(study, "train", *words) == 0
    (path,) = study.runs.glob("logged/ridge/*/*/fit.json")
    expected = read_json(path)["metrics"]
    (run,) = path.parent.glob("wandb/offline-run-*/*.wandb")
    (row,) = (record["history"]["item"] for record in inspect_run(run) if "history" in record)
    assert {name: row[name] for name in expected} == expected
    events = EventAccumulator(str(path.parent / "tensorboard")).Reload()
    for name, value in expected.items():
        ((step, found),) = ((point.step, point.value) for point in events.Scalars(name))
        assert (step, found) == (0, pytest.approx(value))


def test_models_of_other_channels_score_the_same_stocks(home):
    keys = [
        pd.read_parquet(home / name / "factor.parquet", columns=["date", "code"]).astype(str)
        for name in MODELS
    ]
    for other in keys[1:]:
        pd.testing.assert_frame_equal(keys[0], other)


def test_the_page_shows_all_and_v1_covers_the_pairs_of_its_own_channels(home):
    page = (home / "report.html").read_text(encoding="utf-8")
    assert all(name in page for name in MODELS)
    (ridge,) = home.glob("ridge/*/*/fit.json")
    assert f"penalty {read_json(ridge)['chosen']['penalty']:g}" in page
    assert read_evaluation(home / "v1" / "evaluation.json").pair_coverage.share == 1.0


def test_a_date_is_scored_and_the_same_fit_checked_before_it_is_queued(study, home, tmp_path):
    date = str(Panel.open(study.runs / "demo" / "panel.zarr").dates[ASOF + 3])
    words = ("experiment=others", "variant=v1", "trainer.max_epochs=1")
    where = f"factor={tmp_path / 'one.parquet'}"
    assert call(study, "predict", *words, f"date={date}", where) == 0
    one, rolled = (
        pd.read_parquet(path) for path in (tmp_path / "one.parquet", home / "v1/factor.parquet")
    )
    same = rolled[rolled["date"] == one["date"].iloc[0]]
    assert one["factor"].tolist() == pytest.approx(same["factor"].tolist(), rel=1e-5)
    assert call(study, "doctor", *words) == 0
