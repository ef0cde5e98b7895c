"""Figures show what the sections hold."""

import numpy as np
import plotly.graph_objects as go
import pytest
from helpers.synthetic_evaluation import synthetic_evaluation

from alphanet_pl.evaluation.figures import enhancement, ic, layers, universe
from alphanet_pl.evaluation.figures.style import LAYERS, layer_colors

DRAWN = [
    (ic.cumulative_rank_ic, "ic"),
    (ic.rank_ic_by_section, "ic"),
    (ic.rank_ic_decay, "ic"),
    (ic.rank_ic_by_size, "ic"),
    (ic.rank_ic_by_industry, "ic"),
    (layers.layer_excess, "layers"),
    (layers.layer_excess_curves, "layers"),
    (layers.top_layer, "layers"),
    (layers.long_short, "layers"),
    (enhancement.excess_and_drawdown, "enhancement"),
    (enhancement.portfolio_and_index, "enhancement"),
    (enhancement.yearly_excess, "yearly"),
    (universe.style_exposures, "exposures"),
    (universe.stocks_scored, "stock_coverage"),
]


@pytest.fixture(scope="module")
def evaluation():
    return synthetic_evaluation()


@pytest.mark.parametrize(("draw", "name"), DRAWN, ids=lambda each: getattr(each, "__name__", each))
def test_every_figure_has_a_title_and_points(evaluation, draw, name):
    figure = draw(evaluation[name])
    assert isinstance(figure, go.Figure)
    assert figure.layout.title.text
    assert all(len(trace.x) and len(trace.x) == len(trace.y) for trace in figure.data)


def test_the_layers_curves_are_the_sections(evaluation):
    figure = layers.layer_excess_curves(evaluation["layers"])
    for trace, curve in zip(figure.data, evaluation["layers"]["curves"]["excess"], strict=True):
        np.testing.assert_allclose(trace.y, curve, rtol=1e-6)


def test_a_drawdown_points_down(evaluation):
    drawdown = enhancement.excess_and_drawdown(evaluation["enhancement"]).data[1]
    assert np.max(drawdown.y) <= 0 < -np.min(drawdown.y)


def test_industries_stand_in_the_order_of_their_rank_ic(evaluation):
    trace = ic.rank_ic_by_industry(evaluation["ic"]).data[0]
    assert (np.diff(trace.x) >= 0).all()
    assert set(trace.y) == {"Banks", "Steel <& iron>", "Media"}


def test_an_industry_without_stocks_is_not_drawn(evaluation):
    section = {**evaluation["ic"]}
    empty = {"n": 0, "mean": float("nan")}
    section["neutral"] = {**section["neutral"], "by_industry": {"Coal": empty}}
    assert not len(ic.rank_ic_by_industry(section).data[0].y)


@pytest.mark.parametrize("count", [2, 5, 10])
def test_layers_run_from_the_first_color_to_the_last(count):
    colors = layer_colors(count)
    assert (len(colors), colors[0], colors[-1]) == (count, LAYERS[0], LAYERS[-1])
