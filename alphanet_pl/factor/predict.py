"""Scores of trained networks: a factor, without needing a label or a future row."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from alphanet_pl.config.settings import Settings
from alphanet_pl.fit.fits import Fit, find_fits
from alphanet_pl.fit.train import check_panel, parse_date
from alphanet_pl.job.devices import use_threads
from alphanet_pl.model.module import AlphaNetModule
from datamodules.base.errors import ConfigError, PanelError
from datamodules.batches.cross_sections import CrossSectionDataset, CrossSections
from datamodules.batches.datamodule import LastRead
from datamodules.batches.style_basis import StyleBases
from datamodules.panel import Panel

BLOCK = 60
"""Sessions scored at a time: 240,000 rows of a market of 4,000 stocks."""


def predict(settings: Settings) -> tuple[pd.DataFrame, list[Fit]]:
    """Score the sessions of `date` with the newest fits before the first of them.

    Returns:
        The factor (date, code, one column a seed, `factor` their mean; for neutralised models
        also `raw`, the mean before projection), and the fits used.

    Raises:
        AlphaNetError: No such sessions, no such fits, or a panel prepared otherwise.
    """
    panel = Panel.open(settings.data.panel)
    check_panel(panel, settings)
    use_threads(settings.trainer)
    sessions = sessions_to_score(panel, settings.date)
    fits = find_fits(settings, panel.dates[sessions[0]], panel.fingerprint)
    return score(panel, sessions, fits), fits


def sessions_to_score(panel: Panel, date: str | None) -> np.ndarray:
    """Session indices of `latest`, one date, or START:END (either end may be left out)."""
    if date is None:
        raise ConfigError(
            "date is not set", "predict needs to know what to score", "date=latest or START:END"
        )
    newest = len(panel.dates) - 1
    if date == "latest":
        return np.array([newest])
    start_text, colon, end_text = date.partition(":")
    start = parse_date("date", start_text) if start_text else panel.dates[0]
    if not colon:
        found = np.flatnonzero(panel.dates == start)
    else:
        end = parse_date("date", end_text) if end_text else panel.dates[newest]
        found = np.flatnonzero((panel.dates >= start) & (panel.dates <= end))
    found = found[found >= panel.picture_days - 1]
    if not len(found):
        raise PanelError(
            f"date={date} was given",
            f"the panel can score sessions from {panel.dates[panel.picture_days - 1]} to"
            f" {panel.dates[newest]}",
            "date=latest",
        )
    return found


def score(panel: Panel, sessions: np.ndarray, fits: Sequence[Fit]) -> pd.DataFrame:
    """Every scorable stock of these sessions, by every fit.

    Raises:
        PanelError: There is no such stock.
    """
    blocks = list(score_blocks(panel, sessions, fits))
    if not blocks:
        raise PanelError(
            f"no stock is scorable from {panel.dates[sessions[0]]} to {panel.dates[sessions[-1]]}",
            f"a score needs {panel.picture_days} traded sessions in a row",
            "see the drop ledger in data_report.json beside the panel",
        )
    return pd.concat(blocks, ignore_index=True)


def score_blocks(panel: Panel, sessions: np.ndarray, fits: Sequence[Fit]) -> Iterator[pd.DataFrame]:
    """The scores of ascending sessions, so many at a time that memory stays bounded.

    The next-day filter plays no part here: it is not known when a score is needed.
    """
    modules = [fit.load() for fit in fits]
    categories = pd.Index(panel.codes)
    neutral = any(module.loss.residual is not None for module in modules)
    for block in np.split(sessions, np.arange(BLOCK, len(sessions), BLOCK)):
        first = int(block[0])
        members = panel.read("scorable", first, int(block[-1]) + 1)[block - first]
        bases = StyleBases(panel) if neutral else None
        last = LastRead()  # the windows of a block, worked out once for all models
        datasets = [
            CrossSectionDataset(
                block, members, None, last.windows(panel, module.network.takes, block), bases
            )
            for module in modules
        ]
        parts = []
        for position, stocks in enumerate(datasets[0].stocks):
            if not len(stocks):
                continue
            code = pd.Categorical.from_codes(stocks, categories)
            columns = _columns([part[position] for part in datasets], fits, modules)
            date = panel.dates[block[position]]
            parts.append(pd.DataFrame({"date": date, "code": code, **columns}))
        if parts:
            yield pd.concat(parts, ignore_index=True)


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
