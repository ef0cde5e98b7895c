"""Which device and how many threads a process may use."""

import os

import torch

from alphanet_pl.cluster import ALONE, World, cores
from alphanet_pl.errors import ConfigError
from alphanet_pl.settings import TrainerSettings


def describe_device(options: TrainerSettings, world: World = ALONE) -> str:
    """The device that a fit will run on.

    Raises:
        ConfigError: A GPU is asked for and torch sees none, or fewer than there are processes.
    """
    there = torch.cuda.is_available()
    if options.accelerator == "gpu" and not there:
        raise ConfigError(
            "trainer.accelerator=gpu was given",
            "torch sees no GPU here",
            "trainer.accelerator=auto, or check CUDA_VISIBLE_DEVICES",
        )
    if there and options.accelerator != "cpu":
        if torch.cuda.device_count() < world.per_node:
            raise ConfigError(
                f"{world.per_node} processes a node see {torch.cuda.device_count()} GPUs",
                "each takes one, by its number on the node",
                f"sbatch --gpus-per-node={world.per_node} (not --gpus-per-task)",
            )
        return torch.cuda.get_device_name()
    return f"CPU, {threads_of(options, world)} threads"


def threads_of(options: TrainerSettings, world: World = ALONE) -> int:
    """CPU threads of this process: the cores it owns, unless the setting says otherwise."""
    return options.threads or cores(world.per_node)


def use_threads(options: TrainerSettings, world: World = ALONE) -> None:
    """Give torch exactly these threads: one more than there are cores makes it 10 times slower."""
    threads = threads_of(options, world)
    if world.size > 1:
        # Lightning would choose for itself when it meets the other processes.
        os.environ.setdefault("OMP_NUM_THREADS", str(threads))
    torch.set_num_threads(threads)
