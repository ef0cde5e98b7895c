"""A process of the group that dies or hangs, told apart from a fault of the fit itself."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch.distributed as dist

from alphanet_pl.job.world import World
from datamodules.base.errors import UnfinishedError

_SAID_BY_GLOO = ("gloo", "Connection closed by peer", "Connection reset by peer")
"""Gloo raises plain RuntimeErrors; NCCL and the store raise DistError."""


@contextmanager
def lost_process_explained(world: World) -> Iterator[None]:
    """Say in one sentence that the others cannot be reached any more.

    Raises:
        UnfinishedError: In place of a backend's error.
    """
    try:
        yield
    except RuntimeError as error:
        said = str(error).strip().splitlines() or [type(error).__name__]
        by_backend = isinstance(error, dist.DistError) or any(
            word in said[0] for word in _SAID_BY_GLOO
        )
        if world.size == 1 or not by_backend:
            raise
        raise UnfinishedError(
            f"process {world.rank} of {world.size} has lost another ({said[0]})",
            "the processes of a fit train together; what was saved at the last epoch is intact",
            "the lost one's own lines, or the node's log, say why; the same command continues",
        ) from error
