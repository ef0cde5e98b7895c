"""Judging factors on a panel: every part of evaluation.json that the data allows.

Example: `evaluate(load_settings("evaluate", ["variant=v2.1"])).ic.neutral.summary`.
"""

from collections.abc import Callable
from pathlib import Path
from shlex import quote
from typing import Any, TypeVar

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from alphanet_pl.config.compose import with_overrides
from alphanet_pl.config.keys import check_listed
from alphanet_pl.config.settings import Settings
from alphanet_pl.evaluation.compare import BASELINE, Comparison, compare
from alphanet_pl.evaluation.pair_coverage import pair_coverage
from alphanet_pl.evaluation.portfolio.enhancement import enhancement_of
from alphanet_pl.evaluation.portfolio.layers import layers_of
from alphanet_pl.evaluation.provenance import provenance_of, samples_of
from alphanet_pl.evaluation.results import Evaluation
from alphanet_pl.evaluation.signal.cross_sections import cut_factor, stock_coverage_of
from alphanet_pl.evaluation.signal.exposures import exposures_of
from alphanet_pl.evaluation.signal.ic import ic_of
from alphanet_pl.evaluation.signal.ranks import rank_correlation
from alphanet_pl.factor.store import factor_dates, factor_path, read_factor, read_scores
from alphanet_pl.fit.folder import variant_folder
from datamodules.base.errors import ConfigError, EvaluationError
from datamodules.panel import Panel
from datamodules.settings import IndexSettings

Part = TypeVar("Part")


def evaluate(settings: Settings, among: NDArray[np.datetime64] | None = None) -> Evaluation:
    """Judge the factor of these settings.

    Args:
        settings: All of them.
        among: Sessions whose scores count; None for all that the factor has.

    Raises:
        AlphaNetError: No factor, no panel, or nothing to compare.
    """
    panel = Panel.open(settings.data.panel)
    path = factor_path(settings)
    check_index(panel, settings.evaluation.index)
    factor = read_factor(path, panel)
    check_scores(path, factor)
    if among is not None:
        factor[~np.isin(panel.dates, among)] = np.nan
    scored = np.flatnonzero(np.isfinite(factor).any(axis=1))
    cut = cut_factor(panel, settings.evaluation, factor)
    lacks: list[str] = []
    enhanced = _if_possible("index enhancement", lambda: enhancement_of(cut), lacks)
    layers = _if_possible("layer test", lambda: layers_of(cut), lacks)
    if _is_constant(factor[scored]):
        lacks.append(
            "There is no order in the factor: it gives every stock of a cross-section the same "
            "score, so that it ranks nothing, and layers are in the order of the codes."
        )
    if np.isfinite(cut.published).any() and not np.isfinite(cut.neutral).any():
        lacks.append(
            "There is no neutral factor: the panel has no industry, or no size (float_cap), of "
            "the scored stocks, as with data.without=[float_cap]."
        )
    return Evaluation(
        variant=settings.variant,
        start=str(panel.dates[scored[0]]),
        stop=str(panel.dates[scored[-1]]),
        ic=ic_of(cut, path),
        layers=layers,
        enhancement=None if enhanced is None else enhanced[0],
        yearly=None if enhanced is None else enhanced[1],
        exposures=exposures_of(cut, path),
        stock_coverage=stock_coverage_of(cut),
        pair_coverage=pair_coverage(*samples_of(path, settings)),
        provenance=provenance_of(panel, settings, path, lacks),
    )


def check_index(panel: Panel, index: IndexSettings) -> None:
    """Refuse another index than the one that the panel was built with.

    Raises:
        EvaluationError: They differ; the panel's prices and weights are of its own.
    """
    built = panel.index
    if built is not None and built != index:
        raise EvaluationError(
            f"evaluation.index names {index.members}, {index.code}",
            f"{panel.path} holds the weights of {built.members} and the closes of {built.code}",
            f"evaluation.index.members={built.members} evaluation.index.code={built.code}, "
            f"or build the other panel: alphanet prepare evaluation.index.members={index.members}"
            f" evaluation.index.code={index.code} data.panel=NEW.zarr, with its data.source and"
            " data.path",
        )


def check_scores(path: Path, factor: NDArray[np.floating]) -> None:
    """Refuse a factor of which one row would silently win over another, or none can be ranked.

    Args:
        path: The file.
        factor: What was read of it, NaN without a score.

    Raises:
        EvaluationError: A stock-date given twice, an infinite score, or no score at all.
    """
    scores = pq.read_table(path, columns=["factor"])["factor"].to_numpy()
    infinite, known = int(np.isinf(scores).sum()), int(np.isfinite(scores).sum())
    twice = known - int(np.isfinite(factor).sum())
    if not known:
        raise EvaluationError(
            f"{path} has no finite score",
            "scores of dates of the panel",
            "alphanet predict writes one",
        )
    for count, what, needed in (
        (infinite, "scores are infinite", "finite scores; leave out what has none"),
        (twice, "scores are of a date and code that it holds already", "one row a date and code"),
    ):
        if count > 0:
            raise EvaluationError(f"{path}: {count} {what}", needed, "alphanet predict writes one")


