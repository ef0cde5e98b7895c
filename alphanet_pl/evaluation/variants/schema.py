"""The schema of comparison.json: what several evaluations say together, under keys that stay.

As in evaluation.json, keys are added and never renamed, returns and shares are fractions, dates are
ISO strings, and what does not exist is null. Each variant's own figures are copied from its
evaluation; differences from the baseline are paired: the same section, or the same day, of both.
"""

from collections.abc import Collection
from pathlib import Path
from typing import TypedDict

from alphanet_pl.evaluation.results import (
    Drawdown,
    Exposure,
    ICSummary,
    LayerTable,
    Performance,
    RelativePerformance,
    YearlySection,
    finite,
)
from datamodules.base.files import read_json, write_json

SCHEMA = "alphanet-pl comparison"
VERSION = 1


class Setup(TypedDict):
    """What makes a variant: its sampled features and its loss."""

    n: int | None
    long_weight: float | None
    neutralise: bool | None


class SeedSpread(TypedDict):
    """Mean RankIC (neutral) of single seeds, beside that of their mean."""

    seeds: list[int]
    mean_rank_ic: list[float]
    mean: float
    std: float | None
    """Between seeds, ddof 1; null for a single seed."""
    standard_error: float | None


class DailyDifference(TypedDict):
    """A variant's daily excess less the baseline's, over the days of both."""

    annual: float
    """Mean daily difference times 250: not compounded."""
    standard_error: float
    days: int


class Episode(TypedDict):
    """Drawdown of the excess inside a period that the report names."""

    first: str
    last: str
    covered: bool
    """Whether the portfolio spans the whole period."""
    drawdown: Drawdown | None
    """Null where it has no day inside."""


class EnhancementRow(TypedDict):
    """A variant's row of tables 14, 22 and 30."""

    portfolio: Performance
    relative: RelativePerformance
    turnover: float
    """Mean two-sided turnover of a rebalance."""
    share_relaxed: float
    mean_names: float
    excess_standard_error: float
    """Of the annual excess: tracking error over the root of the years."""


class VariantRow(TypedDict):
    """One variant; sections that its evaluation lacks are null."""

    start: str
    stop: str
    setup: Setup
    ic: ICSummary | None
    """Neutral factor."""
    ic_difference: ICSummary | None
    """Of the series of RankIC less the baseline's; null for the baseline."""
    seeds: SeedSpread | None
    layers: LayerTable | None
    """Under the headline filter."""
    top_difference: DailyDifference | None
    """Of layer 1's excess over the pool."""
    enhancement: EnhancementRow | None
    excess_difference: DailyDifference | None
    """Of the enhanced portfolio's excess over the index."""
    episodes: dict[str, Episode]
    yearly: YearlySection | None
    exposures: dict[str, Exposure] | None
    exposures_before_projection: dict[str, Exposure] | None


class Comparison(TypedDict):
    """Several variants on one panel."""

    schema: str
    version: int
    baseline: str
    common_period: bool
    """Whether all were judged on the same sessions."""
    start: str
    stop: str
    variants: dict[str, VariantRow]
    benchmark: dict[str, Performance] | None
    """The index's own row, by convention."""
    correlation: dict[str, dict[str, float]] | None
    """Mean rank correlation between the published factors, section by section."""


def write_comparison(comparison: Comparison, path: Path) -> None:
    """Write comparison.json; what is not finite becomes null."""
    write_json(path, finite(comparison))


def read_correlation(path: Path, variants: Collection[str]) -> dict[str, dict[str, float]] | None:
    """Correlations between the factors from a comparison.json; None unless it is of these."""
    if not path.is_file():
        return None
    found = read_json(path)
    if found.get("schema") != SCHEMA or set(found["variants"]) != set(variants):
        return None
    correlation: dict[str, dict[str, float]] | None = found["correlation"]
    return correlation
