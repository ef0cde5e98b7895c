"""The numbers of an evaluation as tables, one CSV file each."""

from collections.abc import Iterator, Mapping

import pandas as pd

from alphanet_pl.evaluation.results import EnhancementSection, Evaluation, ICSection, LayersSection


def tables(evaluation: Evaluation) -> dict[str, pd.DataFrame]:
    """Every table that the evaluation allows, by name; returns are fractions.

    Curves are daily NAVs at the close, which begin with 1 before their first date.
    """
    out: dict[str, pd.DataFrame] = {}
    if evaluation["ic"] is not None:
        out |= _ic(evaluation["ic"])
    if evaluation["layers"] is not None:
        out |= _layers(evaluation["layers"])
    if evaluation["enhancement"] is not None:
        out |= _enhancement(evaluation["enhancement"])
    if evaluation["yearly"] is not None:
        out["yearly"] = pd.DataFrame(evaluation["yearly"]).set_index("years")
    exposures = evaluation["exposures"]
    if exposures is not None:
        out["exposures"] = pd.DataFrame(exposures["styles"]).T.rename_axis("style")
    coverage = evaluation["stock_coverage"]
    if coverage is not None:
        counts = {"scored": coverage["scored"], "universe": coverage["universe"]}
        out["stock_coverage"] = _dated(coverage["dates"], counts)
    return out


def _ic(ic: ICSection) -> dict[str, pd.DataFrame]:
    forms = {"neutral": ic["neutral"], "raw": ic["raw"]}
    neutral = ic["neutral"]
    summaries = {name: form["summary"] for name, form in forms.items()}
    series = {name: form["series"]["values"] for name, form in forms.items()}
    return {
        "ic": pd.DataFrame(summaries).T.rename_axis("factor"),
        "ic_series": _dated(neutral["series"]["dates"], series),
        "ic_by_year": pd.DataFrame(neutral["by_year"]).T.rename_axis("year"),
        "ic_by_industry": pd.DataFrame(neutral["by_industry"]).T.rename_axis("industry"),
        "ic_by_size": pd.DataFrame(neutral["by_size"]).rename_axis("bucket"),
        "ic_decay": pd.DataFrame(neutral["decay"]).set_index("horizon"),
    }


def _layers(layers: LayersSection) -> dict[str, pd.DataFrame]:
    curves = layers["curves"]
    columns = {"pool": curves["pool"]}
    for k in range(layers["layers"]):
        columns |= {f"layer_{k + 1}": curves["layers"][k], f"excess_{k + 1}": curves["excess"][k]}
    columns |= {f"long_short_{mode}": values for mode, values in curves["long_short"].items()}
    rows = pd.DataFrame(_layer_rows(layers)).set_index(["filter", "layer"])
    return {"layers": rows, "layer_curves": _dated(curves["dates"], columns)}


def _layer_rows(layers: LayersSection) -> Iterator[dict[str, object]]:
    for mode, found in layers["by_filter"].items():
        for k in range(layers["layers"]):
            performance = found["performance"][k]
            yield {
                "filter": mode,
                "layer": k + 1,
                "annual_excess": found["annual_excess"][k],
                "annual_excess_gross": found["annual_excess_gross"][k],
                "annual_return": performance["annual_return"],
                "volatility": performance["volatility"],
                "sharpe": performance["sharpe"],
                "max_drawdown": performance["max_drawdown"]["depth"],
                "tracking_error": found["tracking_error"][k],
                "turnover": found["turnover"][k],
                "cost": found["cost"][k],
            }


def _enhancement(found: EnhancementSection) -> dict[str, pd.DataFrame]:
    curves = found["curves"]
    ours = {**found["portfolio"], **found["relative"]}
    rows: dict[str, dict[str, object]] = {
        "portfolio": ours | {"turnover": found["turnover"]["per_rebalance"]}
    }
    rows |= {f"index, {convention}": {**row} for convention, row in found["benchmark"].items()}
    daily = {name: values for name, values in curves.items() if name != "dates"}
    return {
        "enhancement": pd.DataFrame(
            [_depths(row) for row in rows.values()], index=pd.Index(rows, name="of")
        ),
        "enhancement_curves": _dated(curves["dates"], daily),
        "relaxed": pd.DataFrame(found["relaxed"], columns=["date", "rung", "detail"]).set_index(
            "date"
        ),
    }


def _depths(row: Mapping[str, object]) -> dict[str, object]:
    """A row whose drawdowns are their depths."""
    return {name: v["depth"] if isinstance(v, dict) else v for name, v in row.items()}


def _dated(dates: list[str], columns: Mapping[str, object]) -> pd.DataFrame:
    return pd.DataFrame(columns, index=pd.Index(dates, name="date"))
