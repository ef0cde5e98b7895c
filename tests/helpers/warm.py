"""Commands as processes of their own, forked from one that has imported everything already.

The imports of a fit take seconds of a core, as often as a test starts a process. A fork has
them; arguments, environment, signals and exit status are as of `python -m alphanet_pl`. What is
read as a module is imported, or Python starts, is the first process's: hash seed, OMP_NUM_THREADS.

    process = Warm(["train", "variant=v2.1"], env=os.environ)
    process.send_signal(signal.SIGUSR1)
    out, err = process.communicate()
"""

import atexit
import contextlib
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any

from lightning.pytorch.utilities import rank_zero_only
from torch.multiprocessing.spawn import start_processes

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["alphanet_pl.cli.main", "alphanet_pl.fit.train", "pandas"])


def spawn(work: Callable[..., None], args: tuple[Any, ...], ranks: int) -> None:
    """Run `work(rank, *args)` in so many processes, as `torch.multiprocessing.spawn`."""
    start_processes(work, args, ranks, start_method="forkserver")


class Warm:
    """What tests use of `subprocess.Popen`, for a command of alphanet whose output is piped."""

    def __init__(self, words: Sequence[str], env: Mapping[str, str]) -> None:
        self.returncode: int | None = None
        ends = [FORKS.Pipe(duplex=False) for _ in range(2)]
        given = (list(words), dict(env), Path.cwd(), *(write for _, write in ends))
        self._process = FORKS.Process(target=_run, args=given)
        self._process.start()
        atexit.register(self.kill)  # else Python would wait for one that a failed test leaves
        for _, write in ends:
            write.close()
        self.stdout, self.stderr = (
            os.fdopen(os.dup(read.fileno()), encoding="utf-8") for read, _ in ends
        )

    @property
    def pid(self) -> int:
        """Of the process."""
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """The exit status, minus the number of a signal that killed it; None while it runs."""
        self.returncode = self._process.exitcode
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the exit status."""
        self._process.join(timeout)
        if self.poll() is None:
            raise subprocess.TimeoutExpired("alphanet", timeout or 0)
        assert self.returncode is not None
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Read both pipes to their ends; wait for the exit.

        Raises:
            subprocess.TimeoutExpired: After so many seconds somebody still holds a pipe.
        """
        end = None if timeout is None else time.monotonic() + timeout
        with ThreadPoolExecutor(2) as pool:
            said = [pool.submit(_read, pipe) for pipe in (self.stdout, self.stderr)]
            _, late = wait(said, timeout)
            if late:
                self.kill()  # so that the pool ends
                raise subprocess.TimeoutExpired("alphanet", timeout or 0)
        self.wait(None if end is None else max(0.0, end - time.monotonic()))
        atexit.unregister(self.kill)
        out, err = (one.result() for one in said)
        return out, err

    def send_signal(self, number: int) -> None:
        """Send it, unless the process has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """By SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """By SIGKILL."""
        self.send_signal(signal.SIGKILL)


def _read(pipe: IO[str]) -> str:
    with pipe:
        return pipe.read()


def _run(
    words: list[str], env: dict[str, str], folder: Path, out: Connection, err: Connection
) -> None:
    """Be `python -m alphanet_pl`."""
    for number, end in ((1, out), (2, err)):
        os.dup2(end.fileno(), number)
        end.close()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=stream is sys.stderr)  # type: ignore[union-attr]
    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder)
    rank_zero_only.rank = int(env.get("SLURM_PROCID", 0))  # Lightning's, read as it is imported
    multiprocessing.set_start_method(None, force=True)  # type: ignore[arg-type]  # not the server's
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = ["alphanet", *words]
    try:
        runpy.run_module("alphanet_pl", run_name="__main__", alter_sys=True)
    finally:
        atexit._run_exitfuncs()  # a child of multiprocessing leaves them out
