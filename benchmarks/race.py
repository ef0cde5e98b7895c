"""What every benchmark shares: run two things in turn, compare medians, write the figures down."""

import json
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Times:
    """Seconds of one contestant's turns, by the clock and by its own processor use."""

    wall: list[float]
    processor: list[float]

    def rate(self, samples: int) -> dict[str, int]:
        """Samples per second at the median turn."""
        return {
            "wall": round(samples / statistics.median(self.wall)),
            "processor": round(samples / statistics.median(self.processor)),
        }

    def times_as_fast_as(self, other: "Times") -> dict[str, float]:
        """Median over turns of the other's seconds by ours, each pair measured side by side."""

        def ratio(theirs: list[float], ours: list[float]) -> float:
            return round(statistics.median(b / a for a, b in zip(ours, theirs, strict=True)), 2)

        return {
            "wall": ratio(other.wall, self.wall),
            "processor": ratio(other.processor, self.processor),
        }


def race(runs: dict[str, Callable[[], object]], rounds: int, warm_up: int = 3) -> dict[str, Times]:
    """Run all in turn (A B A B), so that they share whatever else the machine does.

    On a machine that others use too, the processor's seconds of one thread are the fairer ones.
    """
    times = {name: Times([], []) for name in runs}
    for turn in range(warm_up + rounds):
        for name, run in runs.items():
            wall, processor = time.perf_counter(), time.process_time()
            run()
            if turn >= warm_up:
                times[name].wall.append(time.perf_counter() - wall)
                times[name].processor.append(time.process_time() - processor)
    return times


def panel(days: int = 120, stocks: int = 4000) -> Tensor:
    """A slice of a panel, (15, days, stocks), at the scales of prices, volumes and ratios."""
    generator = torch.Generator().manual_seed(0)
    level = torch.randn(15, 1, stocks, generator=generator).exp()
    moves = 0.02 * torch.randn(15, days, stocks, generator=generator).cumsum(1)
    scale = torch.tensor([20.0] * 5 + [1e7, 0.02, 0.01, 0.02, 1e3, 1e3, 1e6, 1.0, 1.0, 1.0])
    return level * moves.exp() * scale[:, None, None]


def gather(slice_FTS: Tensor, stocks: Tensor) -> Tensor:
    """Pictures (S, F, T) of chosen stocks as a view of (F, T, S) memory."""
    pictures = slice_FTS.new_empty(*slice_FTS.shape[:2], len(stocks))
    for source, target in zip(slice_FTS, pictures, strict=True):
        torch.index_select(source, 1, stocks, out=target)
    return pictures.permute(2, 0, 1)


def write(name: str, figures: dict[str, object]) -> None:
    """Print the figures and keep them under results/, with what they depend on."""
    figures |= {
        "torch": torch.__version__,
        "cores": os.cpu_count(),
        "load_average": os.getloadavg()[0],
    }
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(figures, indent=2)
    (RESULTS / f"{name}.json").write_text(text + "\n")
    print(text)
