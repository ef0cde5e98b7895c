"""Resident memory of each rank of a streamed fit, for a panel and one of twice the sessions.

    python -m benchmarks.ddp_memory

2,000 stocks, one thread a rank; a rank's loader process is counted with it.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.full_size import full_size_panel
from benchmarks.race import write

SESSIONS, STOCKS, RANKS = 800, 2000, (1, 2, 4)


def measure(folder: Path, sessions: int, ranks: int) -> float:
    """Peak resident bytes of the largest rank of a fit on that many sessions."""
    panel = full_size_panel(folder / f"panel_{sessions}.zarr", sessions, STOCKS)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = (
        "train",
        "data=parquet",
        f"data.panel={panel.path}",
        "data.residency=stream",
        f"data.in_sample_days={sessions - 40}",
        f"data.dates_per_step={ranks}",
        "data.sample_step=20",
        "trainer.max_epochs=1",
        f"trainer.devices={ranks}",
        "trainer.threads=1",
        "trainer.accelerator=cpu",
        f"runs={folder}",
        f"experiment={ranks}_of_{sessions}",
    )
    environ = os.environ | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "alphanet_pl", *words],
            env=environ | {"LOCAL_RANK": str(rank), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for rank in range(ranks)
    ]
    peak = 0.0
    while any(process.poll() is None for process in processes):
        peak = max(peak, *(resident(process.pid) for process in processes))
        time.sleep(0.1)
    if any(process.returncode for process in processes):
        raise RuntimeError(f"the fit of {ranks} ranks on {sessions} sessions failed")
    return peak


def resident(session: int) -> float:
    """Bytes of all processes of a session: a rank, and what it started."""
    pages = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(words[3]) == session:
            pages += int(words[21])
    return float(pages * os.sysconf("SC_PAGE_SIZE"))


def main() -> None:
    result: dict[str, object] = {"stocks": STOCKS}
    with tempfile.TemporaryDirectory() as folder:
        for sessions in (SESSIONS, 2 * SESSIONS):
            result[f"GB a rank, {sessions} sessions"] = {
                f"{ranks} ranks": round(measure(Path(folder), sessions, ranks) / 1e9, 3)
                for ranks in RANKS
            }
    write("ddp_memory", result)


if __name__ == "__main__":
    main()
