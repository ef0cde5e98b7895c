"""Every figure of a page, from one evaluation or several: a trace a variant, in its own color.

The paper's figures 10, 12, 13, 16, 18-20, 24, 26-28 and 32, its cover chart, and breakdowns beside
them. A figure of one variant shows some things more (the raw factor, the other filters).

Example: `cover({"v2": evaluation, "v2.1": other})`.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from alphanet_pl.evaluation.compare import Evaluations, excess_nav, paired, seed_spread
from alphanet_pl.evaluation.report.formats import entry, say
from alphanet_pl.evaluation.report.look import (
    ACCENT,
    MUTED,
    PALE,
    PERCENT,
    axis_title,
    colors,
    error_bars,
    layer_colors,
    line,
    numbers,
    styled,
)
from alphanet_pl.evaluation.results import Evaluation
from alphanet_pl.evaluation.signal.exposures import Exposure
from alphanet_pl.evaluation.signal.ic import Decay, ICSummary
from alphanet_pl.evaluation.types import Series

Bars = tuple[Sequence[object], Sequence[float], Sequence[float] | None]
"""What a bar each stands for, how long it is, and its standard error."""


def cover(evaluations: Evaluations) -> go.Figure:
    """Cumulative excess of every enhanced portfolio over the index."""
    return _lines("cover", evaluations, lambda each: excess_nav(each, "enhancement"))


def excess_drawdown(evaluations: Evaluations) -> go.Figure:
    """How far every excess NAV lies below its own maximum."""

    def fall(evaluation: Evaluation) -> Series | None:
        found = evaluation.enhancement
        if found is None:
            return None
        depth = -np.asarray(found.curves.excess_drawdown)
        return Series(found.curves.dates, depth.tolist())

    figure = _lines("excess_drawdown", evaluations, fall)
    return figure.update_yaxes(**PERCENT)


def navs(evaluations: Evaluations) -> go.Figure:
    """NAVs of the portfolios, and of the index of the first."""
    figure = go.Figure()
    found = next(each.enhancement for each in evaluations.values() if each.enhancement)
    line(figure, found.curves.dates, found.curves.index, found.index, MUTED)
    for variant, color in colors(evaluations).items():
        enhanced = evaluations[variant].enhancement
        if enhanced is not None:
            name = say("trace.portfolio", name=variant)
            line(figure, enhanced.curves.dates, enhanced.curves.nav, name, color)
    return _titled(figure, "navs")


def yearly_excess(evaluations: Evaluations) -> go.Figure:
    """Excess over the index in each calendar year."""
    figure = _bars(
        "yearly_excess",
        evaluations,
        lambda each: (each.yearly.years, each.yearly.excess, None) if each.yearly else None,
    )
    return figure.update_xaxes(type="category", title=axis_title(say("axis.year")))


def episode(evaluations: Evaluations, name: str, first: str, last: str) -> go.Figure:
    """Excess NAV inside a period, begun anew with 1 before its first day there."""

    def inside(evaluation: Evaluation) -> Series | None:
        found = evaluation.enhancement
        if found is None:
            return None
        return restarted(Series(found.curves.dates, found.curves.excess), first, last)

    return _lines("episode", evaluations, inside, height=260, name=name)


def restarted(nav: Series, first: str, last: str) -> Series | None:
    """The part of a NAV inside a period, begun anew; None where no day is inside."""
    inside = [place for place, date in enumerate(nav.dates) if first <= date <= last]
    if not inside:
        return None
    base = nav.values[inside[0] - 1] if inside[0] else 1.0
    return Series([nav.dates[k] for k in inside], [nav.values[k] / base for k in inside])


def cumulative_rank_ic(evaluations: Evaluations) -> go.Figure:
    """Cumulative RankIC of every variant's neutral factor; of one alone, the raw one's too."""
    figure = go.Figure()
    for variant, color in colors(evaluations).items():
        ic = evaluations[variant].ic
        if ic is None:
            continue
        if len(evaluations) == 1:
            name = say("trace.raw", name=variant)
            line(figure, ic.raw.series.dates, ic.raw.cumulative, name, MUTED)
        name = say("trace.neutral", name=variant)
        line(figure, ic.neutral.series.dates, ic.neutral.cumulative, name, color)
    return _titled(figure, "cumulative_rank_ic")


def rank_ic_difference(evaluations: Evaluations, baseline: str) -> go.Figure:
    """Cumulative difference of each variant's RankIC from the baseline's."""
    base = evaluations[baseline].ic

    def of(evaluation: Evaluation) -> Series | None:
        ic = evaluation.ic
        if ic is None or base is None or evaluation is evaluations[baseline]:
            return None
        dates, difference = paired(ic.neutral.series, base.neutral.series)
        return Series(dates, np.nancumsum(difference).tolist())

    return _lines("rank_ic_difference", evaluations, of, baseline=baseline)


def rank_ic_by_section(evaluations: Evaluations) -> go.Figure:
    """RankIC of every cross-section."""
    return _bars(
        "rank_ic",
        evaluations,
        lambda each: (
            (each.ic.neutral.series.dates, each.ic.neutral.series.values, None) if each.ic else None
        ),
    )


def rank_ic_decay(evaluations: Evaluations) -> go.Figure:
    """Mean RankIC against returns over 1 to 20 sessions."""
    figure = _bars(
        "decay",
        evaluations,
        lambda each: _decay(each.ic.neutral.decay) if each.ic else None,
    )
    return figure.update_xaxes(title=axis_title(say("axis.horizon")), dtick=2)


def rank_ic_by_year(evaluations: Evaluations) -> go.Figure:
    """Mean RankIC of each year, with its standard error."""
    figure = _bars(
        "by_year",
        evaluations,
        lambda each: _means(each.ic.neutral.by_year) if each.ic else None,
    )
    return figure.update_xaxes(type="category", title=axis_title(say("axis.year")))


def rank_ic_by_size(evaluations: Evaluations) -> go.Figure:
    """Mean RankIC inside five equal buckets of float capitalisation."""

    def of(evaluation: Evaluation) -> Bars | None:
        if evaluation.ic is None:
            return None
        buckets = evaluation.ic.neutral.by_size
        words = entry("sizes")
        names = words if len(buckets) == len(words) else list(range(1, len(buckets) + 1))
        return names, [bucket.mean for bucket in buckets], None

    return _bars("by_size", evaluations, of)


def rank_ic_by_industry(evaluations: Evaluations) -> go.Figure:
    """Mean RankIC inside each industry that has one, lowest first by the first variant."""
    found = next(each.ic for each in evaluations.values() if each.ic).neutral.by_industry
    names = sorted((k for k, v in found.items() if v.n), key=lambda name: found[name].mean)
    figure = _bars(
        "by_industry",
        evaluations,
        lambda each: (
            (names, _means(each.ic.neutral.by_industry, names)[1], None) if each.ic else None
        ),
        lying=True,
        height=90 + 20 * len(names),
    )
    return figure.update_yaxes(dtick=1)


def rank_ic_of_seeds(evaluations: Evaluations) -> go.Figure:
    """Mean RankIC of every seed alone, and of the mean of the seeds."""
    figure = go.Figure()
    for variant, color in colors(evaluations).items():
        ic, seeds = evaluations[variant].ic, evaluations[variant].provenance.seeds
        spread = None if ic is None else seed_spread(ic, seeds)
        if ic is None or spread is None:
            continue
        means, whole = spread.mean_rank_ic, ic.neutral.summary
        figure.add_scatter(
            x=[variant] * len(means), y=numbers(means), mode="markers", name=variant,
            marker={"color": color, "size": 8, "opacity": 0.55}, showlegend=False,
            text=[say("trace.seed", seed=seed) for seed in spread.seeds],
        )  # fmt: skip
        figure.add_scatter(
            x=[variant], y=[whole.mean], mode="markers", name=say("trace.mean", name=variant),
            marker={"color": color, "size": 16, "symbol": "diamond"},
            error_y=error_bars([whole.standard_error]), showlegend=False,
        )  # fmt: skip
    figure.update_xaxes(type="category")
    return _titled(figure, "seeds", percent=True)


def layer_excess(evaluations: Evaluations) -> go.Figure:
    """Annual excess of every layer over the pool; of one variant, under the three filters."""
    figure, paint = go.Figure(), colors(evaluations)
    for variant, each in evaluations.items():
        if each.layers is None:
            continue
        shown = {variant: (each.layers.by_filter[each.layers.filter], paint[variant])}
        if len(evaluations) == 1:
            tables = zip(each.layers.by_filter.items(), (ACCENT, PALE, MUTED), strict=False)
            shown = {say(f"filter.{mode}"): (table, color) for (mode, table), color in tables}
        for name, (table, color) in shown.items():
            layers = [say("column.layer", k=k + 1) for k in range(each.layers.layers)]
            figure.add_bar(x=layers, y=numbers(table.annual_excess), name=name, marker_color=color)
    return _titled(figure, "layer_excess", percent=True)


def layer_curves(evaluations: Evaluations) -> dict[str, go.Figure]:
    """Compounded daily excess of every layer over the pool, a figure a variant."""
    out = {}
    for variant, each in evaluations.items():
        if each.layers is not None:
            out[variant] = figure = go.Figure()
            curves = each.layers.curves
            for k, color in enumerate(layer_colors(each.layers.layers)):
                name = say("column.layer", k=k + 1)
                line(figure, curves.dates, curves.excess[k], name, color)
            _titled(figure, "layer_curves", height=300, words={"name": variant})
    return out


def top_layer(evaluations: Evaluations) -> go.Figure:
    """Excess NAV of every variant's first layer (figures 20 and 28)."""
    return _lines("top_layer", evaluations, lambda each: excess_nav(each, "layers"))


