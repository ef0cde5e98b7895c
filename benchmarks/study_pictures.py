"""Draws the report's curves from the record of the study, for docs/study.md: docs/study/NAME.png.

python -m benchmarks.study_pictures [RECORD]        needs Chromium, which takes the pictures
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import plotly.graph_objects as go

from alphanet_pl.evaluation.compare import Evaluations, episodes, having
from alphanet_pl.evaluation.paper import PRINTED
from alphanet_pl.evaluation.report import figures as draw
from alphanet_pl.evaluation.report.page import figure, page, part
from benchmarks.study_page import PAGE, RECORD, evaluations

FOLDER = PAGE.with_suffix("")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WIDTH = 900


def main() -> None:
    """Draw them anew."""
    found = evaluations(Path(sys.argv[1]) if len(sys.argv) > 1 else RECORD)
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise SystemExit(f"no browser: one of {', '.join(BROWSERS)} takes the pictures")
    FOLDER.mkdir(exist_ok=True)
    for name, drawn in pictures(found).items():
        with tempfile.TemporaryDirectory() as folder:
            html = Path(folder) / "page.html"
            html.write_text(page("", [part("", figure(drawn, name))]), encoding="utf-8")
            height = 110 + (drawn.layout.height or 320)
            subprocess.run(
                [
                    browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                    "--virtual-time-budget=20000", f"--window-size={WIDTH},{height}",
                    f"--screenshot={FOLDER / name}.png", html.as_uri(),
                ],
                check=True,
                capture_output=True,
            )  # fmt: skip
            print(FOLDER / f"{name}.png")


def pictures(found: Evaluations) -> dict[str, go.Figure]:
    """The curves of the cover and of figures 10 to 32 that the record has, by name of the file."""
    enhanced = having(found, lambda each: each.enhancement)
    ranked = having(found, lambda each: each.ic)
    layered = having(found, lambda each: each.layers)
    made = {}
    if ranked:
        made["cumulative-rank-ic"] = draw.cumulative_rank_ic(ranked)
    if layered:
        made["top-layer"] = draw.top_layer(layered)
        made |= {
            f"layers-{name}": draw.layer_curves(name, layered[name])
            for name in PRINTED.layers
            if name in layered
        }
    if not enhanced:
        return made
    made |= {"excess": draw.cover(enhanced), "excess-drawdown": draw.excess_drawdown(enhanced)}
    spans = episodes(next(iter(enhanced.values())))
    for place, (name, span) in enumerate(spans.items()):
        if span.covered:
            made[f"episode-{place}"] = draw.episode(enhanced, name, span.first, span.last)
    return made


if __name__ == "__main__":
    main()
