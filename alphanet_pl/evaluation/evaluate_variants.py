"""Judging the factors of several variants together: the same sessions, the same panel."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alphanet_pl.config.compose import with_overrides
from alphanet_pl.config.settings import Settings
from alphanet_pl.evaluation.evaluate import evaluate
from alphanet_pl.evaluation.results import Evaluation
from alphanet_pl.evaluation.signal.ranks import rank_correlation
from alphanet_pl.evaluation.variants.compare import BASELINE, compare
from alphanet_pl.evaluation.variants.schema import Comparison
from alphanet_pl.factor.store import factor_dates, factor_path, read_scores
from datamodules.base.errors import ConfigError, EvaluationError
from datamodules.panel import Panel


def evaluate_variants(settings: Settings) -> tuple[Comparison, dict[str, Evaluation]]:
    """Judge the factor of each of `settings.variants` on the sessions that all of them scored.

    Returns:
        What they say together, and each one's evaluation, the baseline first.

    Raises:
        AlphaNetError: A factor is absent, or no session is common.
    """
    each = of_variants(settings)
    paths = {variant: factor_path(one) for variant, one in each.items()}
    common = common_sessions(paths)
    evaluations = {variant: evaluate(one, among=common) for variant, one in each.items()}
    correlation = _correlation(Panel.open(settings.data.panel), paths, evaluations)
    return compare(evaluations, correlation), evaluations


def of_variants(settings: Settings) -> dict[str, Settings]:
    """The settings of the same command for each of `settings.variants`, the baseline first.

    Raises:
        ConfigError: A variant named twice or unknown, or a `factor` for several variants.
    """
    names = settings.variants
    if len(set(names)) < len(names):
        raise ConfigError(
            f"variants=[{','.join(names)}] was given",
            "it names one of them twice",
            f"variants=[{','.join(dict.fromkeys(names))}]",
        )
    if settings.factor is not None:
        raise ConfigError(
            f"factor={settings.factor} was given with variants",
            "each variant is judged by its own runs/EXPERIMENT/VARIANT/factor.parquet",
            "leave out factor, or variants",
        )
    ordered = sorted(names, key=lambda name: name != BASELINE)
    return {name: with_overrides(settings, "variants=[]", f"variant={name}") for name in ordered}


def common_sessions(paths: dict[str, Path]) -> NDArray[np.datetime64]:
    """Dates (D,) that every factor scores.

    Raises:
        EvaluationError: A factor is absent, or there is no such date.
    """
    for variant, path in paths.items():
        if not path.is_file():
            raise EvaluationError(
                f"{path} is not there",
                f"variants=[{','.join(paths)}] needs a factor of each",
                f"alphanet roll variant={variant}",
            )
    dates = {variant: factor_dates(path) for variant, path in paths.items()}
    common, *others = dates.values()
    for other in others:
        common = np.intersect1d(common, other)
    if not len(common):
        spans = ", ".join(f"{name} {days[0]} to {days[-1]}" for name, days in dates.items())
        raise EvaluationError(
            f"the factors score {spans}",
            "variants are compared on sessions that all of them score, and there is none",
            f"alphanet roll variant={max(dates, key=lambda name: dates[name][0])}",
        )
    return common


def _correlation(
    panel: Panel, paths: dict[str, Path], evaluations: dict[str, Evaluation]
) -> dict[str, dict[str, float]] | None:
    """Mean rank correlation between the factors at the sections of the IC test."""
    ic = next((each["ic"] for each in evaluations.values() if each["ic"] is not None), None)
    if ic is None:
        return None
    dates = np.array(ic["neutral"]["series"]["dates"], dtype="datetime64[D]")
    sessions = np.searchsorted(panel.dates, dates)
    scores = {
        variant: read_scores(path, panel, sessions, ["factor"])["factor"]
        for variant, path in paths.items()
    }
    return {
        left: {
            right: float(np.nanmean(rank_correlation(scores[left], scores[right])))
            for right in scores
        }
        for left in scores
    }