def top_and_pool(evaluation: Evaluation) -> go.Figure:
    """NAVs of layer 1, of the pool, and of the excess between them."""
    figure = go.Figure()
    if evaluation.layers is not None:
        curves = evaluation.layers.curves
        line(figure, curves.dates, curves.pool, say("trace.pool"), MUTED)
        line(figure, curves.dates, curves.layers[0], say("column.layer", k=1), PALE)
        line(figure, curves.dates, curves.excess[0], say("trace.excess"), ACCENT)
    return _titled(figure, "top_and_pool")


def long_short(evaluation: Evaluation) -> go.Figure:
    """NAV of layer 1 less the last layer, as the paper counts cost and with both legs paying."""
    figure = go.Figure()
    if evaluation.layers is not None:
        curves = evaluation.layers.curves
        for mode, color in (("report", MUTED), ("net", ACCENT)):
            line(figure, curves.dates, curves.long_short[mode], say(f"trace.{mode}"), color)
    return _titled(figure, "long_short")


def style_means(evaluations: Evaluations) -> go.Figure:
    """Mean rank correlation of every variant's factor with each style."""
    figure = _styles("styles", evaluations, lambda style: style.mean, before=False)
    return figure.update_xaxes(zerolinecolor=MUTED)


def style_sizes(evaluations: Evaluations) -> go.Figure:
    """Mean absolute rank correlation with each style; of one variant, also before projection."""
    figure = _styles(
        "style_sizes", evaluations, lambda style: style.mean_absolute, before=len(evaluations) == 1
    )
    return figure.update_xaxes(rangemode="tozero")


