"""Waiting for what another process does, as long as it lives."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from helpers.warm import Warm


def until(
    holds: Callable[[], object],
    *processes: "subprocess.Popen[str] | Warm",
    seconds: float = 300,
    said: Callable[[], str] = str,
) -> None:
    """Wait until something holds; fail, with all that was said, where it cannot any more.

    Args:
        holds: Asked some hundred times a second, or less.
        processes: None of them may end before.
        seconds: Of patience; no test is faster or better for it.
        said: What to show of other processes, e.g. a log.
    """
    end = time.monotonic() + seconds
    while not holds():
        assert all(process.poll() is None for process in processes), [
            process.communicate() for process in processes
        ]
        assert time.monotonic() < end, f"not within {seconds} s; the log says:\n{said()}"
        time.sleep(0.01 if processes else 0.3)


def epochs_of(fit: Path) -> int:
    """How many epochs a fit has behind it."""
    path = fit / "metrics.csv"
    return path.read_text(encoding="utf-8").count("\n") - 1 if path.is_file() else 0
