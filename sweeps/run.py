"""A sweep from its plan to its tables: train what is missing, then read the fit folders."""

import fcntl
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from datamodules.base.errors import FitError
from datamodules.base.files import write_text
from sweeps.best import best_of, write_best
from sweeps.plan import Planned, sweep_folder
from sweeps.settings import SweepsSettings
from sweeps.table import MISSING, summarise, trials_table

TRIALS, SUMMARY, _STOPPED = "trials.csv", "summary.csv", "stopped.json"


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


@dataclass(frozen=True)
class Result:
    """What a sweep has come to.

    Args:
        outcome: Of this run.
        trials: See `trials_table`.
        summary: See `summarise`.
        best: A trial of the best configuration, once one has all its seeds.
    """

    outcome: Outcome
    trials: pd.DataFrame
    summary: pd.DataFrame
    best: Planned | None

    @property
    def missing(self) -> list[int]:
        """Positions of the trials that are neither trained nor stopped by the scheduler."""
        return [i for i, status in enumerate(self.trials["status"]) if status == MISSING]


def run_sweep(settings: SweepsSettings, planned: Sequence[Planned]) -> Result:
    """Train the trials that are not done, on Ray, and write the tables.

    Raises:
        AlphaNetError: The cluster cannot be used, or another process runs this sweep.
    """
    folder = sweep_folder(settings)
    with _alone(folder):
        stopped = _read_stopped(folder) if settings.sweep.asha else frozenset()
        todo = [one for one in planned if not one.done() and one.trial.name not in stopped]
        outcome = _launch(settings, todo) if todo else Outcome()
        if settings.sweep.asha:
            begun = {one.trial.name for one in todo if not one.done()}
            stopped |= begun & set(outcome.ended)
            write_text(folder / _STOPPED, json.dumps(sorted(stopped), indent=2) + "\n")
        return _write(folder, planned, stopped, outcome)


def _launch(settings: SweepsSettings, todo: Sequence[Planned]) -> Outcome:
    from sweeps.cluster import cluster  # Ray takes seconds to import
    from sweeps.launch import launch

    with cluster(settings):
        return launch(settings, todo)


def _write(
    folder: Path, planned: Sequence[Planned], stopped: frozenset[str], outcome: Outcome
) -> Result:
    trials = trials_table(planned, stopped)
    summary = summarise(trials, planned)
    for name, table in ((TRIALS, trials), (SUMMARY, summary)):
        write_text(folder / name, table.to_csv(index=False, lineterminator="\n"))
    best = best_of(summary, planned)
    if best is not None:
        write_best(best, summary, folder)
    return Result(outcome, trials, summary, best)


def _read_stopped(folder: Path) -> frozenset[str]:
    path = folder / _STOPPED
    return (
        frozenset(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else frozenset()
    )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the sweep's lock, which the system takes back from a killed process."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FitError(
                f"{folder} is the sweep of another process that still runs",
                "one process at a time runs a sweep",
                "wait for it, or give this one sweep.name=OTHER",
            ) from None
        yield
