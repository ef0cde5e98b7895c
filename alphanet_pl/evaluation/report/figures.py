"""Every figure of a page, from one result or several: a trace a variant, in its own color.

The paper's figures 10, 12, 13, 16, 18-20, 24, 26-28 and 32, its cover chart, and breakdowns beside
them. A figure of one variant shows some things more (the raw factor, the other filters).

Example: `cover({"v2": evaluation.enhancement, "v2.1": other.enhancement})`.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from alphanet_pl.evaluation.compare import SeedSpread, excess_nav, one_index, paired
from alphanet_pl.evaluation.portfolio.enhancement import EnhancementResult, YearlyResult
from alphanet_pl.evaluation.portfolio.layers import LayersResult
from alphanet_pl.evaluation.report.formats import entry, say
from alphanet_pl.evaluation.report.look import (
    ACCENT,
    DATES,
    MUTED,
    PALE,
    PERCENT,
    axis_title,
    colors,
    error_bars,
    layer_colors,
    numbers,
    styled,
)
from alphanet_pl.evaluation.signal.cross_sections import StockCoverage
from alphanet_pl.evaluation.signal.exposures import Exposure, ExposuresResult
from alphanet_pl.evaluation.signal.ic import ICResult, ICSummary
from alphanet_pl.evaluation.types import Series

Enhanced = Mapping[str, EnhancementResult]
ICs = Mapping[str, ICResult]
Layers = Mapping[str, LayersResult]
Line = tuple[str, Series, str]
"""What a trace is called, its values, its color."""
Bars = tuple[Sequence[object], Sequence[float], Sequence[float] | None]
"""What a bar each stands for, how long it is, and its standard error."""


def cover(found: Enhanced) -> go.Figure:
    """Cumulative excess of every enhanced portfolio over the index."""
    return _lines("cover", _own({name: excess_nav(each) for name, each in found.items()}))


def excess_drawdown(found: Enhanced) -> go.Figure:
    """How far every excess NAV lies below its own maximum."""
    falls = {
        name: Series(each.curves.dates, (-np.asarray(each.curves.excess_drawdown)).tolist())
        for name, each in found.items()
    }
    return _lines("excess_drawdown", _own(falls)).update_yaxes(**PERCENT)


def navs(found: Enhanced) -> go.Figure:
    """NAVs of the portfolios, and of the index where it is the same beside all of them."""
    first, paint = next(iter(found.values())), colors(found)
    index = (first.index, Series(first.curves.dates, first.curves.index), MUTED)
    lines = [index] if one_index(found) else []
    for name, each in found.items():
        nav = Series(each.curves.dates, each.curves.nav)
        lines.append((say("trace.portfolio", name=name), nav, paint[name]))
    return _lines("navs", lines)


def yearly_excess(found: Mapping[str, YearlyResult]) -> go.Figure:
    """Excess over the index in each calendar year."""
    bars = {name: (each.years, each.excess, None) for name, each in found.items()}
    return _by_year("yearly_excess", bars)


def episode(found: Enhanced, name: str, first: str, last: str) -> go.Figure:
    """Excess NAV inside a period, begun anew with 1 before its first day there."""
    navs = {
        variant: nav
        for variant, each in found.items()
        if (nav := restarted(excess_nav(each), first, last))
    }
    return _lines("episode", _own(navs, among=found), height=260, name=name)


def restarted(nav: Series, first: str, last: str) -> Series | None:
    """The part of a NAV inside a period, begun anew; None where no day is inside."""
    inside = [place for place, date in enumerate(nav.dates) if first <= date <= last]
    if not inside:
        return None
    base = nav.values[inside[0] - 1] if inside[0] else 1.0
    return Series([nav.dates[k] for k in inside], [nav.values[k] / base for k in inside])


def cumulative_rank_ic(found: ICs) -> go.Figure:
    """Cumulative RankIC of every variant's neutral factor; of one alone, the raw one's too."""
    lines: list[Line] = []
    for name, color in colors(found).items():
        ic = found[name]
        if len(found) == 1:
            raw = Series(ic.raw.series.dates, ic.raw.cumulative)
            lines.append((say("trace.raw", name=name), raw, MUTED))
        neutral = Series(ic.neutral.series.dates, ic.neutral.cumulative)
        lines.append((say("trace.neutral", name=name), neutral, color))
    return _lines("cumulative_rank_ic", lines)


def rank_ic_difference(found: ICs, baseline: str) -> go.Figure:
    """Cumulative difference of each variant's RankIC from the baseline's."""
    base, summed = found[baseline].neutral.series, {}
    for name, ic in found.items():
        if name != baseline:
            dates, difference = paired(ic.neutral.series, base)
            summed[name] = Series(dates, np.nancumsum(difference).tolist())
    return _lines("rank_ic_difference", _own(summed, among=found), baseline=baseline)


def rank_ic_by_section(found: ICs) -> go.Figure:
    """RankIC of every cross-section."""
    series = {name: ic.neutral.series for name, ic in found.items()}
    bars = {name: (one.dates, one.values, None) for name, one in series.items()}
    return _dated(_bars("rank_ic", bars))


def rank_ic_decay(found: ICs) -> go.Figure:
    """Mean RankIC against returns over 1 to 20 sessions."""
    decay = {name: ic.neutral.decay for name, ic in found.items()}
    figure = _bars("decay", {name: (one.horizon, one.mean, None) for name, one in decay.items()})
    return figure.update_xaxes(title=axis_title(say("axis.horizon")), dtick=2)


def rank_ic_by_year(found: ICs) -> go.Figure:
    """Mean RankIC of each year, with its standard error."""
    return _by_year("by_year", {name: _means(ic.neutral.by_year) for name, ic in found.items()})


def rank_ic_by_size(found: ICs) -> go.Figure:
    """Mean RankIC inside five equal buckets of float capitalisation."""
    words, bars = entry("sizes"), {}
    for name, ic in found.items():
        means = [bucket.mean for bucket in ic.neutral.by_size]
        places = list(range(1, len(means) + 1))
        bars[name] = (words if len(means) == len(words) else places, means, None)
    return _bars("by_size", bars)


def rank_ic_by_industry(found: ICs) -> go.Figure:
    """Mean RankIC inside each industry that has one, lowest first by the first variant."""
    first = next(iter(found.values())).neutral.by_industry
    names = sorted((k for k, v in first.items() if v.n), key=lambda name: first[name].mean)
    bars: dict[str, Bars] = {
        variant: (names, [ic.neutral.by_industry[name].mean for name in names], None)
        for variant, ic in found.items()
    }
    figure = _bars("by_industry", bars, lying=True, height=90 + 20 * len(names))
    return figure.update_yaxes(dtick=1)


def rank_ic_of_seeds(found: ICs, spreads: Mapping[str, SeedSpread]) -> go.Figure:
    """Mean RankIC of every seed alone, and of the mean of the seeds."""
    figure, paint = go.Figure(), colors(found)
    for variant, spread in spreads.items():
        color, means, whole = paint[variant], spread.mean_rank_ic, found[variant].neutral.summary
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


def layer_excess(found: Layers) -> go.Figure:
    """Annual excess of every layer over the pool; of one variant, under the three filters."""
    tables, paint = {k: v.by_filter[v.filter] for k, v in found.items()}, colors(found)
    if len(found) == 1:
        (alone,) = found.values()
        tables = {say(f"filter.{mode}"): table for mode, table in alone.by_filter.items()}
        paint = dict(zip(tables, (ACCENT, PALE, MUTED), strict=True))
    bars: dict[str, Bars] = {}
    for name, table in tables.items():
        layers = [say("column.layer", k=k + 1) for k in range(len(table.annual_excess))]
        bars[name] = (layers, table.annual_excess, None)
    return _bars("layer_excess", bars, paint)


def layer_curves(name: str, found: LayersResult) -> go.Figure:
    """Compounded daily excess of every layer of a variant over the pool."""
    curves, paint = found.curves, layer_colors(found.layers)
    lines = [
        (say("column.layer", k=k + 1), Series(curves.dates, values), paint[k])
        for k, values in enumerate(curves.excess)
    ]
    return _lines("layer_curves", lines, height=300, name=name)


def top_layer(found: Layers) -> go.Figure:
    """Excess NAV of every variant's first layer (figures 20 and 28)."""
    return _lines("top_layer", _own({name: excess_nav(each) for name, each in found.items()}))


