"""Scores of trained networks: a factor, without needing a label or a future row."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from alphanet_pl.errors import ConfigError, PanelError
from alphanet_pl.fits import Fit, find_fits
from alphanet_pl.settings import Settings
from alphanet_pl.train import check_panel, parse_date, use_threads
from datamodules.cross_sections import CrossSectionDataset
from datamodules.panel.panel import Panel
from datamodules.pictures import StreamedSlice


def predict(settings: Settings) -> tuple[pd.DataFrame, list[Fit]]:
    """Score the sessions of `date` with the newest fits before the first of them.

    Returns:
        The factor (date, code, one column a seed, `factor` their mean), and the fits used.

    Raises:
        AlphaNetError: No such sessions, no such fits, or a panel prepared otherwise.
    """
    panel = Panel.open(settings.data.panel)
    check_panel(panel, settings)
    use_threads(settings.trainer.threads)
    sessions = sessions_to_score(panel, settings.date)
    fits = find_fits(settings, panel.dates[sessions[0]])
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

    The next-day filter plays no part here: it is not known when a score is needed.
    """
    modules = [fit.load() for fit in fits]
    first, stop = int(sessions[0]), int(sessions[-1]) + 1
    members = panel.read("scorable", first, stop)[sessions - first]
    dataset = CrossSectionDataset(sessions, members, None, StreamedSlice(panel))
    parts = []
    for position, stocks in enumerate(dataset.stocks):
        if not len(stocks):
            continue
        batch = dataset[position]
        with torch.inference_mode():
            columns = {
                f"seed_{fit.seed}": module.predict_step(batch, 0).numpy()
                for fit, module in zip(fits, modules, strict=True)
            }
        date = panel.dates[sessions[position]]
        parts.append(pd.DataFrame({"date": date, "code": panel.codes[stocks], **columns}))
    if not parts:
        raise PanelError(
            f"no stock is scorable from {panel.dates[first]} to {panel.dates[stop - 1]}",
            f"a score needs {panel.picture_days} traded sessions in a row",
            "see the drop ledger in data_report.json beside the panel",
        )
    factor = pd.concat(parts, ignore_index=True)
    seeds = [name for name in factor.columns if name.startswith("seed_")]
    factor["factor"] = factor[seeds].to_numpy(np.float64).mean(axis=1).astype(np.float32)
    return factor
