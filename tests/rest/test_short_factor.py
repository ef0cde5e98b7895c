"""Factors that are too short or too narrow for a section still get the others, and a sentence."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.small_study import call

from alphanet_pl.evaluation.results import read_evaluation


@pytest.fixture
def judged(study, tmp_path, capsys):
    """Evaluate a part of the study's factor."""
    factor = pd.read_parquet(study.runs / "default" / "v2.1" / "factor.parquet")

    def judge(part):
        part(factor).to_parquet(tmp_path / "part.parquet")
        words = (f"factor={tmp_path / 'part.parquet'}", f"output={tmp_path}", "variant=v2.1")
        assert call(study, "evaluate", *words) == 0
        assert (tmp_path / "report.html").is_file()
        return read_evaluation(tmp_path / "evaluation.json")

    return judge


def test_one_session_is_one_section(judged):
    found = judged(lambda factor: factor[factor["date"] == factor["date"].min()])
    assert found.ic.neutral.summary.n == 1
    assert found.layers.by_filter["report"].sections == 1


def test_fewer_stocks_than_layers_have_no_layer_test(judged):
    found = judged(lambda factor: factor[factor["code"].isin(factor["code"].unique()[:4])])
    assert found.layers is None
    (sentence,) = (s for s in found.provenance.lacks if "layer test" in s)
    assert "one for each of 5 layers" in sentence


def test_scores_of_one_weekday_are_rebalanced_on_it(judged):
    days = []

    def tuesdays(factor):
        part = factor[factor["date"].dt.day_of_week == 1]
        days.extend(part["date"].unique())
        return part

    found = judged(tuesdays)
    # After the last section whose return is known nothing is rebalanced any more.
    assert len(days) - 2 <= found.enhancement.rebalances <= len(days)


def test_a_factor_from_elsewhere_has_no_seeds(judged):
    found = judged(lambda factor: factor[["date", "code", "factor"]])
    assert found.provenance.seeds == []
    assert found.pair_coverage is None


def test_a_constant_factor_is_said_to_rank_nothing(judged):
    found = judged(lambda factor: factor.assign(factor=1.0))
    assert found.ic.neutral.summary.n == 0
    assert any("There is no order in the factor" in said for said in found.provenance.lacks)


def test_without_sizes_there_is_no_neutral_factor_and_the_cause_is_named(study, tmp_path):
    tables = Path(__file__).parents[1] / "golden" / "tables"
    panel, path = tmp_path / "p.zarr", tmp_path / "part.parquet"
    data = ("data=parquet", f"data.path={tables}", f"data.panel={panel}", "data.styles=none")
    assert call(study, "prepare", *data, "data.without=[float_cap]") == 0
    quotes = pd.read_parquet(tables / "quotes.parquet")[["date", "code"]]
    quotes.assign(factor=np.random.default_rng(0).normal(size=len(quotes))).to_parquet(path)
    assert call(study, "evaluate", *data, f"factor={path}", f"output={tmp_path}") == 0
    lacks = read_evaluation(tmp_path / "evaluation.json").provenance.lacks
    assert any("no neutral factor" in said and "float_cap" in said for said in lacks)
