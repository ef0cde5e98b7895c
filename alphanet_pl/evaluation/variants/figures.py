"""Figures of several variants: the cover chart, and figures 18-20, 24, 26-28 and 32 in one each."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from alphanet_pl.evaluation.compare import Comparison, Evaluations, paired
from alphanet_pl.evaluation.figures.style import MUTED, line, styled
from alphanet_pl.evaluation.results import Evaluation
from alphanet_pl.evaluation.signal.ic import ic_by_year
from alphanet_pl.evaluation.variants.colors import colors

Curve = tuple[Sequence[str], Sequence[float]]


def cover(evaluations: Evaluations) -> go.Figure:
    """Cumulative excess of every enhanced portfolio over the index."""
    return _lines(evaluations, _excess, "Cumulative excess over the index, after cost")


def excess_drawdown(evaluations: Evaluations) -> go.Figure:
    """How far every excess NAV lies below its own maximum."""

    def fall(evaluation: Evaluation) -> Curve | None:
        found = evaluation.enhancement
        if found is None:
            return None
        depth = -np.asarray(found.curves.excess_drawdown, dtype=np.float64)
        return found.curves.dates, depth.tolist()

    figure = _lines(evaluations, fall, "Drawdown of the excess over the index")
    figure.update_yaxes(tickformat=".1~%", hoverformat=".2%")
    return figure


def cumulative_rank_ic(evaluations: Evaluations) -> go.Figure:
    """Cumulative RankIC of every variant's neutral factor (figures 18 and 26)."""

    def of(evaluation: Evaluation) -> Curve | None:
        ic = evaluation.ic
        return None if ic is None else (ic.neutral.series.dates, ic.neutral.cumulative)

    return _lines(evaluations, of, "Cumulative RankIC, neutral factor")


def rank_ic_difference(evaluations: Evaluations, baseline: str) -> go.Figure:
    """Cumulative difference of each variant's RankIC from the baseline's."""
    base = evaluations[baseline].ic

    def of(evaluation: Evaluation) -> Curve | None:
        ic = evaluation.ic
        if ic is None or base is None or evaluation is evaluations[baseline]:
            return None
        dates, difference = paired(ic.neutral.series, base.neutral.series)
        return dates, np.nancumsum(difference).tolist()

    return _lines(evaluations, of, f"Cumulative RankIC less that of {baseline}")


def rank_ic_by_year(evaluations: Evaluations) -> go.Figure:
    """Mean RankIC of each year, with its standard error."""
    figure, paint = go.Figure(), colors(evaluations)
    for variant, each in evaluations.items():
        if each.ic is None:
            continue
        series = each.ic.neutral.series
        dates = np.array(series.dates, dtype="datetime64[D]")
        years = ic_by_year(np.array(series.values, dtype=np.float64), dates)
        figure.add_bar(
            x=list(years),
            y=_numbers([year.mean for year in years.values()]),
            error_y=_bars([year.standard_error for year in years.values()]),
            name=variant,
            marker_color=paint[variant],
        )
    figure.update_xaxes(type="category")
    title = "Mean RankIC by year, neutral factor, with standard errors"
    return styled(figure, title, percent=0)


def rank_ic_of_seeds(comparison: Comparison) -> go.Figure:
    """Mean RankIC of every seed alone, and of the mean of the seeds."""
    figure, paint = go.Figure(), colors(comparison.variants)
    for variant, row in comparison.variants.items():
        if row.seeds is None or row.ic is None:
            continue
        means = row.seeds.mean_rank_ic
        figure.add_scatter(
            x=[variant] * len(means), y=_numbers(means), mode="markers", name=variant,
            marker={"color": paint[variant], "size": 8, "opacity": 0.55}, showlegend=False,
            text=[f"seed {seed}" for seed in row.seeds.seeds],
        )  # fmt: skip
        figure.add_scatter(
            x=[variant], y=[row.ic.mean], mode="markers", name=f"{variant}, their mean",
            marker={"color": paint[variant], "size": 16, "symbol": "diamond"},
            error_y=_bars([row.ic.standard_error]), showlegend=False,
        )  # fmt: skip
    figure.update_xaxes(type="category")
    title = "Mean RankIC of single seeds (dots), and of their mean with its standard error"
    return styled(figure, title, percent=1)


def layer_excess(evaluations: Evaluations) -> go.Figure:
    """Annual excess of every layer over the pool."""
    figure, paint = go.Figure(), colors(evaluations)
    for variant, each in evaluations.items():
        layers = each.layers
        if layers is None:
            continue
        excess = layers.by_filter[layers.filter].annual_excess
        names = [f"layer {k + 1}" for k in range(len(excess))]
        figure.add_bar(x=names, y=_numbers(excess), name=variant, marker_color=paint[variant])
    return styled(figure, "Annual excess of each layer over the pool, after cost", percent=0)


def top_layer(evaluations: Evaluations) -> go.Figure:
    """Excess NAV of every variant's first layer (figures 20 and 28)."""

    def of(evaluation: Evaluation) -> Curve | None:
        layers = evaluation.layers
        return None if layers is None else (layers.curves.dates, layers.curves.excess[0])

    return _lines(evaluations, of, "Excess NAV of the first layer over the pool, after cost")


def yearly_excess(evaluations: Evaluations) -> go.Figure:
    """Excess over the index in each calendar year."""
    figure, paint = go.Figure(), colors(evaluations)
    for variant, each in evaluations.items():
        if each.yearly is not None:
            years, excess = each.yearly.years, each.yearly.excess
            figure.add_bar(x=years, y=_numbers(excess), name=variant, marker_color=paint[variant])
    figure.update_xaxes(type="category")
    return styled(figure, "Excess over the index by calendar year", percent=0)


def exposures(comparison: Comparison) -> go.Figure:
    """Mean rank correlation of every variant's factor with each style."""
    figure, paint = go.Figure(), colors(comparison.variants)
    styles = 0
    for variant, row in comparison.variants.items():
        if row.exposures is None:
            continue
        styles = len(row.exposures)
        figure.add_bar(
            y=[name.replace("_", " ") for name in row.exposures],
            x=_numbers([style.mean for style in row.exposures.values()]),
            name=variant, marker_color=paint[variant], orientation="h",
        )  # fmt: skip
    several = max(len(comparison.variants), 2)
    title = "Style exposures: mean rank correlation, with its sign"
    figure = styled(figure, title, height=100 + styles * (12 + 7 * several))
    figure.update_xaxes(hoverformat=".3f", zerolinecolor=MUTED)
    figure.update_yaxes(dtick=1, autorange="reversed")
    return figure


def _excess(evaluation: Evaluation) -> Curve | None:
    found = evaluation.enhancement
    return None if found is None else (found.curves.dates, found.curves.excess)


def _lines(
    evaluations: Mapping[str, Evaluation],
    curve: Callable[[Evaluation], Curve | None],
    title: str,
) -> go.Figure:
    figure, paint = go.Figure(), colors(evaluations)
    for variant, evaluation in evaluations.items():
        found = curve(evaluation)
        if found is not None:
            line(figure, *found, variant, paint[variant])
    return styled(figure, title)


def _bars(errors: Sequence[float]) -> dict[str, object]:
    return {"array": _numbers(errors), "thickness": 1, "width": 2, "color": "#323f4b"}


def _numbers(values: Sequence[float]) -> np.ndarray:
    return np.asarray(values, dtype=np.float32)
