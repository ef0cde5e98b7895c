"""A small study that the integration tests share: tables, panel, one fit, its factor."""

import numpy as np
import pandas as pd
import pytest
from small_study import ASOF, Study, call

from datamodules.panel import Panel


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Simulated, prepared, trained as v2.1, scored, evaluated: all through the command line."""
    made = Study(tmp_path_factory.mktemp("study"))
    assert call(made, "prepare") == 0
    asof = Panel.open(made.runs / "demo" / "panel.zarr").dates[ASOF]
    assert call(made, "train", "variant=v2.1", f"asof={asof}") == 0
    assert call(made, "predict", "variant=v2.1", f"date={asof}:") == 0
    assert call(made, "evaluate", "variant=v2.1") == 0
    return made


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
