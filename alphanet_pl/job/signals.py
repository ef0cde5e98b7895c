"""Signals that ask a fit to stop: noted when they come, answered between two batches.

Slurm sends SIGUSR1 (`--signal=SIGUSR1@180`) before the time limit or a preemption, and SIGTERM
when a job is cancelled, or preempted without warning. A checkpoint saved inside a handler would
meet another process in the middle of a step and wait for it for ever, so a handler only notes.

Nothing here imports torch: the command line blocks the signals before it is loaded.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from alphanet_pl.job import slurm

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


class Terminated(KeyboardInterrupt):
    """SIGTERM came where nothing notes it: an exception, so that what was begun is cleared away."""

    status = _TERMINATED


class _Noted:
    """What the signals so far have asked for."""

    request = GO_ON


def block() -> None:
    """In a Slurm job: block SIGTERM and SIGUSR1 until `install`; pending ones come then.

    Slurm signals every process of a step. What is started while they are blocked (loader workers,
    the logger's service) inherits that, and lives on to see the checkpoint written.
    """
    if slurm.in_job() and _in_main_thread():
        for one in _SIGNALS:
            signal.signal(one, _note)
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)


def ignore_warning() -> None:
    """In a Slurm job: ignore SIGUSR1, which comes before the time limit and would kill.

    For a verb that is done in minutes, and has no progress that it could save.
    """
    if slurm.in_job() and _in_main_thread():
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)


@contextmanager
def terminable() -> Iterator[None]:
    """Turn SIGTERM into `Terminated` for the length of a with statement, unless `install` notes it.

    Where it is blocked or ignored it stays so.
    """
    before = signal.getsignal(signal.SIGTERM)
    if not _in_main_thread() or before is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def install() -> None:
    """Note the signals from here on: who calls this looks at `pending_request` now and then.

    Not in a thread, which cannot take signals: the worker of a sweep is stopped by its driver.
    """
    if not _in_main_thread():
        return
    for one in _SIGNALS if slurm.in_job() else [signal.SIGTERM]:
        signal.signal(one, _note)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


def pending_request() -> int:
    """What this process has been asked for: GO_ON, STOP or REQUEUE."""
    return _Noted.request


def stop_if_asked(where: str) -> None:
    """Take a signal that came while it was blocked; not among ranks, which would part.

    Raises:
        Interrupted: One asked for a stop.
    """
    install()
    if pending_request() != GO_ON:
        raise stop_or_requeue(pending_request(), where)


def stop_or_requeue(request: int, where: str) -> Interrupted:
    """Requeue the job if that is right; the exception that ends the command.

    SIGTERM means preempted where Slurm still calls the job running (one that ends by itself in its
    grace time is not requeued by Slurm), and cancelled where it is completing.

    Args:
        request: STOP or REQUEUE, agreed by all processes.
        where: How far the saved checkpoint is, in words.
    """
    job = slurm.current_job()
    if job is None:
        sentence = f"interrupted at {where}: the same command continues where it stopped"
        return Interrupted(sentence, _INTERRUPTED)
    # Slurm signals this process's children too: a late one would kill scontrol.
    for one in _SIGNALS:
        signal.signal(one, signal.SIG_IGN)
    if request == STOP and slurm.state(job.name) != "RUNNING":
        if slurm.is_requeued(job):
            return Interrupted(f"requeued: job {job.name} continues at {where}", _TERMINATED)
        return Interrupted(f"stopped: saved at {where}; the same command continues", _TERMINATED)
    refusal = slurm.requeue(job.name)
    if refusal is None:
        return Interrupted(f"requeued: job {job.name} continues at {where}", _REQUEUED)
    return Interrupted(
        f"saved at {where}, but Slurm does not requeue job {job.name} ({refusal})\n"
        "HINT: submit the same command again; it continues there",
        _REFUSED,
    )


def _in_main_thread() -> bool:
    """Signals belong to the main thread; Ray runs a trial in another."""
    return threading.current_thread() is threading.main_thread()


def _terminate(received: int, frame: FrameType | None) -> None:
    raise Terminated


def _note(received: int, frame: FrameType | None) -> None:
    _Noted.request = max(_Noted.request, _SIGNALS[signal.Signals(received)])
