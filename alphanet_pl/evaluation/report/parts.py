"""The parts of the page that say how good the factors are: IC, layers, enhancement, styles.

Each takes the comparison and the evaluations and is empty where no variant has it. A page of one
variant is a page of several with one column, and shows some things that fit for one only.
"""

import pandas as pd

from alphanet_pl.evaluation.compare import Comparison, DailyDifference, Evaluations
from alphanet_pl.evaluation.report import figures as draw
from alphanet_pl.evaluation.report.calendar import episodes, years
from alphanet_pl.evaluation.report.formats import ABSENT, entry, number, percent, say
from alphanet_pl.evaluation.report.page import Part, figure, paragraph, part, table
from alphanet_pl.evaluation.report.tables import (
    COVERAGE,
    DIFFERENCE,
    EACH_LAYER,
    IC,
    IC_DIFFERENCE,
    SEEDS,
    TRADING,
    coverage_record,
    each_layer,
    enhancement_cells,
    frame,
    ic_cells,
    layer_cells,
    seeds_frame,
    shown,
    trading_record,
)
from alphanet_pl.evaluation.results import Evaluation
from alphanet_pl.evaluation.signal.exposures import Exposure
from alphanet_pl.evaluation.signal.ic import ICResult

NOTHING = part("")


def ic(comparison: Comparison, evaluations: Evaluations) -> Part:
    """The IC test: tables 9, 17 and 25, figures 10, 18 and 26, and breakdowns."""
    known = {name: each for name, each in evaluations.items() if each.ic is not None}
    found = next((each.ic for each in known.values()), None)
    if found is None:
        return NOTHING
    note = say(
        "note.ic",
        horizon=found.horizon, label=found.label, filter=found.filter, step=found.step,
    )  # fmt: skip
    alone = _alone(evaluations)
    if alone and found.achievable is not None:
        note = f"{note} {say('note.truth')}"
    return part(
        say("part.ic"),
        paragraph(note),
        table(ic_cells(comparison, alone)),
        figure(draw.cumulative_rank_ic(known), "cumulative-rank-ic"),
        _ic_differences(comparison, evaluations),
        figure(draw.rank_ic_by_section(known), "rank-ic") if alone else "",
        figure(draw.rank_ic_decay(known), "decay"),
        figure(draw.rank_ic_by_year(known), "rank-ic-by-year"),
        _ic_years(found) if alone else "",
        figure(draw.rank_ic_by_size(known), "by-size"),
        figure(draw.rank_ic_by_industry(known), "by-industry") if alone else "",
        _persistence(known),
        _seeds(comparison, known),
    )


def layers(comparison: Comparison, evaluations: Evaluations) -> Part:
    """The layer test: tables 11, 21 and 29, figures 12, 13, 19, 20, 27 and 28."""
    known = {name: each for name, each in evaluations.items() if each.layers is not None}
    found = next((each.layers for each in known.values()), None)
    if found is None:
        return NOTHING
    alone, mode = _alone(evaluations), say(f"filter.{found.filter}")
    note = say(
        "note.layers",
        layers=found.layers, step=found.step, cost=percent(found.cost, 1),
        convention=found.convention, filter=mode,
    )  # fmt: skip
    return part(
        say("part.layers"),
        paragraph(note if alone else f"{note} {say('note.own_page')}"),
        table(layer_cells(comparison, alone)),
        paragraph(say("note.filters")),
        figure(draw.layer_excess(known), "layer-excess"),
        figure(draw.top_layer(known), "top-layer"),
        _daily("top_difference", comparison),
        *(
            figure(drawn, f"layer-curves-{place}")
            for place, drawn in enumerate(draw.layer_curves(known).values())
        ),
        figure(draw.top_and_pool(alone), "top-and-pool") if alone else "",
        figure(draw.long_short(alone), "long-short") if alone else "",
        _each_layer(alone, mode) if alone else "",
    )


def enhancement(comparison: Comparison, evaluations: Evaluations) -> Part:
    """Index enhancement: tables 14, 15, 22, 23, 30 and 31, figures 16, 24 and 32."""
    known = {name: each for name, each in evaluations.items() if each.enhancement is not None}
    found = next((each.enhancement for each in known.values()), None)
    if found is None:
        return NOTHING
    note = say(
        "note.enhancement",
        schedule=say(f"note.{found.schedule}"), rebalances=found.rebalances,
        deviation=percent(found.max_deviation, 1), turnover=percent(found.max_turnover, 0),
        cost=percent(found.cost, 1), filter=found.filter, convention=found.convention,
    )  # fmt: skip
    alone = _alone(evaluations)
    standard, huatai = (found.benchmark[each] for each in ("standard", "huatai"))
    conventions = say(
        "note.conventions",
        standard=percent(standard.annual_return), huatai=percent(huatai.annual_return),
        sessions=standard.sessions,
    )  # fmt: skip
    return part(
        say("part.enhancement", index=found.index),
        paragraph(note),
        table(enhancement_cells(comparison, found if comparison.benchmark else None)),
        paragraph(conventions),
        figure(draw.excess_drawdown(known), "excess-drawdown"),
        _daily("excess_difference", comparison),
        figure(draw.navs(known), "portfolio"),
        *years(comparison, evaluations),
        figure(draw.yearly_excess(known), "yearly-excess"),
        *episodes(comparison, known),
        _trading(evaluations),
        _relaxed(alone) if alone else "",
    )


