"""Arms against v2 on the same windows and seeds, as docs/beyond.md says, in a run that continues.

python -m benchmarks.beyond PANEL                               choose: all arms, early windows
python -m benchmarks.beyond PANEL 'variants=[v2,own]'           some of them, v2 always among them
python -m benchmarks.beyond PANEL confirm 'variants=[v2,own]'   what is chosen, on later windows
python -m benchmarks.beyond PANEL parts=1/2                     beside parts=2/2, the same table

Seed by seed over all windows and arms, so that every stop leaves a balanced table. A row a fit is
in benchmarks/results/beyond/STAGE.csv (or output=DIR); what is there is not trained again.
"""

import csv
import gc
import io
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from statistics import mean
from typing import NamedTuple

import numpy as np

from alphanet_pl.config.compose import load_settings
from alphanet_pl.config.settings import Settings
from alphanet_pl.evaluation.compare import BASELINE
from alphanet_pl.evaluation.evaluate import of_variants
from alphanet_pl.evaluation.signal.ranks import rank_correlation
from alphanet_pl.factor.roll.plan import Task, plan_study, take_part
from alphanet_pl.fit.progress import Display
from alphanet_pl.fit.train import train
from alphanet_pl.job.devices import use_threads
from benchmarks.study import WINDOWS, exit_status, in_order, tested
from benchmarks.study_record import Record
from datamodules.base.errors import ConfigError, FitError
from datamodules.base.files import locked, write_text
from datamodules.base.words import log
from datamodules.batches.datamodule import LastRead
from datamodules.panel import Panel

ARMS = Path(__file__).parent / "arms"
"""Folder of --config-dir: the arms' settings and classes."""
STUDY = Path("benchmarks/results/study")
"""Whose fits of v2 are taken where they are recorded."""

WORDS = (
    "experiment=beyond",
    "output=benchmarks/results/beyond",
    "variants=[v2,own,fast,objective,ranked,v3,dropped,daily]",
    "rolling.seeds=[0,1,2]",
    "data.min_in_sample_days=1400",  # of the first window; it renames no fit
)
STAGES = {
    "choose": (WINDOWS[:8], "2015-01-29"),
    "confirm": (WINDOWS[8:], "2020-08-24"),
}
"""Stage -> its as-of dates, and the last day that is scored."""


class Row(NamedTuple):
    """A line of STAGE.csv."""

    variant: str
    asof: str
    """Session of the fit, YYYY-MM-DD."""
    seed: int
    epochs: int
    best_epoch: int
    val_rank_ic: float
    raw: float
    """Mean RankIC at every tenth session until the next window."""
    neutral: float
    """The same, industry-and-size neutral: what arms are chosen on."""
    seconds: float
    hash: str
    """Of the fit, in its folder's name."""
    commit: str


class Pairs(NamedTuple):
    """An arm less v2 over the windows and seeds of both, in RankIC."""

    mean: float
    over_windows: float
    """Standard error of the mean over windows, seeds averaged first."""
    over_seeds: float
    """Standard error of the mean over seeds, windows averaged first; NaN for one seed."""
    better: int
    """Windows in which it is better."""
    windows: int
    pairs: int


def main() -> int:
    """Run or continue a stage and print its table; exit status as alphanet's."""
    words = sys.argv[1:]
    stage = "confirm" if "confirm" in words else "choose"
    settings = [word for word in words if word not in STAGES]
    return exit_status(lambda: print(table(run(stage, settings_of(stage, settings)))))


def settings_of(stage: str, words: Sequence[str]) -> Settings:
    """The settings of a stage; a word without `=` is the panel."""
    dates, stop = STAGES[stage]
    calendar = (f"rolling.dates=[{','.join(map(str, dates))}]", f"rolling.stop={stop}")
    named = [word if "=" in word else f"data.panel={word}" for word in words]
    return load_settings("roll", [*WORDS, *calendar, *named], ARMS)


def run(stage: str, settings: Settings) -> list[Row]:
    """Train and test what has no row yet, or this part's share of it; return all rows of the stage.

    Raises:
        AlphaNetError: The panel or a row does not fit the words, or a fit cannot be trained.
        Interrupted: A signal asked for a stop, and the progress is saved.
    """
    if settings.output is None:
        raise ConfigError("output=null was given", "a table has a folder", "output=FOLDER")
    panel = Panel.open(settings.data.panel)
    plans = {
        name: plan_study(replace(one, output=None, parts=None), panel)
        for name, one in of_variants(settings).items()
    }
    path = Path(settings.output) / f"{stage}.csv"
    tasks = in_order(plans)
    windows = groupby(tasks, key=lambda task: (task.settings.seed, task.session))
    for window in take_part([list(window) for _, window in windows], settings.parts):
        last = LastRead()
        for task in window:
            if holds(read_rows(path), task):
                continue
            rows = keep(path, row_of(task, panel, last))
            done = sum(holds(rows, each) for each in tasks)
            log(f"{done} of {len(tasks)}: {describe(rows[-1])}")
            gc.collect()  # a trainer is full of cycles, which keep what it has read
    return read_rows(path)


