"""What Slurm grants the job that this command is part of: memory and time."""

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

_MEGABYTE = 2**20
"""Slurm's unit of memory."""


@dataclass(frozen=True)
class TimeLimit:
    """When the job must end, and what happens then.

    Attributes:
        seconds: Left from now on.
        requeues: Slurm may start the job again, so that a fit can go on after the limit.
    """

    seconds: float
    requeues: bool


def granted_memory(environ: Mapping[str, str] = os.environ) -> float | None:
    """Bytes that the job may use on this node; None outside a job, or where Slurm sets no limit."""
    whole = _number(environ, "SLURM_MEM_PER_NODE")
    if whole is None:
        each, cores = _number(environ, "SLURM_MEM_PER_CPU"), _number(environ, "SLURM_CPUS_ON_NODE")
        whole = each * cores if each and cores else None
    return whole * _MEGABYTE if whole else None  # 0 asks for all there is


def time_limit(environ: Mapping[str, str] = os.environ) -> TimeLimit | None:
    """The job's limit; None outside a job, without a limit, or where Slurm does not answer."""
    if "SLURM_JOB_ID" not in environ:
        return None
    command = ["scontrol", "--oneliner", "show", "job", environ["SLURM_JOB_ID"]]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse_limit(done.stdout, datetime.now())


def parse_limit(record: str, now: datetime) -> TimeLimit | None:
    """The limit in a record of `scontrol show job`, whose times are local."""
    end = re.search(r" EndTime=(\d{4}-\S+)", record)
    if end is None or " TimeLimit=UNLIMITED" in record:
        return None
    left = datetime.fromisoformat(end[1]) - now
    return TimeLimit(left.total_seconds(), " Requeue=1" in record)


def _number(environ: Mapping[str, str], name: str) -> int | None:
    text = environ.get(name, "")
    return int(text) if text.isdigit() else None
