"""A sweep on the page of a comparison: its tables, heat map, training time and correlation.

Every figure shows a point a configuration, with error bars over its seeds, over the axes of the
sweep that are numbers, whichever they are.
"""

import re
from collections.abc import Mapping, Sequence
from math import nan
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from alphanet_pl.evaluation.paper import PRINTED
from alphanet_pl.evaluation.report.formats import number, percent, with_error
from alphanet_pl.evaluation.report.look import (
    ACCENT,
    INK,
    KNOWN,
    MUTED,
    OTHERS,
    axis_title,
    error_bars,
    numbers,
    styled,
)
from alphanet_pl.evaluation.report.page import Part, figure, paragraph, part, table
from datamodules.base.words import counted
from sweeps.holdout import HOLDOUT_SESSIONS
from sweeps.results import RANK_IC, Spread, Sweep, ratio_with_error

COLORS = (ACCENT, *OTHERS, *KNOWN.values())
_SECONDS = "seconds_per_epoch"
_AFTER = {
    "rank_ic": ("RankIC after the window, single seeds", "RankIC", ".1%"),
    "top_excess": (
        "Excess of the top layer over the pool, a section, before cost",
        "return of a section",
        ".1%",
    ),
    "volatility": ("Rank correlation with residual volatility", "rank correlation", ".2f"),
    "correlation": ("Rank correlation between the scores of two seeds", "rank correlation", ".2f"),
}
"""What the fits are worth after their window: column -> title, unit and ticks of its figure."""

Row = Mapping[str, Any]
"""A configuration."""


def sweep_section(sweep: Sweep) -> Part:
    """Everything of one sweep."""
    name = re.sub(r"[^\w-]", "-", sweep.name)
    known = sweep.configurations.columns
    after = [
        figure(points(sweep, measure, title, unit, ticks), f"{name}-{measure}")
        for measure, (title, unit, ticks) in _AFTER.items()
        if measure in known and sweep.configurations[measure].notna().any()
    ]
    return part(
        f"Sweep {sweep.name}",
        paragraph(_note(sweep)),
        table(results(sweep)),
        figure(heat_map(sweep), f"{name}-heat") if has_grid(sweep) else "",
        figure(points(sweep, RANK_IC, "Validation RankIC", "RankIC"), f"{name}-val"),
        *after,
        _speed(sweep),
        figure(points(sweep, _SECONDS, "Seconds an epoch", "seconds", ".3~g"), f"{name}-time"),
        _pairs(sweep),
        figure(pairs_covered(sweep), f"{name}-pairs"),
    )


def sweep_table(sweep: Sweep) -> pd.DataFrame:
    """Its numbers: a row a configuration, means over seeds with their standard errors."""
    measures = [RANK_IC, *_AFTER, _SECONDS, "epochs"]
    errors = [column for name in measures for column in (name, f"{name}_error")]
    keys = list(dict.fromkeys([*sweep.keys, "asof"]))
    columns = [*keys, "seeds", *errors, "rank_ic_of_mean", "n", "pairs_covered", "pairs_expected"]
    names = {RANK_IC: "val_rank_ic", f"{RANK_IC}_error": "val_rank_ic_error"}
    return sweep.configurations.reindex(columns=columns).rename(columns=names)


def results(sweep: Sweep) -> pd.DataFrame:
    """What each configuration is worth."""
    header = (
        "", "seeds", "validation RankIC", "RankIC after the window", "of the seeds' mean",
        "top layer, a section", "residual volatility",
    )  # fmt: skip
    rows = [
        [
            sweep.name_of(row),
            f"{row['seeds']} of {row['of']}",
            with_error(*_spread(row, RANK_IC)[:2]),
            with_error(*_spread(row, "rank_ic")[:2]),
            percent(row.get("rank_ic_of_mean")),
            with_error(*_spread(row, "top_excess")[:2]),
            _plain(_spread(row, "volatility")),
        ]
        for row in sweep.rows()
    ]
    return _cells(header, rows)


