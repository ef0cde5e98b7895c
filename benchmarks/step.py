"""A whole training step against plain PyTorch: gather, operators, forward, backward, optimiser.

    python -m benchmarks.step

Ratios of medians of interleaved steps in one process; no feature cache on either side.
"""

from collections.abc import Callable

import torch
from torch import nn

from alphanet_pl.network import AlphaNet
from alphanet_pl.sampling import sample_features
from benchmarks.plain import PlainAlphaNet
from benchmarks.race import gather, panel, race, write

STOCKS, ROUNDS = 3000, 25


def stepper(network: nn.Module, fused: bool) -> Callable[[], object]:
    """One Adam step on the cross-section of the next date."""
    data = panel()
    generator = torch.Generator().manual_seed(1)
    label = torch.randn(STOCKS, generator=generator)
    optimiser = torch.optim.Adam(
        [p for p in network.parameters() if p.requires_grad], lr=1e-4, fused=fused
    )

    def step() -> None:
        day = int(torch.randint(90, (), generator=generator))
        chosen = torch.randperm(data.shape[2], generator=generator)[:STOCKS].sort().values
        pictures = gather(data[:, day : day + 30], chosen)
        optimiser.zero_grad()
        (network(pictures) - label).square().mean().backward()
        optimiser.step()

    return step


def main() -> None:
    sample = sample_features(seed=0, n=8, total=15)
    figures: dict[str, object] = {"stocks": STOCKS}
    for threads in (1, 2):
        torch.set_num_threads(threads)
        medians = race(
            {
                "v2": stepper(AlphaNet(), fused=True),
                "plain v2": stepper(PlainAlphaNet(), fused=False),
                "v2.1": stepper(AlphaNet(n=8), fused=True),
                "plain v2.1": stepper(PlainAlphaNet(sample=sample), fused=False),
            },
            ROUNDS,
        )
        figures[f"threads {threads}"] = {
            "samples per second": {name: round(STOCKS / s) for name, s in medians.items()},
            "v2 against plain": round(medians["plain v2"] / medians["v2"], 2),
            "v2.1 against plain": round(medians["plain v2.1"] / medians["v2.1"], 2),
            "v2.1 against v2": round(medians["v2"] / medians["v2.1"], 2),
            "plain v2.1 against plain v2": round(medians["plain v2"] / medians["plain v2.1"], 2),
        }
    write("step", figures)


if __name__ == "__main__":
    main()
