"""Which device and how many threads a process may use."""

import os
from pathlib import Path
from typing import Literal

import torch

from alphanet_pl.config.settings import TrainerSettings
from alphanet_pl.job.slurm import granted_gpus
from alphanet_pl.job.world import ALONE, World, cores
from datamodules.base.errors import ConfigError


def accelerator_of(options: TrainerSettings) -> Literal["cpu", "gpu"]:
    """What `trainer.accelerator=auto` is here: Apple's GPUs lack float64, so CUDA's or the CPU."""
    return "gpu" if options.accelerator != "cpu" and torch.cuda.is_available() else "cpu"


def describe_device(options: TrainerSettings, world: World = ALONE) -> str:
    """The device that a fit will run on.

    Raises:
        ConfigError: A GPU is asked for, or granted by Slurm, and torch sees none, or fewer than
            there are processes.
    """
    there = torch.cuda.is_available()
    if options.accelerator == "gpu" and not there:
        raise ConfigError(
            "trainer.accelerator=gpu was given",
            "torch sees no GPU here",
            "trainer.accelerator=auto, or check CUDA_VISIBLE_DEVICES",
        )
    if not there and options.accelerator == "auto" and granted_gpus():
        raise ConfigError(
            f"Slurm granted {granted_gpus()} GPUs on this node",
            f"torch sees none of them ({_build()})",
            "the modules and the environment in slurm/env.sh; trainer.accelerator=cpu trains"
            " without a GPU",
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


def check_precision(options: TrainerSettings) -> None:
    """Refuse half precision where the processor that computes would only imitate it.

    Raises:
        ConfigError: Products in bfloat16 are asked for, and it has none.
    """
    if options.precision == "32-true":
        return
    on_gpu = accelerator_of(options) == "gpu"
    if not (torch.cuda.is_bf16_supported(False) if on_gpu else cpu_multiplies_bfloat16()):
        raise ConfigError(
            f"trainer.precision={options.precision} was given",
            f"this {'GPU' if on_gpu else 'processor'} has no products in bfloat16",
            "trainer.precision=32-true",
        )


def cpu_multiplies_bfloat16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether the kernel lists bfloat16 among what the processor can (x86 and ARM)."""
    words = set(cpuinfo.read_text(encoding="utf-8").split()) if cpuinfo.is_file() else set()
    return not words.isdisjoint({"avx512_bf16", "amx_bf16", "bf16"})


def planned_device(options: TrainerSettings, gpus: int) -> str:
    """The device of a job that is not submitted yet.

    Args:
        options: What is asked of torch.
        gpus: What is asked of Slurm, a node.

    Raises:
        ConfigError: The two contradict each other, or this torch drives no GPU at all.
    """
    if options.accelerator == "cpu":
        return f"CPU; {gpus} GPUs a node would be idle" if gpus else "CPU"
    if not gpus and options.accelerator == "gpu":
        raise ConfigError(
            "trainer.accelerator=gpu was given",
            "no GPU is asked of Slurm",
            "sbatch --gpus-per-node=K, or trainer.accelerator=auto",
        )
    if not gpus:
        return "CPU"
    if not (torch.backends.cuda.is_built() or torch.version.hip):
        raise ConfigError(
            f"{gpus} GPUs a node are asked of Slurm",
            f"torch can use none ({_build()})",
            "a torch with CUDA, or sbatch --gpus-per-node=0 (SBATCH_GPUS_PER_NODE=0 in env.sh)",
        )
    return f"{gpus} GPUs a node, not seen from here ({_build()})"


def _build() -> str:
    cuda = f"for CUDA {torch.version.cuda}" if torch.version.cuda else "built without CUDA"
    return f"torch {torch.__version__}, {cuda}"


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
