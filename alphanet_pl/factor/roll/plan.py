"""What a rolling study consists of: one fit for every window and seed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from alphanet_pl.config.settings import Settings
from alphanet_pl.factor.roll.windows import check_history, last_session, window_sessions
from alphanet_pl.fit.fits import Fit, done_fit, earlier_fits
from alphanet_pl.fit.identity import fit_folder
from alphanet_pl.fit.train import check_panel
from datamodules.base.errors import ConfigError, FitError
from datamodules.batches.split import split_of
from datamodules.panel import Panel


@dataclass(frozen=True)
class Task:
    """One fit of the study.

    Attributes:
        settings: Those of the fit, with its as-of date and seed.
        session: As-of session.
        folder: Where it is, or will be.
        size: Stock-days it trains and validates on: what its time is proportional to.
    """

    settings: Settings
    session: int
    folder: Path
    size: int

    def __str__(self) -> str:
        return f"{self.settings.variant} {self.settings.asof} seed {self.settings.seed}"

    def done(self) -> Fit | None:
        """The fit, if it is finished."""
        return done_fit(self.folder)

    def earlier(self) -> list[Fit]:
        """What it would be under another protocol, where that is trained and this is not."""
        return [] if self.done() else earlier_fits(self.settings, self.folder.parent.name)


@dataclass(frozen=True)
class Plan:
    """A rolling study on a panel.

    Attributes:
        panel: One panel for every fit and score.
        windows: (W,) as-of sessions, ascending.
        last: Last session that is scored.
        tasks: A fit for every window and seed, windows first.
    """

    panel: Panel
    windows: Sequence[int]
    last: int
    tasks: Sequence[Task]

    def ensembles(self) -> list[list[Fit]]:
        """The finished fits of each window, by seed.

        Raises:
            FitError: One is missing: fewer seeds are never averaged silently.
        """
        found = [(task, task.done()) for task in self.tasks]
        missing = [task for task, fit in found if fit is None]
        if missing:
            raise FitError(
                f"{len(missing)} of {len(found)} fits are not trained: {name(missing)}",
                "every window's factor is the mean of all its seeds",
                "alphanet roll with the same settings trains them; parts=i/n shares them out",
            )
        return [
            [fit for task, fit in found if fit is not None and task.session == window]
            for window in self.windows
        ]


def make_plan(settings: Settings, panel: Panel) -> Plan:
    """List the fits of a rolling study, and refuse what cannot work before any is trained.

    Raises:
        AlphaNetError: No window, no seed, too short a history, a panel prepared otherwise.
    """
    check_panel(panel, settings)
    _check_seeds(settings)
    windows = window_sessions(panel, settings.rolling)
    check_history(panel, settings.data, windows)
    tasks = []
    for window in windows:
        split = split_of(panel, settings.data, window)
        size = int(panel.read("scorable", int(split.train[0]), window + 1).sum())
        asof = str(panel.dates[window])
        for seed in sorted(settings.rolling.seeds):
            one = replace(settings, asof=asof, seed=seed, parts=None)
            tasks.append(Task(one, window, fit_folder(one, asof, panel.fingerprint), size))
    return Plan(panel, windows, last_session(panel, settings.rolling), tasks)


def name(tasks: Sequence[Task], most: int = 5) -> str:
    """The first few fits by name."""
    rest = f" and {len(tasks) - most} more" if len(tasks) > most else ""
    return ", ".join(map(str, tasks[:most])) + rest


def _check_seeds(settings: Settings) -> None:
    seeds = settings.rolling.seeds
    if not seeds or min(seeds) < 0 or len(set(seeds)) < len(seeds):
        raise ConfigError(
            f"rolling.seeds={seeds} was given",
            "it holds one or more different integers from 0",
            f"rolling.seeds={sorted({abs(seed) for seed in seeds}) or [0, 1, 2]}",
        )
    for key, value, idle in (("seed", settings.seed, 0), ("asof", settings.asof, None)):
        if value != idle:
            listed = "seeds" if key == "seed" else "dates"
            raise ConfigError(
                f"{key}={value} was given",
                f"roll trains every window and seed; rolling.{listed} names them",
                f"rolling.{listed}=[{value}]",
            )
