"""The parts of the page that say how good the factors are: IC, layers, enhancement, styles.

Each takes the comparison and the evaluations and is empty where no variant has it. A page of one
variant is a page of several with one column, and shows some things that fit for one only.
"""

from collections.abc import Mapping, Sequence

import pandas as pd
from markupsafe import Markup

from alphanet_pl.evaluation.compare import Comparison, Evaluations, having
from alphanet_pl.evaluation.portfolio.enhancement import EnhancementResult
from alphanet_pl.evaluation.portfolio.layers import LayersResult
from alphanet_pl.evaluation.report import figures as draw
from alphanet_pl.evaluation.report import table_rows, tables
from alphanet_pl.evaluation.report.formats import (
    ABSENT,
    as_set,
    count,
    entry,
    named,
    number,
    percent,
    say,
)
from alphanet_pl.evaluation.report.page import Part, figure, paragraph, part, table
from alphanet_pl.evaluation.report.table_rows import Metric, shown
from alphanet_pl.evaluation.report.years import episodes, years
from alphanet_pl.evaluation.results import Evaluation
from alphanet_pl.evaluation.signal.exposures import Exposure
from alphanet_pl.evaluation.signal.ic import ICResult

NOTHING = part("")


def ic(comparison: Comparison, evaluations: Evaluations) -> Part:
    """The IC test: tables 9, 17 and 25, figures 10, 18 and 26, and breakdowns."""
    known, alone = having(evaluations, lambda each: each.ic), _alone(evaluations)
    if not known:
        return NOTHING
    first = next(iter(known.values()))
    note = say(
        "note.ic",
        horizon=first.horizon, label=first.label, filter=first.filter, step=first.step,
    )  # fmt: skip
    if alone and first.achievable is not None:
        note = f"{note} {say('note.truth')}"
    differences = _differences(table_rows.IC_DIFFERENCE, "ic_difference", comparison)
    rows, base = comparison.variants, comparison.baseline
    paired = {n: each for n, each in known.items() if n == base or rows[n].ic_difference}
    by_year = shown(table_rows.IC[:5], tables.frame(first.neutral.by_year)).T
    return part(
        say("part.ic"),
        paragraph(note),
        table(tables.ic_cells(comparison, alone)),
        figure(draw.cumulative_rank_ic(known), "cumulative-rank-ic"),
        differences,
        figure(draw.rank_ic_difference(paired, comparison.baseline), "rank-ic-difference")
        if differences
        else "",
        figure(draw.rank_ic_by_section(known), "rank-ic") if alone else "",
        figure(draw.rank_ic_decay(known), "decay"),
        figure(draw.rank_ic_by_year(known), "rank-ic-by-year"),
        table(by_year, say("table.years_ic")) if alone else "",
        figure(draw.rank_ic_by_size(known), "by-size"),
        figure(draw.rank_ic_by_industry(known), "by-industry") if alone else "",
        _persistence(known),
        *_seeds(comparison, known),
    )


def layers(comparison: Comparison, evaluations: Evaluations) -> Part:
    """The layer test: tables 11, 21 and 29, figures 12, 13, 19, 20, 27 and 28."""
    known, alone = having(evaluations, lambda each: each.layers), _alone(evaluations)
    if not known:
        return NOTHING
    first = next(iter(known.values()))
    note = say(
        "note.layers",
        layers=first.layers, step=first.step, cost=as_set(first.cost),
        convention=first.convention, filter=say(f"filter.{first.filter}"),
    )  # fmt: skip
    return part(
        say("part.layers"),
        paragraph(note if alone else f"{note} {say('note.own_page')}"),
        table(tables.layer_cells(comparison, alone)),
        paragraph(say("note.filters")),
        figure(draw.layer_excess(known), "layer-excess"),
        figure(draw.top_layer(known), "top-layer"),
        _differences(table_rows.DIFFERENCE, "top_difference", comparison),
        *(
            figure(draw.layer_curves(name, found), f"layer-curves-{place}")
            for place, (name, found) in enumerate(known.items())
        ),
        *(_alone_layers(first) if alone else ()),
    )


