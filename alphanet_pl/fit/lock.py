"""One fit, one job: `lock.json` in the fit's folder says who is training it.

A lock is free to take where its holder is gone for certain:
- a process of this machine that no longer runs (its number may run again: the start tells);
- this very Slurm job before a requeue;
- a Slurm job that Slurm no longer runs, whatever the node.
Any other holder is respected, and the refusal says how to free the lock. There is no clock in this:
a slow disk or a suspended job never loses its lock.

filelock's marker (exclusive creation, which a shared disk serialises) lets one process at a time
decide, for milliseconds. It is not itself the lock: its record has no room for a Slurm job, by
which alone another node can tell that the holder is gone.
"""

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import SoftFileLock, Timeout

from alphanet_pl.job import slurm
from datamodules.base.errors import FitError
from datamodules.base.files import write_json

LOCK = "lock.json"
_DECIDING_SECONDS = 10.0
"""How long another's decision, a matter of milliseconds, is waited for."""


@dataclass(frozen=True)
class Holder:
    """A process that trains a fit.

    Attributes:
        host: Machine.
        pid: Its number there.
        started: When it started, as its machine counts: tells it from a later namesake.
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
    mine = this_process()
    folder.mkdir(parents=True, exist_ok=True)
    before = _read(path)
    stale = before is not None and is_stale(before, mine)  # asks Slurm: not while others wait
    with _deciding(path.with_name("lock.taking")):
        holder = _read(path)
        if holder is not None and not (stale and holder == before):
            raise FitError(
                f"{folder} is being trained by {holder}",
                "a fit is trained by one job at a time",
                f"wait for it; if it has died, rm {path}",
            )
        write_json(path, asdict(mine))
    try:
        yield
    finally:
        if _read(path) == mine:
            path.unlink(missing_ok=True)


def this_process() -> Holder:
    """This process, as a holder."""
    job = slurm.current_job()
    return Holder(
        host=socket.gethostname(),
        pid=os.getpid(),
        started=_start_of(os.getpid()),
        job=job.name if job else None,
        restarts=job.restarts if job else 0,
    )


def is_stale(holder: Holder, mine: Holder) -> bool:
    """Whether a holder certainly trains no more."""
    if holder.host == mine.host:
        return _start_of(holder.pid) != holder.started
    if holder.job is None:
        return False
    if holder.job == mine.job and holder.restarts < mine.restarts:
        return True
    return slurm.has_ended(holder.job)


@contextmanager
def _deciding(marker: Path) -> Iterator[None]:
    lock = SoftFileLock(marker, timeout=_DECIDING_SECONDS)
    try:
        lock.acquire()
    except Timeout:
        raise FitError(
            f"{marker} has been there for {_DECIDING_SECONDS:.0f} seconds",
            "a process of another node died in the moment of taking a lock",
            f"rm {marker}",
        ) from None
    try:
        yield
    finally:
        lock.release()


def _read(path: Path) -> Holder | None:
    try:
        return Holder(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise FitError(f"{path} cannot be read ({error})", "it is a lock", f"rm {path}") from None


def _start_of(pid: int) -> str:
    """When a process of this machine started; "" if it does not run."""
    if not Path("/proc/self/stat").exists():  # macOS
        ps = ["ps", "-o", "lstart=", "-p", str(pid)]
        return subprocess.run(ps, capture_output=True, text=True, check=False).stdout.strip()
    try:
        words = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if words[0] in "ZX" else words[19]
