"""Tables are frames of the evaluation's own numbers, and every renderer says the same."""

import math
from dataclasses import replace

import pandas as pd
import pytest
from helpers.synthetic_evaluation import synthetic_evaluation

from alphanet_pl.evaluation.compare import compare
from alphanet_pl.evaluation.paper import PRINTED
from alphanet_pl.evaluation.report import table_rows as module
from alphanet_pl.evaluation.report.formats import entry, number, percent, say, sentence, with_error
from alphanet_pl.evaluation.report.table_rows import ENHANCEMENT, Metric, layer_metrics, shown
from alphanet_pl.evaluation.report.tables import (
    FEW,
    enhancement_cells,
    frame,
    ic_cells,
    layer_cells,
    markdown,
    printed_enhancement,
    printed_layers,
    tables,
    terminal_lines,
)
from alphanet_pl.evaluation.results import Evaluation


@pytest.fixture(scope="module")
def evaluation():
    return synthetic_evaluation()


def test_an_evaluation_of_nothing_has_no_tables():
    assert tables(Evaluation(variant="v2", start="2011-01-31", stop="2011-02-01")) == {}


def test_the_layers_table_has_a_row_a_filter_and_layer(evaluation):
    found = tables(evaluation)["layers"]
    assert len(found) == 15
    assert found.index.names == ["filter", "layer"]
    expected = evaluation.layers.by_filter["none"].annual_excess
    assert found.loc["none", "annual_excess"].tolist() == expected
    assert list(found.columns[:6]) == [
        "annual_excess", "annual_excess_gross", "annual_return", "volatility", "sharpe",
        "max_drawdown",
    ]  # fmt: skip


def test_a_drawdown_is_written_as_its_depth(evaluation):
    found = tables(evaluation)["enhancement"]
    enhanced = evaluation.enhancement
    depth = enhanced.portfolio.max_drawdown.depth
    assert found.loc["portfolio", "max_drawdown"] == depth
    assert found.loc["portfolio", "information_ratio"] == enhanced.relative.information_ratio


def test_curves_have_a_row_a_session(evaluation):
    found = tables(evaluation)
    for name, part in (("layer_curves", "layers"), ("enhancement_curves", "enhancement")):
        assert found[name].index.tolist() == getattr(evaluation, part).curves.dates


def test_no_relaxed_week_is_an_empty_table_with_its_head(evaluation):
    exact = replace(evaluation, enhancement=replace(evaluation.enhancement, relaxed=[]))
    assert tables(exact)["relaxed"].columns.tolist() == ["rung", "detail"]


def test_every_row_of_every_table_has_its_words():
    listed = [each for each in vars(module).values() if isinstance(each, tuple)]
    metrics = [row for rows in listed for row in rows if isinstance(row, Metric)]
    assert len(metrics) > 50
    assert all(metric.label for metric in [*metrics, *layer_metrics(5)])


def test_a_metric_is_one_row_of_a_shown_table():
    mine = Metric("calmar", number, word="n")
    cells = shown([mine, Metric("absent")], frame({"v2": {"calmar": 2.5}, "v2.1": {}}))
    assert cells.to_dict() == {"v2": {"N": "2.50"}, "v2.1": {"N": "-"}}


def test_a_printed_row_is_in_our_units():
    printed = printed_layers(5)["v2.1"]
    assert printed["excess_1"] == pytest.approx(PRINTED.layers["v2.1"].annual_excess[0] / 100)
    assert printed["top_information_ratio"] == PRINTED.layers["v2.1"].top_information_ratio


def test_another_number_of_layers_has_nothing_printed():
    assert printed_layers(10) == {}


def test_the_printed_index_stands_beside_itself_only():
    assert "csi500" in printed_enhancement("csi500")
    assert "csi300" not in printed_enhancement("csi300")


