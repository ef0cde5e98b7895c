"""Pre-flight checks: what would make a fit fail an hour later, found in seconds."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from alphanet_pl.devices import describe_device
from alphanet_pl.errors import AlphaNetError, ConfigError, FitError
from alphanet_pl.loggers import is_offline
from alphanet_pl.settings import Settings
from alphanet_pl.train import asof_session, check_panel
from datamodules.panel import Panel
from datamodules.sections import read_sections, split_of
from datamodules.split import Split

_BASE_BYTES = 900e6
"""Resident memory before any slice of the panel: torch, Lightning, a step's working set."""


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
        self._panel: Panel
        self._split: Split

    def run(self) -> list[Finding]:
        """Every finding, in order."""
        findings = [Finding("settings", f"{self._settings.variant}: valid")]
        chain: tuple[tuple[str, Callable[[], str]], ...] = (
            ("panel", self._open),
            ("panel content", self._verify),
            ("history", self._history),
            ("labels", self._labels),
            ("memory", self._memory),
        )
        for what, check in chain:
            findings.append(_attempt(what, check))
            if findings[-1].error is not None:
                break
        findings += [_attempt("device", self._device), _attempt("run folder", self._disk)]
        return [*findings, Finding("Weights & Biases", self._wandb())]

    def _open(self) -> str:
        self._panel = Panel.open(self._settings.data.panel)
        check_panel(self._panel, self._settings)
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
        found = read_sections(self._panel, self._settings.data, sessions)
        empty = len(sessions) - len(found.sessions)
        if empty:
            raise FitError(
                f"{empty} of {len(sessions)} sessions have no two labelled stocks",
                "each is a whole cross-section",
                "see the drop ledger in data_report.json beside the panel",
            )
        stocks = found.members.sum(axis=1)
        return f"{stocks.min()} to {stocks.max()} labelled stocks a session"

    def _memory(self) -> str:
        days = self._split.validation[-1] - self._split.train[0] + self._panel.picture_days
        held = days * len(self._panel.codes) * len(self._panel.features) * 4
        if self._settings.data.residency == "stream":
            held = 0
        needed, free = _BASE_BYTES + held, _available_memory()
        if needed > free:
            raise FitError(
                f"the fit needs about {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are free",
                "the slice of the panel must fit",
                "data.residency=stream",
            )
        return f"about {needed / 1e9:.1f} GB of {free / 1e9:.1f} GB free"

    def _device(self) -> str:
        return describe_device(self._settings.trainer)

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
        return "offline: wandb sync later" if is_offline(options) else "online"


def _attempt(what: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(what, check())
    except AlphaNetError as error:
        return Finding(what, "", error)


def _available_memory() -> float:
    """Bytes that a new process can have, by the kernel's own estimate."""
    for line in Path("/proc/meminfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("MemAvailable:"):
            return float(line.split()[1]) * 1024
    return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
