"""Judging a factor on a panel: every section of evaluation.json that the data allows."""

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from alphanet_pl.config.settings import Settings
from alphanet_pl.evaluation.portfolio.on_panel import enhancement_of, layers_of
from alphanet_pl.evaluation.provenance import provenance_of, samples_of
from alphanet_pl.evaluation.results import Evaluation, new_evaluation
from alphanet_pl.evaluation.signal.cross_sections import cut_factor
from alphanet_pl.evaluation.signal.on_panel import exposures_of, ic_of
from alphanet_pl.evaluation.signal.stock_coverage import pair_coverage, stock_coverage_of
from alphanet_pl.factor.store import factor_path, read_factor
from datamodules.base.errors import EvaluationError
from datamodules.panel import Panel

Section = TypeVar("Section")


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
    factor = read_factor(path, panel)
    if among is not None:
        factor[~np.isin(panel.dates, among)] = np.nan
    scored = np.flatnonzero(np.isfinite(factor).any(axis=1))
    evaluation = new_evaluation(
        settings.variant, str(panel.dates[scored[0]]), str(panel.dates[scored[-1]])
    )
    cut = cut_factor(panel, settings.evaluation, factor)
    lacks: list[str] = []
    evaluation["ic"] = ic_of(cut, path)
    evaluation["layers"] = _if_possible("layer test", lambda: layers_of(cut), lacks)
    enhanced = _if_possible("index enhancement", lambda: enhancement_of(cut), lacks)
    if enhanced is not None:
        evaluation["enhancement"], evaluation["yearly"] = enhanced
    evaluation["exposures"] = exposures_of(cut, path)
    evaluation["stock_coverage"] = stock_coverage_of(cut)
    samples = samples_of(path, settings, panel.features)
    evaluation["pair_coverage"] = pair_coverage(samples, len(panel.features))
    evaluation["provenance"] = provenance_of(panel, settings, path, lacks)
    return evaluation


def _if_possible(what: str, section: Callable[[], Section], lacks: list[str]) -> Section | None:
    """A section, or None and a sentence that says why this factor or panel does not allow it."""
    try:
        return section()
    except EvaluationError as error:
        lacks.append(f"There is no {what}: {error.given} ({error.needed}).")
        return None
