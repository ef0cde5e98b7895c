"""What Slurm grants the job that this command is part of, and whether a fit ends in its time."""

import math
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from datamodules.base.errors import FitError

_MEGABYTE = 2**20
"""Slurm's unit of memory."""


@dataclass(frozen=True)
class TimeLimit:
    """When the job must end, and what happens then.

    Attributes:
        seconds: Left from now on.
        requeues: Slurm may start the job again, so that a fit can go on after the limit.
        lead: Seconds before the limit at which a signal stops the fit, which has the job requeued;
            0 without a signal, None where that is not known: Slurm does not tell a running job.
    """

    seconds: float
    requeues: bool
    lead: float | None = None


def granted_gpus(environ: Mapping[str, str] = os.environ) -> int:
    """GPUs of the job on this node; 0 outside a job."""
    return _number(environ, "SLURM_GPUS_ON_NODE") or 0


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


def outlook(limit: TimeLimit, epoch: float, whole: float, *, on_gpu: bool) -> str:
    """How a fit ends under a limit.

    Args:
        limit: Of its job.
        epoch: Seconds of an epoch, estimated for CPUs.
        whole: Seconds of all its epochs, at least.
        on_gpu: It trains on GPUs, for which there is no estimate.

    Raises:
        FitError: It never does.
    """
    left = f"the limit leaves {clock(limit.seconds)}"
    if limit.lead is not None and limit.seconds <= limit.lead:
        raise FitError(
            f"the job ends in {clock(limit.seconds)}, its signal {limit.lead:.0f} s earlier",
            "every start would be stopped and requeued at once",
            "sbatch --time=LONGER, or --signal=SIGUSR1@SECONDS with fewer",
        )
    if on_gpu:
        return f"{left}; a GPU is faster, how much has not been measured"
    if limit.seconds < epoch:
        raise FitError(
            f"an epoch needs about {clock(epoch)}, and the job ends in {clock(limit.seconds)}",
            "a job must last for an epoch",
            f"sbatch --time={math.ceil(2 * epoch / 60) + 5}, more tasks, or a GPU",
        )
    if whole <= limit.seconds:
        return left
    if not limit.requeues:
        raise FitError(
            f"the fit needs at least {clock(whole)}, and the job ends in {clock(limit.seconds)}",
            "a job that is not requeued must last for the whole fit",
            "sbatch --requeue --signal=SIGUSR1@120, or a longer --time",
        )
    if limit.lead:
        return f"{left}: the job is requeued then, and goes on where it stopped"
    missing = "there is no --signal" if limit.lead == 0 else "without --signal=SIGUSR1@120"
    return f"{left}. WARNING: {missing}: the job ends then, and the same command resumes by epoch"


def clock(seconds: float) -> str:
    """H:MM:SS."""
    return str(timedelta(seconds=round(seconds)))


def _number(environ: Mapping[str, str], name: str) -> int | None:
    text = environ.get(name, "")
    return int(text) if text.isdigit() else None