def _is_constant(scores: NDArray[np.floating]) -> bool:
    """Whether no cross-section (D, N) tells two stocks apart."""
    return bool((np.nanmax(scores, axis=1) == np.nanmin(scores, axis=1)).all())


def _if_possible(what: str, part: Callable[[], Part], lacks: list[str]) -> Part | None:
    """A part, or None and a sentence that says why this factor or panel does not allow it."""
    try:
        return part()
    except EvaluationError as error:
        lacks.append(f"There is no {what}: {error.given} ({error.needed}).")
        return None


def evaluate_several(settings: Settings) -> tuple[Comparison, dict[str, Evaluation]]:
    """Judge the factor of each of `settings.variants` on the sessions that all of them scored.

    Returns:
        What they say together, and each one's evaluation, the baseline first.

    Raises:
        AlphaNetError: A factor is absent, or no session is common.
    """
    each = of_variants(settings)
    paths = {variant: factor_path(one) for variant, one in each.items()}
    common = common_sessions(paths, each)
    evaluations = {variant: evaluate(one, among=common) for variant, one in each.items()}
    correlation = _correlation(Panel.open(settings.data.panel), paths, evaluations)
    return compare(evaluations, correlation), evaluations


def of_variants(settings: Settings) -> dict[str, Settings]:
    """The settings of the same command for each of `settings.variants`, the baseline first.

    Raises:
        ConfigError: A variant named twice or unknown, or a `factor` for several variants.
    """
    names = settings.variants
    folder = settings.origin.config_dir if settings.origin else None
    check_listed("variants", names, Path(folder) if folder else None)
    if settings.factor is not None:
        raise ConfigError(
            f"factor={settings.factor} was given with variants",
            "each variant is judged by its own runs/EXPERIMENT/VARIANT/factor.parquet",
            "leave out factor, or variants",
        )
    ordered = sorted(names, key=lambda name: name != BASELINE)
    each = {name: with_overrides(settings, "variants=[]", f"variant={name}") for name in ordered}
    folders = {variant_folder(one): name for name, one in each.items()}
    for name, one in each.items():
        if (other := folders[variant_folder(one)]) != name:
            copy = other if name == one.variant else name
            raise ConfigError(
                f"variants=[{','.join(names)}] was given, and {name} and {other} are one folder",
                f"the file of {copy} says variant: {one.variant}",
                f"copy {copy}.yaml under another name, and say that name in it",
            )
    return each


def common_sessions(
    paths: dict[str, Path], settings: dict[str, Settings]
) -> NDArray[np.datetime64]:
    """Dates (D,) that every factor scores.

    Args:
        paths: Of the factors, by variant.
        settings: Of the variants, for the command that makes a factor.

    Raises:
        EvaluationError: A factor is absent, or there is no such date.
    """
    for variant, path in paths.items():
        if not path.is_file():
            raise EvaluationError(
                f"{path} is not there",
                f"variants=[{','.join(paths)}] needs a factor of each",
                _roll(settings[variant]),
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
            _roll(settings[max(dates, key=lambda name: dates[name][0])]),
        )
    return common


def _roll(settings: Settings) -> str:
    """The command that makes a variant's factor, with the words that say where and of what."""
    origin, words = settings.origin, [f"variant={settings.variant}"]
    if origin is not None:
        words += ["--config-dir", origin.config_dir] if origin.config_dir else []
        words += [
            word
            for word in origin.overrides
            if word.startswith(("experiment=", "runs=", "data.", "data="))
        ]
    return " ".join(["alphanet roll", *map(quote, words)])


def _correlation(
    panel: Panel, paths: dict[str, Path], evaluations: dict[str, Evaluation]
) -> dict[str, dict[str, float]] | None:
    """Mean rank correlation between the factors at the sections of the IC test."""
    ic = next((each.ic for each in evaluations.values() if each.ic is not None), None)
    if ic is None:
        return None
    dates = np.array(ic.neutral.series.dates, dtype="datetime64[D]")
    sessions = np.searchsorted(panel.dates, dates)
    scores = {
        variant: read_scores(path, panel, sessions, ["factor"])["factor"]
        for variant, path in paths.items()
    }
    return {
        left: {right: _mean(rank_correlation(scores[left], scores[right])) for right in scores}
        for left in scores
    }


def _mean(values: NDArray[np.floating[Any]]) -> float:
    """Of what is known; NaN where nothing is, as of a factor that ranks nothing."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")
