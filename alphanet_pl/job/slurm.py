"""The one client for Slurm: its variables, its commands, and the job this process belongs to.

Nothing here imports torch: the command line asks before anything heavy is loaded.
"""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

_WHOSE = ("JOB_ID", "ARRAY_JOB_ID", "ARRAY_TASK_ID", "RESTART_COUNT")
"""Variables that say which job this is, and not what it was granted."""

_STATUS = "ALPHANET_STATUS"
"""Variable for the file in which a job script looks for the status of its command."""

_FIRST_SECONDS = 10.0
"""How long another process waits for the first, which meets the same mistake at the same time."""

_MEGABYTE = 2**20
"""Slurm's unit of memory."""

_NO_PROCESS = (
    *("PENDING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "SPECIAL_EXIT", "REVOKED"),
    *("CANCELLED", "COMPLETED", "DEADLINE", "TIMEOUT", "PREEMPTED"),
    *("FAILED", "BOOT_FAIL", "NODE_FAIL", "OUT_OF_MEMORY"),
)
"""States of a job of which nothing runs; squeue says nothing at all of most that have ended."""


@dataclass(frozen=True)
class Job:
    """A Slurm job.

    Attributes:
        name: As scontrol takes it.
        restarts: How often Slurm has requeued it.
    """

    name: str
    restarts: int = 0


@dataclass(frozen=True)
class TimeLimit:
    """When a job must end, and what happens then.

    Attributes:
        seconds: Left from now on.
        requeues: Slurm may start the job again, so that a fit can go on after the limit.
        signal_seconds: Before the limit, when a signal stops the fit and has the job requeued; 0
            without a signal, None where that is not known: Slurm does not tell a running job.
    """

    seconds: float
    requeues: bool
    signal_seconds: float | None = None


@dataclass(frozen=True)
class Resources:
    """What a job has, or asks for, on each of its nodes.

    Attributes:
        gpus: Their number.
        memory: Bytes; None for all there is, or the site's own default.
        limit: Its time; None where it has none, or the site's own default.
    """

    gpus: int = 0
    memory: float | None = None
    limit: TimeLimit | None = None


def number(environ: Mapping[str, str], name: str, otherwise: int = 0) -> int:
    """A whole number among environment variables."""
    text = environ.get(name, "")
    return int(text) if text.isdigit() else otherwise


def in_job(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether this process is part of an allocation."""
    return "SLURM_JOB_ID" in environ


def current_job(environ: Mapping[str, str] = os.environ) -> Job | None:
    """The job this process belongs to, also after `leave_allocation`; None outside of any.

    A task of an array has the array's number and its own: by the first alone all would requeue.
    """
    if not in_job(environ):
        return None
    array, task = environ.get("SLURM_ARRAY_JOB_ID"), environ.get("SLURM_ARRAY_TASK_ID")
    name = environ["SLURM_JOB_ID"] if array is None else f"{array}_{task}"
    return Job(name, number(environ, "SLURM_RESTART_COUNT"))


def leave_allocation() -> None:
    """Delete Slurm's variables but those that say whose job this is.

    A trial in a worker of Ray has one device of Ray's choosing and is no task of Slurm's, but the
    lock of its fit has to name the job: another node can only ask Slurm whether that still runs.
    """
    kept = {f"SLURM_{name}" for name in _WHOSE}
    for name in [name for name in os.environ if name.startswith("SLURM_")]:
        if name not in kept:
            del os.environ[name]


def report_status(status: int) -> None:
    """Write a command's exit status where its job script waits for it.

    srun never learns how a process ended whose daemon (slurmstepd) has died.
    """
    if path := os.environ.get(_STATUS):
        aside = Path(f"{path}.{os.getpid()}")
        aside.write_text(f"{status}\n", encoding="utf-8")
        aside.replace(path)


def first_status() -> int | None:
    """What `report_status` wrote in the first process of this command, waited for a while.

    None where that one goes on, or where no job script looks for it.
    """
    path = os.environ.get(_STATUS)
    until = time.monotonic() + _FIRST_SECONDS
    while path and time.monotonic() < until:
        with suppress(OSError, ValueError):
            return int(Path(path).read_text(encoding="utf-8"))
        time.sleep(0.1)
    return None


def granted_gpus(environ: Mapping[str, str] = os.environ) -> int:
    """GPUs of the job on this node; 0 outside a job."""
    return number(environ, "SLURM_GPUS_ON_NODE")


def granted(environ: Mapping[str, str] = os.environ) -> Resources:
    """What Slurm granted the job on this node; nothing and no limits outside of one."""
    cores = number(environ, "SLURM_CPUS_ON_NODE")
    megabytes = number(environ, "SLURM_MEM_PER_NODE", number(environ, "SLURM_MEM_PER_CPU") * cores)
    return Resources(granted_gpus(environ), megabytes * _MEGABYTE or None, time_limit(environ))


def time_limit(environ: Mapping[str, str] = os.environ) -> TimeLimit | None:
    """The job's limit; None outside a job, without a limit, or where Slurm does not answer."""
    if not in_job(environ):
        return None
    done = _call("scontrol", "--oneliner", "show", "job", environ["SLURM_JOB_ID"])
    return None if isinstance(done, Exception) else parse_limit(done.stdout, datetime.now())


def parse_limit(record: str, now: datetime) -> TimeLimit | None:
    """The limit in a record of `scontrol show job`, whose times are local."""
    end = re.search(r" EndTime=(\d{4}-\S+)", record)
    if end is None or " TimeLimit=UNLIMITED" in record:
        return None
    left = datetime.fromisoformat(end[1]) - now
    return TimeLimit(left.total_seconds(), " Requeue=1" in record)


def state(job: str) -> str | None:
    """State of a job; "" where Slurm has forgotten it, None where Slurm cannot be asked."""
    done = _call("squeue", "--noheader", "--format=%T", f"--jobs={job}")
    if isinstance(done, Exception):
        return None
    if done.returncode and "Invalid job id" not in done.stderr:
        return None
    return done.stdout.strip()


def has_ended(job: str) -> bool:
    """Whether nothing of a job runs any more, for certain."""
    found = state(job)
    return found == "" or found in _NO_PROCESS


def is_requeued(job: Job) -> bool:
    """Whether Slurm has been told to run a job again since it started this time."""
    done = _call("scontrol", "--oneliner", "show", "job", job.name)
    found = None if isinstance(done, Exception) else re.search(r" Restarts=(\d+)", done.stdout)
    return found is not None and int(found[1]) > job.restarts


def requeue(job: str) -> str | None:
    """Have Slurm run a job again; None, or why it does not."""
    done = _call("scontrol", "requeue", job)
    if isinstance(done, Exception):
        return str(done)
    return None if done.returncode == 0 else (done.stderr or done.stdout).strip()


def _call(*words: str) -> "subprocess.CompletedProcess[str] | Exception":
    """Run one of Slurm's commands; an error where there is none or it does not answer."""
    try:
        return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return error


def with_place(words: Sequence[str], environ: Mapping[str, str] = os.environ) -> list[str]:
    """The words as slurm/train.sh completes them with the folder and the panel of slurm/env.sh.

    Where there is no job to complete them for, they stay as they are.

    Args:
        words: key=value, as typed.
        environ: What env.sh has exported.
    """
    submits = in_job(environ) or shutil.which("sbatch", path=environ.get("PATH"))
    if "ALPHANET_HOME" not in environ or not submits:
        return [*words]
    from alphanet_pl.config.compose import quoted_value  # not for a verb's help
    from alphanet_pl.config.keys import conf_dir

    typed = dict(word.split("=", 1) for word in words if "=" in word)  # the last one counts
    added, runs, panel = [], environ.get("ALPHANET_RUNS"), environ.get("ALPHANET_PANEL")
    if runs and "runs" not in typed:
        added.append(f"runs={quoted_value(runs)}")
    named = typed.get("data", "parquet")
    shipped = (conf_dir() / "data" / f"{named}.yaml").is_file()  # else it names its panel
    if panel and "data.panel" not in typed and shipped and named != "simulated":
        added.append(f"data.panel={quoted_value(panel)}")
        added += [] if "data" in typed else ["data=parquet"]
    return [*words, *added]
