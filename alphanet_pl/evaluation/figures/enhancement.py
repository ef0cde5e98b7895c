"""Figures of the index enhancement (the report's figures 16, 24 and 32)."""

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from alphanet_pl.evaluation.figures.style import ACCENT, MUTED, WARM, line, styled
from alphanet_pl.evaluation.portfolio.enhancement import EnhancementResult, YearlyResult


def excess_and_drawdown(enhancement: EnhancementResult) -> go.Figure:
    """Excess NAV over the index, and how far it lies below its own maximum."""
    curves = enhancement.curves
    figure = make_subplots(
        rows=2, cols=1, shared_xaxes=True, row_heights=[0.68, 0.32], vertical_spacing=0.06
    )
    line(figure, curves.dates, curves.excess, "excess NAV", ACCENT, row=1, col=1)
    figure.add_scatter(
        x=curves.dates,
        y=-np.asarray(curves.excess_drawdown, dtype=np.float32),
        name="drawdown of the excess",
        mode="lines",
        line={"color": WARM, "width": 1},
        fill="tozeroy",
        row=2,
        col=1,
    )
    figure = styled(figure, "Excess NAV over the index, and its drawdown", height=420)
    figure.update_yaxes(tickformat=".0%", hoverformat=".2%", row=2, col=1)
    return figure


def portfolio_and_index(enhancement: EnhancementResult) -> go.Figure:
    """NAVs of the portfolio and its index."""
    curves = enhancement.curves
    figure = go.Figure()
    line(figure, curves.dates, curves.index, enhancement.index, MUTED)
    line(figure, curves.dates, curves.nav, "portfolio, after cost", ACCENT)
    return styled(figure, "NAV of the portfolio and of the index")


def yearly_excess(yearly: YearlyResult) -> go.Figure:
    """Excess over the index in each calendar year."""
    figure = go.Figure()
    figure.add_bar(x=yearly.years, y=yearly.excess, marker_color=ACCENT, name="excess")
    figure.update_xaxes(type="category")
    return styled(figure, "Excess over the index by calendar year", percent=0)
