"""What several ranks cost: communication of a step against the step itself, two ranks over gloo.

    python -m benchmarks.ddp

One thread a rank, 2,000 stocks a rank and step, v2. Lower quartiles: the rest met other work.
"""

import json
import os
import socket
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

from alphanet_pl.fit.trainer import mean_in_rank_order
from alphanet_pl.model.fused import FusedAlphaNet
from alphanet_pl.model.losses import Loss
from benchmarks.race import write
from datamodules.batches.cross_sections import CrossSections

STOCKS, RANKS, ROUNDS = 2000, 2, 60


def step_of(network: torch.nn.Module, rank: int) -> Callable[[], object]:
    """One optimisation step on this rank's cross-section, gathering left out."""
    generator = torch.Generator().manual_seed(rank)
    pictures = torch.randn(15, 30, STOCKS, generator=generator).permute(2, 0, 1)
    label = torch.randn(STOCKS, generator=generator)
    batch = CrossSections(pictures, label, torch.full((STOCKS,), rank), None)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-4, fused=True)
    loss = Loss()

    def step() -> None:
        optimiser.zero_grad()
        loss(network(batch.pictures), batch).backward()
        optimiser.step()

    return step


def milliseconds(work: Callable[[], object]) -> float:
    """Lower quartile over the rounds."""
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return float(np.quantile(times, 0.25)) * 1e3


def rank_of_two(rank: int, port: int, path: str) -> None:
    """Time the collectives of a step, then a step with all of them."""
    torch.set_num_threads(1)
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    dist.init_process_group("gloo", rank=rank, world_size=RANKS)
    network = FusedAlphaNet()
    parameters = sum(p.numel() for p in network.parameters())
    gradient, scalar = torch.zeros(parameters), torch.zeros(1)
    figures = {
        "parameters": parameters,
        "gradient all-reduce ms": milliseconds(lambda: dist.all_reduce(gradient)),
        "smallest all-reduce ms": milliseconds(lambda: dist.all_reduce(scalar)),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # as in alphanet_pl/fit/progress.py
        ddp = DistributedDataParallel(network, broadcast_buffers=False)
    ddp.register_comm_hook(None, mean_in_rank_order)
    figures[f"step of {RANKS} ranks ms"] = milliseconds(step_of(ddp, rank))
    if rank == 0:
        Path(path).write_text(json.dumps(figures))
    dist.barrier()
    dist.destroy_process_group()


def main() -> None:
    torch.set_num_threads(1)
    alone = milliseconds(step_of(FusedAlphaNet(), 0))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "figures.json"
        torch.multiprocessing.spawn(rank_of_two, (port, str(path)), nprocs=RANKS)
        figures = json.loads(path.read_text())
    together = figures[f"step of {RANKS} ranks ms"]
    figures |= {
        "stocks a rank": STOCKS,
        "step of one process ms": alone,
        "gradient all-reduce, share of a step": figures["gradient all-reduce ms"] / alone,
        "stocks a second, two ranks against one": RANKS * alone / together,
    }
    write("ddp", {name: round(value, 3) for name, value in figures.items()})


if __name__ == "__main__":
    main()