def stocks_scored(evaluations: Evaluations) -> go.Figure:
    """Stocks with a score, and stocks that could have one, at each cross-section."""
    figure = go.Figure()
    known = {name: each.stock_coverage for name, each in evaluations.items()}
    first = next(found for found in known.values() if found)
    line(figure, first.dates, first.universe, say("trace.universe"), MUTED)
    for variant, color in colors(evaluations).items():
        found = known[variant]
        if found is not None:
            line(figure, found.dates, found.scored, say("trace.scored", name=variant), color)
    return _titled(figure, "stocks", height=260).update_yaxes(rangemode="tozero")


def _styles(
    key: str, evaluations: Evaluations, of: Callable[[Exposure], float], *, before: bool
) -> go.Figure:
    figure, styles = go.Figure(), 0
    for variant, color in colors(evaluations).items():
        found = evaluations[variant].exposures
        if found is None:
            continue
        columns = {variant: (found.styles, color)}
        if before and found.before_projection is not None:
            columns[say("column.before", name=variant)] = (found.before_projection, MUTED)
        for name, (exposures, paint) in columns.items():
            styles = len(exposures)
            figure.add_bar(
                y=[style.replace("_", " ") for style in exposures],
                x=numbers([of(style) for style in exposures.values()]),
                name=name, marker_color=paint, orientation="h",
            )  # fmt: skip
    height = 100 + styles * (12 + 7 * max(len(figure.data), 2))
    figure = _titled(figure, key, height=height, lying=True)
    figure.update_yaxes(dtick=1, autorange="reversed")
    return figure.update_xaxes(hoverformat=".3f")


def _decay(found: Decay) -> Bars:
    return found.horizon, found.mean, None


def _means(found: Mapping[str, ICSummary], names: Sequence[str] | None = None) -> Bars:
    chosen = [found[name] for name in names or found]
    return list(found), [s.mean for s in chosen], [s.standard_error for s in chosen]


def _lines(
    key: str,
    evaluations: Evaluations,
    curve: Callable[[Evaluation], Series | None],
    *,
    height: int = 320,
    **words: str,
) -> go.Figure:
    figure = go.Figure()
    for variant, color in colors(evaluations).items():
        found = curve(evaluations[variant])
        if found is not None:
            line(figure, found.dates, found.values, variant, color)
    return _titled(figure, key, height=height, words=words)


def _bars(
    key: str,
    evaluations: Evaluations,
    of: Callable[[Evaluation], Bars | None],
    *,
    lying: bool = False,
    height: int = 320,
) -> go.Figure:
    """Bars of fractions, a group a thing and a color a variant."""
    figure = go.Figure()
    for variant, color in colors(evaluations).items():
        found = of(evaluations[variant])
        if found is None:
            continue
        names, values, errors = list(found[0]), numbers(found[1]), found[2]
        where = {"y": names, "x": values} if lying else {"x": names, "y": values}
        if errors is not None:
            where["error_y"] = error_bars(errors)
        orientation = "h" if lying else "v"
        figure.add_bar(**where, name=variant, marker_color=color, orientation=orientation)
    return _titled(figure, key, percent=True, height=height, lying=lying)


def _titled(
    figure: go.Figure,
    key: str,
    *,
    percent: bool = False,
    height: int = 320,
    lying: bool = False,
    words: Mapping[str, str] | None = None,
) -> go.Figure:
    """The look, with the title and the unit that the catalogue has for a figure."""
    title, unit = entry(f"figure.{key}")
    title = title.format(**(words or {}))
    if not lying:
        return styled(figure, title, unit, percent=percent, height=height)
    figure = styled(figure, title, height=height).update_xaxes(title=axis_title(unit))
    return figure.update_xaxes(**PERCENT) if percent else figure
