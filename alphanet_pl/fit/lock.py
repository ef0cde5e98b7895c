"""One fit, one job: `lock.json` in the fit's folder says who is training it.

Who holds a lock is gone, and the lock free to take, where
- it is a process of this machine that no longer runs (its number may run again: the start tells);
- it is this very Slurm job before a requeue;
- it is a Slurm job that Slurm no longer runs.
Of any other holder nobody here can tell, so the lock is respected and the refusal says how to
free it. There is no clock in this: a slow disk or a suspended job never loses its lock.
"""

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from alphanet_pl.job.signals import job_name
from datamodules.base.errors import FitError
from datamodules.base.files import flush

LOCK = "lock.json"
_ENDED = {"", "PENDING", "CANCELLED", "COMPLETED", "FAILED", "TIMEOUT", "PREEMPTED", "NODE_FAIL"}
_TAKING_SECONDS = 10.0
"""How long another's takeover, a matter of milliseconds, is waited for."""


@dataclass(frozen=True)
class Holder:
    """A process that trains a fit.

    Attributes:
        host: Machine.
        pid: Its number there.
        started: Its start in clock ticks since the machine's: tells it from a later namesake.
        job: Slurm job as scontrol names it, or None.
        restarts: How often Slurm has requeued the job.
    """

    host: str
    pid: int
    started: str
    job: str | None
    restarts: int

    def __str__(self) -> str:
        job = f"Slurm job {self.job}, " if self.job else ""
        return f"{job}process {self.pid} on {self.host}"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock for the length of a with statement.

    Raises:
        FitError: Another process holds it; the sentence says who, and how to free it.
    """
    path = folder / LOCK
    mine = me()
    folder.mkdir(parents=True, exist_ok=True)
    if not _create(path, mine):
        _take_over(path, mine)
    try:
        yield
    finally:
        if _read(path) == mine:
            path.unlink(missing_ok=True)


def me() -> Holder:
    """This process, as a holder."""
    slurm = "SLURM_JOB_ID" in os.environ
    return Holder(
        host=socket.gethostname(),
        pid=os.getpid(),
        started=_start_of(os.getpid()),
        job=job_name() if slurm else None,
        restarts=int(os.environ.get("SLURM_RESTART_COUNT", 0)) if slurm else 0,
    )


def is_gone(holder: Holder, mine: Holder) -> bool:
    """Whether a holder certainly trains no more."""
    if holder.host == mine.host and _start_of(holder.pid) == holder.started:
        return False
    if holder.job is None:
        return holder.host == mine.host
    if holder.job == mine.job:
        return holder.restarts < mine.restarts or holder.host == mine.host
    return _slurm_state(holder.job) in _ENDED


def _create(path: Path, holder: Holder) -> bool:
    """Put a complete lock in place unless there is one: linking is atomic, on NFS too."""
    aside = path.with_name(f".{path.name}.{holder.host}.{holder.pid}")
    try:
        aside.write_text(json.dumps(asdict(holder), indent=2) + "\n", encoding="utf-8")
        flush(aside)
        path.hardlink_to(aside)
    except FileExistsError:
        return False
    finally:
        aside.unlink(missing_ok=True)
    return True


def _take_over(path: Path, mine: Holder) -> None:
    """Replace a lock whose holder is gone; a second lock lets one process at a time try."""
    holder = _read(path)
    gone = holder is not None and is_gone(holder, mine)  # asks Slurm: not while others wait
    taking = path.with_name("lock.taking.json")
    deadline = time.monotonic() + _TAKING_SECONDS
    while not _create(taking, mine):
        if time.monotonic() > deadline:
            raise FitError(
                f"{taking} has been there for {_TAKING_SECONDS:.0f} seconds",
                "a process died in the moment of taking over a lock",
                f"rm {taking}",
            )
        time.sleep(0.05)
    try:
        if gone and _read(path) == holder:
            path.unlink()
        if not _create(path, mine):
            raise FitError(
                f"{path.parent} is being trained by {_read(path)}",
                "a fit is trained by one job at a time",
                f"wait for it; if it has died, rm {path}",
            )
    finally:
        taking.unlink(missing_ok=True)


def _read(path: Path) -> Holder | None:
    try:
        return Holder(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise FitError(f"{path} cannot be read ({error})", "it is a lock", f"rm {path}") from None


def _start_of(pid: int) -> str:
    """When a process of this machine started, in clock ticks since the machine did; "" if none."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if words[0] in "ZX" else words[19]


def _slurm_state(job: str) -> str:
    """State of a job, "" where Slurm has forgotten it, "unknown" where Slurm cannot be asked."""
    command = ["squeue", "--noheader", "--format=%T", f"--jobs={job}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    if done.returncode and "Invalid job id" not in done.stderr:
        return "unknown"
    return done.stdout.strip()
