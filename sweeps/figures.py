"""Figures of a sweep: a point a configuration, error bars over its seeds."""

from collections.abc import Callable, Sequence
from math import isfinite

import numpy as np
import plotly.graph_objects as go

from alphanet_pl.evaluation.report.look import ACCENT, INK, KNOWN, MUTED, OTHERS, styled
from sweeps.configurations import Configuration, Spread

WORDS = {"n": "n, features sampled by each model", "long_weight": "long-side weight"}
PAINT = (ACCENT, *OTHERS, *KNOWN.values())


def axis_of(configurations: Sequence[Configuration]) -> str:
    """What a figure's horizontal axis shows: n, the long-side weight, or the configurations."""
    if len({one.n for one in configurations}) > 1 and len(_variants(configurations)) == 1:
        return "n"
    if len({one.long_weight for one in configurations}) > 1 and len(_variants(configurations)) == 1:
        return "long_weight"
    return "name"


def has_grid(configurations: Sequence[Configuration]) -> bool:
    """Whether both n and the long-side weight vary inside one variant."""
    several = (len({one.n for one in configurations}), len({o.long_weight for o in configurations}))
    return min(several) > 1 and len(_variants(configurations)) == 1


def heat_map(configurations: Sequence[Configuration]) -> go.Figure:
    """Validation RankIC by n and long-side weight, mean over seeds and its standard error."""
    numbers = sorted({one.n for one in configurations})
    weights = sorted({one.long_weight for one in configurations})
    found = {(one.n, one.long_weight): one.val_rank_ic for one in configurations}
    empty = Spread(float("nan"), float("nan"), 0)
    grid = [[found.get((n, weight), empty) for n in numbers] for weight in weights]
    figure = go.Figure(
        go.Heatmap(
            x=[str(n) for n in numbers],
            y=[f"{weight:g}" for weight in weights],
            z=np.array([[100 * one.mean for one in row] for row in grid], dtype=np.float32),
            text=[[_said(one) for one in row] for row in grid],
            texttemplate="%{text}",
            colorscale=[[0, "#f4e6dc"], [1, "#0b6e99"]],
            colorbar={"ticksuffix": "%", "thickness": 12},
            hovertemplate="n %{x}, weight %{y}: %{text}<extra></extra>",
        )
    )
    figure = styled(figure, "Validation RankIC (%), mean over seeds and standard error")
    figure.update_xaxes(title=_title(WORDS["n"]), type="category")
    figure.update_yaxes(title=_title(WORDS["long_weight"]), type="category")
    return figure


def points(
    configurations: Sequence[Configuration],
    of: Callable[[Configuration], Spread],
    title: str,
    axis: str,
    tickformat: str = ".1%",
) -> go.Figure:
    """A point a configuration; on a grid, a line for each value of the other axis.

    Args:
        configurations: What to draw.
        of: Value and error.
        title: Said above it.
        axis: `n`, `long_weight` or `name`.
        tickformat: Of the vertical axis.
    """
    figure = go.Figure()
    for place, (label, group) in enumerate(_lines(configurations, axis).items()):
        values = [of(one) for one in group]
        figure.add_scatter(
            x=[getattr(one, axis) for one in group],
            y=np.array([value.mean for value in values], dtype=np.float32),
            error_y=_bars([value.error for value in values]),
            mode="markers" if axis == "name" else "lines+markers",
            line={"color": PAINT[place % len(PAINT)], "width": 1.2},
            marker={"color": PAINT[place % len(PAINT)], "size": 9},
            name=label,
        )  # fmt: skip
    figure = styled(figure, title, height=300)
    if axis == "name":
        figure.update_xaxes(type="category")
    else:
        ticks = sorted({getattr(one, axis) for one in configurations})
        figure.update_xaxes(title=_title(WORDS[axis]), tickvals=ticks)
    figure.update_yaxes(tickformat=tickformat, zerolinecolor=MUTED)
    return figure


def coverage(configurations: Sequence[Configuration], axis: str) -> go.Figure:
    """Feature pairs that the trained seeds see together, and what as many seeds see on average."""
    figure = points(
        configurations,
        lambda one: Spread(one.covered, float("nan"), len(one.records)),
        "Share of the feature pairs that the trained seeds see together",
        axis,
        ".0%",
    )
    first = next(iter(_lines(configurations, axis).values()))
    figure.add_scatter(
        x=[getattr(one, axis) for one in first], y=[one.expected for one in first],
        mode="markers", marker={"color": INK, "size": 11, "symbol": "x-thin-open"},
        name="expected of as many seeds",
    )  # fmt: skip
    return figure


def _lines(configurations: Sequence[Configuration], axis: str) -> dict[str, list[Configuration]]:
    out: dict[str, list[Configuration]] = {}
    for one in sorted(configurations, key=lambda one: (one.n, one.long_weight)):
        label = str(one.point["variant"])
        if axis == "n":
            label = f"{label}, weight {one.long_weight:g}"
        elif axis == "long_weight":
            label = f"{label}, n {one.n}"
        out.setdefault("all" if axis == "name" else label, []).append(one)
    return out


def _variants(configurations: Sequence[Configuration]) -> set[str]:
    return {str(one.point["variant"]) for one in configurations}


def _title(text: str) -> dict[str, object]:
    return {"text": text, "font": {"size": 13}}


def _bars(errors: Sequence[float]) -> dict[str, object]:
    return {"array": np.nan_to_num(errors), "thickness": 1, "width": 3}


def _said(one: Spread) -> str:
    if not isfinite(one.mean):
        return ""
    error = f" \u00b1 {100 * one.error:.2f}" if isfinite(one.error) else ""
    return f"{100 * one.mean:.2f}{error}"
