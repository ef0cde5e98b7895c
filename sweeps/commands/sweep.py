"""`alphanet sweep`: many fits on Ray, and tables that rank configurations by more than luck."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from alphanet_pl.evaluation.report.formats import number, percent
from datamodules.base.errors import FitError, UnfinishedError
from datamodules.base.files import disk_full_behind, locked, read_json, try_place, write_json
from datamodules.base.words import log
from sweeps.plan import Outcome, Planned, describe, log_of, plan, ray_log, sweep_folder
from sweeps.results import (
    MISSING,
    RANK_IC,
    SUMMARY,
    TRIALS,
    best_path,
    command_of,
    write_tables,
)
from sweeps.settings import SweepsSettings

_STOPPED = "stopped.json"
"""Names of the trials that the scheduler stopped early, each with its fit's folder."""
_RANKED = "val/rank_ic +- standard error"
"""Over the seeds of a configuration."""


@dataclass(frozen=True)
class Result:
    """What a sweep has come to.

    Args:
        outcome: Of this run.
        trials: See `trials_table`.
        summary: See `summarise`.
        best: A trial of the best configuration, once no trial is missing.
    """

    outcome: Outcome
    trials: pd.DataFrame
    summary: pd.DataFrame
    best: Planned | None

    @property
    def missing(self) -> list[int]:
        """Positions of the trials that are neither trained nor stopped by the scheduler."""
        return [i for i, status in enumerate(self.trials["status"]) if status == MISSING]


def run(settings: SweepsSettings) -> str:
    """Train what is not trained yet, then rank the configurations.

    Raises:
        AlphaNetError: The space, the panel or the cluster cannot be used.
        UnfinishedError: Trials are missing; the tables hold the others.
        KeyboardInterrupt: It was interrupted; the same command continues.
    """
    planned = plan(settings)
    try_place(sweep_folder(settings) / TRIALS, "runs=FOLDER")
    log(describe(settings, planned))
    try:
        result = run_sweep(settings, planned)
    except OSError as error:
        full = disk_full_behind(error)
        if full is None:
            raise
        raise full from error
    said = "\n".join([*table_lines(result.summary), *_conclusion(settings, result)])
    if not result.missing:
        return said
    if result.summary["seeds"].any():
        log(said)
    raise _unfinished(settings, result, planned)


def run_sweep(settings: SweepsSettings, planned: Sequence[Planned]) -> Result:
    """Train the trials that are not done, on Ray, and write the tables.

    Raises:
        AlphaNetError: The cluster cannot be used, or another process runs this sweep.
    """
    folder = sweep_folder(settings)
    busy = FitError(
        f"{folder} is the sweep of another process that still runs",
        "one process at a time runs a sweep",
        "wait for it, or give this one sweep.name=OTHER",
    )
    with locked(lock := folder / "lock", busy):
        try:
            return _run_alone(settings, folder, planned)
        finally:
            lock.unlink()


def _run_alone(settings: SweepsSettings, folder: Path, planned: Sequence[Planned]) -> Result:
    asha, path = settings.sweep.asha, folder / _STOPPED
    stopped = _stopped(path, planned) if asha else frozenset()
    todo = [one for one in planned if not one.done() and one.trial.name not in stopped]
    outcome = _launch(settings, todo) if todo else Outcome()
    if asha:
        begun = {one.trial.name for one in todo if not one.done()}
        stopped |= begun & set(outcome.ended)
        new = {one.trial.name: one.folder.name for one in planned if one.trial.name in stopped}
        write_json(path, {**_kept(path), **new})
    return Result(outcome, *write_tables(folder, planned, stopped))


def _stopped(path: Path, planned: Sequence[Planned]) -> frozenset[str]:
    """Trials that were stopped early, as the very fits that are planned now."""
    kept = _kept(path)
    same = (one for one in planned if kept.get(one.trial.name) == one.folder.name)
    return frozenset(one.trial.name for one in same)


def _kept(path: Path) -> dict[str, str]:
    """Trial -> folder of what was stopped before; a list, an older version's, is nothing."""
    found = read_json(path) if path.is_file() else {}
    return found if isinstance(found, dict) else {}


