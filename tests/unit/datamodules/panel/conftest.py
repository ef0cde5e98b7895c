"""Panels of random content, without a market behind it."""

import numpy as np
import pytest

from datamodules.panel import PanelContents
from datamodules.panel.layout import LAYOUT


@pytest.fixture(scope="session")
def make_contents():
    """Every array of the layout filled with noise, NaN in a fifth of the floats."""

    def make(
        seed: int = 0, sessions: int = 300, stocks: int = 7, names: tuple[str, ...] = tuple(LAYOUT)
    ) -> PanelContents:
        rng = np.random.default_rng(seed)
        styles = ("size", "beta") if "styles" in names else ()
        sizes = {"date": sessions, "code": stocks, "feature": 3, "style": 2}
        arrays = {}
        for name in names:
            spec = LAYOUT[name]
            values = rng.normal(0, 1, [sizes[dim] for dim in spec.dims])
            if spec.dtype.startswith("float"):
                values[rng.random(values.shape) < 0.2] = np.nan
            arrays[name] = (values > 0) if spec.dtype == "bool" else values.astype(spec.dtype)
        return PanelContents(
            dates=np.datetime64("2010-01-04") + np.arange(sessions),
            codes=np.array([f"SH{600000 + k}" for k in range(stocks)]),
            features=("open", "close", "open/close"),
            industries=("银行", "coal"),
            horizon=10,
            picture_days=30,
            arrays=arrays,
            styles=styles,
            attrs={"free_turn": "turn"},
        )

    return make
