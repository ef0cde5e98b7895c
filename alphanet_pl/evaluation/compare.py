"""Several evaluations beside one another: who differs from the baseline, and how surely.

What it finds is comparison.json, whose keys are added and never renamed, as those of
evaluation.json. Each variant's own figures are copied from its evaluation; differences from the
baseline are paired: the same cross-section, or the same day, of both.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from alphanet_pl.evaluation.portfolio.enhancement import EPISODES, EnhancementResult, YearlyResult
from alphanet_pl.evaluation.portfolio.layers import LayersResult, LayerTable
from alphanet_pl.evaluation.portfolio.performance import (
    ANNUAL_DAYS,
    Drawdown,
    Performance,
    RelativePerformance,
)
from alphanet_pl.evaluation.results import Evaluation, from_json
from alphanet_pl.evaluation.signal.exposures import Exposure
from alphanet_pl.evaluation.signal.ic import ICResult, ICSummary, ic_summary
from alphanet_pl.evaluation.types import Number, Series
from datamodules.base.files import read_json

SCHEMA = "alphanet-pl comparison"
VERSION = 1
BASELINE = "v2"
Evaluations = Mapping[str, Evaluation]
Part = TypeVar("Part")
Difference = TypeVar("Difference")


@dataclass(frozen=True)
class Setup:
    """What makes a variant: its sampled features and its loss."""

    n: int | None
    long_weight: float | None
    neutralise: bool | None


@dataclass(frozen=True)
class SeedSpread:
    """Mean RankIC (neutral) of single seeds, beside that of their mean."""

    seeds: list[int]
    mean_rank_ic: list[Number]
    mean: Number
    std: Number
    """Between seeds, ddof 1; null for a single seed."""
    standard_error: Number


@dataclass(frozen=True)
class DailyDifference:
    """A variant's daily excess less the baseline's, over the days of both."""

    annual: Number
    """Mean daily difference times 250: not compounded."""
    standard_error: Number
    days: int


@dataclass(frozen=True)
class Episode:
    """Drawdown of the excess inside a period that the paper names."""

    first: str
    last: str
    covered: bool
    """Whether the portfolio spans the whole period."""
    drawdown: Drawdown | None
    """Null where it has no day inside."""


@dataclass(frozen=True)
class EnhancementRow:
    """A variant's row of tables 14, 22 and 30."""

    portfolio: Performance
    relative: RelativePerformance
    turnover: Number
    """Mean two-sided turnover of a rebalance."""
    share_relaxed: Number
    mean_names: Number
    excess_standard_error: Number
    """Of the annual excess: tracking error over the root of the years."""


@dataclass(frozen=True)
class VariantRow:
    """One variant; parts that its evaluation lacks are null."""

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
    yearly: YearlyResult | None
    exposures: dict[str, Exposure] | None
    exposures_before_projection: dict[str, Exposure] | None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Several variants on one panel."""

    schema: str = SCHEMA
    version: int = VERSION
    baseline: str
    common_period: bool
    """Whether all were judged on the same sessions."""
    start: str
    stop: str
    variants: dict[str, VariantRow]
    benchmark: dict[str, Performance] | None
    """The index's own row, by convention."""
    correlation: dict[str, dict[str, Number]] | None
    """Mean rank correlation between the published factors, section by section."""
    factors: dict[str, str] = field(default_factory=dict)
    """sha256 of each factor's file, where it is known."""


def compare(
    evaluations: Evaluations, correlation: dict[str, dict[str, float]] | None = None
) -> Comparison:
    """Put evaluations beside each other; v2 is the baseline, else the first.

    Args:
        evaluations: At least one, by variant, in the order of the page.
        correlation: Between the factors, if known.
    """
    baseline = BASELINE if BASELINE in evaluations else next(iter(evaluations))
    spans = {(each.start, each.stop) for each in evaluations.values()}
    tested = having(evaluations, lambda each: each.ic)
    sections = {tuple(each.neutral.series.dates) for each in tested.values()}
    held = having(evaluations, lambda each: each.enhancement)
    alike = len(spans) == 1 and one_index(held) is not None
    return Comparison(
        baseline=baseline,
        common_period=len(spans) == 1 and len(sections) <= 1,
        start=min(start for start, _ in spans),
        stop=max(stop for _, stop in spans),
        variants={
            variant: _row(each, None if variant == baseline else evaluations[baseline])
            for variant, each in evaluations.items()
        },
        benchmark=next(iter(held.values())).benchmark if alike else None,
        correlation=correlation,
        factors={name: each.provenance.factor_sha256 for name, each in evaluations.items()},
    )


