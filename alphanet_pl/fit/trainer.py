"""The Lightning Trainer of one fit, in one process or as one of several."""

import gc
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
import torch.distributed as dist
from lightning.pytorch.callbacks import EarlyStopping
from lightning.pytorch.plugins.environments import LightningEnvironment, SLURMEnvironment
from lightning.pytorch.strategies import DDPStrategy
from torch import Tensor
from torch.futures import Future
from torch.nn.parallel import DistributedDataParallel

from alphanet_pl.config.settings import Settings
from alphanet_pl.fit.checkpoints import KeptCheckpoint, SafeCheckpoints
from alphanet_pl.fit.finite import FiniteLoss
from alphanet_pl.fit.folder import LAST
from alphanet_pl.fit.history import STOPS_ON, History
from alphanet_pl.fit.progress import Display, progress_callback, quiet
from alphanet_pl.fit.stop import StopOnSignal
from alphanet_pl.fit.tracking import Curves, build_loggers
from alphanet_pl.job.devices import accelerator_of
from alphanet_pl.job.world import World

PATIENCE = timedelta(minutes=2)
"""How long a process waits for the others before it fails. A killed one is noticed at once, by its
closed connection; this is for one that hangs, and must outlast reading the panel from a slow disk.
"""


def build_trainer(
    settings: Settings,
    folder: Path,
    record: dict[str, Any],
    world: World,
    history: History,
    stops_on: str,
    callbacks: Sequence[pl.Callback] = (),
) -> pl.Trainer:
    """A Trainer whose callbacks, logger and checkpoints live in the fit's folder.

    Args:
        settings: Of the fit.
        folder: Of the fit.
        record: What fit.json says before the first step.
        world: The processes that train together.
        history: Of the fit.
        stops_on: The metric that chooses the epoch to keep, and when to stop.
        callbacks: Besides the fit's own.
    """
    quiet()
    options = settings.trainer
    shown = (
        []
        if any(isinstance(callback, Display) for callback in callbacks)
        else [progress_callback(options.progress and world.rank == 0)]
    )
    kept: Any = {"monitor": stops_on, "mode": STOPS_ON[stops_on]}
    best = KeptCheckpoint(dirpath=folder, filename="best", **kept, enable_version_counter=False)
    # `save_last` would only follow `best`; this one is written every epoch, after it.
    last = KeptCheckpoint(dirpath=folder, filename="last", enable_version_counter=False)
    return pl.Trainer(
        accelerator=accelerator_of(options),
        devices=world.per_node,
        num_nodes=world.nodes,
        strategy=_strategy(world),
        # Named rather than detected: a job called `bash` is detected as no job at all.
        plugins=[_environment(world), SafeCheckpoints()],
        default_root_dir=folder,
        max_epochs=options.max_epochs,
        logger=build_loggers(settings, folder, record) if world.rank == 0 else False,
        callbacks=[
            history,
            Curves(history),
            FiniteLoss(),
            StopOnSignal(folder / LAST),
            EarlyStopping(**kept, patience=options.patience),
            best,
            last,
            *shown,
            *callbacks,
        ],
        enable_model_summary=False,
        enable_progress_bar=False,
        use_distributed_sampler=False,
        num_sanity_val_steps=0,
        log_every_n_steps=1_000_000,
    )


class RankOrderDDP(DDPStrategy):
    """DDP whose gradients are summed in the order of the ranks, so that a resume changes no bit.

    An all-reduce adds in an order that depends on where a number lies in its buffer, and DDP lays
    its buffer out anew after the first step of every start: of four ranks two such sums differ.
    """

    def configure_ddp(self) -> None:
        """Wrap the module, and replace the all-reduce."""
        super().configure_ddp()
        model = self.model
        assert isinstance(model, DistributedDataParallel)
        model.register_comm_hook(None, mean_in_rank_order)


def mean_in_rank_order(_: None, bucket: dist.GradBucket) -> Future[Tensor]:
    """DDP's communication hook: gather all ranks' gradients, then add one rank after another."""
    own = bucket.buffer()
    every = [torch.empty_like(own) for _ in range(dist.get_world_size())]
    # Waited for here, not in a callback: gloo's thread would run and free that, and a process that
    # ends holds the interpreter while it waits for the thread. There is one bucket, so nothing of
    # the backward pass is left to overlap with.
    dist.all_gather(every, own)
    first, *others = every
    own.copy_(first)
    for other in others:
        own.add_(other)
    done: Future[Tensor] = Future(devices=[own.device] if own.is_cuda else None)
    done.set_result(own.div_(len(every)))
    return done


def leave_group() -> None:
    """End this process's part in the group: gloo's threads abort an interpreter that is ending."""
    if dist.is_available() and dist.is_initialized():
        gc.collect()  # a reducer that outlives the group would free it, and wait for its threads
        dist.destroy_process_group()


def _strategy(world: World) -> DDPStrategy | str:
    if world.size == 1:
        return "auto"
    # Batch norm keeps its statistics alike on all ranks by itself.
    return RankOrderDDP(timeout=PATIENCE, broadcast_buffers=False)


def _environment(world: World) -> LightningEnvironment | SLURMEnvironment:
    if world.slurm and world.size > 1:
        return SLURMEnvironment(auto_requeue=False)
    return LightningEnvironment()
