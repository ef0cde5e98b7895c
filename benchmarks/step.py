"""A whole training step against plain PyTorch: gather, operators, forward, backward, optimiser.

    python -m benchmarks.step

Ratios of medians of interleaved steps in one process; no feature cache on either side. Beside them
the products that no step can avoid: forward and weight gradient of the LSTM's inputs.
"""

import itertools
from collections.abc import Callable

import torch
from torch import nn

from alphanet_pl.model.network import AlphaNet
from alphanet_pl.model.operators import feature_count
from alphanet_pl.model.sampling import sample_features
from benchmarks.plain import PlainAlphaNet
from benchmarks.race import Times, gather, panel, race, write

STOCKS, ROUNDS, SAMPLED = 3000, 31, 8


def stepper(network: nn.Module, fused: bool) -> Callable[[], object]:
    """One Adam step on the cross-section of a date drawn at random."""
    data = panel()
    generator = torch.Generator().manual_seed(1)
    label = torch.randn(STOCKS, generator=generator)
    sections = [
        (day, torch.randperm(data.shape[2], generator=generator)[:STOCKS].sort().values)
        for day in torch.randint(90, (16,), generator=generator).tolist()
    ]
    turn = iter(itertools.cycle(sections))
    optimiser = torch.optim.Adam(
        [p for p in network.parameters() if p.requires_grad], lr=1e-4, fused=fused
    )

    def step() -> None:
        day, chosen = next(turn)
        pictures = gather(data[:, day : day + 30], chosen)
        optimiser.zero_grad()
        (network(pictures) - label).square().mean().backward()
        optimiser.step()

    return step


def products(features: int) -> Callable[[], object]:
    """The two matrix products of the LSTM's inputs, all gates in all windows."""
    x, weights, gates = (
        torch.randn(*shape)
        for shape in ((features, 3 * STOCKS), (120, features), (120, 3 * STOCKS))
    )
    return lambda: (weights @ x, x @ gates.T)


def report(times: dict[str, Times]) -> dict[str, object]:
    """What the design asks of one thread count."""
    pairs = (("v2", "plain v2"), ("v2.1", "plain v2.1"), ("v2.1", "v2"), ("plain v2.1", "plain v2"))
    return {
        "samples per second": {name: t.rate(STOCKS) for name, t in times.items()},
        "times as fast": {
            f"{fast} as {slow}": times[fast].times_as_fast_as(times[slow]) for fast, slow in pairs
        },
    }


def main() -> None:
    sample = sample_features(seed=0, n=SAMPLED, total=15)
    figures: dict[str, object] = {"stocks": STOCKS, "rounds": ROUNDS}
    for threads in (1, 2):
        torch.set_num_threads(threads)
        contestants = {
            "v2": stepper(AlphaNet(), fused=True),
            "plain v2": stepper(PlainAlphaNet(), fused=False),
            "v2.1": stepper(AlphaNet(n=SAMPLED), fused=True),
            "plain v2.1": stepper(PlainAlphaNet(sample=sample), fused=False),
            "products of v2": products(feature_count(15, 15)),
            "products of v2.1": products(feature_count(15, SAMPLED)),
        }
        figures[f"{threads} threads"] = report(race(contestants, ROUNDS))
    write("step", figures)


if __name__ == "__main__":
    main()
