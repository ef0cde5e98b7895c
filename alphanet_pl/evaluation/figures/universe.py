"""Figures of styles and of coverage."""

import plotly.graph_objects as go

from alphanet_pl.evaluation.figures.style import ACCENT, MUTED, line, styled
from alphanet_pl.evaluation.signal.exposures import ExposuresResult
from alphanet_pl.evaluation.signal.stock_coverage import StockCoverage


def style_exposures(exposures: ExposuresResult) -> go.Figure:
    """Mean absolute rank correlation with each style; a neutralised model's also before."""
    names = [name.replace("_", " ") for name in exposures.styles][::-1]
    figure = go.Figure()
    parts = {"published factor": (exposures.styles, ACCENT)}
    if exposures.before_projection is not None:
        parts["before projection"] = (exposures.before_projection, MUTED)
    for name, (styles, color) in parts.items():
        values = [style.mean_absolute for style in styles.values()][::-1]
        figure.add_bar(y=names, x=values, marker_color=color, name=name, orientation="h")
    figure = styled(figure, "Style exposures: mean absolute rank correlation", height=360)
    figure.update_xaxes(hoverformat=".3f", rangemode="tozero")
    return figure


def stocks_scored(coverage: StockCoverage) -> go.Figure:
    """Stocks with a score, and stocks that could have one, at each section."""
    figure = go.Figure()
    line(figure, coverage.dates, coverage.universe, "could be scored", MUTED)
    line(figure, coverage.dates, coverage.scored, "scored", ACCENT)
    figure = styled(figure, "Stocks at each cross-section", height=260)
    figure.update_yaxes(rangemode="tozero")
    return figure
