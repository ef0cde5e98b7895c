"""Pre-flight checks: what would make a fit fail an hour later, found in seconds."""

import math
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path

import numpy as np

import alphanet_pl
from alphanet_pl.config.settings import Settings, TrainerSettings
from alphanet_pl.factor.blend import members
from alphanet_pl.factor.roll.plan import plan_study
from alphanet_pl.fit.train import asof_session, check_model, check_panel, check_ranks
from alphanet_pl.fit.wandb_runs import has_key, mode_of
from alphanet_pl.job.devices import check_precision, describe_device, planned_device
from alphanet_pl.job.header import Request, find_request
from alphanet_pl.job.slurm import Resources, TimeLimit, granted, in_job
from alphanet_pl.job.world import ALONE, World, read_world
from alphanet_pl.model.module import AlphaNetModule
from datamodules.base.errors import AlphaNetError, ConfigError, FitError
from datamodules.batches.cross_sections import read_membership
from datamodules.batches.split import Split, split_of
from datamodules.batches.windows import window_ends
from datamodules.panel import Panel

_BASE_BYTES = 900e6
"""Resident memory before anything of the panel: torch, Lightning, a step's working set."""

_LOADER_BYTES = 450e6
"""What each process that reads ahead adds: benchmarks/results/ddp_memory.json."""

_SAMPLES_PER_SECOND = 125_000
"""Trained by one process on one CPU thread, v2, validation included: `benchmarks.epochs` on 400
sessions of the real panel."""


@dataclass(frozen=True)
class Finding:
    """One check: what was looked at, what was found, and the error if it will fail."""

    what: str
    found: str
    error: AlphaNetError | None = None


