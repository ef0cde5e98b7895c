"""The Ray cluster of a sweep: one of its own on this machine, or one that is joined."""

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ray
from ray.exceptions import RayError

from datamodules.base.errors import ConfigError, UnfinishedError
from sweeps.settings import SweepsSettings

_PATIENCE = 120
"""Seconds."""


@contextmanager
def cluster(settings: SweepsSettings) -> Iterator[None]:
    """Ray for the duration of a sweep.

    Raises:
        ConfigError: No cluster answers at `ray.address`.
        UnfinishedError: Fewer nodes than `ray.nodes` came.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    address = settings.ray.address
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address is None:
        # "local": without it Ray would join whatever cluster it finds on this machine.
        cores = len(os.sched_getaffinity(0))
        ray.init("local", num_cpus=cores, include_dashboard=False, **quiet)
    else:
        try:
            ray.init(address, **quiet)
        except (ConnectionError, RuntimeError, ValueError, RayError) as error:
            raise ConfigError(
                f"ray.address={address} was given",
                f"no Ray cluster answers there ({str(error).splitlines()[0]})",
                "ray start --head, and RAY_AUTH_MODE=token on all sides where it asks for a token; "
                "or ray.address=null for Ray on this machine",
            ) from None
    try:
        _wait(settings.ray.nodes)
        yield
    finally:
        ray.shutdown()


def _wait(wanted: int) -> None:
    """Give every node of the cluster time to join: a trial never moves to one that comes late."""
    until = time.monotonic() + _PATIENCE
    while (there := sum(node["Alive"] for node in ray.nodes())) < wanted:
        if time.monotonic() > until:
            raise UnfinishedError(
                f"{there} of {wanted} nodes have joined Ray in {_PATIENCE} s",
                "a sweep starts when all are there",
                f"the logs of the others say why; ray.nodes={there} starts with these",
            )
        time.sleep(0.5)


def gpus_per_trial(settings: SweepsSettings) -> float:
    """Share of a GPU that each trial owns: what was asked for, or a whole one if there is one.

    Raises:
        ConfigError: No node of the cluster has what a trial asks for; Ray would wait forever.
    """
    cpus, asked = settings.sweep.cpus_per_trial, settings.sweep.gpus_per_trial
    accelerator, nodes = settings.trainer.accelerator, _nodes()
    most_cpus, most_gpus = (max(node.get(kind, 0.0) for node in nodes) for kind in ("CPU", "GPU"))
    if cpus > most_cpus:
        raise ConfigError(
            f"sweep.cpus_per_trial={cpus} was given",
            f"the largest node of the cluster has {most_cpus:g} cores",
            f"sweep.cpus_per_trial={most_cpus:g}",
        )
    gpus = asked
    if gpus is None:
        gpus = 0.0 if accelerator == "cpu" or not most_gpus else 1.0
    if gpus > most_gpus or (accelerator == "gpu" and not gpus):
        raise ConfigError(
            f"trainer.accelerator={accelerator} and sweep.gpus_per_trial={asked} were given",
            f"Ray sees {most_gpus:g} GPUs on the best node, and a trial needs a share of one",
            "sweep.gpus_per_trial=1"
            if most_gpus
            else "sweep.gpus_per_trial=0 trainer.accelerator=cpu",
        )
    if not any(_room(node, cpus, gpus) for node in nodes):
        most = max(node.get("CPU", 0.0) for node in nodes if node.get("GPU", 0.0) >= gpus)
        raise ConfigError(
            f"a trial asks for {cpus} cores and {gpus:g} of a GPU",
            f"nodes of the cluster that have a GPU have at most {most:g} cores",
            f"sweep.cpus_per_trial={most:g}",
        )
    return gpus


def at_once(settings: SweepsSettings, gpus: float) -> int:
    """Trials that the cluster runs at the same time."""
    fits = sum(_room(node, settings.sweep.cpus_per_trial, gpus) for node in _nodes())
    return min(fits, settings.sweep.max_concurrent or fits)


def _nodes() -> list[dict[str, float]]:
    """What each node has: its CPU and GPU among others, as Ray counts them."""
    return [node["Resources"] for node in ray.nodes() if node["Alive"]]


def _room(node: dict[str, float], cpus: int, gpus: float) -> int:
    """Trials that a node holds at once; a share of a GPU is one GPU's, never two halves."""
    room = int(node.get("CPU", 0.0) // cpus)
    if gpus:
        room = min(room, int(node.get("GPU", 0.0)) * int(1 / gpus + 1e-9))
    return room
