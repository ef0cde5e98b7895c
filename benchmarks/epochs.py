"""Whole epochs side by side: features kept, in every step (d289773), in plain PyTorch; ten seeds.

    python -m benchmarks.epochs FOLDER                    3,000 stocks, 1,500 sessions in sample
    python -m benchmarks.epochs FOLDER DATA=panel.zarr    any panel, as of its newest session
    python -m benchmarks.epochs FOLDER DATA=panel.zarr ASOF=2016-07-29 DAYS=400 ROUNDS=3 THREADS=2

Of one process, in turn (A B A B), validation included; a ratio is of two epochs of one round. A fit
is counted as its start (labels, and what is kept) and EPOCHS epochs; ten seeds start once.
FOLDER takes the simulated panel; figures are printed and kept under results/.
"""

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import lightning.pytorch as pl
import numpy as np
import torch
from torch import nn

from alphanet_pl.config.settings import LossSettings, ModelSettings, Settings, TrainerSettings
from alphanet_pl.fit.finite import FiniteLoss
from alphanet_pl.fit.progress import quiet
from alphanet_pl.model.module import AlphaNetModule
from alphanet_pl.model.sampling import sample_features
from benchmarks.each_step import EachStep
from benchmarks.full_size import full_size_panel
from benchmarks.plain import PlainAlphaNet
from benchmarks.race import Times, race, write
from datamodules.batches.cross_sections import read_membership
from datamodules.batches.datamodule import CrossSectionDataModule, LastRead
from datamodules.panel import Panel
from datamodules.settings import DataSettings

STOCKS, SAMPLED, SEEDS = 3000, 8, 10
EPOCHS = 20
"""Of a fit: patience is 10, and the best epoch of a real window comes about as late."""

PEER = 75_000
"""Samples a second of the TensorFlow peer on two cores (AlphaNetV3, batch 2,000, whole step)."""

Fit = tuple[AlphaNetModule, CrossSectionDataModule]


def main() -> None:
    """Race the epochs, print the figures, keep them under results/."""
    folder, words = Path(sys.argv[1]), dict(word.split("=", 1) for word in sys.argv[2:])
    threads = int(words.get("THREADS", "1"))
    torch.set_num_threads(threads)
    quiet()
    seconds: dict[str, float] = {}
    panel = _timed(seconds, "open", lambda: panel_of(folder, words))
    settings, asof = window_of(panel, words)
    fits = _fits(panel, settings, asof, seconds)
    split = next(iter(fits.values()))[1].split
    _timed(seconds, "labels", lambda: read_membership(panel, settings, split.train))
    runs = {name: epoch_of(*fit, folder) for name, fit in fits.items()}
    times = race(runs, int(words.get("ROUNDS", "5")), warm_up=1)
    data = fits["v2"][1]
    assert data.train is not None
    samples = sum(map(len, data.train.stocks))
    figures: dict[str, object] = {
        "panel": panel.fingerprint[:12] if "DATA" in words else "simulated",
        "as of": str(panel.dates[asof]),
        "threads": threads,
        "steps": len(data.train),
        "stocks a step": round(samples / len(data.train)),
        "start, seconds": {name: round(value, 2) for name, value in seconds.items()},
        **_figures(times, samples, seconds),
    }
    kind = "real" if "DATA" in words else "simulated"
    write(f"epochs_{kind}_{threads}", figures)


def panel_of(folder: Path, words: Mapping[str, str]) -> Panel:
    """The panel that DATA names, or a simulated one in the folder."""
    if "DATA" in words:
        return Panel.open(words["DATA"])
    return full_size_panel(folder / "panel.zarr", stocks=STOCKS)


def window_of(panel: Panel, words: Mapping[str, str]) -> tuple[DataSettings, int]:
    """Settings of the window that DAYS and ASOF name, and its as-of session."""
    settings = DataSettings(
        panel=str(panel.path),
        features=list(panel.features),
        in_sample_days=int(words.get("DAYS", "1500")),
        min_in_sample_days=60,
    )
    if "ASOF" in words:
        return settings, panel.session_on_or_before(np.datetime64(words["ASOF"]))
    return settings, len(panel.dates) - 1 - panel.horizon


