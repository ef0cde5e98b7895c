"""Four processes: two would add the same two numbers in either order."""

import torch
import torch.distributed as dist
from helpers.warm import spawn
from torch.nn.parallel import DistributedDataParallel

from alphanet_pl.fit.trainer import mean_in_rank_order
from alphanet_pl.model.fused import FusedAlphaNet

RANKS = 4


def gradients(network: FusedAlphaNet, ranks: DistributedDataParallel, rank: int) -> torch.Tensor:
    """(parameters,) of a step that changes no weight."""
    pictures = torch.randn(30, 15, 30, generator=torch.Generator().manual_seed(rank))
    network.zero_grad()
    ranks(pictures.abs() + 1).square().sum().backward()
    return torch.cat([one.grad.flatten() for one in network.parameters()])


def work(rank: int, folder: str) -> None:
    """Two steps of a process, and the first one of a process that has resumed."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo", f"file://{folder}/meeting", rank=rank, world_size=RANKS)
    network, found = FusedAlphaNet(n=8, seed=1), {}
    for start, steps in (("undisturbed", 2), ("resumed", 1)):
        ranks = DistributedDataParallel(network, broadcast_buffers=False)
        ranks.register_comm_hook(None, mean_in_rank_order)
        found[start] = [gradients(network, ranks, rank) for _ in range(steps)][-1]
        own = [torch.empty_like(found[start]) for _ in range(RANKS)]
    with ranks.no_sync():
        dist.all_gather(own, gradients(network, ranks, rank))
    torch.save(found | {"own": torch.stack(own)}, f"{folder}/rank{rank}.pt")
    del ranks  # else it would free the group, and wait for gloo's threads
    dist.destroy_process_group()


def test_four_processes_that_resume_take_the_undisturbed_step_to_the_last_bit(tmp_path):
    spawn(work, (str(tmp_path),), ranks=RANKS)
    for rank in range(RANKS):
        found = torch.load(tmp_path / f"rank{rank}.pt", weights_only=True)
        assert torch.equal(found["resumed"], found["undisturbed"])
        torch.testing.assert_close(found["resumed"], found["own"].mean(0))
