import pytest
import torch.distributed as dist

from alphanet_pl.fit.stop import peer_lost_explained
from alphanet_pl.job.world import ALONE, World
from datamodules.base.errors import UnfinishedError

GLOO = (
    "[/gloo/transport/tcp/pair.cc:553] Connection closed by peer [10.0.0.2]:157. This means that"
    " the remote died. GLHF!\nmore"
)
NCCL = "NCCL error in: ProcessGroupNCCL.cpp:13, unhandled"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RuntimeError(GLOO), "Connection closed by peer [10.0.0.2]:157"),
        (dist.DistBackendError(NCCL), NCCL),
    ],
)
def test_an_error_of_the_backend_becomes_a_sentence_with_its_first_one(error, said):
    with (
        pytest.raises(UnfinishedError, match="process 2 of 4 has lost another") as raised,
        peer_lost_explained(World(nodes=2, per_node=2, rank=2)),
    ):
        raise error
    assert f"has lost another ({said})" in str(raised.value)
    assert raised.value.__cause__ is error


@pytest.mark.parametrize(
    ("world", "error"),
    [
        (World(per_node=2), RuntimeError("mat1 and mat2 shapes cannot be multiplied")),
        (World(per_node=2), RuntimeError("")),
        (ALONE, RuntimeError(GLOO)),
    ],
)
def test_any_other_error_stays_what_it_is(world, error):
    with pytest.raises(RuntimeError) as raised, peer_lost_explained(world):
        raise error
    assert raised.value is error
