"""Seconds an epoch by n, the features that a model pairs up: the report says v2.1 trains faster.

    python -m benchmarks.epoch_by_n FOLDER                  3,000 stocks, 1,500 sessions in sample
    python -m benchmarks.epoch_by_n FOLDER DATA=panel.zarr  any panel, as of its newest session
    python -m benchmarks.epoch_by_n FOLDER DATA=panel.zarr ASOF=2011-01-31
    python -m benchmarks.epoch_by_n FOLDER ROUNDS=9         more epochs of each n; 5 otherwise

Whole epochs of one seed, validation included, in one process and thread: n = 6, 7, .. 11 and all,
then again from 6, so that they share whatever else the machine does. A ratio is of two epochs of
one round. FOLDER takes the panel, and the figures of other panels than its own.
"""

import json
import statistics
import sys
from pathlib import Path

import numpy as np
import torch

from alphanet_pl.config.settings import ModelSettings, Settings
from alphanet_pl.fit.progress import quiet
from alphanet_pl.model.module import AlphaNetModule
from benchmarks.epochs import epoch_of
from benchmarks.full_size import full_size_panel
from benchmarks.race import Times, race, write
from datamodules.batches.datamodule import CrossSectionDataModule, LastRead
from datamodules.panel import Panel
from datamodules.settings import DataSettings

STOCKS = 3000
SAMPLED = (6, 7, 8, 9, 10, 11)


def main() -> None:
    """Race the epochs, print the figures, and keep those of the simulated size under results/."""
    folder, words = Path(sys.argv[1]), dict(word.split("=", 1) for word in sys.argv[2:])
    torch.set_num_threads(1)
    quiet()
    if "DATA" in words:
        panel = Panel.open(words["DATA"])
    else:
        panel = full_size_panel(folder / "panel.zarr", stocks=STOCKS)
    settings = DataSettings(
        panel=str(panel.path), features=list(panel.features), min_in_sample_days=60
    )
    asof = len(panel.dates) - 1 - panel.horizon
    if "ASOF" in words:
        asof = panel.session_on_or_before(np.datetime64(words["ASOF"]))
    last, every = LastRead(), len(panel.features)
    fits = {}
    for n in (*SAMPLED, every):
        module = AlphaNetModule.create(Settings(model=ModelSettings(n=n), data=settings))
        data = CrossSectionDataModule(
            panel, settings, asof, seed=0, windows=module.takes, last=last
        )
        data.setup("fit")  # before the race: the first of them reads for all
        fits[str(n)] = module, data
    runs = {n: epoch_of(*fit, folder) for n, fit in fits.items()}
    times = race(runs, int(words.get("ROUNDS", "5")), warm_up=0)
    figures: dict[str, object] = {
        "stocks": len(panel.codes),
        "steps": len(data.train or ()),
        "validation sections": len(data.validation or ()),
        "rounds": len(times[str(every)].wall),
        "n": {name: _figures(one, times[str(every)]) for name, one in times.items()},
    }
    if "DATA" in words:
        figures |= {"panel": panel.fingerprint, "asof": str(panel.dates[asof])}
        text = json.dumps(figures, indent=2)
        (folder / "epoch_by_n.json").write_text(text + "\n", encoding="utf-8")
        print(text)
    else:
        write("epoch_by_n", figures)


def _figures(ours: Times, full: Times) -> dict[str, object]:
    """Seconds, and how many times as fast as pairing all features: median, least and most."""
    ratios = [b / a for a, b in zip(ours.wall, full.wall, strict=True)]
    return {
        "seconds": _spread(ours.wall),
        "processor seconds": _spread(ours.processor),
        "times as fast as all": _spread(ratios),
    }


def _spread(values: list[float]) -> list[float]:
    return [round(one, 3) for one in (statistics.median(values), min(values), max(values))]


if __name__ == "__main__":
    main()
