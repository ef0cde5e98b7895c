"""A panel of 4,000 stocks x 1,560 sessions without a market behind it: for speed and memory."""

from pathlib import Path

import numpy as np

from datamodules.panel import Panel, PanelContents, build_panel
from datamodules.settings import FEATURES

SESSIONS, STOCKS, HORIZON, DAYS = 1560, 4000, 10, 30


def full_size_panel(path: Path, sessions: int = SESSIONS, stocks: int = STOCKS) -> Panel:
    """Write the panel, or open it where it is written already.

    Features have the scales of real ones; every stock is scorable once its picture is complete.
    """
    if not path.exists():
        build_panel(_contents(sessions, stocks), path)
    return Panel.open(path)


def _contents(sessions: int, stocks: int) -> PanelContents:
    rng = np.random.default_rng(0)
    shape = (sessions, stocks)
    features = rng.standard_normal((*shape, len(FEATURES)), dtype=np.float32)
    for channel, name in enumerate(FEATURES):
        scale = 1e6 if "volume" in name else 0.02 if name == "return1" else 1.0
        features[:, :, channel] = (10 * (name != "return1") + features[:, :, channel]) * scale
    scorable = np.zeros(shape, dtype=bool)
    scorable[DAYS - 1 :] = True
    forward = rng.standard_normal(shape, dtype=np.float32) / 20
    forward[-HORIZON:] = np.nan
    nothing = np.zeros(shape, dtype=bool)
    return PanelContents(
        dates=np.datetime64("2010-01-04") + np.arange(sessions),
        codes=np.array([f"SH{600000 + k}" for k in range(stocks)]),
        features=FEATURES,
        industries=("all",),
        horizon=HORIZON,
        picture_days=DAYS,
        arrays={
            "features": features,
            "scorable": scorable,
            "listed": np.ones(shape, dtype=bool),
            "traded": np.ones(shape, dtype=bool),
            "forward_close": forward,
            "suspended_next": nothing,
            "limit_close_next": nothing,
        },
    )
