"""Every table, made once: a frame of figures, which CSV, page, Markdown and terminal render.

A frame has a row a variant (or form, or layer) and a column a field of its result: as it is it
becomes CSV, returns as fractions. Shown, it is turned: a row a `Metric`, a column a variant, and
beside it what the paper prints.

Example: `shown(IC, beside(frame({"v2": summary}), printed_ic()))`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from typing import Any, NamedTuple

import pandas as pd

from alphanet_pl.evaluation.compare import Comparison, Evaluations, VariantRow, having
from alphanet_pl.evaluation.paper import CROSS_SECTIONS, INDEX, MONTHS, PRINTED
from alphanet_pl.evaluation.portfolio.enhancement import EnhancementResult, YearlyResult
from alphanet_pl.evaluation.portfolio.layers import LayersResult, LayerTable
from alphanet_pl.evaluation.portfolio.performance import Drawdown
from alphanet_pl.evaluation.report.formats import percent, say
from alphanet_pl.evaluation.report.table_rows import (
    ENHANCEMENT,
    IC,
    TERMINAL,
    layer_metrics,
    shown,
)
from alphanet_pl.evaluation.results import Evaluation
from alphanet_pl.evaluation.signal.ic import ICResult

Record = dict[str, Any]
FEW = 30
"""Cross-sections below which a standard error is itself rough."""
_MOST = 10
"""Layers that are all said in a line of the terminal."""
PRINTED_LAYERS = 5
PRINTED_RATIOS = ("icir", "sharpe", "sharpe_report", "top_information_ratio", "information_ratio",
                  "calmar")  # fmt: skip
"""What the paper prints as it is, not in percent."""


def frame(rows: Mapping[Any, Any], name: str = "variant") -> pd.DataFrame:
    """A row a result, what is None left out; a column each of its figures.

    Args:
        rows: Results or records, by what the row is called.
        name: Of the first column of the CSV.
    """
    known = {key: record(row) for key, row in rows.items() if row is not None}
    return pd.DataFrame(list(known.values()), index=pd.Index(list(known), name=name))


def record(result: Any) -> Record:
    """A result's figures, those of results inside among them; a drawdown is its depth."""
    out: Record = {}
    for key, value in (result if isinstance(result, Mapping) else vars(result)).items():
        if isinstance(value, Drawdown):
            out[key] = value.depth
        elif is_dataclass(value):
            out |= record(value)
        elif not isinstance(value, list | dict):
            out[key] = value
    return out


def beside(
    table: pd.DataFrame, printed: Mapping[str, Record], alone: Evaluation | None = None
) -> pd.DataFrame:
    """A frame with what the paper prints behind each row that it has.

    Args:
        table: The frame.
        printed: Rows of the paper, by the name of ours.
        alone: The only variant, whose printed row stands behind all rows of the frame.
    """
    rows = dict(zip(table.index, table.to_dict("records"), strict=True))
    out = {}
    for name, row in rows.items():
        out[name] = row
        if name in printed:
            out[say("column.printed", name=name)] = printed[name]
    if alone is not None and alone.variant in printed:
        out[say("column.printed", name=alone.variant)] = printed[alone.variant]
    return pd.DataFrame(list(out.values()), index=list(out))


def printed_ic() -> dict[str, Record]:
    """Tables 9, 17 and 25."""
    return {name: _fractions(row) | {"n": CROSS_SECTIONS} for name, row in PRINTED.ic.items()}


def printed_layers(layers: int) -> dict[str, Record]:
    """Tables 11, 21 and 29; nothing for another number of layers."""
    if layers != PRINTED_LAYERS:
        return {}
    return {
        name: {f"excess_{k + 1}": value / 100 for k, value in enumerate(row.annual_excess)}
        | _fractions(row)
        | {"months": MONTHS}
        for name, row in PRINTED.layers.items()
    }


def printed_enhancement(index: str) -> dict[str, Record]:
    """Tables 14, 22 and 30, and the row of the index under its name where it is the paper's."""
    rows = {name: _fractions(row) for name, row in PRINTED.enhancement.items()}
    rows = {name: row | {"months": MONTHS} for name, row in rows.items()}
    return rows | ({index: _fractions(PRINTED.benchmark)} if index == INDEX else {})


