import pytest
import torch.distributed as dist

from alphanet_pl.fit.stop import peer_lost_explained
from alphanet_pl.job.world import ALONE, World
from datamodules.base.errors import UnfinishedError

GLOO = "[/gloo/transport/tcp/pair.cc:553] Connection closed by peer [10.0.0.2]:157\nmore"


@pytest.mark.parametrize("error", [RuntimeError(GLOO), dist.DistBackendError("NCCL error: ...")])
def test_an_error_of_the_backend_becomes_a_sentence_with_its_first_line(error):
    with (
        pytest.raises(UnfinishedError, match="process 2 of 4 has lost another") as raised,
        peer_lost_explained(World(nodes=2, per_node=2, rank=2)),
    ):
        raise error
    assert str(error).splitlines()[0] in str(raised.value)
    assert "more" not in str(raised.value).splitlines()[0]
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