class Examination:
    """Runs the checks of one fit in order; a check is skipped when one it needs has failed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._request: Request | None = None
        self._resources = Resources()
        self._world = ALONE
        self._panel: Panel
        self._split: Split
        self._stocks: np.ndarray

    def run(self) -> list[Finding]:
        """Every finding, in order."""
        findings = [
            _attempt("settings", self._variant),
            _attempt("packages", check_packages),
            _attempt("job", self._job),
            _attempt("processes", self._processes),
        ]
        chain: tuple[tuple[str, Callable[[], str]], ...] = (
            ("panel", self._open),
            ("panel content", self._verify),
            ("history", self._history),
            ("labels", self._labels),
            ("memory", self._memory),
            ("time", self._time),
            ("rolling", self._rolling),
        )
        for what, check in chain:
            findings.append(_attempt(what, check))
            if findings[-1].error is not None:
                break
        return [
            *findings,
            _attempt("device", self._device),
            _attempt("run folder", self._disk),
            _attempt("Weights & Biases", self._wandb),
        ]

    def _variant(self) -> str:
        scoring = [one.variant for one in members(self._settings)]
        blend = f", the mean of {' and '.join(scoring)}" if len(scoring) > 1 else ""
        return f"{self._settings.variant}{blend}: valid"

    def _job(self) -> str:
        self._request = find_request(self._settings.trainer)
        if self._request is None:
            self._resources = granted()
            if in_job():
                return f"{os.environ['SLURM_JOB_ID']}: what it was granted is checked"
            return "none: checked for a fit on this machine (source slurm/env.sh to check a job)"
        self._resources = self._request.resources
        line = f"sbatch {self._request.to_type}".rstrip()
        return (
            f"{line} slurm/train.sh would ask for {self._request.summary}; checked against that. "
            f"What else you type replaces it: sbatch --test-only {self._request.to_type} ... "
            "slurm/train.sh asks Slurm itself"
        )

    def _processes(self) -> str:
        settings, added = self._settings, ""
        world = planned_world(settings.trainer)
        if self._request is not None:
            world = World(nodes=self._request.nodes, per_node=self._request.tasks)
            if world.size > 1 and not _typed(settings, "data.dates_per_step"):
                added = ", which train.sh adds"
                settings = replace(settings, data=replace(settings.data, dates_per_step=world.size))
            if settings.trainer.accelerator != "cpu":
                self._request.check_gpus()
        check_ranks(settings, world)
        self._world = world
        return (
            f"{world.nodes} x {world.per_node} (nodes x processes on each), "
            f"{settings.data.dates_per_step // world.size} of "
            f"{settings.data.dates_per_step} dates in a step each{added}"
        )

    def _open(self) -> str:
        panel = Panel.open(self._settings.data.panel)
        for one in members(self._settings):
            check_panel(panel, one)
            check_model(panel, one, self._world)
        self._panel = panel.with_features(self._settings.data.features)
        return repr(self._panel)

    def _verify(self) -> str:
        self._panel.verify()
        return "every array matches its checksum"

    def _history(self) -> str:
        asof = asof_session(self._panel, self._settings)
        self._split = split_of(self._panel, self._settings.data, asof)
        return (
            f"as of {self._panel.dates[asof]}: {self._split.in_sample_days} sessions, "
            f"{len(self._split.train)} train, {len(self._split.validation)} validate"
        )

    def _labels(self) -> str:
        sessions = np.concatenate([self._split.train, self._split.validation])
        found = read_membership(self._panel, self._settings.data, sessions)
        empty = len(sessions) - len(found.sessions)
        if empty:
            raise FitError(
                f"{empty} of {len(sessions)} sessions have no two labelled stocks",
                "each is a whole cross-section",
                "see the drop ledger in data_report.json beside the panel",
            )
        self._stocks = found.members.sum(axis=1)
        return f"{self._stocks.min()} to {self._stocks.max()} labelled stocks a session"

    def _memory(self) -> str:
        processes = self._world.per_node
        needed = processes * (_BASE_BYTES + self._held())
        free = self._resources.memory
        if self._request is None:
            free = min(_available_memory(), free or np.inf)
        if free is None:
            return f"about {needed / 1e9:.1f} GB a node; not checked: no --mem is asked for"
        if needed > free:
            raise FitError(
                f"{processes} x the fit's process need about {needed / 1e9:.1f} GB on a node, "
                f"{free / 1e9:.1f} GB are free, granted or asked for",
                "what is kept of the panel must fit for each",
                f"sbatch --mem={math.ceil(needed / 1e9) + 1}G, or data.residency=stream",
            )
        return f"about {needed / 1e9:.1f} GB of {free / 1e9:.1f} GB a node"

    def _held(self) -> float:
        """Bytes that a process keeps of the panel: windows, or a slice of it for pictures.

        The pages of a file are the system's, which takes them back where memory is short.
        """
        data, panel = self._settings.data, self._panel
        if data.residency == "stream":
            return data.workers * _LOADER_BYTES
        if data.residency == "disk":
            return 0.0
        takes = AlphaNetModule.create(self._settings).takes
        sessions = np.concatenate([self._split.train, self._split.validation])
        if takes is None:
            days = int(sessions[-1] - sessions[0]) + panel.picture_days
            return days * len(panel.codes) * len(panel.features) * 4
        held = 0
        while takes is not None:
            ends = {
                end
                for s in sessions
                for end in window_ends(int(s), panel.picture_days, takes.operators)
            }
            width = takes.operators.width(len(panel.features))
            held += len(ends) * len(panel.codes) * width * takes.dtype.itemsize
            takes = takes.also
        return held

    def _time(self) -> str:
        options, limit = self._settings.trainer, self._resources.limit
        epochs = min(options.patience + 1, options.max_epochs)
        samples = int(self._stocks[: len(self._split.train)].sum())
        epoch = samples / (_SAMPLES_PER_SECOND * self._world.size)
        whole = epochs * epoch
        said = f"at least {_clock(whole)} for {epochs} epochs (estimated for one CPU thread each)"
        if limit is None:
            return f"{said}; not checked: no limit is known"
        on_gpu = self._resources.gpus > 0 and options.accelerator != "cpu"
        return f"{said}; {describe_time_left(limit, epoch, whole, on_gpu=on_gpu)}"

    def _rolling(self) -> str:
        try:
            study = plan_study(replace(self._settings, seed=0, asof=None), self._panel)
        except AlphaNetError as error:
            origin = self._settings.origin
            if origin and any(word.startswith("rolling") for word in origin.overrides):
                raise
            return f"not with this panel ({error.given})"
        done = sum(task.done() is not None for task in study.tasks)
        windows = self._panel.dates[[study.windows[0], study.windows[-1]]]
        return (
            f"{len(study.tasks)} fits, {done} done: {len(study.windows)} windows, "
            f"{windows[0]} to {windows[1]}, every one with its history"
        )

    def _device(self) -> str:
        if self._request is not None:
            return planned_device(self._settings.trainer, self._resources.gpus)
        device = describe_device(self._settings.trainer, self._world)
        check_precision(self._settings.trainer)
        return device

    def _disk(self) -> str:
        folder = Path(self._settings.runs).absolute()
        there = next(parent for parent in (folder, *folder.parents) if parent.exists())
        if not os.access(there, os.W_OK):
            raise ConfigError(
                f"runs={self._settings.runs} was given", f"{there} is not writable", "runs=FOLDER"
            )
        free = shutil.disk_usage(there).free
        if free < 100e6:
            raise ConfigError(
                f"{there} has {free / 1e6:.0f} MB free", "a fit wants 100 MB", "runs=FOLDER"
            )
        return f"{folder} is writable, {free / 1e9:.0f} GB free"

    def _wandb(self) -> str:
        options = self._settings.logger
        if not options.wandb:
            return "off (logger=wandb turns it on)"
        if options.mode == "online" and not has_key():
            raise ConfigError(
                "logger.mode=online was given",
                "there is no key for Weights & Biases here, or WANDB_MODE forbids it",
                "wandb login, or logger.mode=auto, which stays offline without one",
            )
        return {
            "online": "online",
            "offline": "offline: wandb sync later",
            "disabled": "off: WANDB_MODE=disabled",
        }[mode_of(options)]


def check_packages() -> str:
    """Refuse another distribution's package of the name of one of ours: only one is imported.

    Raises:
        ConfigError: There is one (the optional extra of wandb installs a package `sweeps`).
    """
    root = Path(alphanet_pl.__file__).parents[1]
    installed = packages_distributions()
    for name in ("datamodules", "sweeps"):
        others = ", ".join({*installed.get(name, ())} - {"alphanet-pl"})
        spec = find_spec(name)
        place = Path(spec.origin).parent if spec and spec.origin else root / name
        if others or place != root / name:
            raise ConfigError(
                f"package {name} is also that of {others or place}",
                "AlphaNet PL has one of this name, and Python imports one of the two",
                f"pip uninstall {others}, then install alphanet-pl again"
                if others
                else f"take {place.parent} off PYTHONPATH",
            )
    return f"imported from {root}"


def planned_world(options: TrainerSettings, environ: Mapping[str, str] = os.environ) -> World:
    """The processes that srun would start in the job that this is part of, or those asked for.

    Raises:
        ConfigError: The settings contradict the allocation.
    """
    if in_job(environ):
        return read_world(options, {**environ, "SLURM_STEP_ID": "0", "SLURM_PROCID": "0"})
    return World(nodes=options.num_nodes or 1, per_node=options.devices or 1)


def describe_time_left(limit: TimeLimit, epoch: float, whole: float, *, on_gpu: bool) -> str:
    """Whether a fit ends under a limit, or goes on after it.

    Args:
        limit: Of its job.
        epoch: Seconds of an epoch, estimated for CPUs.
        whole: Seconds of all its epochs, at least.
        on_gpu: It trains on GPUs, for which there is no estimate.

    Raises:
        FitError: The fit cannot end under this limit, however often the job is requeued.
    """
    left = f"the limit leaves {_clock(limit.seconds)}"
    if limit.signal_seconds is not None and limit.seconds <= limit.signal_seconds:
        raise FitError(
            f"the job ends in {_clock(limit.seconds)}, "
            f"its signal {limit.signal_seconds:.0f} s earlier",
            "every start would be stopped and requeued at once",
            "sbatch --time=LONGER, or --signal=SIGUSR1@SECONDS with fewer",
        )
    if on_gpu:
        return f"{left}; a GPU is faster, how much has not been measured"
    if limit.seconds < epoch:
        raise FitError(
            f"an epoch needs about {_clock(epoch)}, and the job ends in {_clock(limit.seconds)}",
            "a job must last for an epoch",
            f"sbatch --time={math.ceil(2 * epoch / 60) + 5}, more tasks, or a GPU",
        )
    if whole <= limit.seconds:
        return left
    if not limit.requeues:
        raise FitError(
            f"the fit needs at least {_clock(whole)}, and the job ends in {_clock(limit.seconds)}",
            "a job that is not requeued must last for the whole fit",
            "sbatch --requeue --signal=SIGUSR1@120, or a longer --time",
        )
    if limit.signal_seconds:
        return f"{left}: the job is requeued then, and goes on where it stopped"
    missing = (
        "there is no --signal" if limit.signal_seconds == 0 else "without --signal=SIGUSR1@120"
    )
    return f"{left}. WARNING: {missing}: the job ends then, and the same command resumes by epoch"


def _clock(seconds: float) -> str:
    """H:MM:SS."""
    return str(timedelta(seconds=round(seconds)))


def _attempt(what: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(what, check())
    except AlphaNetError as error:
        return Finding(what, "", error)


def _typed(settings: Settings, key: str) -> bool:
    """Whether a setting was given on the command line."""
    overrides = settings.origin.overrides if settings.origin else []
    return any(word.startswith(f"{key}=") for word in overrides)


def _available_memory() -> float:
    """Bytes that a new process can have, by the kernel's own estimate."""
    meminfo = Path("/proc/meminfo")
    if meminfo.is_file():  # not on macOS
        for line in meminfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("MemAvailable:"):
                return float(line.split()[1]) * 1024
    return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
