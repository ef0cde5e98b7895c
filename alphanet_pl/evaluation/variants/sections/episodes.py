"""Excess drawdowns in the three periods that the report names for v2.2."""

from collections.abc import Sequence

import plotly.graph_objects as go

from alphanet_pl.evaluation.compare import Comparison, Episode, Evaluations
from alphanet_pl.evaluation.figures.style import line, styled
from alphanet_pl.evaluation.report.page import figure, paragraph, table
from alphanet_pl.evaluation.report.text import percent
from alphanet_pl.evaluation.variants.colors import colors
from alphanet_pl.evaluation.variants.sections.text import sentence

PRAISED = "v2.2"


def episodes(comparison: Comparison, evaluations: Evaluations) -> str:
    """Depth of each variant's excess drawdown in each period, and the curves of those covered."""
    known = {name: row.episodes for name, row in comparison.variants.items()}
    known = {name: found for name, found in known.items() if found}
    if not known:
        return ""
    spans = next(iter(known.values()))
    rows = [
        [f"{name} ({span.first} to {span.last})", *(_cell(e[name]) for e in known.values())]
        for name, span in spans.items()
    ]
    title = "Largest drawdown of the excess inside three periods"
    inside = [name for name in spans if any(found[name].drawdown for found in known.values())]
    drawn = [
        figure(_curves(name, spans[name], evaluations), f"episode-{place}")
        for place, name in enumerate(inside)
    ]
    return "".join([table(("", *known), rows, title), paragraph(_claim(comparison)), *drawn])


def _cell(episode: Episode) -> str:
    fall = episode.drawdown
    if fall is None:
        return "outside the period"
    return percent(fall.depth) if episode.covered else f"{percent(fall.depth)} (in part)"


def _claim(comparison: Comparison) -> str:
    """What the report says of these periods, and in how many of ours it holds."""
    says = (
        f"The report says that the excess of {PRAISED} falls less than that of v2 at the end of "
        "2014, in early 2019 and in early 2020; it names no days, these are ours."
    )
    rows, baseline = comparison.variants, comparison.baseline
    if PRAISED not in rows or baseline != "v2":
        return says
    ours, theirs = rows[PRAISED].episodes, rows[baseline].episodes
    both = [name for name in ours if _whole(ours[name]) and name in theirs and _whole(theirs[name])]
    if not both:
        return f"{says} None of them is wholly inside the period judged here."
    held = [name for name in both if _depth(ours[name]) < _depth(theirs[name])]
    outcome = f"it holds at {sentence(held)}" if held else "it holds in none"
    return f"{says} Of the {len(both)} wholly inside the period judged here {outcome}."


def _whole(episode: Episode) -> bool:
    return episode.covered and episode.drawdown is not None


def _depth(episode: Episode) -> float:
    return 0.0 if episode.drawdown is None else episode.drawdown.depth


def _curves(name: str, span: Episode, evaluations: Evaluations) -> go.Figure:
    drawn, paint = go.Figure(), colors(evaluations)
    for variant, evaluation in evaluations.items():
        if evaluation.enhancement is None:
            continue
        curves = evaluation.enhancement.curves
        dates, values = restarted(curves.dates, curves.excess, span.first, span.last)
        if dates:
            line(drawn, dates, values, variant, paint[variant])
    return styled(drawn, f"Excess NAV over the index, {name}, from 1", height=260)


def restarted(
    dates: Sequence[str], nav: Sequence[float], first: str, last: str
) -> tuple[list[str], list[float]]:
    """The part of a NAV inside a period, begun anew with 1 before its first day there."""
    inside = [place for place, date in enumerate(dates) if first <= date <= last]
    if not inside:
        return [], []
    base = nav[inside[0] - 1] if inside[0] else 1.0
    return [dates[place] for place in inside], [nav[place] / base for place in inside]
