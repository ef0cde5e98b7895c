"""Resident memory of each rank of a streamed fit, for a panel and one of four times the sessions.

    python -m benchmarks.ddp_memory

2,000 stocks, one thread a rank; a rank's loader processes are counted with it. Both fits draw as
many dates, spread over their panel: the panel is compared, not how long a fit runs. The peak
varies by a tenth with the moments at which freed memory returns, so each fit is run three times.
"""

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.full_size import full_size_panel
from benchmarks.race import write
from benchmarks.resident import peak_resident

SESSIONS, TIMES, STOCKS, RANKS = 800, 4, 2000, (1, 2, 4)
ROUNDS = range(3)


def measure(folder: Path, sessions: int, ranks: int, turn: int) -> float:
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
        f"data.sample_step={20 * sessions // SESSIONS}",
        "trainer.max_epochs=1",
        f"trainer.devices={ranks}",
        "trainer.threads=1",
        "trainer.accelerator=cpu",
        f"runs={folder}",
        f"experiment={ranks}_of_{sessions}_{turn}",
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
    return peak_resident(processes)


def main() -> None:
    result: dict[str, object] = {"stocks": STOCKS}
    with tempfile.TemporaryDirectory() as folder:
        for ranks in RANKS:
            peaks = [
                [measure(Path(folder), sessions, ranks, turn) for turn in ROUNDS]
                for sessions in (SESSIONS, TIMES * SESSIONS)
            ]
            result[f"{ranks} ranks"] = {
                "GB a rank": [[round(peak / 1e9, 3) for peak in sorted(each)] for each in peaks],
                f"ratio of the medians, {TIMES} times the sessions": round(
                    median(peaks[1]) / median(peaks[0]), 3
                ),
            }
    write("ddp_memory", result)


if __name__ == "__main__":
    main()
