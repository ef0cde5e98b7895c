"""Submitting the job scripts to a real Slurm, and waiting for what becomes of them."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from helpers.waiting import until

ROOT = Path(__file__).resolve().parents[2]
ONE = ("--nodes=1", "--ntasks-per-node=1")
TWO = ("--nodes=2", "--ntasks-per-node=1")
FOUR = ("--nodes=2", "--ntasks-per-node=2")
_SMALL = ("--gpus-per-node=0", "--cpus-per-task=1", "--mem=4G", "--time=10")
_LIVE = {"PENDING", "RUNNING", "CONFIGURING", "COMPLETING", "REQUEUED", "SUSPENDED", "SIGNALING"}
FIT = (
    "data.in_sample_days=120",
    "trainer.learning_rate=1e-3",
    "trainer.max_epochs=1",
    "trainer.accelerator=cpu",
)


@dataclass(frozen=True)
class Site:
    """What slurm/env.sh would say: a folder of runs and a panel, both on shared files."""

    runs: Path
    panel: Path

    def environment(self, **more: str) -> dict[str, str]:
        """The shell that a user types sbatch in."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        place = {"ALPHANET_RUNS": str(self.runs), "ALPHANET_PANEL": str(self.panel)}
        place["ALPHANET_HOME"] = str(ROOT)
        return os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)} | place | more

    def submit(
        self, options: Sequence[str], *words: str, script: str = "train.sh", **env: str
    ) -> str:
        """The job's number; submitted from a folder that has nothing to do with the repository."""
        command = ["sbatch", "--parsable", *_SMALL, *options, str(ROOT / "slurm" / script)]
        return self.call([*command, *words], **env).strip()

    def call(self, command: Sequence[str], status: int | None = 0, **env: str) -> str:
        """What a command of this shell prints; it must end with this status, None for any."""
        done = subprocess.run(
            command, cwd=self.runs, env=self.environment(**env), capture_output=True, text=True,
            check=False, timeout=200,
        )  # fmt: skip
        assert status in (None, done.returncode), done.stderr
        return done.stdout

    def limit(self, job: str, minutes: int) -> None:
        """Give a job another time limit."""
        self.call(["scontrol", "update", f"JobId={job}", f"TimeLimit={minutes}"])

    def log(self, job: str) -> str:
        """All that the job has said."""
        return "\n".join(f.read_text() for f in sorted((self.runs / "slurm").glob(f"*-{job}*.out")))

    def until(self, holds: Callable[[], object], job: str, seconds: float = 200) -> None:
        """Wait until something holds of a job; where it does not, fail with the job's log."""
        until(holds, seconds=seconds, said=lambda: self.log(job))

    def epochs(self, job: str) -> list[int]:
        """The epochs that a job's log tells of, each as often as it does.

        Wherever their lines begin: srun may cut another rank's line for them.
        """
        return [int(number) for number in re.findall(r"epoch (\d+)  ", self.log(job))]

    def ends(self, job: str, seconds: float = 250) -> str:
        """Wait for the end of a job or of all parts of an array; its state(s), joined."""
        self.until(lambda: not _LIVE & set(states(job)), job, seconds)
        return "+".join(sorted(set(states(job))))

    def fits(self, experiment: str) -> list[Path]:
        """The fit folders of an experiment."""
        return sorted(path.parent for path in self.runs.glob(f"{experiment}/*/*/*/fit.json"))


def states(job: str) -> list[str]:
    """States of a job, or of each part of an array."""
    return [line["JobState"] for line in records(job)]


def records(job: str) -> list[dict[str, str]]:
    """What Slurm keeps of a job, by name of the field."""
    done = subprocess.run(
        ["scontrol", "-o", "show", "job", job], capture_output=True, text=True, check=True
    )
    return [dict(re.findall(r"(\w+)=(\S*)", line)) for line in done.stdout.splitlines() if line]
