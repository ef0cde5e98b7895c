"""The one schema of evaluation.json: every number of an evaluation, under keys that stay.

Keys are added, never renamed; a section that was not computed is null; a number that does not exist
(a Sharpe ratio without volatility) is null. Dates are ISO strings, returns and shares are fractions
(0.1145, not 11.45%), months and sections are counted. The functions of this folder return these
dictionaries, so that a report made from memory and one made from the file are the same report.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from datamodules.base.errors import EvaluationError

SCHEMA = "alphanet-pl evaluation"
VERSION = 1


class Series(TypedDict):
    """One number a date."""

    dates: list[str]
    values: list[float]


class ICSummary(TypedDict):
    """RankIC statistics over n cross-sections (tables 9, 17 and 25, and what they leave out)."""

    mean: float
    std: float
    """ddof 1."""
    icir: float
    """mean / std, not annualised."""
    positive_share: float
    n: int
    standard_error: float
    """std / sqrt(n): right where the forward windows do not overlap."""
    naive_t: float
    newey_west_t: float
    newey_west_lag: int


class Decay(TypedDict):
    """RankIC of one factor against returns over 1, 2, ... sessions ahead."""

    horizon: list[int]
    mean: list[float]
    icir: list[float]
    n: list[int]


class ICBlock(TypedDict):
    """Everything about the RankIC of one form (raw or neutral) of a factor."""

    summary: ICSummary
    series: Series
    cumulative: list[float]
    decay: Decay
    by_year: dict[str, ICSummary]
    by_industry: dict[str, ICSummary]
    by_size: list[ICSummary]
    """Equal buckets of ln float cap, smallest first."""
    autocorrelation: dict[str, float]
    """Mean rank correlation with the factor k sections earlier, by k."""


class Achievable(TypedDict):
    """What a factor could reach: the RankIC of the true expected return (simulated market)."""

    summary: ICSummary
    share_reached: float
    """Mean RankIC of the raw factor over that of the truth."""


class ICSection(TypedDict):
    """The IC test."""

    horizon: int
    step: int
    label: str
    filter: str
    neutral: ICBlock
    raw: ICBlock
    achievable: Achievable | None
    by_seed: NotRequired[dict[str, ICSummary]]
    """Neutral factor of each seed alone; empty for a factor of one seed."""


class Drawdown(TypedDict):
    """A positive depth; peak is null if it lies before the first session."""

    depth: float
    peak: str | None
    trough: str | None


class Performance(TypedDict):
    """Absolute columns of tables 14, 22 and 30."""

    annual_return: float
    volatility: float
    sharpe: float
    max_drawdown: Drawdown
    sessions: int


class RelativePerformance(TypedDict):
    """Excess columns of tables 14, 22 and 30."""

    annual_excess: float
    tracking_error: float
    information_ratio: float
    excess_max_drawdown: Drawdown
    calmar: float
    monthly_win: float
    months: int


class LongShort(TypedDict):
    """Layer 1 less the last layer."""

    annual_return: float
    volatility: float
    sharpe: float


class LayerTable(TypedDict):
    """Tables 11, 21 and 29 under one next-day filter; lists go from layer 1 (highest) down."""

    annual_excess: list[float]
    """After cost, over the equal-weight pool without cost."""
    annual_excess_gross: list[float]
    performance: list[Performance]
    tracking_error: list[float]
    long_short: dict[str, LongShort]
    """By mode: `report` (both legs net, so that cost cancels) and `net` (both legs pay)."""
    top_information_ratio: float
    top_monthly_win: float
    months: int
    turnover: list[float]
    """Mean two-sided turnover of a rebalance, the first build left out."""
    cost: list[float]
    """Annual cost, the first build included."""
    stock_count: float
    """Mean number of stocks in the pool."""
    frozen_share: list[float]
    """Mean share of a layer's value that could not trade at a rebalance."""
    sections: int
    monotonicity: float
    """Rank correlation of annual excess with the order of the layers: 1 is perfect."""


class LayerCurves(TypedDict):
    """Daily NAVs of the headline filter, all beginning with 1 before the first date."""

    dates: list[str]
    layers: list[list[float]]
    pool: list[float]
    excess: list[list[float]]
    long_short: dict[str, list[float]]


class LayersSection(TypedDict):
    """The layer test."""

    layers: int
    step: int
    cost: float
    filter: str
    ls_mode: str
    convention: str
    by_filter: dict[str, LayerTable]
    curves: LayerCurves


class Turnover(TypedDict):
    """How much a portfolio traded; a rebalance's two-sided turnover is sum |w_new - w_drifted|."""

    per_rebalance: float
    """Mean over all rebalances, the first build included: the report's last column."""
    planned: float
    """The same, of the plan against the holdings drifted to its own close."""
    monthly: float
    """Mean over months of the sum within a month."""
    annual_one_sided: float
    share_at_cap: float
    """Share of rebalances whose plan uses the whole cap."""
    share_relaxed: float
    """Share of rebalances that climbed the ladder."""


