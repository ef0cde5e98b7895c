"""What `sbatch slurm/train.sh` would ask of Slurm: the header, and SBATCH_* of the shell."""

import argparse
import os
import re
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from alphanet_pl.config.settings import TrainerSettings
from alphanet_pl.job.allocation import TimeLimit
from datamodules.base.errors import ConfigError

_SHELL = {
    "gpus-per-node": "SBATCH_GPUS_PER_NODE",
    "mem": "SBATCH_MEM_PER_NODE",
    "time": "SBATCH_TIMELIMIT",
    "signal": "SBATCH_SIGNAL",
}
"""Options that sbatch takes from the shell, before the header's; none for nodes and tasks."""

_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_DEFAULT_LEAD = 60
"""Seconds before the limit at which a signal comes that names none (sbatch's manual)."""


@dataclass(frozen=True)
class Request:
    """A job that is not submitted yet.

    Attributes:
        nodes: Machines.
        tasks: Processes on each of them.
        gpus: GPUs on each of them.
        memory: Bytes on each of them; None for all there is, or the site's own default.
        limit: Its time; None for the site's own default.
        typed: Options that replace the header's, as the settings given ask for.
        told: All of it in words, with where each value is from.
    """

    nodes: int
    tasks: int
    gpus: int
    memory: float | None
    limit: TimeLimit | None
    typed: str
    told: str

    def check_gpus(self) -> None:
        """Refuse what slurm/train.sh would refuse in the job.

        Raises:
            ConfigError: There is not one task for each GPU.
        """
        if self.gpus not in (0, self.tasks):
            raise ConfigError(
                f"{self.tasks} tasks and {self.gpus} GPUs on a node ({self.told})",
                "one process drives one GPU",
                f"sbatch --ntasks-per-node={self.gpus}, or --gpus-per-node={self.tasks}",
            )


def find_request(
    options: TrainerSettings, environ: Mapping[str, str] = os.environ
) -> Request | None:
    """The request of slurm/train.sh, in a shell that has sourced slurm/env.sh and has an sbatch.

    None in a job, and for who trains where it is typed.

    Raises:
        ConfigError: The request cannot be read.
    """
    if "SLURM_JOB_ID" in environ or "ALPHANET_HOME" not in environ:
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

    Raises:
        ConfigError: A value is none of sbatch's.
    """
    found, sources = _header(script), {}
    for name, variable in _SHELL.items():
        if variable in environ:
            found[name], sources[name] = environ[variable], variable
    if "SBATCH_REQUEUE" in environ or "SBATCH_NO_REQUEUE" in environ:
        found["requeue"] = "yes" if "SBATCH_REQUEUE" in environ else "no"
    typed = {}
    if options.num_nodes is not None:
        typed["nodes"] = str(options.num_nodes)
    if options.devices is not None:
        typed["ntasks-per-node"] = str(options.devices)
        if _gpus(found.get("gpus-per-node", "0")):
            typed["gpus-per-node"] = str(options.devices)
    typed = {name: value for name, value in typed.items() if found.get(name) != value}
    found |= typed
    sources |= dict.fromkeys(typed, "to be typed")
    return Request(
        nodes=_number("nodes", found.get("nodes", "1").partition("-")[0]),
        tasks=_number("ntasks-per-node", found.get("ntasks-per-node", "1")),
        gpus=_gpus(found.get("gpus-per-node", "0")),
        memory=_memory(found["mem"]) if "mem" in found else None,
        limit=_limit(found),
        typed=" ".join(f"--{name}={value}" for name, value in typed.items()),
        told=", ".join(
            f"--{name}={value}" + (f" ({sources[name]})" if name in sources else "")
            for name, value in found.items()
            if name != "requeue"
        ),
    )


def _header(script: str) -> dict[str, str]:
    """Options of the lines #SBATCH before the first command, by long name."""
    parser = argparse.ArgumentParser(allow_abbrev=False, add_help=False, exit_on_error=False)
    parser.add_argument("--nodes", "-N")
    for name in ("ntasks-per-node", "gpus-per-node", "mem"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--time", "-t")
    parser.add_argument("--signal")
    parser.add_argument("--requeue", dest="requeue", action="store_const", const="yes")
    parser.add_argument("--no-requeue", dest="requeue", action="store_const", const="no")
    words: list[str] = []
    for line in script.splitlines():
        if line.startswith("#SBATCH"):
            words += shlex.split(line.removeprefix("#SBATCH"), comments=True)
        elif line.strip() and not line.startswith("#"):
            break
    found = vars(parser.parse_known_args(words)[0])
    return {name.replace("_", "-"): value for name, value in found.items() if value is not None}


def _limit(found: Mapping[str, str]) -> TimeLimit | None:
    if found.get("time", "0").upper() in ("0", "INFINITE", "UNLIMITED"):
        return None
    lead = 0.0  # with B: the signal ends the script alone, and with it the job
    if match := re.fullmatch(r"(?:R:)?(?:(?:SIG)?USR1|10)(?:@(\d+))?", found.get("signal", "")):
        lead = float(match[1] or _DEFAULT_LEAD)
    # A site may requeue every job, and cannot be asked from here: only the header's word counts.
    return TimeLimit(_seconds(found["time"]), found.get("requeue") == "yes", lead)


def _seconds(text: str) -> float:
    """Of MINUTES, MINUTES:SECONDS, H:M:S, DAYS-H, DAYS-H:M or DAYS-H:M:S."""
    days, dash, rest = text.rpartition("-")
    parts = [_number("time", part) for part in rest.split(":")]
    units = (3600, 60, 1) if dash or len(parts) == 3 else (60, 1)
    whole = _number("time", days) * 86400 if dash else 0
    return float(whole + sum(one * unit for one, unit in zip(parts, units, strict=False)))


def _memory(text: str) -> float | None:
    match = re.fullmatch(r"(\d+)([KMGT]?)B?", text.upper())
    if match is None:
        raise _unreadable("mem", text)
    return float(match[1]) * _UNITS[match[2] or "M"] or None  # 0 asks for all there is


def _gpus(text: str) -> int:
    """Of NUMBER, TYPE or TYPE:NUMBER, several with commas."""
    numbers = [part.rpartition(":")[2] for part in text.split(",")]
    return sum(int(number) if number.isdigit() else 1 for number in numbers)


def _number(name: str, text: str) -> int:
    if not text.isdigit():
        raise _unreadable(name, text)
    return int(text)


def _unreadable(name: str, text: str) -> ConfigError:
    return ConfigError(
        f"--{name}={text} is asked for by slurm/train.sh or the shell",
        "sbatch knows no such value",
        f"the header of slurm/train.sh, and {_SHELL.get(name, 'the sbatch line')}",
    )
