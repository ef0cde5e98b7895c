"""Which processes train together, read from Slurm's environment and checked against the settings.

Nothing here imports torch: `doctor` and the command line ask before anything heavy is loaded.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from alphanet_pl.config.settings import TrainerSettings
from alphanet_pl.job.slurm import in_job, number
from datamodules.base.errors import ConfigError

_FIRST_RESERVED_STEP = 0xFFFFFFF0
"""Slurm's own steps (batch script, salloc shell) have ids from here on; srun counts from 0."""


@dataclass(frozen=True)
class World:
    """The processes of one fit.

    Attributes:
        nodes: Machines.
        per_node: Processes on each of them, one a device.
        rank: This process among all; 0 writes and speaks.
        slurm: Started by srun; otherwise Lightning starts the others itself.
    """

    nodes: int = 1
    per_node: int = 1
    rank: int = 0
    slurm: bool = False

    @property
    def size(self) -> int:
        """Number of processes."""
        return self.nodes * self.per_node


ALONE = World()
"""One process."""


def read_world(options: TrainerSettings, environ: Mapping[str, str] = os.environ) -> World:
    """The processes of the fit that this command is part of.

    Raises:
        ConfigError: The settings contradict the Slurm allocation, or its tasks were not started
            the way that they can find one another.
    """
    if by_srun(environ):
        return _read_step(options, environ)
    devices, tasks = options.devices or 1, number(environ, "SLURM_NTASKS", 1)
    if in_job(environ) and (tasks, devices) != (1, 1) and options.devices != 1:
        raise ConfigError(
            f"this is one process of a Slurm job with {tasks} tasks"
            f"{_given('trainer.devices', options.devices)}",
            "Slurm starts the tasks of a fit, and one that waits for the others hangs",
            f"sbatch --ntasks-per-node={max(tasks, devices)} and srun alphanet train ..., or"
            " trainer.devices=1 for a single process",
        )
    if (options.num_nodes or 1) > 1:
        raise ConfigError(
            f"trainer.num_nodes={options.num_nodes} was given outside of Slurm",
            "several nodes are started by srun",
            "sbatch slurm/train.sh, or trainer.num_nodes=1",
        )
    # Lightning starts the others itself, and numbers them.
    return World(per_node=devices, rank=number(environ, "LOCAL_RANK") if devices > 1 else 0)


def by_srun(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether srun started this process: not a batch script's shell, nor one of salloc's."""
    step = environ.get("SLURM_STEP_ID", "")
    named = in_job(environ) and "SLURM_PROCID" in environ
    return named and step.isdigit() and int(step) < _FIRST_RESERVED_STEP


def global_rank(environ: Mapping[str, str] = os.environ) -> int:
    """This process's rank as its launcher numbers it, before any setting is read."""
    return number(environ, "SLURM_PROCID" if by_srun(environ) else "LOCAL_RANK")


def cores(per_node: int = 1, environ: Mapping[str, str] = os.environ) -> int:
    """CPU cores of this process, one of `per_node` on this machine.

    Slurm without cgroups lets a task see every core of its node, so its own count is asked first.
    """
    # macOS knows no affinity.
    affinity = getattr(os, "sched_getaffinity", None)
    seen = len(affinity(0)) if affinity else os.cpu_count() or 1
    own = seen // per_node
    if by_srun(environ):
        own = number(environ, "SLURM_CPUS_ON_NODE", seen) // per_node
        own = number(environ, "SLURM_CPUS_PER_TASK", own)
    return max(1, min(seen, own))


def _read_step(options: TrainerSettings, environ: Mapping[str, str]) -> World:
    tasks = number(environ, "SLURM_STEP_NUM_TASKS", number(environ, "SLURM_NTASKS", 1))
    nodes = number(environ, "SLURM_STEP_NUM_NODES", number(environ, "SLURM_NNODES", 1))
    if tasks > 1 and "SLURM_NTASKS_PER_NODE" not in environ:
        raise ConfigError(
            f"--ntasks={tasks} was given to Slurm",
            "that leaves open how many tasks a node gets, and every node needs the same number",
            f"sbatch --nodes={nodes} --ntasks-per-node={max(1, tasks // nodes)}",
        )
    per_node = tasks // nodes
    asked = number(environ, "SLURM_NTASKS_PER_NODE", per_node)
    if (per_node * nodes, per_node) != (tasks, asked):
        raise ConfigError(
            f"srun started {tasks} tasks on {nodes} nodes, where --ntasks-per-node={asked}",
            "every node needs the same number, and that one",
            "srun alphanet train ... takes all nodes and tasks of the job",
        )
    _agree("devices", options.devices, per_node, "--ntasks-per-node")
    _agree("num_nodes", options.num_nodes, nodes, "--nodes")
    return World(
        nodes=nodes,
        per_node=per_node,
        rank=number(environ, "SLURM_PROCID"),
        slurm=True,
    )


def _agree(name: str, wanted: int | None, there: int, flag: str) -> None:
    if wanted is not None and wanted != there:
        raise ConfigError(
            f"trainer.{name}={wanted} was given",
            f"this Slurm job runs with {flag}={there}",
            f"sbatch {flag}={wanted}, or trainer.{name}={there} (null reads it from Slurm)",
        )


def _given(key: str, value: int | None) -> str:
    return "" if value is None else f" with {key}={value}"