def has_grid(sweep: Sweep) -> bool:
    """Whether two numbers vary, and nothing else: a map shows all of it."""
    return len(sweep.axes) == 2 and sweep.varying == sweep.axes


def heat_map(sweep: Sweep) -> go.Figure:
    """Validation RankIC over both axes of a grid, mean over seeds and its standard error."""
    first, second = sweep.axes
    found = {(row[first], row[second]): _spread(row, RANK_IC) for row in sweep.rows()}
    columns, lines = (sorted({point[k] for point in found}) for k in (0, 1))
    grid = [[found.get((x, y), Spread(nan, nan)) for x in columns] for y in lines]
    drawn = go.Figure(
        go.Heatmap(
            x=[f"{x:g}" for x in columns],
            y=[f"{y:g}" for y in lines],
            z=np.array([[100 * one.mean for one in row] for row in grid], dtype=np.float32),
            text=[[with_error(one.mean, one.error) for one in row] for row in grid],
            texttemplate="%{text}",
            colorscale=[[0, "#f4e6dc"], [1, "#0b6e99"]],
            colorbar={"ticksuffix": "%", "thickness": 12},
            hovertemplate=f"{first} %{{x}}, {second} %{{y}}: %{{text}}<extra></extra>",
        )
    )
    drawn = styled(drawn, "Validation RankIC, mean over seeds \u00b1 standard error over seeds")
    drawn.update_xaxes(title=axis_title(first), type="category")
    drawn.update_yaxes(title=axis_title(second), type="category")
    return drawn


def points(sweep: Sweep, measure: str, title: str, unit: str, ticks: str = ".1%") -> go.Figure:
    """A point a configuration, over the first axis; a line for each point of the others.

    Args:
        sweep: What to draw.
        measure: Column of its configurations; `NAME_error`, if any, is its error bar.
        title: Said above it.
        unit: What the vertical axis counts.
        ticks: Format of the vertical axis.
    """
    axis = next(iter(sweep.axes), "")
    drawn = go.Figure()
    for place, (label, rows) in enumerate(_lines(sweep, axis).items()):
        spreads = [_spread(row, measure) for row in rows]
        color = COLORS[place % len(COLORS)]
        drawn.add_scatter(
            x=[row[axis] if axis else sweep.name_of(row) for row in rows],
            y=numbers([one.mean for one in spreads]),
            error_y=error_bars([one.error for one in spreads], color),
            mode="lines+markers" if axis else "markers",
            line={"color": color, "width": 1.2},
            marker={"color": color, "size": 9},
            name=label,
        )  # fmt: skip
    drawn = styled(drawn, title, unit, height=300)
    if axis:
        values = sorted(set(sweep.configurations[axis]))
        drawn.update_xaxes(title=axis_title(axis), tickvals=values)
    else:
        drawn.update_xaxes(type="category")
    drawn.update_yaxes(tickformat=ticks, zerolinecolor=MUTED)
    return drawn


def pairs_covered(sweep: Sweep) -> go.Figure:
    """Feature pairs that the trained seeds see together, and what as many seeds see on average."""
    title = "Share of the feature pairs that the trained seeds see together"
    drawn = points(sweep, "pairs_covered", title, "share of all pairs", ".0%")
    axis = next(iter(sweep.axes), "")
    first = next(iter(_lines(sweep, axis).values()))
    drawn.add_scatter(
        x=[row[axis] if axis else sweep.name_of(row) for row in first],
        y=[row["pairs_expected"] for row in first],
        mode="markers", marker={"color": INK, "size": 11, "symbol": "x-thin-open"},
        name="expected of as many seeds",
    )  # fmt: skip
    return drawn