class Relaxation(TypedDict):
    """One rebalance that had no exact solution."""

    date: str
    rung: str
    detail: str


class EnhancementCurves(TypedDict):
    """Daily series; NAVs begin with 1 before the first date."""

    dates: list[str]
    nav: list[float]
    index: list[float]
    excess: list[float]
    excess_drawdown: list[float]


class EnhancementSection(TypedDict):
    """Index enhancement (tables 14, 22 and 30)."""

    index: str
    filter: str
    convention: str
    schedule: str
    cost: float
    max_turnover: float
    max_deviation: float
    portfolio: Performance
    relative: RelativePerformance
    benchmark: dict[str, Performance]
    """The index's own row, by convention."""
    turnover: Turnover
    rebalances: int
    rungs: dict[str, int]
    relaxed: list[Relaxation]
    max_residual: float
    """Largest violation of any constraint by any plan."""
    mean_names: float
    episodes: dict[str, Drawdown | None]
    """Excess drawdown inside the periods that the report names; null where the run has no day."""
    curves: EnhancementCurves


class YearlySection(TypedDict):
    """Tables 15, 23 and 31; partial first and last years are not annualised."""

    years: list[str]
    portfolio: list[float]
    index: list[float]
    excess: list[float]
    """Compounded daily differences."""


class Exposure(TypedDict):
    """Rank correlation of the factor with one style through time."""

    mean: float
    mean_absolute: float
    n: int


class ExposuresSection(TypedDict):
    """Style exposures of the published factor."""

    sections: list[str]
    styles: dict[str, Exposure]
    series: dict[str, list[float]]
    before_projection: dict[str, Exposure] | None
    """Of a neutralised model's predictions before their projection; null for the others."""


class StockCoverage(TypedDict):
    """How many of the stocks that could be scored have a score, at each section."""

    dates: list[str]
    scored: list[int]
    universe: list[int]
    mean_share: float


class PairCoverage(TypedDict):
    """How many feature pairs an ensemble of sampled extractors sees (figure 5)."""

    n: int
    models: int
    share: float
    """Reached by the samples of these models."""
    exact: float
    """Expected share, 1 - (1 - n(n-1)/(f(f-1)))^models."""
    printed: float | None


class FitOrigin(TypedDict):
    """One of the fits that a factor is made of."""

    asof: str
    seed: int
    hash: str
    """Of its settings, as-of session, seed and panel: the end of its folder's name."""
    seconds: float | None
    """It took to train; null where its folder is gone."""
    in_sample_days: int | None
    """Sessions it had, fewer than asked for where the panel begins late; null like seconds."""


class Provenance(TypedDict, total=False):
    """Where the numbers come from."""

    created: str
    command: str
    git_commit: str
    versions: dict[str, str]
    panel: str
    panel_fingerprint: str
    source: str
    """Where the panel's tables came from: simulated, parquet, qlib."""
    data: str
    """The same with its size and span, as a clause."""
    lacks: list[str]
    """What the data does not have, as sentences."""
    factor: str
    factor_sha256: str
    seeds: list[int]
    fits: list[FitOrigin]
    settings: dict[str, Any]
    drops: dict[str, int]
    """Drop ledger: stock-days left out, by reason."""


class Evaluation(TypedDict):
    """One variant on one panel over one period."""

    schema: str
    version: int
    variant: str
    start: str
    stop: str
    ic: ICSection | None
    layers: LayersSection | None
    enhancement: EnhancementSection | None
    yearly: YearlySection | None
    exposures: ExposuresSection | None
    stock_coverage: StockCoverage | None
    pair_coverage: PairCoverage | None
    provenance: Provenance | None


def new_evaluation(variant: str, start: str, stop: str) -> Evaluation:
    """An evaluation without a section yet."""
    return Evaluation(
        schema=SCHEMA, version=VERSION, variant=variant, start=start, stop=stop, ic=None,
        layers=None, enhancement=None, yearly=None, exposures=None, stock_coverage=None,
        pair_coverage=None, provenance=None,
    )  # fmt: skip


def write_evaluation(evaluation: Evaluation, path: Path) -> None:
    """Write evaluation.json; what is not finite becomes null."""
    text = json.dumps(finite(evaluation), ensure_ascii=False, allow_nan=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8")


def read_evaluation(path: Path) -> Evaluation:
    """Read evaluation.json.

    Raises:
        EvaluationError: The file is absent, no JSON, or not of this schema and version.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EvaluationError(
            f"{path}: {error}", "an evaluation.json", "make one with `alphanet evaluate`"
        ) from error
    mark = (found.get("schema"), found.get("version")) if isinstance(found, dict) else None
    if mark != (SCHEMA, VERSION):
        raise EvaluationError(
            f"{path} has schema and version {mark}",
            f"{(SCHEMA, VERSION)}",
            "make it anew with `alphanet evaluate`",
        )
    return found


def finite(value: Any) -> Any:
    """Plain JSON types all the way down; NaN and infinities become None."""
    if isinstance(value, Mapping):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if hasattr(value, "item"):
        return finite(value.item())
    return value
