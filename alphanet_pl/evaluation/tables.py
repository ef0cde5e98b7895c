"""The numbers of an evaluation as tables, one CSV file each."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import pandas as pd

from alphanet_pl.evaluation.portfolio.enhancement import EnhancementResult
from alphanet_pl.evaluation.portfolio.layers import LayersResult
from alphanet_pl.evaluation.results import Evaluation
from alphanet_pl.evaluation.signal.ic import ICResult


def tables(evaluation: Evaluation) -> dict[str, pd.DataFrame]:
    """Every table that the evaluation allows, by name; returns are fractions.

    Curves are daily NAVs at the close, which begin with 1 before their first date.
    """
    out: dict[str, pd.DataFrame] = {}
    if evaluation.ic is not None:
        out |= _ic(evaluation.ic)
    if evaluation.layers is not None:
        out |= _layers(evaluation.layers)
    if evaluation.enhancement is not None:
        out |= _enhancement(evaluation.enhancement)
    if evaluation.yearly is not None:
        out["yearly"] = pd.DataFrame(asdict(evaluation.yearly)).set_index("years")
    exposures = evaluation.exposures
    if exposures is not None:
        out["exposures"] = _frame(exposures.styles).rename_axis("style")
    coverage = evaluation.stock_coverage
    if coverage is not None:
        counts = {"scored": coverage.scored, "universe": coverage.universe}
        out["stock_coverage"] = _dated(coverage.dates, counts)
    return out


def _ic(ic: ICResult) -> dict[str, pd.DataFrame]:
    forms = {"neutral": ic.neutral, "raw": ic.raw}
    neutral = ic.neutral
    summaries = {name: form.summary for name, form in forms.items()}
    series = {name: form.series.values for name, form in forms.items()}
    return {
        "ic": _frame(summaries).rename_axis("factor"),
        "ic_series": _dated(neutral.series.dates, series),
        "ic_by_year": _frame(neutral.by_year).rename_axis("year"),
        "ic_by_industry": _frame(neutral.by_industry).rename_axis("industry"),
        "ic_by_size": pd.DataFrame([asdict(each) for each in neutral.by_size]).rename_axis(
            "bucket"
        ),
        "ic_decay": pd.DataFrame(asdict(neutral.decay)).set_index("horizon"),
    }


def _layers(layers: LayersResult) -> dict[str, pd.DataFrame]:
    curves = layers.curves
    columns = {"pool": curves.pool}
    for k in range(layers.layers):
        columns |= {f"layer_{k + 1}": curves.layers[k], f"excess_{k + 1}": curves.excess[k]}
    columns |= {f"long_short_{mode}": values for mode, values in curves.long_short.items()}
    rows = pd.DataFrame(_layer_rows(layers)).set_index(["filter", "layer"])
    return {"layers": rows, "layer_curves": _dated(curves.dates, columns)}


def _layer_rows(layers: LayersResult) -> Iterator[dict[str, object]]:
    for mode, found in layers.by_filter.items():
        for k in range(layers.layers):
            performance = found.performance[k]
            yield {
                "filter": mode,
                "layer": k + 1,
                "annual_excess": found.annual_excess[k],
                "annual_excess_gross": found.annual_excess_gross[k],
                "annual_return": performance.annual_return,
                "volatility": performance.volatility,
                "sharpe": performance.sharpe,
                "max_drawdown": performance.max_drawdown.depth,
                "tracking_error": found.tracking_error[k],
                "turnover": found.turnover[k],
                "cost": found.cost[k],
            }


def _enhancement(found: EnhancementResult) -> dict[str, pd.DataFrame]:
    curves = found.curves
    ours = {**asdict(found.portfolio), **asdict(found.relative)}
    rows: dict[str, dict[str, object]] = {
        "portfolio": ours | {"turnover": found.turnover.per_rebalance}
    }
    rows |= {f"index, {convention}": asdict(row) for convention, row in found.benchmark.items()}
    daily = {name: values for name, values in asdict(curves).items() if name != "dates"}
    return {
        "enhancement": pd.DataFrame(
            [_depths(row) for row in rows.values()], index=pd.Index(rows, name="of")
        ),
        "enhancement_curves": _dated(curves.dates, daily),
        "relaxed": pd.DataFrame(
            [asdict(week) for week in found.relaxed], columns=["date", "rung", "detail"]
        ).set_index("date"),
    }


def _depths(row: Mapping[str, object]) -> dict[str, object]:
    """A row whose drawdowns are their depths."""
    return {name: v["depth"] if isinstance(v, dict) else v for name, v in row.items()}


def _frame(rows: Mapping[str, Any]) -> pd.DataFrame:
    return pd.DataFrame({name: asdict(row) for name, row in rows.items()}).T


def _dated(dates: list[str], columns: Mapping[str, object]) -> pd.DataFrame:
    return pd.DataFrame(columns, index=pd.Index(dates, name="date"))
