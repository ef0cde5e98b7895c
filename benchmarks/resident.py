"""Resident memory of processes and of all that they start, sampled while they run."""

import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path


def peak_resident(processes: "Sequence[subprocess.Popen[bytes]]") -> float:
    """Peak bytes of the largest of these processes, each counted with what it started.

    Pages that several processes share, such as PyTorch's code, are counted once.

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
    """Private pages of all processes, and the shared ones of the one that holds most of them."""
    private, shared = 0, [0]
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = stat.read_text().rpartition(")")[2].split()
            if int(words[3]) != session:
                continue
            sizes = _sizes(stat.with_name("smaps_rollup"))
        except OSError:  # it has just ended
            continue
        private += sizes["Private_Clean"] + sizes["Private_Dirty"]
        shared.append(sizes["Shared_Clean"] + sizes["Shared_Dirty"])
    return float(private + max(shared))


def _sizes(rollup: Path) -> Counter[str]:
    """What a process holds, in bytes by kind."""
    lines = (line.split() for line in rollup.read_text().splitlines()[1:])
    return Counter({name.rstrip(":"): 1024 * int(size) for name, size, *_ in lines})
