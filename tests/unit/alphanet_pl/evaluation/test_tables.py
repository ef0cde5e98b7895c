"""CSV tables hold the evaluation's own numbers."""

import pytest
from helpers.synthetic_evaluation import synthetic_evaluation

from alphanet_pl.evaluation.results import new_evaluation
from alphanet_pl.evaluation.tables import tables


@pytest.fixture(scope="module")
def evaluation():
    return synthetic_evaluation()


def test_an_evaluation_of_nothing_has_no_tables():
    assert tables(new_evaluation("v2", "2011-01-31", "2011-02-01")) == {}


def test_the_layers_table_has_a_row_a_filter_and_layer(evaluation):
    found = tables(evaluation)["layers"]
    assert len(found) == 15
    expected = evaluation["layers"]["by_filter"]["none"]["annual_excess"]
    assert found.loc["none", "annual_excess"].tolist() == expected


def test_a_drawdown_is_written_as_its_depth(evaluation):
    found = tables(evaluation)["enhancement"]
    section = evaluation["enhancement"]
    depth = section["portfolio"]["max_drawdown"]["depth"]
    assert found.loc["portfolio", "max_drawdown"] == depth
    assert found.loc["portfolio", "information_ratio"] == section["relative"]["information_ratio"]


def test_curves_have_a_row_a_session(evaluation):
    found = tables(evaluation)
    for name, section in (("layer_curves", "layers"), ("enhancement_curves", "enhancement")):
        assert found[name].index.tolist() == evaluation[section]["curves"]["dates"]


def test_no_relaxed_week_is_an_empty_table_with_its_head(evaluation):
    exact = {**evaluation, "enhancement": {**evaluation["enhancement"], "relaxed": []}}
    assert tables(exact)["relaxed"].columns.tolist() == ["rung", "detail"]
