"""`alphanet compare`: what an experiment holds, in one page, with numbers of its own fits."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from helpers.small_study import ASOF, call

from alphanet_pl.evaluation.results import read_evaluation
from alphanet_pl.fit.folder import recorded_settings
from datamodules.panel import Panel


@pytest.fixture
def table(compared):
    return pd.read_csv(compared / "tables" / "sweep_product.csv")


def test_the_page_holds_the_variants_and_the_sweep(compared):
    text = (compared / "compare.html").read_text(encoding="utf-8").split("</script></head>")[-1]
    titles = ("IC test", "Index enhancement", "Sweep product", "Provenance")
    places = [text.index(f"<h2>{title}") for title in titles]
    assert places == sorted(places)
    assert "How alike the factors are" in text
    # Seed 2 of each configuration:
    assert "Trials that are not finished and not counted: 4." in text


def test_a_configuration_is_the_mean_of_its_fits(compared, table):
    row = table[(table["model.n"] == 6) & (table["loss.long_weight"] == 2.0)].iloc[0]
    records = [json.loads(path.read_text()) for path in compared.glob("v2.1/*/*/fit.json")]
    settings = [recorded_settings(record["identity"]) for record in records]
    mine = [
        record
        for record, own in zip(records, settings, strict=True)
        if own["model"]["n"] == 6 and own["loss"]["long_weight"] == 2.0
    ]
    ranks = [record["metrics"]["val/rank_ic"] for record in mine]
    assert len(ranks) == row["seeds"] == 2
    assert row["val_rank_ic"] == pytest.approx(np.mean(ranks))
    assert row["val_rank_ic_error"] == pytest.approx(np.std(ranks, ddof=1) / math.sqrt(2))


def test_after_the_window_a_fit_is_judged_as_evaluate_judges_its_factor(both, table, tmp_path):
    asof = Panel.open(both.runs / "demo" / "panel.zarr").dates[ASOF]
    where = ("experiment=both", "variant=v2.1", "trainer.max_epochs=1", "model.n=6")
    factor = f"factor={tmp_path / 'factor.parquet'}"
    assert call(both, "predict", *where, f"date={asof}:", factor) == 0
    assert call(both, "evaluate", *where, factor, f"output={tmp_path}") == 0
    ic = read_evaluation(tmp_path / "evaluation.json").ic
    row = table[(table["model.n"] == 6) & (table["loss.long_weight"] == 1.0)].iloc[0]
    assert row["rank_ic_of_mean"] == pytest.approx(ic.neutral.summary.mean)
    assert row["rank_ic"] == pytest.approx(np.mean([each.mean for each in ic.by_seed.values()]))


def test_the_training_time_is_compared_with_a_model_of_all_pairs(compared):
    text = (compared / "compare.html").read_text(encoding="utf-8")
    assert "what the sweep varies, with all 15 features paired (number of fits: 1)" in text


def test_an_experiment_of_nothing_is_refused_with_a_hint(study, capsys):
    assert call(study, "compare", "experiment=nothing") == 2
    error = capsys.readouterr().err
    assert "neither an evaluation.json nor the trials.csv of a sweep" in error
    assert "HINT: alphanet evaluate variants=" in error
