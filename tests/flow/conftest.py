"""Two variants of the small study side by side, and a sweep beside them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.small_study import ASOF, Study, call

from alphanet_pl.config.compose import load_settings
from datamodules.panel import Panel
from sweeps.plan import plan
from sweeps.results import trials_table


@pytest.fixture(scope="session")
def both(study: Study) -> Study:
    """Two variants in the experiment `both`, evaluated together: v2 of two seeds begins later."""
    factor = pd.read_parquet(study.runs / "default" / "v2.1" / "factor.parquet")
    home = study.runs / "both"
    (home / "v2.1").mkdir(parents=True)
    (home / "v2").mkdir()
    factor.to_parquet(home / "v2.1" / "factor.parquet", index=False)
    later = factor[factor["date"] > factor["date"].unique()[7]].copy()
    noise = np.random.default_rng(0).normal(0, later["factor"].std(), (2, len(later)))
    for seed, by in enumerate(noise):
        later[f"seed_{seed}"] = (later["factor"] + by).astype(np.float32)
    later["factor"] = later[["seed_0", "seed_1"]].mean(axis=1)
    columns = ["date", "code", "seed_0", "seed_1", "factor"]
    later[columns].to_parquet(home / "v2" / "factor.parquet", index=False)
    assert call(study, "evaluate", "experiment=both", "variants=[v2.1,v2]") == 0
    return study


@pytest.fixture(scope="session")
def compared(both: Study) -> Path:
    """The experiment `both` with a small sweep's fits and table, compared: its folder."""
    asof = str(Panel.open(both.runs / "demo" / "panel.zarr").dates[ASOF])
    where = ("experiment=both", f"asof={asof}", "trainer.max_epochs=1")
    for n in (6, 8):
        for weight in (1.0, 2.0):
            for seed in (0, 1):
                words = (f"model.n={n}", f"loss.long_weight={weight}", f"seed={seed}")
                assert call(both, "train", "variant=v2.1", *where, *words) == 0
    assert call(both, "train", "variant=v2", *where) == 0
    axes = "{variant: [v2.1], model.n: [6, 8], loss.long_weight: [1.0, 2.0], seed: [0, 1, 2]}"
    overrides = both.words("sweep", *where, "sweep=product", f"sweep.axes={axes}")[1:]
    folder = both.runs / "both" / "sweeps" / "product"
    folder.mkdir(parents=True)
    planned = plan(load_settings("sweep", overrides))
    trials_table(planned).to_csv(folder / "trials.csv", index=False)
    assert call(both, "compare", "experiment=both", "logger.mode=offline") == 0
    return both.runs / "both"
