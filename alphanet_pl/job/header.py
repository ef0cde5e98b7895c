"""What `sbatch slurm/train.sh` would ask of Slurm, as far as its plain options tell.

Read are the header's lines `#SBATCH --NAME=VALUE`, and SBATCH_* of the shell in place of them. What
else there is to know (other forms, options typed, a site's defaults) Slurm itself says:
`sbatch --test-only slurm/train.sh`.
"""

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from alphanet_pl.config.settings import TrainerSettings
from alphanet_pl.job.slurm import Resources, TimeLimit, in_job
from datamodules.base.errors import ConfigError

_PLAIN = {
    "nodes": r"\d+",
    "ntasks-per-node": r"\d+",
    "gpus-per-node": r"([\w.-]+:)?\d+",
    "cpus-per-task": r"\d+",
    "mem": r"\d+[KMGT]?",
    "time": r"(\d+-)?\d+:\d+:\d+|\d+",
    "signal": r"(SIG)?USR1@\d+",
}
"""Options that are checked, in the form in which they are understood."""

_SHELL = {
    "gpus-per-node": "SBATCH_GPUS_PER_NODE",
    "mem": "SBATCH_MEM_PER_NODE",
    "time": "SBATCH_TIMELIMIT",
    "signal": "SBATCH_SIGNAL",
}
"""Options that sbatch takes from the shell, before the header's; none for nodes and tasks."""

_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


@dataclass(frozen=True)
class Request:
    """A job that is not submitted yet.

    Attributes:
        nodes: Machines.
        tasks: Processes on each of them.
        resources: What each of them is to give.
        to_type: Options that replace the header's, as the settings given ask for.
        summary: All of it in words, with where each value is from.
    """

    nodes: int
    tasks: int
    resources: Resources
    to_type: str
    summary: str

    def check_gpus(self) -> None:
        """Refuse what slurm/train.sh would refuse in the job.

        Raises:
            ConfigError: There is not one task for each GPU.
        """
        gpus = self.resources.gpus
        if gpus not in (0, self.tasks):
            raise ConfigError(
                f"{self.tasks} tasks and {gpus} GPUs on a node ({self.summary})",
                "one process drives one GPU",
                f"sbatch --ntasks-per-node={gpus}, or --gpus-per-node={self.tasks}",
            )


def find_request(
    options: TrainerSettings, environ: Mapping[str, str] = os.environ
) -> Request | None:
    """The request of slurm/train.sh, in a shell that has sourced slurm/env.sh and has an sbatch.

    None in a job, and for who trains where it is typed.
    """
    if in_job(environ) or "ALPHANET_HOME" not in environ:
        return None
    script = Path(environ["ALPHANET_HOME"]) / "slurm" / "train.sh"
    if not script.is_file() or not shutil.which("sbatch", path=environ.get("PATH")):
        return None
    return parse_request(script.read_text(encoding="utf-8"), options, environ)


def parse_request(script: str, options: TrainerSettings, environ: Mapping[str, str]) -> Request:
    """What a script with this text asks for.

    Args:
        script: The job script.
        options: trainer.num_nodes and trainer.devices replace the header's, as they have to on the
            sbatch line: a job whose allocation contradicts them is refused.
        environ: The shell that sbatch is typed in.
    """
    header = takewhile(lambda line: line[:1] in ("", "#"), script.splitlines())
    found = dict(re.findall(r"^#SBATCH --([a-z-]+)=?(\S*)", "\n".join(header), re.MULTILINE))
    requeues = "requeue" in found and "SBATCH_NO_REQUEUE" not in environ
    sources = {name: shell for name, shell in _SHELL.items() if shell in environ}
    found |= {name: environ[shell] for name, shell in sources.items()}
    found = {name: found[name] for name in _PLAIN if name in found}
    typed = {"nodes": options.num_nodes, "ntasks-per-node": options.devices}
    if found.get("gpus-per-node", "0") != "0":
        typed["gpus-per-node"] = options.devices
    changed = {name: str(value) for name, value in typed.items() if value is not None}
    changed = {name: value for name, value in changed.items() if found.get(name) != value}
    found |= changed
    sources |= dict.fromkeys(changed, "to be typed")
    plain = {name: text for name, text in found.items() if re.fullmatch(_PLAIN[name], text)}
    sources |= {
        name: "not checked: sbatch --test-only" for name in found.keys() - plain.keys() - {"signal"}
    }
    return Request(
        nodes=int(plain.get("nodes", 1)),
        tasks=int(plain.get("ntasks-per-node", 1)),
        resources=Resources(
            gpus=int(plain.get("gpus-per-node", "0").rpartition(":")[2]),
            memory=_bytes(plain.get("mem", "0")),
            limit=_limit(plain, requeues=requeues),
        ),
        to_type=" ".join(f"--{name}={value}" for name, value in changed.items()),
        summary=", ".join(
            f"--{name}={value}" + (f" ({sources[name]})" if name in sources else "")
            for name, value in found.items()
        ),
    )


def _limit(plain: Mapping[str, str], *, requeues: bool) -> TimeLimit | None:
    """The time of H:M:S, DAYS-H:M:S or MINUTES; 0 is none."""
    days, _, clock = plain.get("time", "0").rpartition("-")
    hours, minutes, seconds = (clock if ":" in clock else f"0:{clock}:0").split(":")
    whole = ((int(days or 0) * 24 + int(hours)) * 60 + int(minutes)) * 60.0 + int(seconds)
    # Any other signal, or one with B: for the script alone, gives a fit no time.
    signal_seconds = float(plain.get("signal", "0").rpartition("@")[2])
    return TimeLimit(whole, requeues, signal_seconds) if whole else None


def _bytes(text: str) -> float | None:
    """Of a number of megabytes, or of another unit; 0 is all there is."""
    unit = text[-1] if text[-1] in _UNITS else "M"
    return float(text.rstrip("KMGT")) * _UNITS[unit] or None