def table_lines(summary: pd.DataFrame) -> list[str]:
    """The summary for a terminal: what varies, and how well it did."""
    varied = _varied(summary)
    fixed = [f"{key} {summary[key].iloc[0]}" for key in _axes(summary) if key not in varied]
    header = ["", *varied, "seeds", _RANKED, "seeds' range", "epochs", "s/epoch", "pairs"]
    rows = [header, *(_cells(row, varied) for _, row in summary.iterrows())]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(c.rjust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
    return [f"all trials: {', '.join(fixed)}" if fixed else "", *lines]


def _launch(settings: SweepsSettings, todo: Sequence[Planned]) -> Outcome:
    from sweeps.ray import cluster, launch  # Ray takes seconds to import

    with cluster(settings) as terminal:
        return launch(settings, todo, terminal)


def _cells(row: pd.Series, varied: Sequence[str]) -> list[str]:
    error = number(row["standard_error"], 4)
    return [
        str(row["rank"]),
        *(str(row[key]) for key in varied),
        f"{row['seeds']}/{row['of']}",
        f"{number(row[RANK_IC], 4)} +- {error}",
        f"{number(row['min'], 4)} .. {number(row['max'], 4)}",
        number(row["epochs"], 1),
        number(row["seconds_per_epoch"], 2),
        f"{percent(row['pairs_covered'], 1)} (expected {percent(row['pairs_expected'], 1)})",
    ]


def _conclusion(settings: SweepsSettings, result: Result) -> list[str]:
    """The best configuration, those that its own luck does not tell apart from it, and the files.

    While trials are missing there is no best: it would be that of the half that is left.
    """
    folder, summary = sweep_folder(settings), result.summary
    lines = [f"tables: {folder / TRIALS}, {folder / SUMMARY}"]
    if result.missing:
        return [*lines, "best: none is named before every trial is trained"]
    if summary["asof"].nunique() > 1:
        return [*lines, "best: none over several windows, whose RankICs say nothing of one another"]
    best = summary.iloc[0]
    if len(summary) > 1 and best["standard_error"] > 0:
        near = summary[summary[RANK_IC] >= best[RANK_IC] - best["standard_error"]].iloc[1:]
        varied = _varied(summary)
        names = ["; ".join(f"{key}={row[key]}" for key in varied) for _, row in near.iterrows()]
        close = f"within one standard error of the best: {', '.join(names) or 'none'}"
        lines.insert(0, close)
    if result.best is not None:
        lines.append(f"best: {command_of(result.best, folder)}  ({best_path(folder)})")
    return lines


def _axes(summary: pd.DataFrame) -> list[str]:
    return list(summary.columns[1 : list(summary.columns).index("seeds")])


def _varied(summary: pd.DataFrame) -> list[str]:
    return [key for key in _axes(summary) if summary[key].nunique(dropna=False) > 1]


def _unfinished(
    settings: SweepsSettings, result: Result, planned: Sequence[Planned]
) -> BaseException:
    """Why trials are missing: what stopped the sweep, an interruption, or failures by name."""
    outcome = result.outcome
    names = [planned[position].trial.name for position in result.missing]
    if outcome.fatal is not None:
        sentence, _, hint = outcome.fatal.partition("\nHINT: ")
        return UnfinishedError(f"{len(names)} of {len(planned)} trials missing", sentence, hint)
    if set(names) - set(outcome.failed):
        begun = sum(planned[position].record() is not None for position in result.missing)
        done = len(planned) - len(names)
        return KeyboardInterrupt(f"with {done} of {len(planned)} trials done and {begun} begun")
    reasons = []
    for name in names:
        log_file = log_of(settings, name)  # there is none of a worker that did not begin
        where = log_file if log_file.is_file() else ray_log(settings)
        reasons.append(f"  {name}: {outcome.failed[name]}\n    log: {where}")
    return UnfinishedError(
        f"{len(names)} of {len(planned)} trials failed {settings.sweep.retries + 1} times\n"
        + "\n".join(reasons),
        hint="mend the cause; the same command tries these again, and only these",
    )
