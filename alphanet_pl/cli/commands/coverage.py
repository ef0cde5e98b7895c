"""`alphanet coverage`: figure 5, simulated, exact, and as the report prints it."""

from pathlib import Path

import pandas as pd

from alphanet_pl.config.settings import Settings
from alphanet_pl.evaluation.report.formats import percent
from alphanet_pl.evaluation.report.page import figure, page, part, table
from datamodules.base.files import write_text
from sweeps.coverage import DRAWS, MODELS, Covered, draw, figure_5


def run(settings: Settings) -> str:
    """Simulate, draw one HTML file, and say the numbers."""
    total = len(settings.data.features)
    points = figure_5(total)
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