def exposures(comparison: Comparison, evaluations: Evaluations) -> Part:
    """Style exposures; nothing where the panel has no styles."""
    known = {name: each for name, each in evaluations.items() if each.exposures is not None}
    if not known:
        return NOTHING
    means: dict[str, dict[str, Exposure]] = {}
    sizes: dict[str, dict[str, Exposure]] = {}
    for name, each in known.items():
        if each.exposures is not None:
            means[name] = sizes[name] = each.exposures.styles
            if each.exposures.before_projection is not None:
                sizes[say("column.before", name=name)] = each.exposures.before_projection
    counts = {say("column.n"): {k: str(v.n) for k, v in next(iter(means.values())).items()}}
    return part(
        say("part.exposures"),
        paragraph(say("note.exposures")),
        figure(draw.style_means(known), "styles"),
        table(_styles(means, "mean", counts), say("table.style_mean")),
        figure(draw.style_sizes(known), "style-sizes"),
        table(_styles(sizes, "mean_absolute", counts), say("table.style_size")),
    )


def alike(comparison: Comparison, evaluations: Evaluations) -> Part:
    """How far the factors agree."""
    found = comparison.correlation
    if not found or len(found) < 2:
        return NOTHING
    cells = pd.DataFrame(found).map(number)
    return part(say("part.alike"), paragraph(say("note.alike")), table(cells))


def coverage(comparison: Comparison, evaluations: Evaluations) -> Part:
    """Stocks scored and feature pairs seen."""
    known = {name: each for name, each in evaluations.items() if each.stock_coverage}
    rows = {name: coverage_record(each) for name, each in evaluations.items()}
    if not any(rows.values()):
        return NOTHING
    return part(
        say("part.coverage"),
        paragraph(say("note.coverage")),
        table(shown(COVERAGE, frame(rows))),
        figure(draw.stocks_scored(known), "stocks") if known else "",
    )


def _alone(evaluations: Evaluations) -> Evaluation | None:
    """The only variant; None among several."""
    first, *others = evaluations.values()
    return None if others else first


def _ic_differences(comparison: Comparison, evaluations: Evaluations) -> str:
    found = {name: row.ic_difference for name, row in comparison.variants.items()}
    if not any(found.values()):
        return ""
    baseline = comparison.baseline
    cells = shown(IC_DIFFERENCE, frame(found))
    drawn = figure(draw.rank_ic_difference(evaluations, baseline), "rank-ic-difference")
    return table(cells, say("table.ic_difference", baseline=baseline)) + drawn


def _ic_years(found: ICResult) -> str:
    return table(shown(IC[:5], frame(found.neutral.by_year)).T, say("table.years_ic"))


def _persistence(known: Evaluations) -> str:
    rows: dict[str, dict[str, float]] = {}
    for name, each in known.items():
        if each.ic is not None:
            rows[say("trace.neutral", name=name)] = each.ic.neutral.autocorrelation
            if len(known) == 1:
                rows[say("trace.raw", name=name)] = each.ic.raw.autocorrelation
    return table(pd.DataFrame(rows).T.map(number), say("table.persistence"))


def _seeds(comparison: Comparison, known: Evaluations) -> str:
    found = seeds_frame(comparison)
    if not len(found):
        return ""
    drawn = figure(draw.rank_ic_of_seeds(known), "rank-ic-of-seeds")
    cells = table(shown(SEEDS, found), say("table.seeds"))
    return cells + paragraph(say("note.seeds")) + drawn


def _daily(key: str, comparison: Comparison) -> str:
    """How much a variant gains over the baseline, paired by day."""
    rows: dict[str, DailyDifference | None] = {
        name: getattr(row, key) for name, row in comparison.variants.items()
    }
    if not any(rows.values()):
        return ""
    title = say(f"table.{key}", baseline=comparison.baseline)
    return table(shown(DIFFERENCE, frame(rows)), title)


def _each_layer(evaluation: Evaluation, mode: str) -> str:
    if evaluation.layers is None:
        return ""
    found = each_layer(evaluation.layers, evaluation.layers.filter)
    found.index = pd.Index([say("column.layer", k=k) for k in found.index])
    return table(shown(EACH_LAYER, found), say("table.each_layer", filter=mode))


def _trading(evaluations: Evaluations) -> str:
    rows = {name: trading_record(each.enhancement) for name, each in evaluations.items()}
    return table(shown(TRADING, frame(rows)), say("table.trading"))


def _relaxed(evaluation: Evaluation) -> str:
    weeks = [] if evaluation.enhancement is None else evaluation.enhancement.relaxed
    if not weeks:
        return paragraph(say("note.exact"))
    head = entry("table.relaxed_head")
    rows = [(week.date, week.rung, week.detail) for week in weeks]
    cells = pd.DataFrame(rows, columns=head).set_index(head[0])
    return table(cells, say("table.relaxed"), text=True)


def _styles(
    columns: dict[str, dict[str, Exposure]], field: str, counts: dict[str, dict[str, str]]
) -> pd.DataFrame:
    written = {
        name: {style: number(getattr(each, field)) for style, each in found.items()}
        for name, found in columns.items()
    }
    cells = pd.DataFrame(written | counts).fillna(ABSENT)
    cells.index = cells.index.str.replace("_", " ")
    return cells