def enhancement(comparison: Comparison, evaluations: Evaluations) -> Part:
    """Index enhancement: tables 14, 15, 22, 23, 30 and 31, figures 16, 24 and 32."""
    known, alone = having(evaluations, lambda each: each.enhancement), _alone(evaluations)
    if not known:
        return NOTHING
    first = next(iter(known.values()))
    note = say(
        "note.enhancement",
        schedule=say(f"note.{first.schedule}"), rebalances=first.rebalances,
        deviation=as_set(first.max_deviation), turnover=as_set(first.max_turnover),
        cost=as_set(first.cost), filter=first.filter, convention=first.convention,
    )  # fmt: skip
    standard, huatai = (first.benchmark[each] for each in ("standard", "huatai"))
    conventions = say(
        "note.conventions",
        standard=percent(standard.annual_return), huatai=percent(huatai.annual_return),
        sessions=standard.sessions,
    )  # fmt: skip
    yearly = having(evaluations, lambda each: each.yearly)
    return part(
        say("part.enhancement", index=first.index),
        paragraph(note),
        table(tables.enhancement_cells(comparison, first if comparison.benchmark else None)),
        paragraph(conventions),
        figure(draw.excess_drawdown(known), "excess-drawdown"),
        _differences(table_rows.DIFFERENCE, "excess_difference", comparison),
        figure(draw.navs(known), "portfolio"),
        *years(comparison, evaluations),
        figure(draw.yearly_excess(yearly), "yearly-excess"),
        *episodes(comparison, known),
        table(shown(table_rows.TRADING, tables.trading_frame(evaluations)), say("table.trading")),
        _relaxed(first) if alone else "",
    )


def exposures(comparison: Comparison, evaluations: Evaluations) -> Part:
    """Style exposures; nothing where the panel has no styles."""
    known = having(evaluations, lambda each: each.exposures)
    means, sizes = {name: each.styles for name, each in known.items()}, {}
    for name, each in known.items():
        sizes[name] = each.styles
        if each.before_projection is not None:
            sizes[say("column.before", name=name)] = each.before_projection
    if not known:
        return NOTHING
    return part(
        say("part.exposures"),
        paragraph(say("note.exposures")),
        figure(draw.style_means(known), "styles"),
        table(_styles(means, "mean"), say("table.style_mean")),
        figure(draw.style_sizes(known), "style-sizes"),
        table(_styles(sizes, "mean_absolute"), say("table.style_size")),
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
    known, found = (
        having(evaluations, lambda each: each.stock_coverage),
        tables.coverage_frame(evaluations),
    )
    if not len(found):
        return NOTHING
    return part(
        say("part.coverage"),
        paragraph(say("note.coverage")),
        table(shown(table_rows.COVERAGE, found)),
        figure(draw.stocks_scored(known), "stocks") if known else "",
    )


def _alone(evaluations: Evaluations) -> Evaluation | None:
    """The only variant; None among several."""
    first, *others = evaluations.values()
    return None if others else first


def _differences(rows: Sequence[Metric], field: str, comparison: Comparison) -> Markup:
    """How much each variant gains over the baseline, paired by day or cross-section."""
    found = {name: getattr(row, field) for name, row in comparison.variants.items()}
    return table(
        shown(rows, tables.frame(found)), say(f"table.{field}", baseline=comparison.baseline)
    )


def _persistence(known: Mapping[str, ICResult]) -> Markup:
    rows: dict[str, dict[str, float]] = {}
    for name, ic in known.items():
        rows[say("trace.neutral", name=name)] = ic.neutral.autocorrelation
        if len(known) == 1:
            rows[say("trace.raw", name=name)] = ic.raw.autocorrelation
    return table(pd.DataFrame(rows).T.map(number), say("table.persistence"))


def _seeds(comparison: Comparison, known: Mapping[str, ICResult]) -> list[Markup]:
    spreads = {name: row.seeds for name, row in comparison.variants.items() if row.seeds}
    if not spreads:
        return []
    return [
        table(shown(table_rows.SEEDS, tables.seeds_frame(comparison)), say("table.seeds")),
        paragraph(say("note.seeds")),
        figure(draw.rank_ic_of_seeds(known, spreads), "rank-ic-of-seeds"),
    ]


def _alone_layers(found: LayersResult) -> list[Markup]:
    """What the page of one variant says more of its layers."""
    each = tables.each_layer(found, found.filter).rename(lambda k: say("column.layer", k=k))
    title = say("table.each_layer", filter=say(f"filter.{found.filter}"))
    return [
        figure(draw.top_and_pool(found), "top-and-pool"),
        figure(draw.long_short(found), "long-short"),
        table(shown(table_rows.EACH_LAYER, each), title),
    ]


def _relaxed(found: EnhancementResult) -> Markup:
    if not found.relaxed:
        return paragraph(say("note.exact"))
    cells = pd.DataFrame(map(vars, found.relaxed)).astype(str).map(named)
    cells.columns = entry("table.relaxed_head")
    return table(cells.set_index(cells.columns[0]), say("table.relaxed"), text=True)


def _styles(columns: Mapping[str, Mapping[str, Exposure]], field: str) -> pd.DataFrame:
    """A row a style, a column a factor, and the cross-sections behind the first."""
    found = {name: tables.frame(styles, "") for name, styles in columns.items()}
    cells = pd.DataFrame({name: each[field] for name, each in found.items()}).map(number)
    cells[say("column.n")] = next(iter(found.values()))["n"].map(count)
    return cells.fillna(ABSENT).rename(entry("style"))
