"""Arms against v2 on the same windows and seeds, as docs/beyond.md says, in a run that continues.

python -m benchmarks.beyond PANEL                                choose: all arms, early windows
python -m benchmarks.beyond PANEL 'variants=[v2,ridge]'          those that train nothing
python -m benchmarks.beyond PANEL confirm 'variants=[v2,ridge]'  what is chosen, on later windows
python -m benchmarks.beyond PANEL parts=1/2                      beside parts=2/2, the same table

Seed by seed over all windows and arms, so that every stop leaves a balanced table. A row a fit and
arm is in benchmarks/results/beyond/STAGE.csv (or output=DIR); what is there is not done again. Each
fit of v2 gives the rows of `rescored.ARMS` too, which train nothing.
"""

import gc
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from statistics import mean
from typing import NamedTuple

import numpy as np
import pandas as pd

from alphanet_pl.config.compose import load_settings
from alphanet_pl.config.settings import Settings
from alphanet_pl.evaluation.compare import BASELINE
from alphanet_pl.evaluation.evaluate import of_variants
from alphanet_pl.evaluation.signal.ranks import rank_correlation
from alphanet_pl.factor.predict import score
from alphanet_pl.factor.roll.plan import Task, plan_study, take_part
from alphanet_pl.fit.folder import Fit, done_fit
from alphanet_pl.fit.progress import Display
from alphanet_pl.fit.train import train
from alphanet_pl.job.devices import use_threads
from benchmarks.rescored import ARMS, rescored
from benchmarks.rows import hash_of, keep_row, read_rows
from benchmarks.study import WINDOWS, cut_scores, exit_status, in_order, test_sessions
from benchmarks.study_record import Record
from datamodules.base.errors import ConfigError, FitError
from datamodules.base.words import log
from datamodules.batches.datamodule import LastRead
from datamodules.panel import Panel

TRAINED = Path(__file__).parent / "arms"
"""Folder of --config-dir: the settings and classes of the arms that are trained."""
STUDY = Path("benchmarks/results/study")
RECORDS = {BASELINE: STUDY, "ridge": STUDY, "lightgbm": STUDY.parent / "baselines"}
"""Variant -> the record from which its fits are taken where they are there."""

WORDS = (
    "experiment=beyond",
    "output=benchmarks/results/beyond",
    "variants=[v2,ridge,fast,objective,ranked]",
    "rolling.seeds=[0,1,2]",
    "data.min_in_sample_days=1400",  # of the first window; it renames no fit
)
STAGES = {
    "choose": (WINDOWS[:8], "2015-01-29"),
    "confirm": (WINDOWS[8:], "2020-08-24"),
}
"""Stage -> its as-of dates, and the last day that is scored."""
CHOSEN = ("variants=[v2,ridge]",)
"""What `union`, the chosen arm, is made of: all that the confirmation takes."""
LINEAR = "ridge"
"""No arm, but what `mixed` takes besides v2: every seed gives the same fit, so one a window."""
TESTED = {"choose": ARMS, "confirm": ("union",)}
"""Stage -> the arms without training of which it keeps rows: all, then what is chosen."""


class Row(NamedTuple):
    """A line of STAGE.csv."""

    variant: str
    """Or an arm of `rescored.ARMS`."""
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
    chosen = CHOSEN if stage == "confirm" else ()
    return load_settings("roll", [*WORDS, *chosen, *calendar, *named], TRAINED)


def run(stage: str, settings: Settings) -> list[Row]:
    """Train and test what has no row yet, or this part's share of it; return all rows of the stage.

    Raises:
        AlphaNetError: The panel or a row does not fit the words, or a fit cannot be trained.
        Interrupted: A signal asked for a stop, and the progress is saved.
    """
    if settings.output is None:
        raise ConfigError("output=null was given", "a table has a folder", "output=FOLDER")
    panel = Panel.open(settings.data.panel)
    each = {
        name: replace(one, output=None, parts=None) for name, one in of_variants(settings).items()
    }
    tasks = in_order({name: plan_study(one, panel) for name, one in linear_first(each).items()})
    path = Path(settings.output) / f"{stage}.csv"
    windows = groupby(tasks, key=lambda task: (task.settings.seed, task.session))
    for window in take_part([list(window) for _, window in windows], settings.parts):
        last = LastRead()
        for task in window:
            for row in new_rows(task, tasks, panel, last, read_rows(path, Row), TESTED[stage]):
                rows = keep_row(path, row)
                log(f"{len(rows)} rows, {describe(row)}")
            gc.collect()  # a trainer is full of cycles, which keep what it has read
    return read_rows(path, Row)


