"""`alphanet coverage`: figure 5, simulated, exact, and as the paper prints it."""

from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from alphanet_pl.config.settings import Settings
from alphanet_pl.evaluation.pair_coverage import DRAWS, MODELS, figure_5
from alphanet_pl.evaluation.paper import PRINTED
from alphanet_pl.evaluation.report.formats import percent
from alphanet_pl.evaluation.report.look import ACCENT, MUTED, styled
from alphanet_pl.evaluation.report.page import figure, page, part, table
from datamodules.base.errors import ConfigError
from datamodules.base.files import try_place, write_text


def run(settings: Settings) -> str:
    """Simulate, draw one HTML file, and say the numbers."""
    total, least = len(settings.data.features), min(PRINTED.coverage)
    if total < least:
        raise ConfigError(
            f"variant={settings.variant} has {total} features",
            f"the figure is of samples of {least} and more of them",
            "variant=v2.1",
        )
    path = Path(settings.output or settings.runs) / "coverage.html"
    try_place(path, "output=FOLDER")
    points = figure_5(total)
    write_text(path, _page(points, total))
    return "\n".join(
        [
            f"share of the {total * (total - 1) // 2} feature pairs that {MODELS} models cover, "
            f"{DRAWS} simulations",
            f"{'n':>3}  {'simulated':>18}  {'exact':>7}  {'report':>7}",
            *map(_line, points.itertuples()),
            f"figure: {path}",
        ]
    )


def draw(points: pd.DataFrame) -> go.Figure:
    """Simulated shares with their spread between ensembles, the formula, the paper's numbers."""
    figure = go.Figure()
    figure.add_scatter(
        x=points.index,
        y=points["simulated"],
        error_y={"array": points["spread"], "color": ACCENT},
        mode="markers",
        marker={"color": ACCENT, "size": 9},
        name=f"simulated, {DRAWS} ensembles: mean and standard deviation",
    )
    figure.add_scatter(
        x=points.index, y=points["exact"], mode="lines", line={"color": MUTED}, name="exact"
    )
    figure.add_scatter(
        x=points.index,
        y=points["printed"],
        mode="markers",
        marker={"color": MUTED, "size": 11, "symbol": "x-thin-open"},
        name="the report's figure 5",
    )
    figure = styled(figure, f"Share of feature pairs that {MODELS} models cover")
    figure.update_xaxes(title={"text": "n, features sampled by each model"}, dtick=1)
    figure.update_yaxes(tickformat=".0%", hoverformat=".2%")
    return figure


def _line(point: Any) -> str:
    simulated = f"{percent(point.simulated)} +- {percent(point.error)}"
    exact, printed = percent(point.exact), percent(point.printed)
    return f"{point.Index:>3}  {simulated:>18}  {exact:>7}  {printed:>7}"


def _page(points: pd.DataFrame, total: int) -> str:
    header = ["simulated", "standard error", "between ensembles", "exact", "report"]
    cells = points.map(percent).set_axis(header, axis="columns")
    title = f"Figure 5: {MODELS} models, {total} features, {DRAWS} simulations"
    content = part(title, figure(draw(points), "coverage"), table(cells))
    return page("Feature-layer dropout: pairs covered", [content])