def one_index(held: Mapping[str, EnhancementResult]) -> tuple[str, str, str] | None:
    """Index, first and last day beside the portfolios, where all have the same."""
    found = {(e.index, e.curves.dates[0], e.curves.dates[-1]) for e in held.values()}
    return found.pop() if len(found) == 1 else None


def having(evaluations: Evaluations, part: Callable[[Evaluation], Part | None]) -> dict[str, Part]:
    """A part of each variant that has it, by variant."""
    found = {name: part(each) for name, each in evaluations.items()}
    return {name: each for name, each in found.items() if each is not None}


_DEPENDS = {
    "ic": ("step", "label", "filter"),
    "layers": ("step", "filter", "layers", "cost"),
    "enhancement": ("filter", "index", "enhancement"),
}
"""Settings of the evaluation that each paired difference rests on."""


def _row(evaluation: Evaluation, baseline: Evaluation | None) -> VariantRow:
    ic, layers = evaluation.ic, evaluation.layers
    enhanced, exposures = evaluation.enhancement, evaluation.exposures
    settings = evaluation.provenance.settings
    model, loss = settings.get("model", {}), settings.get("loss", {})
    none = Evaluation(variant="", start="", stop="")  # nothing to differ from
    base = {
        part: baseline if baseline and not judged_apart([evaluation, baseline], keys) else none
        for part, keys in _DEPENDS.items()
    }
    return VariantRow(
        start=evaluation.start,
        stop=evaluation.stop,
        setup=Setup(model.get("n"), loss.get("long_weight"), loss.get("neutralise")),
        ic=None if ic is None else ic.neutral.summary,
        ic_difference=_less(ic, base["ic"].ic, ic_difference),
        seeds=None if ic is None else seed_spread(ic, evaluation.provenance.seeds),
        layers=None if layers is None else layers.by_filter[layers.filter],
        top_difference=_less(layers, base["layers"].layers, excess_difference),
        enhancement=None if enhanced is None else _enhancement(enhanced),
        excess_difference=_less(enhanced, base["enhancement"].enhancement, excess_difference),
        episodes={} if enhanced is None else episodes(enhanced),
        yearly=evaluation.yearly,
        exposures=None if exposures is None else exposures.styles,
        exposures_before_projection=None if exposures is None else exposures.before_projection,
    )


def judged_apart(
    evaluations: Iterable[Evaluation], keys: Collection[str] | None = None
) -> list[str]:
    """Settings of the evaluation, all or some, in which these differ, as far as they are known."""
    found = [each.provenance.settings.get("evaluation", {}) for each in evaluations]
    wanted = keys or [key for key in dict.fromkeys(chain(*found)) if key != "ls_mode"]
    return [key for key in wanted if any(each.get(key) != found[0].get(key) for each in found)]


def seed_spread(ic: ICResult, seeds: Sequence[int]) -> SeedSpread | None:
    """How far single seeds lie apart; None where the factor does not name its seeds."""
    found = ic.by_seed
    if not found and len(seeds) == 1:
        found = {str(seeds[0]): ic.neutral.summary}
    if not found:
        return None
    means = np.array([summary.mean for summary in found.values()], dtype=np.float64)
    std = float(means.std(ddof=1)) if len(means) > 1 else np.nan
    return SeedSpread(
        seeds=[int(seed) for seed in found],
        mean_rank_ic=means.tolist(),
        mean=float(means.mean()),
        std=std,
        standard_error=std / float(np.sqrt(len(means))),
    )


def _less(
    mine: Part | None, theirs: Part | None, of: Callable[[Part, Part], Difference]
) -> Difference | None:
    return None if mine is None or theirs is None else of(mine, theirs)