def linear_first(each: Mapping[str, Settings]) -> dict[str, Settings]:
    """The settings by variant, ridge's before those that wait for it, and of one seed."""
    if LINEAR not in each:
        return dict(each)
    one = each[LINEAR]
    single = replace(one, rolling=replace(one.rolling, seeds=one.rolling.seeds[:1]))
    return {LINEAR: single} | {name: other for name, other in each.items() if name != LINEAR}


def new_rows(
    task: Task,
    tasks: Sequence[Task],
    panel: Panel,
    last: LastRead,
    rows: Sequence[Row],
    untrained: Sequence[str],
) -> Iterator[Row]:
    """Train a fit and test it until the next window, by every arm that it serves and has no row.

    `deeper` waits for the fit of the window before, `mixed` and `union` for ridge's: the same
    command adds them later.
    """
    name = task.settings.variant
    arms = [name, *(untrained if name == BASELINE else ())]
    missing = [arm for arm in arms if not holds(rows, task, arm)]
    earlier = _last_done([each for each in tasks if _precedes(each, task)])
    linear = _last_done([each for each in tasks if _is_linear(each, task)])
    others = {"deeper": earlier, "mixed": linear, "union": linear}
    waiting = {arm for arm, other in others.items() if other is None}
    if set(missing) <= waiting:
        return
    fit = done(task) or train(task.settings, panel=panel, last=last, callbacks=[Display()])
    use_threads(task.settings.trainer)
    sessions = test_sessions(fit, task.settings, panel)
    if name in missing:
        yield row_of(name, fit, score(panel, sessions, [fit]), task.settings, panel)
    if not set(untrained).isdisjoint(missing):
        for arm, scores in rescored(fit, earlier, linear, sessions, panel):
            if arm in missing:
                yield row_of(arm, fit, scores, task.settings, panel)


def _last_done(tasks: Sequence[Task]) -> Fit | None:
    """The fit of the last of these; None where it is not trained, or there are none."""
    return done(tasks[-1]) if tasks else None


def _is_linear(other: Task, task: Task) -> bool:
    return (other.settings.variant, other.session) == (LINEAR, task.session)


def _precedes(other: Task, task: Task) -> bool:
    same = other.settings.variant, other.settings.seed
    return same == (task.settings.variant, task.settings.seed) and other.session < task.session


def done(task: Task) -> Fit | None:
    """A finished fit, from its record where that has it; None where it is to be trained."""
    if task.settings.variant in RECORDS:
        record = Record(RECORDS[task.settings.variant])
        if (record.place(task.folder) / "fit.json").is_file():  # else of another panel, or not yet
            record.lay_back([task])
    return done_fit(task.folder)


def row_of(arm: str, fit: Fit, scores: pd.DataFrame, settings: Settings, panel: Panel) -> Row:
    """What a fit's scores by an arm are worth."""
    cut = cut_scores(scores, settings, panel)
    raw, neutral = (
        float(np.nanmean(rank_correlation(factor, cut.forward)))
        for factor in (cut.published, cut.neutral)
    )
    found = fit.record
    return Row(
        arm, found["asof"], fit.seed, found["epochs"], found["best_epoch"],
        found["metrics"]["val/rank_ic"], raw, neutral, round(found["seconds"], 1),
        hash_of(fit.folder), found["git_commit"] or "",
    )  # fmt: skip


def holds(rows: Sequence[Row], task: Task, arm: str) -> bool:
    """Whether a fit has its row of an arm.

    Raises:
        FitError: Its row is of another panel or of other settings.
    """
    asof = task.folder.parent.name
    for row in rows:
        if (row.variant, row.asof, row.seed) == (arm, asof, task.settings.seed):
            if row.hash == hash_of(task.folder):
                return True
            raise FitError(
                f"{arm} {asof} seed {row.seed} has the row of another fit ({row.hash})",
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
    first = min((seed for _, _, seed in value), default=0)
    found = {}
    for asof, seed in (key[1:] for key in value if key[0] == BASELINE):
        own = (arm, asof, first if arm == LINEAR else seed)  # ridge's one fit beside each of v2's
        if own in value:
            found[asof, seed] = value[own] - value[BASELINE, asof, seed]
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


if __name__ == "__main__":
    sys.exit(main())
