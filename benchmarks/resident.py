"""Resident memory of processes and of all that they start, sampled while they run."""

import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path


def peak_resident(processes: "Sequence[subprocess.Popen[bytes]]") -> float:
    """Peak bytes of the largest of these processes, each counted with what it started.

    Pages that several processes share are counted in each: the peak is an upper bound.

    Args:
        processes: Each the leader of its own session (`start_new_session=True`).

    Raises:
        RuntimeError: One of them failed.
    """
    peak = 0.0
    while any(process.poll() is None for process in processes):
        peak = max(peak, *(_resident(process.pid) for process in processes))
        time.sleep(0.1)
    if any(process.returncode for process in processes):
        raise RuntimeError(f"a process failed: {[process.args for process in processes]}")
    return peak


def _resident(session: int) -> float:
    pages = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(words[3]) == session:
            pages += int(words[21])
    return float(pages * os.sysconf("SC_PAGE_SIZE"))
