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

from alphanet_pl.evaluation.pair_coverage import printed_share
from alphanet_pl.evaluation.report.formats import entry, number, percent, say, with_error
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
from sweeps.holdout import HOLDOUT_SESSIONS
from sweeps.results import FULL, FULL_FITS, RANK_IC, Spread, Sweep, ratio_with_error

COLORS = (ACCENT, *OTHERS, *KNOWN.values())
_SECONDS = "seconds_per_epoch"
_AFTER = {"rank_ic": ".1%", "top_excess": ".1%", "volatility": ".2f", "correlation": ".2f"}
"""What the fits are worth after their window: column -> ticks of its figure."""

Row = Mapping[str, Any]
"""A configuration."""


def sweep_part(sweep: Sweep) -> Part:
    """Everything of one sweep."""
    name = re.sub(r"[^\w-]", "-", sweep.name)
    known = sweep.configurations.columns
    after = [
        figure(points(sweep, measure, measure, ticks), f"{name}-{measure}")
        for measure, ticks in _AFTER.items()
        if measure in known and sweep.configurations[measure].notna().any()
    ]
    return part(
        say("sweep.part", name=sweep.name),
        paragraph(_note(sweep)),
        table(results(sweep)),
        figure(heat_map(sweep), f"{name}-heat") if has_grid(sweep) else "",
        figure(points(sweep, RANK_IC, "validation"), f"{name}-val"),
        *after,
        _speed(sweep),
        figure(points(sweep, _SECONDS, "seconds", ".3~g"), f"{name}-time"),
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
    rows = [
        [
            sweep.name_of(row),
            say("sweep.share", done=row["seeds"], all=row["of"]),
            with_error(*_spread(row, RANK_IC)[:2]),
            with_error(*_spread(row, "rank_ic")[:2]),
            percent(row.get("rank_ic_of_mean")),
            with_error(*_spread(row, "top_excess")[:2]),
            _plain(_spread(row, "volatility")),
        ]
        for row in sweep.rows()
    ]
    return _cells("results", rows)


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
    drawn = styled(drawn, *entry("sweep.figure.heat"))
    drawn.update_xaxes(title=axis_title(first), type="category")
    drawn.update_yaxes(title=axis_title(second), type="category")
    return drawn


def points(sweep: Sweep, measure: str, words: str, ticks: str = ".1%") -> go.Figure:
    """A point a configuration, over the first axis; a line for each point of the others.

    Args:
        sweep: What to draw.
        measure: Column of its configurations; `NAME_error`, if any, is its error bar.
        words: Key of the catalogue's title and unit.
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
    drawn = styled(drawn, *entry(f"sweep.figure.{words}"), height=300)
    if axis:
        values = sorted(set(sweep.configurations[axis]))
        drawn.update_xaxes(title=axis_title(axis), tickvals=values)
    else:
        drawn.update_xaxes(type="category")
    drawn.update_yaxes(tickformat=ticks, zerolinecolor=MUTED)
    return drawn


def pairs_covered(sweep: Sweep) -> go.Figure:
    """Feature pairs that the trained seeds see together, and what as many seeds see on average."""
    drawn = points(sweep, "pairs_covered", "pairs", ".0%")
    axis = next(iter(sweep.axes), "")
    first = next(iter(_lines(sweep, axis).values()))
    drawn.add_scatter(
        x=[row[axis] if axis else sweep.name_of(row) for row in first],
        y=[row["pairs_expected"] for row in first],
        mode="markers", marker={"color": INK, "size": 11, "symbol": "x-thin-open"},
        name=say("sweep.expected"),
    )  # fmt: skip
    return drawn


def _lines(sweep: Sweep, axis: str) -> dict[str, list[Row]]:
    """The configurations of each line of a figure, in the order of its axis."""
    if not axis:
        return {say("sweep.all"): [*sweep.rows()]}
    out: dict[str, list[Row]] = {}
    for row in sorted(sweep.rows(), key=lambda row: row[axis]):
        out.setdefault(sweep.name_of(row, without=axis), []).append(row)
    return out


def _note(sweep: Sweep) -> str:
    fits = sweep.configurations
    span, seeds = (_span(sorted(set(fits[column]))) for column in ("asof", "seeds"))
    words = [say("sweep.note.fits", span=span, seeds=seeds)]
    if sweep.simulated:
        words.append(say("sweep.note.simulated"))
    if sweep.missing:
        words.append(say("sweep.note.missing", trials=sweep.missing))
    sections = sweep.configurations.get("sections", pd.Series([0])).iloc[0]
    if sections > 0:
        words.append(say("sweep.note.after", sections=f"{sections:.0f}", sessions=HOLDOUT_SESSIONS))
    return " ".join(words)


def _span(values: Sequence[object]) -> str:
    """The first and the last one, or the only one."""
    return say("sweep.span").join(dict.fromkeys(map(str, (values[0], values[-1]))))


def _speed(sweep: Sweep) -> str:
    rows = []
    for row in sweep.rows():
        own, full = _spread(row, _SECONDS), _spread(row, FULL)
        ratio = _plain(ratio_with_error(own, full)) if row.get(FULL_FITS, 0) > 0 else "-"
        epochs = _plain(_spread(row, "epochs"), 1)
        rows.append([sweep.name_of(row), _plain(own, 3), ratio, epochs])
    known = [row for row in sweep.rows() if row.get(FULL_FITS, 0) > 0]
    if known:
        counts = sorted({int(row[FULL_FITS]) for row in known})
        seconds = dict.fromkeys(_plain(_spread(row, FULL), 3) for row in known)
        facts = {"fits": _span(counts), "seconds": _span(list(seconds))}
        said = say("sweep.note.ratio", features=sweep.features, **facts)
    else:
        variant = sweep.configurations["variant"].iloc[0]
        said = say("sweep.note.no_ratio", features=sweep.features, variant=variant)
    cells = _cells("speed", rows, features=sweep.features)
    return table(cells, say("sweep.table.speed")) + paragraph(said)


def _pairs(sweep: Sweep) -> str:
    rows = [
        [
            sweep.name_of(row),
            _plain(_spread(row, "correlation")),
            str(row["seeds"]),
            percent(row["pairs_covered"]),
            percent(row["pairs_expected"]),
            percent(printed_share(row["n"], row["features"])),
        ]
        for row in sweep.rows()
    ]
    cells = _cells("pairs", rows)
    return table(cells, say("sweep.table.pairs")) + paragraph(say("sweep.note.pairs"))


def _cells(words: str, rows: Sequence[Sequence[str]], **values: object) -> pd.DataFrame:
    """Written rows, each named by its first cell, under the catalogue's list of columns."""
    columns = [name.format(**values) for name in entry(f"sweep.columns.{words}")]
    return pd.DataFrame([list(row[1:]) for row in rows], [row[0] for row in rows], columns)


def _spread(row: Row, measure: str) -> Spread:
    return Spread(row.get(measure, nan), row.get(f"{measure}_error", nan))


def _plain(value: Spread, digits: int = 2) -> str:
    return with_error(value.mean, value.error, lambda one: number(one, digits))
