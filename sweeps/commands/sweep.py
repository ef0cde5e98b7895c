"""`alphanet sweep`: many fits on Ray, and tables that rank configurations by more than luck."""

from collections.abc import Sequence

import pandas as pd
from rich.console import Console

from alphanet_pl.evaluation.report.formats import number, percent
from datamodules.base.errors import UnfinishedError
from sweeps.best import best_path, command_of
from sweeps.disk import disk_full
from sweeps.plan import Planned, describe, log_of, plan, sweep_folder
from sweeps.run import SUMMARY, TRIALS, Result, run_sweep
from sweeps.settings import SweepsSettings
from sweeps.table import RANK_IC


def run(settings: SweepsSettings) -> str:
    """Train what is not trained yet, then rank the configurations.

    Raises:
        AlphaNetError: The space, the panel or the cluster cannot be used.
        UnfinishedError: Trials are missing; the tables hold the others.
        KeyboardInterrupt: It was interrupted; the same command continues.
    """
    planned = plan(settings)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(describe(settings, planned))
    try:
        result = run_sweep(settings, planned)
    except OSError as error:
        full = disk_full(error)
        if full is None:
            raise
        raise full from error
    said = "\n".join([*table_lines(result.summary), *_files(settings, result)])
    if not result.missing:
        return said
    console.print(said)
    raise _unfinished(settings, result, planned)


def table_lines(summary: pd.DataFrame) -> list[str]:
    """The summary for a terminal: what varies, and how well it did."""
    axes = [key for key in summary.columns[1 : list(summary.columns).index("seeds")]]
    varied = [key for key in axes if summary[key].nunique(dropna=False) > 1]
    fixed = [f"{key} {summary[key].iloc[0]}" for key in axes if key not in varied]
    header = ["", *varied, "seeds", "val/rank_ic", "seeds' range", "epochs", "s/epoch", "pairs"]
    rows = [header, *(_cells(row, varied) for _, row in summary.iterrows())]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(c.rjust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
    return [f"all trials: {', '.join(fixed)}" if fixed else "", *lines, *_close(summary, varied)]


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


def _close(summary: pd.DataFrame, varied: Sequence[str]) -> list[str]:
    """Say which configurations the best one's own luck does not tell apart from it."""
    best = summary.iloc[0]
    if len(summary) < 2 or not best["standard_error"] > 0:
        return []
    near = summary[summary[RANK_IC] >= best[RANK_IC] - best["standard_error"]].iloc[1:]
    names = ["; ".join(f"{key}={row[key]}" for key in varied) for _, row in near.iterrows()]
    return [f"within one standard error of the best: {', '.join(names) or 'none'}"]


def _files(settings: SweepsSettings, result: Result) -> list[str]:
    folder = sweep_folder(settings)
    lines = [f"tables: {folder / TRIALS}, {folder / SUMMARY}"]
    if result.best is not None:
        lines.append(f"best: {command_of(result.best, folder)}  ({best_path(folder)})")
    return lines


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
        return KeyboardInterrupt()
    reasons = [
        f"  {name}: {outcome.failed[name]}\n    log: {log_of(settings, name)}" for name in names
    ]
    return UnfinishedError(
        f"{len(names)} of {len(planned)} trials failed {settings.sweep.retries + 1} times\n"
        + "\n".join(reasons),
        hint="mend the cause; the same command tries these again, and only these",
    )