def top_and_pool(found: LayersResult) -> go.Figure:
    """NAVs of layer 1, of the pool, and of the excess between them."""
    curves = found.curves
    lines = [
        (say("trace.pool"), Series(curves.dates, curves.pool), MUTED),
        (say("column.layer", k=1), Series(curves.dates, curves.layers[0]), PALE),
        (say("trace.excess"), excess_nav(found), ACCENT),
    ]
    return _lines("top_and_pool", lines)


def long_short(found: LayersResult) -> go.Figure:
    """NAV of layer 1 less the last layer, as the paper counts cost and with both legs paying."""
    curves = found.curves
    lines = [
        (say(f"trace.{mode}"), Series(curves.dates, curves.long_short[mode]), color)
        for mode, color in (("report", MUTED), ("net", ACCENT))
    ]
    return _lines("long_short", lines)


def style_means(found: Mapping[str, ExposuresResult]) -> go.Figure:
    """Mean rank correlation of every variant's factor with each style."""
    styles = {name: each.styles for name, each in found.items()}
    figure = _styles("styles", styles, "mean", colors(found))
    return figure.update_xaxes(zerolinecolor=MUTED)


def style_sizes(found: Mapping[str, ExposuresResult]) -> go.Figure:
    """Mean absolute rank correlation with each style; of one variant, also before projection."""
    styles, paint = {name: each.styles for name, each in found.items()}, colors(found)
    for name, each in found.items():
        if len(found) == 1 and each.before_projection is not None:
            before = say("column.before", name=name)
            styles, paint = styles | {before: each.before_projection}, paint | {before: MUTED}
    return _styles("style_sizes", styles, "mean_absolute", paint).update_xaxes(rangemode="tozero")


