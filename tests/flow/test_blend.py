"""`variant=blend`: other variants' fits, trained, rolled, scored and judged as one factor."""

import json

import numpy as np
import pandas as pd
import pytest
from helpers.small_study import ASOF, Study, call
from scipy.stats import zscore

from alphanet_pl.evaluation.results import read_evaluation
from datamodules.panel import Panel


def read(path) -> pd.DataFrame:
    return pd.read_parquet(path).astype({"code": str})


@pytest.fixture(scope="module")
def words(study: Study, rolling) -> tuple[str, ...]:
    """Of a roll, but for the variant."""
    return (*rolling[1:], "experiment=blended", "trainer.max_epochs=1")


@pytest.fixture(scope="module")
def rolled(study: Study, words):
    """The experiment with a blend that is rolled: its folder."""
    assert call(study, "roll", "variant=blend", *words) == 0
    return study.runs / "blended"


def test_the_fits_are_the_members_own_and_ridge_has_one_a_window(study, rolled, words, capsys):
    names = [path.parent.relative_to(rolled).parts for path in rolled.glob("*/*/*/fit.json")]
    assert sorted(name[0] for name in names) == ["ridge"] * 2 + ["v2"] * 4
    capsys.readouterr()
    for variant in ("v2", "ridge"):
        seeds = ("rolling.seeds=[0]",) if variant == "ridge" else ()
        assert call(study, "roll", f"variant={variant}", *words, *seeds) == 0
        assert ", 0 to train" in capsys.readouterr().err


def test_the_factor_is_the_mean_of_what_the_members_say_standardised(
    study, rolled, words, tmp_path
):
    for variant, seeds in (("v2", "[0,1]"), ("ridge", "[0]")):
        alone = (f"rolling.seeds={seeds}", "score.statistics=own", f"factor={tmp_path / variant}")
        assert call(study, "roll", f"variant={variant}", *words, *alone) == 0
    blend = read(rolled / "blend" / "factor.parquet")
    network, ridge = (read(tmp_path / name) for name in ("v2", "ridge"))
    kept = read(rolled / "v2" / "factor.parquet")["seed_0"]  # by running statistics
    assert 0.3 < network["seed_0"].corr(kept, method="spearman") < 0.9999
    assert list(blend) == ["date", "code", "seed_0", "seed_1", "factor"]
    keys = ["date", "code"]
    assert blend[keys].equals(network[keys])
    assert blend[keys].equals(ridge[keys])
    for _, rows in blend.groupby("date"):
        other = zscore(ridge.loc[rows.index, "seed_0"].to_numpy(float))
        each = [
            (zscore(network.loc[rows.index, name].to_numpy(float)) + other) / 2
            for name in ("seed_0", "seed_1")
        ]
        np.testing.assert_allclose(rows[["seed_0", "seed_1"]].T, each, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(rows["factor"], np.mean(each, axis=0), rtol=1e-4, atol=1e-5)


def test_predict_says_of_a_date_what_roll_says_of_it(study, rolled, words, tmp_path):
    date, out = str(read(rolled / "blend" / "factor.parquet")["date"].max())[:10], tmp_path / "p"
    where = (*words[2:], f"date={date}", f"factor={out}")
    assert call(study, "predict", "variant=blend", *where) == 0
    whole = read(rolled / "blend" / "factor.parquet")
    last = whole[whole["date"] == date].reset_index(drop=True)
    pd.testing.assert_frame_equal(read(out), last, check_exact=True)


def test_the_page_names_each_members_fits(study, rolled):
    assert call(study, "evaluate", "variant=blend", "experiment=blended") == 0
    found = read_evaluation(rolled / "blend" / "evaluation.json").provenance
    assert found.seeds == [0, 1]
    named = [(fit.variant, fit.seed) for fit in found.fits]
    assert sorted(set(named)) == [("ridge", 0), ("v2", 0), ("v2", 1)]
    assert all(fit.seconds is not None for fit in found.fits)
    assert found.settings["score"]["variants"] == ["v2", "ridge"]
    page = (rolled / "blend" / "report.html").read_text(encoding="utf-8")
    assert f'ridge <span class="date">{found.fits[-1].asof}</span> seed 0 ' in page
    assert json.loads((rolled / "blend" / "evaluation.json").read_text())["variant"] == "blend"


def test_train_trains_a_fit_of_each_member_and_predict_needs_them_of_one_window(
    study, capsys, tmp_path
):
    dates = Panel.open(study.runs / "demo" / "panel.zarr").dates
    words = ("experiment=members", "trainer.max_epochs=1")
    assert call(study, "train", "variant=blend", *words, f"asof={dates[ASOF]}") == 0
    said = capsys.readouterr().out
    assert "v2 seed 0 as of" in said
    assert "ridge seed 0 as of" in said
    assert call(study, "train", "variant=ridge", *words, f"asof={dates[ASOF + 5]}") == 0
    where = (f"date={dates[ASOF + 10]}", f"factor={tmp_path / 'p'}")
    assert call(study, "predict", "variant=blend", *words, *where) == 2
    said = capsys.readouterr().err
    assert f"different windows ({dates[ASOF]}, {dates[ASOF + 5]})" in said
    assert f"HINT: alphanet train variant=blend asof={dates[ASOF + 5]}" in said


def test_a_sweep_of_a_blend_is_refused(study, capsys):
    assert call(study, "sweep", "sweep=seeds", "variant=blend") == 2
    assert "HINT: variant=v2 score.variants=[]" in capsys.readouterr().err
    axes = ("sweep=product", "sweep.axes={variant: [v2, blend]}")
    assert call(study, "sweep", *axes) == 2
    assert "variant=blend was given" in capsys.readouterr().err


def test_the_page_says_how_the_factor_was_made_whatever_evaluate_is_told(study, rolled, tmp_path):
    words = ("experiment=blended", "score.statistics=running", f"output={tmp_path}")
    assert call(study, "evaluate", "variant=blend", *words) == 0
    found = read_evaluation(tmp_path / "evaluation.json").provenance.settings["score"]
    assert found == {"variants": ["v2", "ridge"], "statistics": "own"}


def test_doctor_names_the_members(study, rolled, capsys):
    call(study, "doctor", "variant=blend", "experiment=blended")
    assert "settings: blend, the mean of v2 and ridge: valid" in capsys.readouterr().out
    assert call(study, "doctor", "variant=blend", "score.variants=[v2,rdge]") == 2
    assert "score.variants=[v2,ridge]" in capsys.readouterr().err
