"""Whether products in bfloat16 cost RankIC: the same windows and seeds in both precisions.

    python -m benchmarks.precision PANEL FOLDER                     5 seeds of two windows
    python -m benchmarks.precision PANEL FOLDER trainer.threads=1   with any settings of train

Fits stay in FOLDER: the same command goes on where it was stopped. A difference is of two fits of
one window and seed, by the RankIC of validation; its standard error is over those pairs.
"""

import gc
import sys

import numpy as np

from alphanet_pl.config.compose import load_settings
from alphanet_pl.fit.train import train
from benchmarks.race import write
from datamodules.batches.datamodule import LastRead
from datamodules.panel import Panel

_WINDOWS, _SEEDS = ("2011-01-31", "2016-07-29"), range(5)
_PRECISIONS = ("32-true", "bf16-mixed")


def main() -> None:
    """Train what is not trained yet, print the pairs, keep them under results/."""
    place, folder, *words = sys.argv[1:]
    panel, last = Panel.open(place), LastRead()
    found: dict[tuple[str, str, int], float] = {}
    for window in _WINDOWS:
        for precision in _PRECISIONS:
            for seed in _SEEDS:
                own = [f"data.panel={place}", f"runs={folder}", f"asof={window}", f"seed={seed}"]
                settings = load_settings(
                    "train", ["data=parquet", *own, f"trainer.precision={precision}", *words]
                )
                fit = train(settings, panel=panel, last=last)
                found[window, precision, seed] = fit.record["metrics"]["val/rank_ic"]
                gc.collect()  # a trainer is full of cycles, which would hold a second bank
    pairs = [(window, seed) for window in _WINDOWS for seed in _SEEDS]
    plain, half = (
        np.array([found[window, precision, seed] for window, seed in pairs])
        for precision in _PRECISIONS
    )
    write(
        "precision",
        {
            "panel": panel.fingerprint[:12],
            "windows and seeds": [f"{window} seed {seed}" for window, seed in pairs],
            "RankIC in float32": plain.round(4).tolist(),
            "RankIC with products in bfloat16": half.round(4).tolist(),
            "mean difference": round(float((half - plain).mean()), 5),
            "its standard error": round(float((half - plain).std(ddof=1) / np.sqrt(len(pairs))), 5),
        },
    )


if __name__ == "__main__":
    main()
