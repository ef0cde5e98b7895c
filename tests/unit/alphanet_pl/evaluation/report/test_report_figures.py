"""Figures show what the evaluations hold, a color a variant."""

from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest
from helpers.synthetic_evaluation import synthetic_evaluation

from alphanet_pl.evaluation.compare import having, seed_spread
from alphanet_pl.evaluation.report import figures
from alphanet_pl.evaluation.report.look import (
    KNOWN,
    LAYERS,
    OTHERS,
    colors,
    error_bars,
    layer_colors,
)
from alphanet_pl.evaluation.signal.ic import ic_summary
from alphanet_pl.evaluation.types import Series

OF_MANY = {
    figures.cover: "enhancement",
    figures.excess_drawdown: "enhancement",
    figures.cumulative_rank_ic: "ic",
    figures.rank_ic_by_section: "ic",
    figures.rank_ic_by_year: "ic",
    figures.rank_ic_decay: "ic",
    figures.rank_ic_by_size: "ic",
    figures.rank_ic_by_industry: "ic",
    figures.layer_excess: "layers",
    figures.top_layer: "layers",
    figures.yearly_excess: "yearly",
    figures.style_means: "exposures",
    figures.style_sizes: "exposures",
}
"""Figures whose traces are variants -> the part of an evaluation that they are of."""
OTHER = {figures.navs: "enhancement", figures.stocks_scored: "stock_coverage"}
OF_ONE = (figures.top_and_pool, figures.long_short)


def _drawn(draw, evaluations) -> go.Figure:
    part = (OF_MANY | OTHER)[draw]
    return draw(having(evaluations, lambda each: getattr(each, part)))


@pytest.fixture(scope="module")
def evaluation():
    return synthetic_evaluation()


@pytest.fixture(scope="module")
def alone(evaluation):
    return {"v2.1": evaluation}


def _is_whole(figure: go.Figure) -> bool:
    points = all(len(trace.x) and len(trace.x) == len(trace.y) for trace in figure.data)
    units = [axis.title.text for axis in (*figure.select_xaxes(), *figure.select_yaxes())]
    return bool(figure.layout.title.text) and bool(figure.data) and points and any(units)


@pytest.mark.parametrize("draw", [*OF_MANY, *OTHER], ids=lambda each: each.__name__)
def test_a_figure_has_a_title_a_unit_and_points_of_one_and_of_several(alone, several, draw):
    assert _is_whole(_drawn(draw, alone))
    assert _is_whole(_drawn(draw, several))


@pytest.mark.parametrize("draw", OF_ONE, ids=lambda each: each.__name__)
def test_a_figure_of_one_variant_has_a_title_a_unit_and_points(evaluation, draw):
    assert _is_whole(draw(evaluation.layers))


@pytest.mark.parametrize("draw", OF_MANY, ids=lambda each: each.__name__)
def test_a_variant_has_one_color_in_every_figure(several, draw):
    paint = colors(several)
    for trace in _drawn(draw, several).data:
        found = trace.line.color if trace.type == "scatter" else trace.marker.color
        assert found == paint[trace.name.split(",")[0]]


def test_the_difference_is_of_the_others_in_their_colors(several):
    drawn = figures.rank_ic_difference(having(several, lambda each: each.ic), "v2").data
    assert [trace.name for trace in drawn] == ["v2.1", "v2.2"]
    assert [trace.line.color for trace in drawn] == [KNOWN["v2.1"], KNOWN["v2.2"]]


def test_a_variants_color_does_not_depend_on_its_company():
    assert colors(["v2.2"])["v2.2"] == colors(["v2", "mine", "v2.2"])["v2.2"] == KNOWN["v2.2"]
    assert colors(["mine", "v2", "yours"]) == {
        "mine": OTHERS[0], "v2": KNOWN["v2"], "yours": OTHERS[1]
    }  # fmt: skip


def test_the_layers_curves_are_the_evaluations(evaluation):
    figure = figures.layer_curves("v2.1", evaluation.layers)
    for trace, curve in zip(figure.data, evaluation.layers.curves.excess, strict=True):
        np.testing.assert_allclose(trace.y, curve, rtol=1e-6)


def test_one_variant_shows_its_filters_and_its_raw_factor(alone):
    assert len(_drawn(figures.layer_excess, alone).data) == 3
    assert [trace.name for trace in _drawn(figures.cumulative_rank_ic, alone).data] == [
        "v2.1, raw factor", "v2.1, neutral factor"
    ]  # fmt: skip


def test_a_drawdown_points_down(alone):
    (drawdown,) = _drawn(figures.excess_drawdown, alone).data
    assert np.max(drawdown.y) <= 0 < -np.min(drawdown.y)


def test_industries_stand_in_the_order_of_their_rank_ic(alone):
    trace = _drawn(figures.rank_ic_by_industry, alone).data[0]
    assert (np.diff(trace.x) >= 0).all()
    assert set(trace.y) == {"Banks", "Steel <& iron>", "Media"}


def test_an_industry_without_stocks_is_not_drawn(evaluation):
    neutral = replace(evaluation.ic.neutral, by_industry={"Coal": ic_summary(np.zeros(0))})
    found = replace(evaluation, ic=replace(evaluation.ic, neutral=neutral))
    assert not len(_drawn(figures.rank_ic_by_industry, {"v2.1": found}).data[0].y)


def test_seeds_are_dots_around_their_mean(evaluation):
    summary = evaluation.ic.neutral.summary
    by_seed = {str(k): replace(summary, mean=value) for k, value in enumerate((0.01, 0.02, 0.06))}
    found = replace(evaluation.ic, by_seed=by_seed)
    spread = seed_spread(found, [0, 1, 2])
    dots, mean = figures.rank_ic_of_seeds({"v2.1": found}, {"v2.1": spread}).data
    np.testing.assert_allclose(dots.y, [0.01, 0.02, 0.06], rtol=1e-6)
    assert mean.y[0] == summary.mean


def test_an_episodes_curve_begins_anew():
    found = figures.restarted(Series(["a", "b", "c", "d"], [1.1, 1.2, 1.5, 1.4]), "b", "c")
    assert found.dates == ["b", "c"]
    np.testing.assert_allclose(found.values, [1.2 / 1.1, 1.5 / 1.1])


def test_a_nav_outside_a_period_is_not_drawn():
    assert figures.restarted(Series(["a", "b"], [1.0, 2.0]), "c", "d") is None


def test_a_single_bar_does_not_fill_the_figure(alone):
    assert _drawn(figures.rank_ic_by_section, alone).layout.bargap == 0.3
    assert _drawn(figures.yearly_excess, alone).layout.bargap > 0.6


@pytest.mark.parametrize("count", [2, 5, 10])
def test_layers_run_from_the_first_color_to_the_last(count):
    colors = layer_colors(count)
    assert (len(colors), colors[0], colors[-1]) == (count, LAYERS[0], LAYERS[-1])


def test_what_has_no_standard_error_has_no_bar():
    bars = error_bars([float("nan"), 0.01])["array"]
    assert np.isnan(bars[0])  # a zero would be drawn, as a cap on top of the bar
    assert bars[1] == pytest.approx(0.01)


def test_dates_along_an_axis_are_in_numbers_whatever_the_ticks(evaluation):
    found = {"v2.1": evaluation.ic}
    for figure in (figures.rank_ic_by_section(found), figures.cumulative_rank_ic(found)):
        forms = [stop.value for stop in figure.layout.xaxis.tickformatstops]
        assert forms == ["%Y-%m-%d", "%Y-%m", "%Y"]
