"""Peak resident memory of a 1,500-session, 4,000-stock fit: pictures are never materialised.

python -m benchmarks.memory

Of the fit and its loader processes together, which streaming has; an epoch of every 25th session.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.full_size import full_size_panel
from benchmarks.race import write
from benchmarks.resident import peak_resident


def measure(folder: Path, residency: str, *overrides: str) -> float:
    """Peak resident bytes of one fit in its own process; a few of its dates tell as much as all."""
    panel = full_size_panel(folder / "panel.zarr")
    words = (
        "train",
        "data=parquet",
        f"data.panel={panel.path}",
        f"data.residency={residency}",
        "data.sample_step=25",
        "trainer.max_epochs=1",
        "trainer.threads=1",
        "trainer.accelerator=cpu",
        f"runs={folder}",
        f"experiment={residency}",
        *overrides,
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "alphanet_pl", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        start_new_session=True,
    )
    return peak_resident([process])


def main() -> None:
    """Measure both residencies; what is kept grows with the dates, so all of them are drawn."""
    with tempfile.TemporaryDirectory() as folder:
        peaks = {
            "host": measure(Path(folder), "host", "data.sample_step=2"),
            "stream": measure(Path(folder), "stream"),
        }
    figures = {f"{name} GB": round(peak / 1e9, 2) for name, peak in peaks.items()}
    write("memory", figures | {"budget GB": {"host": 6.0, "stream": 2.0}})


if __name__ == "__main__":
    main()