def _fractions(row: NamedTuple) -> Record:
    """A printed row in our units: percentages become fractions."""
    figures = {name: value for name, value in row._asdict().items() if isinstance(value, float)}
    return {name: v if name in PRINTED_RATIOS else v / 100 for name, v in figures.items()}


def headline(evaluations: Evaluations, comparison: Comparison) -> pd.DataFrame:
    """The figures that matter most."""
    return frame({name: _headline(e, comparison.variants[name]) for name, e in evaluations.items()})


def _headline(evaluation: Evaluation, row: VariantRow) -> Record:
    out: Record = {}
    ic, layers, enhanced = evaluation.ic, row.layers, row.enhancement
    if ic is not None:
        out |= record(ic.neutral.summary)
        for name, form in (("rank_ic", ic.neutral), ("raw_rank_ic", ic.raw)):
            out |= {name: form.summary.mean, f"{name}_error": form.summary.standard_error}
        if ic.achievable is not None:
            out["truth"] = ic.achievable.summary.mean
            out["share_reached"] = ic.achievable.share_reached
    if layers is not None:
        out["top_excess"] = layers.annual_excess[0]
        out["layers"] = _in_a_line([percent(value, 1) for value in layers.annual_excess])
    if enhanced is not None:
        out |= record(enhanced.relative) | {"excess_error": enhanced.excess_standard_error}
    return out


def ic_cells(comparison: Comparison, alone: Evaluation | None = None) -> pd.DataFrame:
    """Tables 9, 17 and 25 beside what the paper prints.

    Args:
        comparison: The neutral factor of each variant.
        alone: The only variant: its neutral and raw factor, and the truth.
    """
    rows: dict[str, Any] = {name: row.ic for name, row in comparison.variants.items()}
    if alone is not None and alone.ic is not None:
        rows = {
            say("column.neutral"): alone.ic.neutral.summary,
            say("column.raw"): alone.ic.raw.summary,
            say("column.truth"): alone.ic.achievable and alone.ic.achievable.summary,
        }
    return shown(IC, beside(frame(rows), printed_ic(), alone))


def seeds_frame(comparison: Comparison) -> pd.DataFrame:
    """Mean RankIC of single seeds, and of their mean."""
    return frame(
        {
            name: {"seeds": len(row.seeds.seeds), **record(row.seeds), "factor": row.ic.mean}
            for name, row in comparison.variants.items()
            if row.seeds is not None and row.ic is not None
        }
    )


def layer_cells(comparison: Comparison, alone: Evaluation | None = None) -> pd.DataFrame:
    """Tables 11, 21 and 29 beside what the paper prints.

    Args:
        comparison: Each variant, under its headline filter.
        alone: The only variant: under each filter.
    """
    rows = {name: row.layers for name, row in comparison.variants.items()}
    if alone is not None and alone.layers is not None:
        rows = {say(f"filter.{mode}"): row for mode, row in alone.layers.by_filter.items()}
    count = next((len(row.annual_excess) for row in rows.values() if row), 0)
    return shown(layer_metrics(count), beside(layer_frame(rows), printed_layers(count), alone))


def layer_frame(rows: Mapping[str, LayerTable | None]) -> pd.DataFrame:
    """A row of tables 11, 21 and 29 each."""

    def of(found: LayerTable) -> Record:
        out = {f"excess_{k + 1}": value for k, value in enumerate(found.annual_excess)}
        for mode, legs in found.long_short.items():
            out |= {f"long_short_{mode}": legs.annual_return, f"sharpe_{mode}": legs.sharpe}
        return out | record(found)

    return frame({name: of(row) for name, row in rows.items() if row is not None})


def each_layer(layers: LayersResult, mode: str) -> pd.DataFrame:
    """A row a layer, under one filter."""
    lists = {k: v for k, v in vars(layers.by_filter[mode]).items() if isinstance(v, list)}
    rows = {
        str(k + 1): {name: values[k] for name, values in lists.items()}
        for k in range(layers.layers)
    }
    return frame(rows, "layer").drop(columns="sessions")


def enhancement_frame(comparison: Comparison) -> pd.DataFrame:
    """Tables 14, 22 and 30: the portfolios."""
    return frame({name: row.enhancement for name, row in comparison.variants.items()})


