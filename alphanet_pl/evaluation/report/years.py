"""Years and episodes: returns of calendar years beside the printed ones, drawdowns in periods."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from markupsafe import Markup

from alphanet_pl.evaluation.compare import Comparison, Episode, Evaluations, having, one_index
from alphanet_pl.evaluation.paper import INDEX, PERIOD, PRINTED
from alphanet_pl.evaluation.portfolio.enhancement import EnhancementResult
from alphanet_pl.evaluation.report.figures import episode
from alphanet_pl.evaluation.report.formats import ABSENT, named, percent, say, sentence
from alphanet_pl.evaluation.report.page import figure, paragraph, table
from alphanet_pl.evaluation.report.tables import years_frame

COPIED = "v2.3"
"""The variant whose row of table 31 is a copy of v2.1's in table 15."""
PRAISED = "v2.2"
"""The variant that the paper says falls less."""
_NEW_YEAR = np.timedelta64(4, "D")
"""No first session of a year is later than 5 January, and no last one earlier than 28 December."""


def years(comparison: Comparison, evaluations: Evaluations) -> list[Markup]:
    """A row a year: each variant, then the index; on a real market the printed figures beside."""
    cells = year_cells(comparison, evaluations)
    if not len(cells):
        return []
    note = [say("note.years")]
    if _is_real(evaluations):
        note.append(say("note.years_printed"))
        if COPIED in cells:
            note.append(say("note.copied", name=COPIED))
    return [table(cells, say("table.years")), paragraph(" ".join(note))]


def year_cells(comparison: Comparison, evaluations: Evaluations) -> pd.DataFrame:
    """Tables 15, 23 and 31; empty without a portfolio. The index stands where it is the same."""
    yearly = having(evaluations, lambda each: each.yearly)
    if not yearly:
        return pd.DataFrame()
    tables = {name: years_frame(each).map(percent) for name, each in yearly.items()}
    real, columns = _is_real(evaluations), {}
    held = having(evaluations, lambda each: each.enhancement)
    spans = {name: (e.curves.dates[0], e.curves.dates[-1]) for name, e in held.items()}
    for name, found in tables.items():
        columns[name] = found["portfolio"]
        if len(tables) == 1:
            columns[say("column.excess")] = found["excess"]
        if real and name in PRINTED.yearly:
            columns[say("column.printed", name=name)] = _printed(name, spans[name])
    if beside := one_index(held):
        index, (code, *span) = say("column.index"), beside
        columns[index] = next(iter(tables.values()))["index"]
        if real and code == INDEX:
            columns[say("column.printed", name=index)] = _printed(INDEX, (span[0], span[1]))
    names = sorted({year for each in yearly.values() for year in each.years})
    return pd.DataFrame(columns, index=names).fillna(ABSENT)


def _is_real(evaluations: Evaluations) -> bool:
    return not any(each.simulated for each in evaluations.values())


def same_days(year: str, span: tuple[str, str]) -> bool:
    """Whether the returns of a year that we hold and the paper's are of the same days.

    Args:
        year: Of the calendar.
        span: First and last day of our portfolio's returns.
    """
    begin, end = np.datetime64(f"{year}-01-01"), np.datetime64(f"{year}-12-31")
    ours, theirs = (
        (max(begin, np.datetime64(first)), min(end, np.datetime64(last)))
        for first, last in (span, PERIOD)
    )
    if ours[0] > ours[1] or theirs[0] > theirs[1]:
        return False
    apart = ours[0] - theirs[0], theirs[1] - ours[1]
    grace = _NEW_YEAR * int(theirs[0] == begin), _NEW_YEAR * int(theirs[1] == end)
    none = np.timedelta64(0, "D")
    return all(none <= days <= most for days, most in zip(apart, grace, strict=True))


def episodes(comparison: Comparison, known: Mapping[str, EnhancementResult]) -> list[Markup]:
    """Depth of each variant's excess drawdown in each period, and the curves of those covered."""
    found = _episodes(comparison)
    if not found:
        return []
    spans = next(iter(found.values()))
    inside = [period for period in spans if any(each[period].drawdown for each in found.values())]
    drawn = [
        figure(
            episode(known, named(period), spans[period].first, spans[period].last),
            f"episode-{place}",
        )
        for place, period in enumerate(inside)
    ]
    cells = episode_cells(comparison)
    return [table(cells, say("table.episodes")), paragraph(claim(comparison)), *drawn]


def episode_cells(comparison: Comparison) -> pd.DataFrame:
    """A row a period, a column a variant."""
    columns = {
        name: {
            say("table.episode", name=named(period), first=each.first, last=each.last): _cell(each)
            for period, each in periods.items()
        }
        for name, periods in _episodes(comparison).items()
    }
    return pd.DataFrame(columns)


def _episodes(comparison: Comparison) -> dict[str, dict[str, Episode]]:
    return {name: row.episodes for name, row in comparison.variants.items() if row.episodes}


def claim(comparison: Comparison) -> str:
    """What the paper says of these periods, and in how many of ours it holds."""
    says = say("note.praised", praised=PRAISED)
    rows, baseline = comparison.variants, comparison.baseline
    if PRAISED not in rows or baseline != "v2" or rows[PRAISED].excess_difference is None:
        return says
    both, held = milder(rows[PRAISED].episodes, rows[baseline].episodes)
    if not both:
        return f"{says} {say('note.none_inside')}"
    key = "note.held" if held else "note.held_none"
    return f"{says} {say(key, count=len(both), names=sentence([*map(named, held)]))}"


def milder(
    ours: Mapping[str, Episode], theirs: Mapping[str, Episode]
) -> tuple[list[str], list[str]]:
    """The periods that both cover wholly, and those of them in which ours falls less."""
    both = [name for name in ours if _whole(ours[name]) and name in theirs and _whole(theirs[name])]
    return both, [name for name in both if _depth(ours[name]) < _depth(theirs[name])]


def _cell(found: Episode) -> str:
    fall = found.drawdown
    if fall is None:
        return say("note.outside")
    depth = percent(fall.depth)
    if fall.trough:
        peak = fall.peak or say("note.first_day")
        depth = say("note.episode", depth=depth, peak=peak, trough=fall.trough)
    return depth if found.covered else say("note.in_part", depth=depth)


def _whole(found: Episode) -> bool:
    return found.covered and found.drawdown is not None


def _depth(found: Episode) -> float:
    return 0.0 if found.drawdown is None else found.drawdown.depth


def _printed(name: str, span: tuple[str, str]) -> pd.Series:
    """Printed returns of the paper's years; of a year that we hold in part with a mark."""
    first, written = int(PERIOD[0][:4]), {}
    for year, value in enumerate(PRINTED.yearly[name], start=first):
        text = percent(value / 100)
        same = same_days(str(year), span)
        written[str(year)] = text if same else say("note.other_days", value=text)
    return pd.Series(written)
