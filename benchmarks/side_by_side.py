"""Two fits at once, a thread each, against one at a time with operators in every step (d289773).

    python -m benchmarks.side_by_side FOLDER DATA=panel.zarr ASOF=2016-07-29 DAYS=400 ROUNDS=3

So `alphanet roll` trains in two parts, and a sweep with a core a trial. In turn, on two cores: an
epoch of one fit on both threads, then an epoch of each of two fits, the second in a process of its
own; a pair's time ends with the later of them. Words as in `benchmarks.epochs`.
"""

import multiprocessing
import sys
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path

import torch

from alphanet_pl.fit.progress import quiet
from benchmarks.each_step import EachStep
from benchmarks.epochs import PEER, SAMPLED, Fit, epoch_of, fit_of, panel_of, window_of
from benchmarks.race import race, write
from datamodules.batches.datamodule import LastRead

VARIANTS = {"v2": None, "v2.1": SAMPLED}
PRECISIONS = {"": "32-true", " in bfloat16": "bf16-mixed"}
THREADS = 2


def main() -> None:
    """Race pairs against single fits, print the ratios, keep them under results/."""
    folder, words = Path(sys.argv[1]), dict(word.split("=", 1) for word in sys.argv[2:])
    quiet()
    here, there = multiprocessing.Pipe()
    spawned = multiprocessing.get_context("spawn")
    second = spawned.Process(target=_serve, args=(there, folder, words), daemon=True)
    second.start()
    there.close()  # else its end would not be noticed
    fits = _fits(folder, words)
    runs: dict[str, Callable[[], object]] = {}
    for name, n in VARIANTS.items():
        alone = _fit(folder, words, n, each_step=True)
        alone[1].setup("fit")
        runs[f"{name} in every step"] = _on(THREADS, epoch_of(*alone, folder))
        for how in PRECISIONS:
            runs[f"two of {name}{how}"] = _pair(name + how, fits, here, folder)
    here.recv()  # the second has read its windows
    times = race(runs, int(words.get("ROUNDS", "3")), warm_up=1)
    _, data = fits["v2"]
    assert data.train is not None
    samples = 2 * sum(map(len, data.train.stocks))
    rates = {name: samples / min(one.wall) for name, one in times.items() if "two" in name}
    write(
        "side_by_side",
        {
            "samples a second": {name: round(rate) for name, rate in rates.items()},
            "times the TensorFlow peer's, 75,000": {
                name: round(rate / PEER, 2) for name, rate in rates.items()
            },
            "times one fit with operators in every step on two threads": {
                name: round(2 * times[name].times_as_fast_as(times[alone])["wall"], 2)
                for name in rates
                for alone in [f"{name.split()[2]} in every step"]
            },
        },
    )
    here.send(None)


def _fit(
    folder: Path,
    words: Mapping[str, str],
    n: int | None,
    precision: str = "32-true",
    *,
    each_step: bool = False,
) -> Fit:
    panel = panel_of(folder, words)
    settings, asof = window_of(panel, words)
    n = n or len(panel.features)
    network = EachStep(len(panel.features), n) if each_step else None
    return fit_of(panel, settings, asof, _LAST, n, network, neutral=False, precision=precision)


_LAST = LastRead()


def _fits(folder: Path, words: Mapping[str, str]) -> dict[str, Fit]:
    """Every fit of this process, one bank a precision, what it reads read."""
    fits = {
        name + how: _fit(folder, words, n, precision)
        for how, precision in PRECISIONS.items()
        for name, n in VARIANTS.items()
    }
    for _, data in fits.values():
        data.setup("fit")
    return fits


def _on(threads: int, epoch: Callable[[], object]) -> Callable[[], object]:
    """The same epoch on so many threads."""

    def run() -> None:
        torch.set_num_threads(threads)
        epoch()

    return run


def _pair(
    name: str, fits: Mapping[str, Fit], second: Connection, folder: Path
) -> Callable[[], object]:
    """An epoch here and one in the second process, at once."""
    epoch = _on(1, epoch_of(*fits[name], folder))

    def run() -> None:
        second.send(name)
        epoch()
        second.recv()

    return run


def _serve(first: Connection, folder: Path, words: Mapping[str, str]) -> None:
    """The second process: an epoch of the fit that is named, until nothing is."""
    quiet()
    fits = _fits(folder, words)
    epochs = {name: _on(1, epoch_of(*fit, folder)) for name, fit in fits.items()}
    first.send("ready")
    while name := first.recv():
        epochs[name]()
        first.send("done")


if __name__ == "__main__":
    main()