def _fits(
    panel: Panel, settings: DataSettings, asof: int, seconds: dict[str, float]
) -> dict[str, Fit]:
    """Every contestant, what it reads read; `seconds` of what the first of a kind reads."""
    sample = sample_features(0, SAMPLED, len(panel.features))
    last, fits = LastRead(), {}
    variants = {"v2": (len(panel.features), False), "v2.1": (SAMPLED, False)}
    if panel.has("styles"):
        variants["v2.2"] = len(panel.features), True
    for name, (n, neutral) in variants.items():
        others: dict[str, nn.Module | None] = {
            f"{name} in every step": EachStep(len(panel.features), n),
            name: None,
        }
        if not neutral:
            peer = PlainAlphaNet(len(panel.features), None if name == "v2" else sample)
            others[f"{name} in plain PyTorch"] = peer
        for contestant, network in others.items():
            fit = fit_of(panel, settings, asof, last, n, network, neutral=neutral)
            what = f"labels and {'windows' if network is None else 'pictures'}"
            _timed(seconds, what, lambda fit=fit: fit[1].setup("fit"))
            fits[contestant] = fit
    for name, (n, neutral) in variants.items():
        fit = fit_of(panel, settings, asof, last, n, None, neutral=neutral, precision="bf16-mixed")
        _timed(seconds, "windows in bfloat16", lambda fit=fit: fit[1].setup("fit"))
        fits[f"{name} in bfloat16"] = fit
    return fits


def fit_of(
    panel: Panel,
    settings: DataSettings,
    asof: int,
    last: LastRead,
    n: int,
    network: nn.Module | None,
    *,
    neutral: bool,
    precision: str = "32-true",
) -> Fit:
    """A model and its data; `network`, on pictures, in place of the model's own."""
    module = AlphaNetModule.create(
        Settings(
            data=settings,
            model=ModelSettings(n=n),
            loss=LossSettings(neutralise=neutral),
            trainer=TrainerSettings(precision=precision),
        )
    )
    if network is not None:
        module.network, module.takes = network, None
    return module, CrossSectionDataModule(
        panel, settings, asof, 0, with_styles=neutral, windows=module.takes, last=last
    )


def _timed(seconds: dict[str, float], what: str, work: Callable[[], object]) -> object:
    """What `work` gives; its seconds are noted the first time."""
    begun = time.perf_counter()
    given = work()
    seconds.setdefault(what, time.perf_counter() - begun)
    return given


def epoch_of(
    module: AlphaNetModule, data: CrossSectionDataModule, folder: Path
) -> Callable[[], object]:
    """A further epoch of one model, as `alphanet train` runs it, but that nothing is written."""

    def epoch() -> None:
        pl.Trainer(
            accelerator="cpu",
            devices=1,
            max_epochs=1,
            default_root_dir=folder,
            callbacks=[FiniteLoss()],
            logger=False,
            enable_checkpointing=False,
            enable_model_summary=False,
            enable_progress_bar=False,
            use_distributed_sampler=False,
            num_sanity_val_steps=0,
        ).fit(module, data)

    return epoch


def _figures(times: dict[str, Times], samples: int, seconds: dict[str, float]) -> dict[str, object]:
    """Seconds, samples trained a second, ratios, and what ten seeds cost."""
    ours = [name for name in times if f"{name} in every step" in times]
    best = {name: min(one.wall) for name, one in times.items()}
    pairs = [(f"{name}{how}", name) for name in ours for how in ("", " in bfloat16")]
    one = seconds["labels and pictures"] + EPOCHS * best["v2 in every step"]
    ten = {
        name: (seconds[start] + SEEDS * EPOCHS * best[name]) / one
        for name, start in (
            ("v2", "labels and windows"),
            ("v2 in bfloat16", "windows in bfloat16"),
        )
    }
    return {
        "epoch, seconds (least)": {name: round(value, 3) for name, value in best.items()},
        "samples a second": {name: round(samples / value) for name, value in best.items()},
        "times the TensorFlow peer's, 75,000": {
            name: round(samples / best[name] / PEER, 2) for name, _ in pairs
        },
        "times as fast as in every step": {
            name: times[name].times_as_fast_as(times[f"{base} in every step"])
            for name, base in pairs
        },
        "times as fast as plain PyTorch": {
            name: times[name].times_as_fast_as(times[f"{base} in plain PyTorch"])
            for name, base in pairs
            if f"{base} in plain PyTorch" in times
        },
        "v2.1 as fast as v2": times["v2.1"].times_as_fast_as(times["v2"]),
        "time of others over v2's": {
            name: round(best[name] / best["v2"], 2) for name in ours if name != "v2"
        },
        f"{SEEDS} seeds over one fit with operators in every step": {
            name: round(value, 2) for name, value in ten.items()
        },
    }


if __name__ == "__main__":
    main()
