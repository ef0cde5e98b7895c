"""The operators against copying their input and output once, and against Gram matrices.

    python -m benchmarks.operators

The copy is the floor of any implementation that reads pictures and writes features.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from alphanet_pl.model.operators import extract_features
from alphanet_pl.model.sampling import sample_features
from benchmarks.plain import PlainAlphaNet
from benchmarks.race import gather, panel, race, write

STOCKS, ROUNDS = 3000, 51


def copies(*tensors: Tensor) -> Callable[[], object]:
    """Copy each tensor once, into memory that is there already."""
    targets = [torch.empty_like(tensor) for tensor in tensors]
    return lambda: [target.copy_(t) for target, t in zip(targets, tensors, strict=True)]


def compare(pictures: Tensor, sample: tuple[int, ...]) -> dict[str, object]:
    """Speed of one sample of features, and the share of the copy's speed that it reaches."""
    plain, rows = PlainAlphaNet(sample=sample), pictures.contiguous()
    memory = pictures.permute(1, 2, 0)
    times = race(
        {
            "operators": lambda: extract_features(pictures, sample),
            "Gram matrices": lambda: plain.features(rows),
            "copy": copies(memory, extract_features(pictures, sample)),
        },
        ROUNDS,
    )
    ours = times["operators"]
    return {
        "samples per second": {name: t.rate(STOCKS) for name, t in times.items()},
        "times as fast as Gram matrices": ours.times_as_fast_as(times["Gram matrices"]),
        "share of the copy's speed": ours.times_as_fast_as(times["copy"]),
    }


def main() -> None:
    pictures = gather(panel()[:, :30], torch.arange(STOCKS))
    torch.set_num_threads(1)
    samples = {"v2": tuple(range(15)), "v2.1": sample_features(seed=0, n=8, total=15)}
    figures: dict[str, object] = {"stocks": STOCKS, "rounds": ROUNDS, "threads": 1}
    write("operators", figures | {name: compare(pictures, s) for name, s in samples.items()})


if __name__ == "__main__":
    main()