def ic_difference(left: ICResult, right: ICResult) -> ICSummary | None:
    """Summary of the RankIC of one less that of the other; None without a common section."""
    _, difference = paired(left.neutral.series, right.neutral.series)
    return ic_summary(difference) if len(difference) else None


def paired(left: Series, right: Series) -> tuple[list[str], NDArray[np.float64]]:
    """Dates of both series, ascending, and the left values less the right ones there."""
    dates, values = common(left, right)
    return dates, values[0] - values[1]


def common(left: Series, right: Series) -> tuple[list[str], NDArray[np.float64]]:
    """Dates of both series, ascending, and their values there, left and right: (2, D)."""
    known = dict(zip(right.dates, right.values, strict=True))
    mine = dict(zip(left.dates, left.values, strict=True))
    dates = [date for date in left.dates if date in known]
    values = [[each[date] for date in dates] for each in (mine, known)]
    return dates, np.array(values, dtype=np.float64)


def excess_nav(found: LayersResult | EnhancementResult) -> Series:
    """Excess NAV of the top layer over the pool, or of the portfolio over the index."""
    if isinstance(found, LayersResult):
        return Series(found.curves.dates, found.curves.excess[0])
    return Series(found.curves.dates, found.curves.excess)


def excess_difference(
    left: LayersResult | EnhancementResult, right: LayersResult | EnhancementResult
) -> DailyDifference | None:
    """How much more of excess one earns than the other."""
    return daily_difference(excess_nav(left), excess_nav(right))


def daily_difference(left: Series, right: Series) -> DailyDifference | None:
    """Annual mean of the difference of two daily returns, with its standard error.

    Args:
        left: NAV at each close, 1 before the first.
        right: Likewise; days of only one side are left out.

    Returns:
        None with fewer than two days in common.
    """
    _, days = paired(returns(left), returns(right))
    days = days[np.isfinite(days)]
    if len(days) < 2:
        return None
    return DailyDifference(
        annual=float(days.mean() * ANNUAL_DAYS),
        standard_error=float(days.std(ddof=1) * ANNUAL_DAYS / np.sqrt(len(days))),
        days=len(days),
    )


def returns(nav: Series) -> Series:
    """Daily returns of a NAV that is 1 before its first day."""
    values = np.concatenate([[1.0], np.array(nav.values, dtype=np.float64)])
    return Series(dates=nav.dates, values=(values[1:] / values[:-1] - 1.0).tolist())


def _enhancement(found: EnhancementResult) -> EnhancementRow:
    years = found.portfolio.sessions / ANNUAL_DAYS
    error = found.relative.tracking_error
    return EnhancementRow(
        portfolio=found.portfolio,
        relative=found.relative,
        turnover=found.turnover.per_rebalance,
        share_relaxed=found.turnover.share_relaxed,
        mean_names=found.mean_names,
        excess_standard_error=error / float(np.sqrt(years)),
    )


def episodes(found: EnhancementResult) -> dict[str, Episode]:
    """The three periods of the paper, each with its drawdown and how far it is covered."""
    dates = found.curves.dates
    return {
        name: Episode(
            first=first,
            last=last,
            covered=_covers(dates, first, last),
            drawdown=found.episodes.get(name),
        )
        for name, (first, last) in EPISODES.items()
    }


def _covers(dates: Sequence[str], first: str, last: str) -> bool:
    """Whether sessions reach from the first to the last day, a long holiday apart."""
    days = np.array([dates[0], first, last, dates[-1]], dtype="datetime64[D]")
    holiday = np.timedelta64(12, "D")
    return bool(days[0] <= days[1] + holiday and days[3] >= days[2] - holiday)


def read_comparison(path: Path) -> Comparison | None:
    """A comparison.json; None where it is absent, damaged, or of another version."""
    try:
        found = from_json(Comparison, read_json(path))
    except (OSError, ValueError):
        return None
    return found if (found.schema, found.version) == (SCHEMA, VERSION) else None


def read_correlation(path: Path, evaluations: Evaluations) -> dict[str, dict[str, float]] | None:
    """Correlations between the factors from a comparison.json; None unless it is of these."""
    found = read_comparison(path)
    factors = {name: each.provenance.factor_sha256 for name, each in evaluations.items()}
    return found.correlation if found and found.factors == factors else None