def test_cells_of_several_have_a_column_each_and_its_printed_one(several):
    comparison = compare(several)
    for cells in (ic_cells(comparison), layer_cells(comparison), enhancement_cells(comparison)):
        assert list(cells.columns) == [
            "v2", "v2, printed", "v2.1", "v2.1, printed", "v2.2", "v2.2, printed"
        ]  # fmt: skip


def test_cells_of_one_have_its_forms_and_filters(evaluation):
    comparison = compare({"v2.1": evaluation})
    assert list(ic_cells(comparison, evaluation).columns) == [
        "neutral", "raw", "the truth", "v2.1, printed"
    ]  # fmt: skip
    assert list(layer_cells(comparison, evaluation).columns) == [
        "the paper's filter", "realistic", "no filter", "v2.1, printed"
    ]  # fmt: skip


def test_the_index_stands_behind_the_portfolios(evaluation):
    cells = enhancement_cells(compare({"v2.1": evaluation}), evaluation.enhancement)
    assert list(cells.columns) == ["v2.1", "v2.1, printed", "csi500", "csi500, printed"]
    assert len(cells) == len(ENHANCEMENT)


def test_markdown_escapes_what_would_break_it():
    text = markdown(pd.DataFrame({"a|b": ["1", "2"]}, index=["v2", "v2.1"]))
    assert text == "|  | a\\|b |\n| --- | ---: |\n| v2 | 1 |\n| v2.1 | 2 |"


def test_the_terminal_says_the_headline_and_what_is_missing(evaluation):
    provenance = replace(evaluation.provenance, lacks=["There is no layer test: few stocks."])
    changed = replace(evaluation, layers=None, provenance=provenance)
    first, *lines, last = terminal_lines({"v2.1": changed}, compare({"v2.1": changed}))
    assert first == f"v2.1, {evaluation.start} to {evaluation.stop}"
    assert last == "There is no layer test: few stocks."
    summary = evaluation.ic.neutral.summary
    (said,) = (line for line in lines if line.startswith("RankIC, neutral factor"))
    assert said.endswith(f"{percent(summary.mean)} +- {percent(summary.standard_error)}")
    assert "After +- stands a plain standard error over time." in lines[-1]
    assert ("Only" in lines[-1]) == (summary.n < FEW)


def test_the_terminal_says_the_first_and_last_of_many_layers(evaluation):
    layers = evaluation.layers
    many = replace(layers.by_filter[layers.filter], annual_excess=[k / 100 for k in range(100)])
    layers = replace(layers, by_filter={**layers.by_filter, layers.filter: many})
    changed = replace(evaluation, layers=layers)
    lines = terminal_lines({"v2.1": changed}, compare({"v2.1": changed}))
    assert any(line.endswith(" 0.0%, 1.0%, 2.0%, ..., 97.0%, 98.0%, 99.0%") for line in lines)


def test_numbers_that_do_not_exist_are_dashes():
    assert (percent(None), percent(math.nan), number(None)) == ("-", "-", "-")
    assert (percent(0.11449), number(1.096)) == ("11.45%", "1.10")


def test_zero_has_no_minus():
    assert (percent(-1e-9), number(-0.001)) == ("0.00%", "0.00")


def test_an_error_follows_its_value_in_the_same_unit():
    assert with_error(0.1234, 0.0056) == "12.34% \u00b1 0.56%"
    assert with_error(0.1234, None) == with_error(0.1234, math.nan) == "12.34%"
    assert with_error(None, 0.1) == "-"
    assert with_error(-0.1234, 0.0056) == "-12.34% \u00b1 0.56%"
    assert with_error(0.5, 0.1, number) == "0.50 \u00b1 0.10"


def test_words_join():
    assert sentence(["a", "b", "c"]) == "a, b and c"
    assert sentence(["a"]) == "a"
    assert sentence([]) == ""


def test_a_sentence_is_filled_in_from_the_catalogue():
    assert say("span.seed", seed=3) == "Seed 3."
    assert entry("sizes")[0] == "smallest"