def _lines(sweep: Sweep, axis: str) -> dict[str, list[Row]]:
    """The configurations of each line of a figure, in the order of its axis."""
    if not axis:
        return {"all": [*sweep.rows()]}
    out: dict[str, list[Row]] = {}
    for row in sorted(sweep.rows(), key=lambda row: row[axis]):
        out.setdefault(sweep.name_of(row, without=axis), []).append(row)
    return out


def _note(sweep: Sweep) -> str:
    windows = sorted(set(sweep.configurations["asof"]))
    span = windows[0] if len(windows) == 1 else f"{windows[0]} to {windows[-1]}"
    seeds = sorted(set(sweep.configurations["seeds"]))
    words = [
        f"Fits as of {span}, {' to '.join(map(str, seeds))} seed{'s' if seeds[-1] > 1 else ''} a "
        "configuration. After \u00b1 and in error bars stands the standard error over seeds; one "
        "seed has none.",
    ]
    if sweep.simulated:
        words.append("The market is simulated: this shows that the code works.")
    if sweep.missing:
        words.append(f"{sweep.missing} trials are not finished and not counted.")
    sections = sweep.configurations.get("sections", pd.Series([0])).iloc[0]
    if sections > 0:
        words.append(
            f"After the window means {sections:.0f} cross-sections of the {HOLDOUT_SESSIONS} "
            "sessions that begin with the as-of session, which no fit has seen: RankIC of the "
            "neutral scores, excess of the top layer over the pool from section to section before "
            "cost, and rank correlation with residual volatility. Few sections of one window: "
            "their own luck, shared by all configurations, is in no error bar."
        )
    return " ".join(words)


def _speed(sweep: Sweep) -> str:
    full, rows = sweep.full, []
    for row in sweep.rows():
        own = _spread(row, _SECONDS)
        ratio = "-" if full is None else _plain(ratio_with_error(own, full))
        epochs = _plain(_spread(row, "epochs"), 1)
        rows.append([sweep.name_of(row), _plain(own, 3), ratio, epochs])
    if full is None:
        said = (
            f"No fit of the same window pairs all {sweep.features} features, so that there is no "
            "ratio: alphanet train variant=v2 with the same asof and experiment makes one."
        )
    else:
        said = (
            f"The ratio is to {counted(full.n, 'fit')} of the same window with all "
            f"{sweep.features} features paired, {_plain(full, 3)} seconds an epoch: below "
            "1 is faster. Seconds are wall time, and hold for machines that were equally busy."
        )
    header = ("", "seconds an epoch", f"ratio to n = {sweep.features}", "epochs")
    return table(_cells(header, rows), "Training time") + paragraph(said)


def _pairs(sweep: Sweep) -> str:
    rows = [
        [
            sweep.name_of(row),
            _plain(_spread(row, "correlation")),
            str(row["seeds"]),
            percent(row["pairs_covered"]),
            percent(row["pairs_expected"]),
            percent(PRINTED.coverage.get(row["n"], nan) / 100),
        ]
        for row in sweep.rows()
    ]
    header = (
        "", "correlation of two seeds", "models", "pairs reached", "expected",
        "printed, ten models",
    )  # fmt: skip
    note = (
        "The error of the correlation is a jackknife over seeds, from three seeds on. Sampling "
        "features is meant to make the members of an ensemble less alike: a lower correlation at "
        "a lower n says that it does."
    )
    cells = _cells(header, rows)
    return table(cells, "How alike the seeds are, and what they see") + paragraph(note)


def _cells(header: Sequence[str], rows: Sequence[Sequence[str]]) -> pd.DataFrame:
    """Written rows, each named by its first cell."""
    return pd.DataFrame([list(row[1:]) for row in rows], [row[0] for row in rows], list(header[1:]))


def _spread(row: Row, measure: str) -> Spread:
    return Spread(row.get(measure, nan), row.get(f"{measure}_error", nan))


def _plain(value: Spread, digits: int = 2) -> str:
    return with_error(value.mean, value.error, lambda one: number(one, digits))