def row_of(task: Task, panel: Panel, last: LastRead) -> Row:
    """Train a fit, or take it from the record of the study, and test it until the next window."""
    if task.settings.variant == BASELINE:
        study = Record(STUDY)
        if (study.place(task.folder) / "fit.json").is_file():  # else of another panel, or not yet
            study.lay_back([task])
    fit = train(task.settings, panel=panel, last=last, callbacks=[Display()])
    use_threads(task.settings.trainer)
    cut = tested(fit, task.settings, panel)
    raw, neutral = (
        float(np.nanmean(rank_correlation(scores, cut.forward)))
        for scores in (cut.published, cut.neutral)
    )
    found = fit.record
    return Row(
        found["variant"], found["asof"], fit.seed, found["epochs"], found["best_epoch"],
        found["metrics"]["val/rank_ic"], raw, neutral, round(found["seconds"], 1),
        fit.folder.name.rpartition("-")[2], found["git_commit"] or "",
    )  # fmt: skip


def holds(rows: Sequence[Row], task: Task) -> bool:
    """Whether a fit has its row.

    Raises:
        FitError: Its row is of another panel or of other settings.
    """
    variant, asof, name = task.folder.parts[-3:]
    for row in rows:
        if (row.variant, row.asof, row.seed) == (variant, asof, task.settings.seed):
            if row.hash == name.rpartition("-")[2]:
                return True
            raise FitError(
                f"{variant} {asof} seed {row.seed} has the row of another fit ({row.hash})",
                "a table is of one panel, and an arm stays as it was written down",
                "output=ANOTHER_FOLDER",
            )
    return False


def describe(row: Row) -> str:
    """One line on a fit."""
    return (
        f"{row.variant} {row.asof} seed {row.seed}, {row.seconds:.0f} s, {row.epochs} epochs, "
        f"RankIC {row.val_rank_ic:.4f} validated, {row.raw:.4f} tested, {row.neutral:.4f} neutral"
    )


def pairs(rows: Sequence[Row], arm: str, figure: str) -> Pairs | None:
    """An arm less v2 where both are tested; None where they share nothing.

    Args:
        rows: Of the stage.
        arm: Name of the variant.
        figure: `raw` or `neutral`.
    """
    value = {(row.variant, row.asof, row.seed): getattr(row, figure) for row in rows}
    found = {
        (asof, seed): value[arm, asof, seed] - value[BASELINE, asof, seed]
        for name, asof, seed in value
        if name == arm and (BASELINE, asof, seed) in value
    }
    if not found:
        return None
    by_window, by_seed = (
        [
            mean(found[key] for key in found if key[axis] == one)
            for one in sorted({key[axis] for key in found})
        ]
        for axis in (0, 1)
    )
    return Pairs(
        mean(found.values()), standard_error(by_window), standard_error(by_seed),
        sum(each > 0 for each in by_window), len(by_window), len(found),
    )  # fmt: skip


def standard_error(values: Sequence[float]) -> float:
    """Of a mean; NaN for a single value."""
    if len(values) < 2:
        return float("nan")
    return float(np.std(values, ddof=1) / len(values) ** 0.5)


def table(rows: Sequence[Row]) -> str:
    """Each arm less v2 in points of RankIC (hundredths), as Markdown."""
    lines = [
        "| arm | neutral RankIC | less v2's, points | se windows | se seeds | windows better "
        "| raw, points | pairs | seconds a fit |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for arm in dict.fromkeys(row.variant for row in rows):
        own = [row for row in rows if row.variant == arm]
        start = f"| {arm} | {mean(row.neutral for row in own):.4f} "
        took = f"{mean(row.seconds for row in own):.0f} |"
        neutral, raw = pairs(rows, arm, "neutral"), pairs(rows, arm, "raw")
        if arm == BASELINE or neutral is None or raw is None:
            lines.append(f"{start}| | | | | | {len(own)} | {took}")
            continue
        lines.append(
            f"{start}| {100 * neutral.mean:+.2f} | {100 * neutral.over_windows:.2f} "
            f"| {100 * neutral.over_seeds:.2f} | {neutral.better} of {neutral.windows} "
            f"| {100 * raw.mean:+.2f} | {neutral.pairs} | {took}"
        )
    return "\n".join(lines)


def read_rows(path: Path) -> list[Row]:
    """The rows of a stage; none where it has not begun."""
    if not path.is_file():
        return []
    kinds = Row.__annotations__.values()
    with path.open(encoding="utf-8", newline="") as file:
        _, *lines = csv.reader(file)
    return [Row(*(k(word) for k, word in zip(kinds, line, strict=True))) for line in lines]


def keep(path: Path, row: Row) -> list[Row]:
    """Add a row to those that this and other parts have kept; return them all, it last."""
    with locked(path.with_name(f".{path.stem}.lock"), None):
        rows = [*read_rows(path), row]
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([Row._fields, *rows])
        write_text(path, text.getvalue())
    return rows


if __name__ == "__main__":
    sys.exit(main())
