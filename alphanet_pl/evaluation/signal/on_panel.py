"""What a factor says before anything is traded: the IC test and its style exposures."""

from pathlib import Path

import numpy as np

from alphanet_pl.evaluation.portfolio.prices import Floats
from alphanet_pl.evaluation.results import ExposuresSection, ICBlock, ICSection, ICSummary
from alphanet_pl.evaluation.signal.cross_sections import Cut
from alphanet_pl.evaluation.signal.exposures import exposures_section
from alphanet_pl.evaluation.signal.ic import achievable, ic_block, ic_summary
from alphanet_pl.evaluation.signal.ranks import rank_correlation
from alphanet_pl.factor.store import has_raw, read_factor, read_scores, seed_columns


def ic_of(cut: Cut, path: Path) -> ICSection:
    """The IC test of the raw and of the industry-and-size-neutral factor.

    Args:
        cut: The factor.
        path: Its file, which may hold the seeds that it is the mean of.
    """
    options = cut.options

    def block(factor: Floats) -> ICBlock:
        return ic_block(
            factor,
            cut.forward,
            cut.dates,
            price=cut.price,
            rows=cut.rows,
            industry=cut.industry,
            names=cut.panel.industries,
            log_cap=cut.log_cap,
            lag=cut.lag,
        )

    truth = cut.read("true_return") if cut.panel.has("true_return") else None
    return ICSection(
        horizon=options.step,
        step=options.step,
        label=options.label,
        filter=options.filter,
        neutral=block(cut.neutral),
        raw=block(cut.published),
        achievable=None if truth is None else achievable(cut.published, truth, cut.forward),
        by_seed=_by_seed(cut, path),
    )


def _by_seed(cut: Cut, path: Path) -> dict[str, ICSummary]:
    names = seed_columns(path)
    if len(names) < 2:
        return {}
    alone = read_scores(path, cut.panel, cut.first + cut.rows, list(names.values()))
    return {
        str(seed): ic_summary(rank_correlation(cut.neutral_of(alone[name]), cut.forward))
        for seed, name in names.items()
    }


def exposures_of(cut: Cut, path: Path) -> ExposuresSection | None:
    """Exposures of the factor, and of a neutralised model's predictions before projection.

    Args:
        cut: The factor.
        path: Its file, which may hold those predictions.
    """
    if not cut.panel.has("styles"):
        return None
    raw = None
    if has_raw(path):
        before = read_factor(path, cut.panel, "raw")[cut.first + cut.rows]
        raw = np.where(np.isfinite(cut.published), before, np.nan)
    return exposures_section(cut.published, cut.read("styles"), cut.panel.styles, cut.dates, raw)
