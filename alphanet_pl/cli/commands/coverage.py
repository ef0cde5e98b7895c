"""`alphanet coverage`: figure 5, simulated, exact, and as the paper prints it."""

from pathlib import Path

import pandas as pd
import plotly.graph_objects as go

from alphanet_pl.config.settings import Settings
from alphanet_pl.evaluation.pair_coverage import DRAWS, MODELS, Covered, figure_5
from alphanet_pl.evaluation.paper import PRINTED
from alphanet_pl.evaluation.report.formats import percent
from alphanet_pl.evaluation.report.look import ACCENT, MUTED, styled
from alphanet_pl.evaluation.report.page import figure, page, part, table
from datamodules.base.files import write_text


def run(settings: Settings) -> str:
    """Simulate, draw one HTML file, and say the numbers."""
    total = len(settings.data.features)
    points = figure_5(total, PRINTED.coverage)
    path = Path(settings.output or settings.runs) / "coverage.html"
    write_text(path, _page(points, total))
    return "\n".join(
        [
            f"share of the {total * (total - 1) // 2} feature pairs that {MODELS} models cover, "
            f"{DRAWS} simulations",
            f"{'n':>3}  {'simulated':>18}  {'exact':>7}  {'report':>7}",
            *(_line(point) for point in points),
            f"figure: {path}",
        ]
    )


def draw(points: list[Covered]) -> go.Figure:
    """Simulated shares with their spread between ensembles, the formula, the paper's numbers."""
    numbers = [point.n for point in points]
    figure = go.Figure()
    figure.add_scatter(
        x=numbers,
        y=[point.simulated for point in points],
        error_y={"array": [point.spread for point in points], "color": ACCENT},
        mode="markers",
        marker={"color": ACCENT, "size": 9},
        name=f"simulated, {DRAWS} ensembles: mean and standard deviation",
    )
    figure.add_scatter(
        x=numbers,
        y=[point.exact for point in points],
        mode="lines",
        line={"color": MUTED},
        name="exact",
    )
    figure.add_scatter(
        x=numbers,
        y=[point.printed for point in points],
        mode="markers",
        marker={"color": MUTED, "size": 11, "symbol": "x-thin-open"},
        name="the report's figure 5",
    )
    figure = styled(figure, f"Share of feature pairs that {MODELS} models cover")
    figure.update_xaxes(title={"text": "n, features sampled by each model"}, dtick=1)
    figure.update_yaxes(tickformat=".0%", hoverformat=".2%")
    return figure


def _line(point: Covered) -> str:
    simulated = f"{percent(point.simulated)} +- {percent(point.error)}"
    return f"{point.n:>3}  {simulated:>18}  {percent(point.exact):>7}  {percent(point.printed):>7}"


def _page(points: list[Covered], total: int) -> str:
    header = ("simulated", "standard error", "between ensembles", "exact", "report")
    rows = [
        map(percent, (point.simulated, point.error, point.spread, point.exact, point.printed))
        for point in points
    ]
    cells = pd.DataFrame(rows, pd.Index([point.n for point in points], name="n"), header)
    return page(
        "Feature-layer dropout: pairs covered",
        [
            part(
                f"Figure 5: {MODELS} models, {total} features, {DRAWS} simulations",
                figure(draw(points), "coverage"),
                table(cells),
            )
        ],
    )
