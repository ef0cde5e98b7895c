"""From several evaluations to one comparison: who differs from the baseline, and how surely."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from alphanet_pl.evaluation.portfolio.enhancement_table import EPISODES
from alphanet_pl.evaluation.portfolio.performance import ANNUAL_DAYS
from alphanet_pl.evaluation.results import (
    EnhancementSection,
    Evaluation,
    ICSection,
    ICSummary,
    Series,
)
from alphanet_pl.evaluation.signal.ic import ic_summary
from alphanet_pl.evaluation.variants.schema import (
    SCHEMA,
    VERSION,
    Comparison,
    DailyDifference,
    EnhancementRow,
    Episode,
    SeedSpread,
    Setup,
    VariantRow,
)

Evaluations = Mapping[str, Evaluation]
BASELINE = "v2"


def compare(
    evaluations: Evaluations, correlation: dict[str, dict[str, float]] | None = None
) -> Comparison:
    """Put evaluations beside each other; v2 is the baseline, else the first.

    Args:
        evaluations: At least one, by variant, in the order of the page.
        correlation: Between the factors, if known.
    """
    baseline = BASELINE if BASELINE in evaluations else next(iter(evaluations))
    spans = {(each["start"], each["stop"]) for each in evaluations.values()}
    enhanced = [found for each in evaluations.values() if (found := each["enhancement"])]
    return Comparison(
        schema=SCHEMA,
        version=VERSION,
        baseline=baseline,
        common_period=len(spans) == 1,
        start=min(start for start, _ in spans),
        stop=max(stop for _, stop in spans),
        variants={
            variant: _row(each, None if variant == baseline else evaluations[baseline])
            for variant, each in evaluations.items()
        },
        benchmark=enhanced[0]["benchmark"] if enhanced and len(spans) == 1 else None,
        correlation=correlation,
    )


def _row(evaluation: Evaluation, baseline: Evaluation | None) -> VariantRow:
    ic, layers = evaluation["ic"], evaluation["layers"]
    enhanced, exposures = evaluation["enhancement"], evaluation["exposures"]
    return VariantRow(
        start=evaluation["start"],
        stop=evaluation["stop"],
        setup=_setup(evaluation),
        ic=None if ic is None else ic["neutral"]["summary"],
        ic_difference=_ic_difference(evaluation, baseline),
        seeds=None if ic is None else seed_spread(ic, seeds_of(evaluation)),
        layers=None if layers is None else layers["by_filter"][layers["filter"]],
        top_difference=_top_difference(evaluation, baseline),
        enhancement=None if enhanced is None else _enhancement(enhanced),
        excess_difference=_excess_difference(evaluation, baseline),
        episodes={} if enhanced is None else episodes(enhanced),
        yearly=evaluation["yearly"],
        exposures=None if exposures is None else exposures["styles"],
        exposures_before_projection=None if exposures is None else exposures["before_projection"],
    )


def seeds_of(evaluation: Evaluation) -> list[int]:
    """Seeds that the factor is the mean of; none where its file does not name them."""
    return (evaluation["provenance"] or {}).get("seeds", [])


def _setup(evaluation: Evaluation) -> Setup:
    settings = (evaluation["provenance"] or {}).get("settings", {})
    model, loss = settings.get("model", {}), settings.get("loss", {})
    return Setup(
        n=model.get("n"),
        long_weight=loss.get("long_weight"),
        neutralise=loss.get("neutralise"),
    )


def seed_spread(ic: ICSection, seeds: Sequence[int]) -> SeedSpread | None:
    """How far single seeds lie apart; None where the factor does not name its seeds."""
    found = ic.get("by_seed") or {}
    if not found and len(seeds) == 1:
        found = {str(seeds[0]): ic["neutral"]["summary"]}
    if not found:
        return None
    means = np.array([summary["mean"] for summary in found.values()], dtype=np.float64)
    several = len(means) > 1
    std = float(means.std(ddof=1)) if several else None
    return SeedSpread(
        seeds=[int(seed) for seed in found],
        mean_rank_ic=means.tolist(),
        mean=float(means.mean()),
        std=std,
        standard_error=None if std is None else std / float(np.sqrt(len(means))),
    )


def _ic_difference(ours: Evaluation, base: Evaluation | None) -> ICSummary | None:
    if base is None or ours["ic"] is None or base["ic"] is None:
        return None
    mine, theirs = (each["neutral"]["series"] for each in (ours["ic"], base["ic"]))
    _, difference = paired(mine, theirs)
    return ic_summary(difference) if len(difference) else None


def paired(left: Series, right: Series) -> tuple[list[str], NDArray[np.float64]]:
    """Dates of both series, ascending, and the left values less the right ones there."""
    known = dict(zip(right["dates"], right["values"], strict=True))
    dates = [date for date in left["dates"] if date in known]
    mine = dict(zip(left["dates"], left["values"], strict=True))
    values = np.array([(mine[date], known[date]) for date in dates], dtype=np.float64)
    return dates, values[:, 0] - values[:, 1] if dates else np.zeros(0)


def _top_difference(ours: Evaluation, base: Evaluation | None) -> DailyDifference | None:
    if base is None or ours["layers"] is None or base["layers"] is None:
        return None
    mine, theirs = (each["layers"]["curves"] for each in (ours, base))  # type: ignore[index]
    return daily_difference(
        Series(dates=mine["dates"], values=mine["excess"][0]),
        Series(dates=theirs["dates"], values=theirs["excess"][0]),
    )


def _excess_difference(ours: Evaluation, base: Evaluation | None) -> DailyDifference | None:
    if base is None or ours["enhancement"] is None or base["enhancement"] is None:
        return None
    mine, theirs = (each["enhancement"]["curves"] for each in (ours, base))  # type: ignore[index]
    return daily_difference(
        Series(dates=mine["dates"], values=mine["excess"]),
        Series(dates=theirs["dates"], values=theirs["excess"]),
    )


def daily_difference(left: Series, right: Series) -> DailyDifference | None:
    """Annual mean of the difference of two daily returns, with its standard error.

    Args:
        left: NAV at each close, 1 before the first.
        right: Likewise; days of only one side are left out.

    Returns:
        None with fewer than two days in common.
    """
    _, days = paired(_returns(left), _returns(right))
    days = days[np.isfinite(days)]
    if len(days) < 2:
        return None
    return DailyDifference(
        annual=float(days.mean() * ANNUAL_DAYS),
        standard_error=float(days.std(ddof=1) * ANNUAL_DAYS / np.sqrt(len(days))),
        days=len(days),
    )


def _returns(nav: Series) -> Series:
    values = np.concatenate([[1.0], np.array(nav["values"], dtype=np.float64)])
    return Series(dates=nav["dates"], values=(values[1:] / values[:-1] - 1.0).tolist())


def _enhancement(found: EnhancementSection) -> EnhancementRow:
    years = found["portfolio"]["sessions"] / ANNUAL_DAYS
    error = found["relative"]["tracking_error"]
    return EnhancementRow(
        portfolio=found["portfolio"],
        relative=found["relative"],
        turnover=found["turnover"]["per_rebalance"],
        share_relaxed=found["turnover"]["share_relaxed"],
        mean_names=found["mean_names"],
        excess_standard_error=float("nan") if error is None else error / float(np.sqrt(years)),
    )


def episodes(found: EnhancementSection) -> dict[str, Episode]:
    """The three periods of the report, each with its drawdown and how far it is covered."""
    dates = found["curves"]["dates"]
    return {
        name: Episode(
            first=first,
            last=last,
            covered=_covers(dates, first, last),
            drawdown=found["episodes"].get(name),
        )
        for name, (first, last) in EPISODES.items()
    }


def _covers(dates: Sequence[str], first: str, last: str) -> bool:
    """Whether sessions reach from the first to the last day, a long holiday apart."""
    days = np.array([dates[0], first, last, dates[-1]], dtype="datetime64[D]")
    holiday = np.timedelta64(12, "D")
    return bool(days[0] <= days[1] + holiday and days[3] >= days[2] - holiday)
