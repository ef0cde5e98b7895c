"""What a sweep has to do, and what came of it: its trials, their fit folders, what is done already.

The fit folders are the sweep's only memory. Each resumes on its own from its last epoch, whoever
trained it, so a sweep that was killed in whatever way is planned anew from them; Ray's own record
of an experiment, written every ten seconds, would only be a second and older truth.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alphanet_pl.factor.blend import only_fits
from alphanet_pl.fit.folder import describe_earlier, done_fit, earlier_fits, fit_folder, read_record
from alphanet_pl.fit.train import asof_session, check_model, check_panel
from datamodules.base.errors import ConfigError
from datamodules.batches.split import split_of
from datamodules.panel import Panel
from sweeps.axes import Trial, expand, only_seeds, read_axes
from sweeps.settings import SweepsSettings


@dataclass(frozen=True)
class Planned:
    """A trial and where its fit is or will be."""

    trial: Trial
    asof: str
    folder: Path

    def record(self) -> dict[str, Any] | None:
        """fit.json of its fit, as it is now."""
        return read_record(self.folder)

    def done(self) -> bool:
        """Whether its fit is trained."""
        return done_fit(self.folder) is not None


@dataclass
class Outcome:
    """What became of the trials that were launched.

    Args:
        ended: Names of those that ran to an end: trained, or stopped by the scheduler.
        failed: Name -> why, for those that failed once too often.
        fatal: The sentence that ended the sweep for all.
    """

    ended: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    fatal: str | None = None


def sweep_folder(settings: SweepsSettings) -> Path:
    """runs/EXPERIMENT/sweeps/NAME, the home of a sweep's tables and logs."""
    return Path(settings.runs) / settings.experiment / "sweeps" / settings.sweep.name


def log_of(settings: SweepsSettings, name: str) -> Path:
    """File that takes everything a trial says."""
    return sweep_folder(settings) / "logs" / f"{name}.log"


def ray_log(settings: SweepsSettings) -> Path:
    """File that takes what Ray says."""
    return sweep_folder(settings) / "ray.log"


def plan(settings: SweepsSettings) -> list[Planned]:
    """All trials of a sweep in order, checked against the panel.

    Raises:
        AlphaNetError: A setting or the panel would make a trial fail.
    """
    _check_resources(settings)
    if settings.sweep.asha:
        _check_asha(settings)
    trials = expand(settings)
    panel = Panel.open(settings.data.panel)
    planned = [_place(trial, panel) for trial in trials]
    _refuse_twins(planned)
    return planned


def describe(settings: SweepsSettings, planned: Sequence[Planned]) -> str:
    """One line: how many trials of which axes, and how much of it is done.

    A second one where another protocol has trained some of the rest.
    """
    axes = " x ".join(f"{len(values)} {key}" for key, values in read_axes(settings).items())
    todo = [one for one in planned if not one.done()]
    done, begun = len(planned) - len(todo), sum(one.record() is not None for one in todo)
    earlier = [fit for one in todo for fit in earlier_fits(one.trial.settings, one.asof)]
    line = (
        f"sweep {settings.sweep.name}: {len(planned)} trials ({axes}); "
        f"{done} done already, {begun} begun, {len(todo)} to do"
    )
    return "\n".join(filter(None, [line, describe_earlier(earlier)]))


def _place(trial: Trial, panel: Panel) -> Planned:
    settings = trial.settings
    only_fits(settings, "a sweep")
    check_panel(panel, settings)
    check_model(panel, settings)
    session = asof_session(panel, settings)
    split_of(panel, settings.data, session)
    asof = str(panel.dates[session])
    return Planned(trial, asof, fit_folder(settings, asof, panel.fingerprint))


def _refuse_twins(planned: Sequence[Planned]) -> None:
    seen: dict[Path, str] = {}
    for one in planned:
        other = seen.setdefault(one.folder, one.trial.name)
        if other != one.trial.name:
            raise ConfigError(
                f"{other} and {one.trial.name} are the same fit",
                "every trial differs in what changes the weights",
                "drop one of the values",
            )


def _check_asha(settings: SweepsSettings) -> None:
    if only_seeds(read_axes(settings)):
        raise ConfigError(
            f"sweep.asha=true was given with sweep={settings.sweep.name}",
            "only seeds differ, and stopping unlucky ones early would flatter their mean",
            "sweep.asha=false",
        )
    grace, epochs = settings.sweep.asha_grace, settings.trainer.max_epochs
    if grace >= epochs:
        raise ConfigError(
            f"sweep.asha_grace={grace} was given with trainer.max_epochs={epochs}",
            "no fit would be old enough to be stopped before its last epoch",
            f"sweep.asha_grace={max(1, epochs // 4)}, or sweep.asha=false",
        )


def _check_resources(settings: SweepsSettings) -> None:
    if settings.trainer.devices not in (None, 1):
        raise ConfigError(
            f"trainer.devices={settings.trainer.devices} was given",
            "a trial has one device",
            "trainer.devices=1, or alphanet train for a fit on several",
        )
    threads, cores = settings.trainer.threads, settings.sweep.cpus_per_trial
    if threads is not None and threads != cores:
        raise ConfigError(
            f"trainer.threads={threads} was given with sweep.cpus_per_trial={cores}",
            "a trial computes on exactly the cores it owns",
            f"sweep.cpus_per_trial={threads}",
        )
