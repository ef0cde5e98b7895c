"""Figures of the layer test (the report's figures 12, 13, 19, 20, 27 and 28)."""

import plotly.graph_objects as go

from alphanet_pl.evaluation.figures.style import ACCENT, MUTED, layer_colors, line, styled
from alphanet_pl.evaluation.portfolio.layers import LayersResult

FILTERS = {"report": "report's filter", "realistic": "realistic", "none": "no filter"}
"""What the next-day filters are called in tables and figures."""


def layer_excess(layers: LayersResult) -> go.Figure:
    """Annual excess of each layer over the pool, under the three next-day filters."""
    figure = go.Figure()
    names = [f"layer {k + 1}" for k in range(layers.layers)]
    for (mode, table), color in zip(
        layers.by_filter.items(), (ACCENT, "#79aec4", MUTED), strict=False
    ):
        figure.add_bar(
            x=names, y=table.annual_excess, name=FILTERS.get(mode, mode), marker_color=color
        )
    return styled(figure, "Annual excess over the pool, after cost", percent=0)


def layer_excess_curves(layers: LayersResult) -> go.Figure:
    """Compounded daily excess of every layer over the pool."""
    curves = layers.curves
    figure = go.Figure()
    for k, color in enumerate(layer_colors(layers.layers)):
        line(figure, curves.dates, curves.excess[k], f"layer {k + 1}", color)
    return styled(figure, "Excess NAV of the layers over the pool, after cost")


def top_layer(layers: LayersResult) -> go.Figure:
    """NAVs of layer 1, of the pool, and of the excess between them."""
    curves = layers.curves
    figure = go.Figure()
    line(figure, curves.dates, curves.pool, "pool, no cost", MUTED)
    line(figure, curves.dates, curves.layers[0], "layer 1", "#79aec4")
    line(figure, curves.dates, curves.excess[0], "excess", ACCENT)
    return styled(figure, "Top layer, pool, and excess NAV")


def long_short(layers: LayersResult) -> go.Figure:
    """NAV of layer 1 less the last layer, as the report counts cost and with both legs paying."""
    curves = layers.curves
    figure = go.Figure()
    names = {"report": "cost of the short leg cancels", "net": "both legs pay"}
    for mode, color in (("report", MUTED), ("net", ACCENT)):
        line(figure, curves.dates, curves.long_short[mode], names[mode], color)
    return styled(figure, "Long-short NAV, layer 1 less the last")
