"""Which device and how many threads a process may use."""

import os

import torch

from alphanet_pl.errors import ConfigError
from alphanet_pl.settings import TrainerSettings


def describe_device(options: TrainerSettings) -> str:
    """The device that a fit will run on.

    Raises:
        ConfigError: A GPU is asked for, and torch sees none.
    """
    there = torch.cuda.is_available()
    if options.accelerator == "gpu" and not there:
        raise ConfigError(
            "trainer.accelerator=gpu was given",
            "torch sees no GPU here",
            "trainer.accelerator=auto, or check CUDA_VISIBLE_DEVICES",
        )
    if there and options.accelerator != "cpu":
        return torch.cuda.get_device_name()
    return f"CPU, {threads_of(options)} threads"


def threads_of(options: TrainerSettings) -> int:
    """CPU threads of this process: the cores it may use, unless the setting says otherwise."""
    return options.threads or len(os.sched_getaffinity(0))


def use_threads(options: TrainerSettings) -> None:
    """Give torch exactly these threads: one more than there are cores makes it 10 times slower."""
    torch.set_num_threads(threads_of(options))
