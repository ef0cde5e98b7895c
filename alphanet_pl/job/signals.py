"""Signals that ask a fit to stop: noted when they come, answered between two batches.

Slurm sends SIGUSR1 (`--signal=SIGUSR1@180`) before the time limit or a preemption, and SIGTERM
when a job is cancelled, or preempted without warning. A checkpoint saved inside a handler would
meet another process in the middle of a step and wait for it for ever, so a handler only notes.

Nothing here imports torch: the command line arms before it is loaded.
"""

import os
import signal
import subprocess
import threading
from types import FrameType

GO_ON, STOP, REQUEUE = 0, 1, 2
"""What was asked for; where processes disagree, the largest counts."""

_SIGNALS = {signal.SIGTERM: STOP, signal.SIGUSR1: REQUEUE}
_REFUSED, _REQUEUED, _INTERRUPTED, _TERMINATED = 1, 75, 130, 143


class Interrupted(Exception):
    """A fit that was asked to stop, and whose progress is saved.

    Attributes:
        status: Exit status of the command: never 0, which Slurm would take for a finished job.
    """

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.status = status


class _Noted:
    """What the signals so far have asked for."""

    asked = GO_ON


def in_slurm() -> bool:
    """Whether this process is part of a Slurm job."""
    return "SLURM_JOB_ID" in os.environ


def hold() -> None:
    """In a Slurm job: keep its signals for later; none is lost, and none kills.

    Slurm signals every process of a step. What is started while they are held (loader workers, the
    logger's service) inherits that, and lives on to see the checkpoint written.
    """
    if not in_slurm() or not _in_main_thread():
        return
    for number in _SIGNALS:
        signal.signal(number, _note)
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)


def outlive_warning() -> None:
    """In a Slurm job: go on after the signal that precedes the time limit, which would kill.

    For a verb that is done in minutes, and has no progress that it could save.
    """
    if in_slurm() and _in_main_thread():
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)


def listen() -> None:
    """From here on note the signals as they come: who calls this looks at `asked` now and then.

    A sweep's worker trains in a thread, which cannot take signals: who started it stops it.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in _SIGNALS if in_slurm() else [signal.SIGTERM]:
        signal.signal(number, _note)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


def asked() -> int:
    """What this process has been asked for: GO_ON, STOP or REQUEUE."""
    return _Noted.asked


def answer(request: int, where: str) -> Interrupted:
    """Requeue the job if that is right; the exception that ends the command.

    Args:
        request: STOP or REQUEUE, agreed by all processes.
        where: How far the saved checkpoint is, in words.
    """
    if not in_slurm():
        return Interrupted("interrupted: the same command continues where it stopped", _INTERRUPTED)
    # Slurm signals this process's children too: a late one would kill scontrol.
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    if request == STOP and _state() != "RUNNING":
        return Interrupted(f"stopped: saved at {where}; the same command continues", _TERMINATED)
    refusal = _requeue(job_name())
    if refusal is None:
        return Interrupted(f"requeued: job {job_name()} continues at {where}", _REQUEUED)
    return Interrupted(
        f"saved at {where}, but Slurm does not requeue job {job_name()} ({refusal})\n"
        "HINT: submit the same command again; it continues there",
        _REFUSED,
    )


def job_name() -> str:
    """The job as scontrol names it; a task of an array by both numbers, else all would requeue."""
    array = os.environ.get("SLURM_ARRAY_JOB_ID")
    if array is not None:
        return f"{array}_{os.environ['SLURM_ARRAY_TASK_ID']}"
    return os.environ["SLURM_JOB_ID"]


def _in_main_thread() -> bool:
    """Signals belong to the main thread; Ray runs a trial in another."""
    return threading.current_thread() is threading.main_thread()


def _note(number: int, frame: FrameType | None) -> None:
    _Noted.asked = max(_Noted.asked, _SIGNALS[signal.Signals(number)])


def _state() -> str:
    """State of the job: RUNNING after SIGTERM means preempted, for a cancelled one is completing.

    A preempted job that ends by itself in its grace time is not requeued by Slurm.
    """
    command = ["squeue", "--noheader", "--format=%T", f"--jobs={job_name()}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def _requeue(job: str) -> str | None:
    """Ask Slurm to run the job again; None, or why it does not."""
    command = ["scontrol", "requeue", job]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return None if done.returncode == 0 else (done.stderr or done.stdout).strip()
