"""The numbers of a comparison as tables, one CSV file each; returns are fractions."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

import pandas as pd

from alphanet_pl.evaluation.compare import Comparison, VariantRow

_DIFFERENCES = ("ic_difference", "top_difference", "excess_difference")


def comparison_tables(comparison: Comparison) -> dict[str, pd.DataFrame]:
    """Every table that the comparison allows, by name."""
    out = {
        "ic": _rows(comparison, lambda row: row.ic),
        "seeds": _rows(comparison, _seeds),
        "layers": _rows(comparison, _layers),
        "enhancement": _rows(comparison, _enhancement),
        "yearly": _long(comparison, _years, ["variant", "year"]),
        "episodes": _long(comparison, _episodes, ["variant", "episode"]),
        "exposures": _long(comparison, _styles, ["variant", "style"]),
        "differences": _long(comparison, _differences, ["variant", "of"]),
    }
    if comparison.correlation is not None:
        out["correlation"] = pd.DataFrame(comparison.correlation).rename_axis("variant")
    return {name: table for name, table in out.items() if len(table)}


def _rows(comparison: Comparison, of: Callable[[VariantRow], Any]) -> pd.DataFrame:
    found = {variant: of(row) for variant, row in comparison.variants.items()}
    known = {variant: values for variant, values in found.items() if values is not None}
    return pd.DataFrame(
        [_plain(row) for row in known.values()], index=pd.Index(list(known), name="variant")
    )


def _long(
    comparison: Comparison,
    of: Callable[[VariantRow], Iterator[Mapping[str, Any]]],
    index: list[str],
) -> pd.DataFrame:
    rows = [
        {index[0]: variant, **values}
        for variant, row in comparison.variants.items()
        for values in of(row)
    ]
    return pd.DataFrame(rows).set_index(index) if rows else pd.DataFrame()


def _plain(row: Any) -> Mapping[str, Any]:
    return row if isinstance(row, dict) else asdict(row)


def _seeds(row: VariantRow) -> dict[str, Any] | None:
    found = row.seeds
    if found is None:
        return None
    summary = {"seeds": len(found.seeds), "mean": found.mean, "std": found.std}
    return summary | {"standard_error": found.standard_error}


def _layers(row: VariantRow) -> dict[str, Any] | None:
    found = row.layers
    if found is None:
        return None
    out = {f"excess_{k + 1}": value for k, value in enumerate(found.annual_excess)}
    for mode, legs in found.long_short.items():
        out |= {f"long_short_{mode}": legs.annual_return, f"sharpe_{mode}": legs.sharpe}
    names = ("top_information_ratio", "top_monthly_win", "months", "sections", "stock_count")
    return out | {name: getattr(found, name) for name in names}


def _enhancement(row: VariantRow) -> dict[str, Any] | None:
    found = row.enhancement
    if found is None:
        return None
    both: dict[str, Any] = {**asdict(found.portfolio), **asdict(found.relative)}
    both = {name: v["depth"] if isinstance(v, dict) else v for name, v in both.items()}
    rest = {name: v for name, v in asdict(found).items() if name not in {"portfolio", "relative"}}
    return both | rest


def _years(row: VariantRow) -> Iterator[dict[str, Any]]:
    found = row.yearly
    if found is not None:
        columns = (found.years, found.portfolio, found.index, found.excess)
        for year, portfolio, index, excess in zip(*columns, strict=True):
            yield {"year": year, "portfolio": portfolio, "index": index, "excess": excess}


def _episodes(row: VariantRow) -> Iterator[dict[str, Any]]:
    for name, found in row.episodes.items():
        fall = {"depth": None, "peak": None, "trough": None}
        if found.drawdown is not None:
            fall = asdict(found.drawdown)
        span = {"first": found.first, "last": found.last, "covered": found.covered}
        yield {"episode": name, **span, **fall}


def _styles(row: VariantRow) -> Iterator[dict[str, Any]]:
    for style, found in (row.exposures or {}).items():
        yield {"style": style, **asdict(found)}


def _differences(row: VariantRow) -> Iterator[dict[str, Any]]:
    for name in _DIFFERENCES:
        found = getattr(row, name)
        if found is not None:
            mean = found.mean if hasattr(found, "mean") else found.annual
            count = found.n if hasattr(found, "n") else found.days
            error = found.standard_error
            of = name.removesuffix("_difference")
            yield {"of": of, "mean": mean, "standard_error": error, "n": count}
