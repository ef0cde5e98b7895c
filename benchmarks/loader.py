"""The loader alone: samples a second from each residency, against copying the same bytes.

python -m benchmarks.loader
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from benchmarks.full_size import full_size_panel
from benchmarks.race import write
from datamodules.batches.cross_sections import CrossSectionDataset
from datamodules.batches.pictures import ResidentSlice, StreamedSlice

_DATES = 40


def main() -> None:
    """Gather the same cross-sections from memory and from Zarr, and copy one of them."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        panel = full_size_panel(Path(folder) / "panel.zarr", sessions=400)
        sessions = np.random.default_rng(0).integers(60, 380, _DATES)
        members = panel.read("scorable")[sessions]
        stocks = np.arange(len(panel.codes))
        resident = ResidentSlice(panel, 60, 379, stocks, torch.device("cpu"))
        datasets = {
            "host": CrossSectionDataset(sessions, members, None, resident),
            "stream": CrossSectionDataset(sessions, members, None, StreamedSlice(panel)),
        }
        batch = datasets["host"][0].pictures
        samples = _DATES * len(batch)
        rates = {name: samples / _seconds(lambda d=d: _read(d)) for name, d in datasets.items()}
        rates["copy"] = samples / _seconds(lambda: [batch.clone() for _ in range(_DATES)])
    result: dict[str, object] = {
        f"{name} samples per second": round(rate) for name, rate in rates.items()
    }
    result |= {f"{name} against copy": round(rates[name] / rates["copy"], 3) for name in datasets}
    write("loader", result)


def _read(dataset: CrossSectionDataset) -> None:
    for position in range(len(dataset)):
        dataset[position]


def _seconds(work: Callable[[], object]) -> float:
    """Fastest of three: the others met somebody else's work."""
    times = []
    for _ in range(3):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return min(times)


if __name__ == "__main__":
    main()
