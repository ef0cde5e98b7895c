"""What a factor earns: the layer test and the index enhancement, on a panel."""

from dataclasses import asdict
from typing import cast

import numpy as np

from alphanet_pl.evaluation.portfolio.enhancement import (
    EnhancementOptions,
    EnhancementRun,
    rebalance_rows,
    run_enhancement,
)
from alphanet_pl.evaluation.portfolio.enhancement_table import enhancement_section, yearly_section
from alphanet_pl.evaluation.portfolio.layer_table import LongShortMode, layers_section
from alphanet_pl.evaluation.portfolio.performance import Convention
from alphanet_pl.evaluation.portfolio.prices import Floats
from alphanet_pl.evaluation.portfolio.tradability import MASKS, FilterMode, next_day
from alphanet_pl.evaluation.results import EnhancementSection, LayersSection, YearlySection
from alphanet_pl.evaluation.signal.cross_sections import Cut
from alphanet_pl.evaluation.signal.neutralise import standardise, winsorise
from datamodules.base.errors import EvaluationError


def layers_of(cut: Cut) -> LayersSection:
    """The layer test at the sections of the IC test.

    Raises:
        EvaluationError: No section has as many stocks as there are layers.
    """
    options = cut.options
    most = int(np.isfinite(cut.neutral).sum(axis=1).max())
    if most < options.layers:
        raise EvaluationError(
            f"no cross-section has more than {most} stocks",
            f"it takes one for each of {options.layers} layers",
            f"evaluation.layers={max(most, 2)}",
        )
    return layers_section(
        cut.daily[cut.rows],
        cut.tested(),
        cut.rows,
        industry=cut.industry,
        log_cap=cut.log_cap,
        masks={name: cut.read(name) for name in MASKS},
        filter_mode=cast(FilterMode, options.filter),
        ls_mode=cast(LongShortMode, options.ls_mode),
        convention=cast(Convention, options.convention),
        cost=options.cost,
        layers=options.layers,
    )


def enhancement_of(cut: Cut) -> tuple[EnhancementSection, YearlySection]:
    """The index enhancement and its calendar years.

    Raises:
        EvaluationError: The panel holds no index, or none in the weeks that have scores.
    """
    options = EnhancementOptions(**asdict(cut.options.enhancement))
    run = _run(cut, options)
    index = _index_returns(cut, run)
    section = enhancement_section(
        run,
        index,
        index=cut.options.index.members,
        filter_mode=cut.options.filter,
        convention=cast(Convention, cut.options.convention),
        options=options,
    )
    return section, yearly_section(run, index, options)


def _run(cut: Cut, options: EnhancementOptions) -> EnhancementRun:
    missing = [name for name in ("index_weight", "index_close") if not cut.panel.has(name)]
    if missing:
        raise EvaluationError(
            f"the panel has no {' and no '.join(missing)}",
            "it was prepared without the tables index and index_members",
            "prepare a panel with both, and evaluation.index naming the benchmark",
        )
    market = cut.tested()
    rows = rebalance_rows(market.dates, 0, len(cut.daily), options.schedule)
    rows = rows[np.isfinite(cut.daily[rows]).any(axis=1)]
    benchmark = cut.read("index_weight", rows) if len(rows) else np.zeros((0, 0))
    weighed = np.nan_to_num(benchmark).sum(axis=1) > 0
    rows, benchmark = rows[weighed], benchmark[weighed]
    if not len(rows):
        raise EvaluationError(
            "no rebalance has both scores and index weights",
            f"the scores span {len(cut.daily)} sessions",
            "predict more dates, or prepare with members of the index in this period",
        )
    masks = {name: cut.read(name, rows) for name in MASKS}
    traded = np.isfinite(market.vwap[rows])
    return run_enhancement(
        standardise(winsorise(cut.daily[rows])),
        market,
        rows,
        benchmark=benchmark,
        industry=cut.read("industry", rows),
        log_cap=cut.read("log_cap", rows),
        next_day=next_day(cast(FilterMode, cut.options.filter), masks, traded),
        options=options,
    )


def _index_returns(cut: Cut, run: EnhancementRun) -> Floats:
    """(m,) daily returns of the index on the run's dates."""
    begin = int(np.searchsorted(cut.panel.dates, run.dates[0])) - 1
    close = cut.panel.read("index_close", begin, begin + len(run.dates) + 1)
    return close[1:] / close[:-1] - 1.0