def enhancement_cells(
    comparison: Comparison, found: EnhancementResult | None = None
) -> pd.DataFrame:
    """Tables 14, 22 and 30 beside what the paper prints.

    Args:
        comparison: The portfolios.
        found: One of them, whose index is a column too.
    """
    ours, index = enhancement_frame(comparison), "" if found is None else found.index
    if found is not None:
        row = frame({index: found.benchmark[found.convention]})
        ours = pd.concat([ours, row])
    return shown(ENHANCEMENT, beside(ours, printed_enhancement(index)))


def trading_frame(evaluations: Evaluations) -> pd.DataFrame:
    """What the portfolios traded, and how often the ladder was climbed."""
    found = having(evaluations, lambda each: each.enhancement)
    return frame({name: record(each) | each.rungs for name, each in found.items()})


def coverage_frame(evaluations: Evaluations) -> pd.DataFrame:
    """How many stocks have a score, and which feature pairs are seen."""
    stocks = having(evaluations, lambda each: each.stock_coverage)
    rows = {name: record(each) | {"fewest": min(each.scored)} for name, each in stocks.items()}
    pairs = having(evaluations, lambda each: each.pair_coverage)
    known = [name for name in evaluations if name in rows or name in pairs]
    return frame({name: rows.get(name, {}) | record(pairs.get(name, {})) for name in known})


def markdown(table: pd.DataFrame) -> str:
    """A shown table as Markdown, as W&B reports take it."""
    rows = [[str(name), *row] for name, row in zip(table.index, table.to_numpy(), strict=True)]
    lines = [["", *map(str, table.columns)], ["---", *["---:"] * len(table.columns)], *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |"
                     for line in lines)  # fmt: skip


def few(evaluations: Evaluations) -> list[str]:
    """A warning where a standard error is itself rough; else nothing."""
    counts = [each.ic.neutral.summary.n for each in evaluations.values() if each.ic]
    rough = counts and 0 < min(counts) < FEW
    return [say("note.few", n=min(counts))] if rough else []


def _in_a_line(layers: Sequence[str]) -> str:
    """Figures of all layers, or, of many, of those that count: the first and the last ones."""
    shown = layers if len(layers) <= _MOST else [*layers[:3], "...", *layers[-3:]]
    return ", ".join(shown)


def terminal_lines(evaluations: Evaluations, comparison: Comparison) -> list[str]:
    """The headline for a terminal, and the parts that could not be made with their reasons."""
    table = shown(TERMINAL, headline(evaluations, comparison))
    lines = [f"{', '.join(evaluations)}, {comparison.start} to {comparison.stop}"]
    if len(table):
        text = table.to_string(header=len(table.columns) > 1)
        lines += text.replace("\u00b1", "+-").splitlines()
        lines += [" ".join([say("note.terminal"), *few(evaluations)])]
    missing = (each for e in evaluations.values() for each in e.provenance.lacks)
    return lines + [each for each in dict.fromkeys(missing) if each.startswith("There is no ")]


def tables(evaluation: Evaluation) -> dict[str, pd.DataFrame]:
    """The CSV files of one variant, by name.

    Curves are daily NAVs at the close, which begin with 1 before their first date.
    """
    out: dict[str, pd.DataFrame] = {}
    if evaluation.ic is not None:
        out |= _ic_tables(evaluation.ic)
    if evaluation.layers is not None:
        out |= _layer_tables(evaluation.layers)
    if evaluation.enhancement is not None:
        out |= _enhancement_tables(evaluation.enhancement)
    if evaluation.yearly is not None:
        out["yearly"] = years_frame(evaluation.yearly)
    if evaluation.exposures is not None:
        out["exposures"] = frame(evaluation.exposures.styles, "style")
    stocks = evaluation.stock_coverage
    if stocks is not None:
        counts = {"scored": stocks.scored, "universe": stocks.universe}
        out["stock_coverage"] = _dated(stocks.dates, counts)
    return out


def years_frame(found: YearlyResult) -> pd.DataFrame:
    """Tables 15, 23 and 31 of one variant."""
    return pd.DataFrame(vars(found)).set_index("years")