def stocks_scored(found: Mapping[str, StockCoverage]) -> go.Figure:
    """Stocks with a score, and stocks that could have one, at each cross-section."""
    first, paint = next(iter(found.values())), colors(found)
    lines = [(say("trace.universe"), Series(first.dates, list(first.universe)), MUTED)]
    for name, each in found.items():
        scored = Series(each.dates, list(each.scored))
        lines.append((say("trace.scored", name=name), scored, paint[name]))
    return _lines("stocks", lines, height=260).update_yaxes(rangemode="tozero")


def _styles(
    key: str,
    found: Mapping[str, Mapping[str, Exposure]],
    field: str,
    paint: Mapping[str, str],
) -> go.Figure:
    bars: dict[str, Bars] = {
        name: (
            [say(f"style.{style}") for style in styles],
            [getattr(each, field) for each in styles.values()],
            None,
        )
        for name, styles in found.items()
    }
    height = 100 + max(map(len, found.values())) * (12 + 7 * max(len(found), 2))
    figure = _bars(key, bars, paint, percent=False, lying=True, height=height)
    figure.update_yaxes(dtick=1, autorange="reversed")
    return figure.update_xaxes(hoverformat=".3f")


def _means(found: Mapping[str, ICSummary]) -> Bars:
    rows = found.values()
    return list(found), [row.mean for row in rows], [row.standard_error for row in rows]


def _by_year(key: str, bars: Mapping[str, Bars]) -> go.Figure:
    return _bars(key, bars).update_xaxes(type="category", title=axis_title(say("axis.year")))


def _own(curves: Mapping[str, Series], among: Iterable[str] = ()) -> list[Line]:
    """Each variant's curve in its own color, which those beside it may decide."""
    paint = colors(among or curves)
    return [(name, curve, paint[name]) for name, curve in curves.items()]


def _lines(key: str, lines: Iterable[Line], *, height: int = 320, **words: str) -> go.Figure:
    """Lines over time."""
    figure = go.Figure()
    for name, series, color in lines:
        figure.add_scatter(
            x=series.dates, y=numbers(series.values), name=name, mode="lines",
            line={"color": color, "width": 1.6},
        )  # fmt: skip
    return _dated(_titled(figure, key, words, height=height))


def _dated(figure: go.Figure) -> go.Figure:
    """Dates along the axis in numbers, in any language: Plotly names months in English."""
    return figure.update_xaxes(tickformatstops=DATES, hoverformat="%Y-%m-%d")


def _bars(
    key: str,
    bars: Mapping[str, Bars],
    paint: Mapping[str, str] | None = None,
    *,
    percent: bool = True,
    lying: bool = False,
    height: int = 320,
) -> go.Figure:
    """Bars, a group a thing and a color a variant."""
    figure, paint = go.Figure(), paint or colors(bars)
    for name, (things, values, errors) in bars.items():
        where = {"x": list(things), "y": numbers(values)}
        if lying:
            where = {"y": where["x"], "x": where["y"]}
        if errors is not None:
            where["error_y"] = error_bars(errors)
        orientation = "h" if lying else "v"
        figure.add_bar(**where, name=name, marker_color=paint[name], orientation=orientation)
    return _titled(figure, key, percent=percent, height=height, lying=lying)


def _titled(
    figure: go.Figure,
    key: str,
    words: Mapping[str, str] | None = None,
    *,
    percent: bool = False,
    height: int = 320,
    lying: bool = False,
) -> go.Figure:
    """The look, with the title and the unit that the catalogue has for a figure."""
    title, unit = entry(f"figure.{key}")
    said = title.format(**(words or {}))
    return styled(figure, said, unit, percent=percent, height=height, lying=lying)
