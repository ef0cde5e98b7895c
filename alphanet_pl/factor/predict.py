"""Scores of trained networks: a factor, without needing a label or a future row."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from alphanet_pl.config.dates import parse_date, parse_range, weekday
from alphanet_pl.config.settings import Settings, Statistics
from alphanet_pl.factor.blend import blended, members
from alphanet_pl.fit.folder import Fit, find_fits
from alphanet_pl.fit.train import check_panel
from alphanet_pl.job.devices import use_threads
from alphanet_pl.model.batchnorm import use_own_statistics
from alphanet_pl.model.module import AlphaNetModule
from datamodules.base.errors import ConfigError, FitError, PanelError
from datamodules.base.words import SHOWN
from datamodules.batches.cross_sections import CrossSectionDataset, CrossSections, InputSource
from datamodules.batches.datamodule import LastRead
from datamodules.batches.pictures import StreamedSlice
from datamodules.batches.style_basis import StyleBases
from datamodules.panel import Panel

BLOCK = 60
"""Sessions scored at a time: 240,000 rows of a market of 4,000 stocks."""


class Prediction(NamedTuple):
    """A factor and where it comes from."""

    factor: pd.DataFrame
    """date, code, one column a seed, `factor` their mean; of neutralised models that are no members
    of a blend also `raw`, the mean before projection."""
    fits: list[Fit]
    gaps: str
    """What `describe_gaps` says of the sessions asked for."""


def predict(settings: Settings) -> Prediction:
    """Score the sessions of `date` with the newest fits before the first of them.

    Raises:
        AlphaNetError: No such sessions, no such fits, or a panel prepared otherwise.
    """
    panel = Panel.open(settings.data.panel)
    use_threads(settings.trainer)
    sessions = sessions_to_score(panel, settings.date)
    groups = _newest(settings, panel, panel.dates[sessions[0]])
    factor = score(panel, sessions, *groups, statistics=settings.score.statistics)
    gaps = describe_gaps(panel.dates[sessions], factor["date"])
    return Prediction(factor, [*chain.from_iterable(groups)], gaps)


def _newest(settings: Settings, panel: Panel, date: np.datetime64) -> list[list[Fit]]:
    """The newest fits on or before a date: the variant's own, or of a blend each member's."""
    simulated = panel.attrs.get("source") == "simulated"
    groups: list[list[Fit]] = []
    for one in members(settings):
        check_panel(panel, one)
        fits = find_fits(one, date, panel.fingerprint, simulated=simulated)
        if groups:  # beside the first member's seeds one fit, of the first of them as in a roll
            seed = groups[0][0].seed
            fits = [fit for fit in fits if fit.seed == seed][:1] or fits[:1]
        groups.append(fits)
    windows = {str(fits[0].asof) for fits in groups}
    if len(windows) > 1:
        raise FitError(
            f"the newest fits of {' and '.join(settings.score.variants)} are of different windows "
            f"({', '.join(sorted(windows))})",
            "a blend is of fits that are as of one session",
            f"alphanet train variant={settings.variant} asof={max(windows)}",
        )
    return groups


def sessions_to_score(panel: Panel, date: str | None) -> np.ndarray:
    """Session indices of `latest`, one date, or START:END (either end may be left out)."""
    if date is None:
        raise ConfigError(
            "date is not set", "predict needs to know what to score", "date=latest or START:END"
        )
    dates, least = panel.dates, panel.picture_days - 1
    if date == "latest":
        return np.array([len(dates) - 1])
    if ":" in date:
        found = parse_range("date", date, dates)
    else:
        day = parse_date("date", date)
        found = np.flatnonzero(dates == day)
        if not len(found) and dates[least] < day < dates[-1]:
            raise PanelError(
                f"date={date} was given",
                f"this {weekday(day)} is no session of the panel",
                f"date={dates[panel.session_on_or_before(day)]}, the session before it",
            )
    found = found[found >= least]
    if not len(found):
        raise PanelError(
            f"date={date} was given",
            f"the panel can score sessions from {dates[least]} to {dates[-1]}, and none is in it",
            "date=latest",
        )
    return found


def score(
    panel: Panel,
    sessions: np.ndarray,
    *groups: Sequence[Fit],
    statistics: Statistics = "running",
) -> pd.DataFrame:
    """Every scorable stock of these sessions, by every fit; see `score_blocks`.

    Raises:
        PanelError: There is no such stock.
    """
    blocks = list(score_blocks(panel, sessions, *groups, statistics=statistics))
    if not blocks:
        raise PanelError(
            f"no date can be scored from {panel.dates[sessions[0]]} to {panel.dates[sessions[-1]]}",
            f"a score needs {panel.picture_days} traded sessions in a row, and a neutralised model"
            " more such stocks than styles",
            "see the drop ledger in data_report.json beside the panel",
        )
    return pd.concat(blocks, ignore_index=True)


def score_blocks(
    panel: Panel,
    sessions: np.ndarray,
    *groups: Sequence[Fit],
    statistics: Statistics = "running",
) -> Iterator[pd.DataFrame]:
    """The scores of ascending sessions, so many at a time that memory stays bounded.

    Of one group of fits a column each and their mean; several groups are the members of a blend.

    A date with too few stocks is a gap: one without any (by a date's own statistics, with fewer
    than two), and for a neutralised model one with no more than styles and intercept, whose
    regression would leave nothing. (Training leaves the same dates out.) The next-day filter
    plays no part: it is not known when a score is needed.
    """
    fits = [*chain.from_iterable(groups)]
    modules = [fit.load() for fit in fits]
    if statistics == "own":
        for module in modules:
            use_own_statistics(module.network)
    panels = [panel.with_features(fit.features) for fit in fits]
    categories = pd.Index(panel.codes)
    neutral = any(module.loss.residual is not None for module in modules)
    # A date of one stock has no statistics of its own.
    least = len(panel.styles) + 2 if neutral else 2 if statistics == "own" else 1
    for block in np.split(sessions, np.arange(BLOCK, len(sessions), BLOCK)):
        first = int(block[0])
        scorable = panel.read("scorable", first, int(block[-1]) + 1)[block - first]
        bases = StyleBases(panel) if neutral else None
        last = LastRead()  # the windows of a block, worked out once for all models
        datasets = [
            CrossSectionDataset(block, scorable, None, _source(last, own, module, block), bases)
            for own, module in zip(panels, modules, strict=True)
        ]
        parts = []
        for position, stocks in enumerate(datasets[0].stocks):
            if len(stocks) < least:
                continue
            code = pd.Categorical.from_codes(stocks, categories)
            columns = _scores([part[position] for part in datasets], groups, modules)
            date = panel.dates[block[position]]
            parts.append(pd.DataFrame({"date": date, "code": code, **columns}))
        if parts:
            yield pd.concat(parts, ignore_index=True)


def _source(
    last: LastRead, panel: Panel, module: AlphaNetModule, sessions: np.ndarray
) -> InputSource:
    if module.takes is None:
        return StreamedSlice(panel)
    return last.windows(panel, module.takes, sessions)


def describe_gaps(asked: np.ndarray, scored: pd.Series | np.ndarray) -> str:
    """A line on the dates that have no score; empty where all have.

    Args:
        asked: (D,) dates that were to be scored.
        scored: Dates that were, each once or more.
    """
    gaps = np.setdiff1d(asked, np.unique(np.asarray(scored)).astype("datetime64[D]"))
    if not len(gaps):
        return ""
    rest = f" and {len(gaps) - SHOWN} more" if len(gaps) > SHOWN else ""
    return (
        f"{len(gaps)} of {len(asked)} sessions are gaps, with too few scorable stocks: "
        f"{', '.join(map(str, gaps[:SHOWN]))}{rest}"
    )


def _scores(
    batches: Sequence[CrossSections],
    groups: Sequence[Sequence[Fit]],
    modules: Sequence[AlphaNetModule],
) -> dict[str, np.ndarray]:
    """The columns of a date: of the one group of fits, or of all blended."""
    ends = np.cumsum([len(fits) for fits in groups])
    parts = [
        _columns(batches[end - len(fits) : end], fits, modules[end - len(fits) : end])
        for fits, end in zip(groups, ends, strict=True)
    ]
    return parts[0] if len(parts) == 1 else blended(parts)


def _columns(
    batches: Sequence[CrossSections], fits: Sequence[Fit], modules: Sequence[AlphaNetModule]
) -> dict[str, np.ndarray]:
    """One column a seed, their mean, and for neutralised models the mean before projection."""
    with torch.inference_mode():
        raw = [module(batch.inputs) for module, batch in zip(modules, batches, strict=True)]
        published = [
            module.loss.published(values, batch)
            for module, values, batch in zip(modules, raw, batches, strict=True)
        ]
    columns = {f"seed_{f.seed}": p.numpy() for f, p in zip(fits, published, strict=True)}
    columns["factor"] = _mean(published)
    if batches[0].basis is not None:
        columns["raw"] = _mean(raw)
    return columns


def _mean(values: Sequence[Tensor]) -> np.ndarray:
    return torch.stack(list(values)).double().mean(dim=0).float().numpy()