def _ic_tables(ic: ICResult) -> dict[str, pd.DataFrame]:
    neutral, forms = ic.neutral, {"neutral": ic.neutral, "raw": ic.raw}
    series = {name: form.series.values for name, form in forms.items()}
    return {
        "ic": frame({name: form.summary for name, form in forms.items()}, "factor"),
        "ic_series": _dated(neutral.series.dates, series),
        "ic_by_year": frame(neutral.by_year, "year"),
        "ic_by_industry": frame(neutral.by_industry, "industry"),
        "ic_by_size": frame(dict(enumerate(neutral.by_size)), "bucket"),
        "ic_decay": pd.DataFrame(vars(neutral.decay)).set_index("horizon"),
    }


def _layer_tables(layers: LayersResult) -> dict[str, pd.DataFrame]:
    curves = layers.curves
    columns = {"pool": curves.pool}
    for k in range(layers.layers):
        columns |= {f"layer_{k + 1}": curves.layers[k], f"excess_{k + 1}": curves.excess[k]}
    columns |= {f"long_short_{mode}": values for mode, values in curves.long_short.items()}
    each = {mode: each_layer(layers, mode) for mode in layers.by_filter}
    return {
        "layers": pd.concat(each, names=["filter"]),
        "layer_curves": _dated(curves.dates, columns),
    }


def _enhancement_tables(found: EnhancementResult) -> dict[str, pd.DataFrame]:
    portfolio = record(found.portfolio) | record(found.relative)
    rows = {"portfolio": portfolio | {"turnover": found.turnover.per_rebalance}}
    rows |= {f"index, {name}": record(row) for name, row in found.benchmark.items()}
    weeks = pd.DataFrame(map(vars, found.relaxed), columns=["date", "rung", "detail"])
    return {
        "enhancement": frame(rows, "of"),
        "enhancement_curves": pd.DataFrame(vars(found.curves))
        .set_index("dates")
        .rename_axis("date"),
        "relaxed": weeks.set_index("date"),
    }


def comparison_tables(comparison: Comparison) -> dict[str, pd.DataFrame]:
    """The CSV files of several variants, by name."""
    rows, seeds = comparison.variants, seeds_frame(comparison)
    years = {name: years_frame(row.yearly) for name, row in rows.items() if row.yearly}
    long = {
        "yearly": {name: table.rename_axis("year") for name, table in years.items()},
        "episodes": {name: _episodes(row) for name, row in rows.items()},
        "exposures": {name: frame(row.exposures or {}, "style") for name, row in rows.items()},
        "differences": {name: _differences(row) for name, row in rows.items()},
    }
    out = {
        "ic": frame({name: row.ic for name, row in rows.items()}),
        "seeds": seeds.drop(columns="factor") if len(seeds) else seeds,
        "layers": layer_frame({name: row.layers for name, row in rows.items()}),
        "enhancement": enhancement_frame(comparison),
        **{name: _stacked(tables) for name, tables in long.items()},
    }
    if comparison.correlation is not None:
        out["correlation"] = pd.DataFrame(comparison.correlation).rename_axis("variant")
    return {name: table for name, table in out.items() if len(table)}


def _stacked(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    filled = {name: table for name, table in tables.items() if len(table)}
    return pd.concat(filled, names=["variant"]) if filled else pd.DataFrame()


def _episodes(row: VariantRow) -> pd.DataFrame:
    nowhere = Drawdown(math.nan, None, None)
    rows = {
        name: vars(each) | vars(each.drawdown or nowhere) for name, each in row.episodes.items()
    }
    return (
        pd.DataFrame.from_dict(rows, orient="index")
        .drop(columns="drawdown", errors="ignore")
        .rename_axis("episode")
    )


def _differences(row: VariantRow) -> pd.DataFrame:
    ic, rows = row.ic_difference, {}
    if ic is not None:
        rows["ic"] = {"mean": ic.mean, "standard_error": ic.standard_error, "n": ic.n}
    for name, found in (("top", row.top_difference), ("excess", row.excess_difference)):
        if found is not None:
            error = found.standard_error
            rows[name] = {"mean": found.annual, "standard_error": error, "n": found.days}
    return frame(rows, "of")


def _dated(dates: list[str], columns: Mapping[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(columns, index=pd.Index(dates, name="date"))
