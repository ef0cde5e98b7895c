"""The whole study on one panel as one command that continues: fits, factors, evaluations, record.

python -m benchmarks.study PANEL                                the study, as docs/study.md says
python -m benchmarks.study PANEL 'rolling.seeds=[0,1,2,3,4]'    two seeds more
python -m benchmarks.study PANEL parts=1/2                      beside parts=2/2, the same record
python -m benchmarks.study PANEL 'variants=[v2]' output=DIR     any words of `alphanet roll`

Seed by seed over all windows and variants, so that every stop leaves a balanced study. What is done
is kept in the record (benchmarks/results/study/, or output=DIR), which suffices to continue.
"""

import gc
import os
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import chain, groupby
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from alphanet_pl.cli.commands.evaluate import run as run_evaluate
from alphanet_pl.config.compose import load_settings
from alphanet_pl.config.settings import RollingSettings, Settings
from alphanet_pl.evaluation.evaluate import of_variants
from alphanet_pl.evaluation.signal.cross_sections import FactorSections, cut_factor, sections
from alphanet_pl.evaluation.signal.ranks import rank_correlation
from alphanet_pl.factor.predict import score
from alphanet_pl.factor.roll.plan import (
    Study,
    Task,
    calendar,
    last_session,
    plan_study,
    take_part,
    window_sessions,
)
from alphanet_pl.factor.roll.roll import stitch
from alphanet_pl.fit.folder import Fit, variant_folder
from alphanet_pl.fit.progress import Display
from alphanet_pl.fit.train import train
from alphanet_pl.job.signals import Interrupted
from benchmarks.study_record import Record, Row, weights_sha256
from datamodules.base.errors import (
    AlphaNetError,
    ConfigError,
    EvaluationError,
    UnfinishedError,
)
from datamodules.base.files import locked, read_json, sha256_of
from datamodules.base.words import duration, log
from datamodules.batches.datamodule import LastRead
from datamodules.panel import Panel

WINDOWS = calendar(np.datetime64("2011-01-31"), np.datetime64("2020-01-31"), months=6)
"""The report's 19 as-of dates; its last one is scored to the day of the report before it."""

STOP = "2020-08-24"

WORDS = (
    "experiment=study",
    "output=benchmarks/results/study",
    "variants=[v2,v2.1,v2.2,v2.3,combined,blend]",
    f"rolling.dates=[{','.join(map(str, WINDOWS))}]",
    f"rolling.stop={STOP}",
    "rolling.seeds=[0,1,2]",
    "data.min_in_sample_days=1400",  # of the first window; it renames no fit
)
"""What the study is, unless words say otherwise."""


def main() -> int:
    """Run or continue the study; exit status as alphanet's."""
    return exit_status(lambda: run(study_settings(sys.argv[1:])))


def exit_status(work: Callable[[], None]) -> int:
    """Do what takes hours at low priority; what ends it early is said, and gives its status."""
    os.nice(10)  # other work goes on
    try:
        work()
    except AlphaNetError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1 if isinstance(error, UnfinishedError) else 2
    except Interrupted as stop:
        print(stop, file=sys.stderr)
        return stop.status
    except KeyboardInterrupt:
        print("interrupted: the same command continues where it stopped", file=sys.stderr)
        return 130
    return 0


def study_settings(words: Sequence[str]) -> Settings:
    """The settings of a study; a word without `=` is the panel."""
    named = [word if "=" in word else f"data.panel={word}" for word in words]
    return load_settings("roll", [*WORDS, *named])


def run(settings: Settings) -> None:
    """Train what is not recorded, record it, and judge each variant whenever a seed is complete.

    Raises:
        AlphaNetError: The panel or the record does not fit the words, or a fit cannot be trained.
        Interrupted: A signal asked for a stop, and the progress is saved.
    """
    if settings.output is None:
        raise ConfigError("output=null was given", "a record has a folder", "output=FOLDER")
    panel = Panel.open(settings.data.panel)
    each = of_variants(settings).items()
    of_each = {name: replace(one, output=None, parts=None) for name, one in each}
    studies = {name: plan_study(one, panel) for name, one in of_each.items()}
    every = [list(window) for _, window in groupby(in_order(studies), key=_seed_and_session)]
    windows = take_part(every, settings.parts)
    tasks = list(chain.from_iterable(windows))
    record = Record(Path(settings.output))
    log(f"{len(tasks)} fits, {sum(map(record.holds, tasks))} of them recorded in {record.folder}")
    record.lay_back(chain.from_iterable(every))
    for name, one in of_each.items():
        if not (home := variant_folder(one)).joinpath("evaluation.json").is_file():
            record.lay_back_evaluation(name, home)
    for window in windows:
        train_window(window, tasks, panel, record)
        for name, study in studies.items():
            judge(study, of_each[name], record)


def in_order(studies: Mapping[str, Study]) -> list[Task]:
    """All fits: seed by seed, in each window by window, in each the variants side by side.

    What a blend shares with a variant beside it is one fit.
    """
    every = {task.folder: task for study in studies.values() for task in study.tasks}
    return sorted(every.values(), key=_seed_and_session)


def _seed_and_session(task: Task) -> tuple[int, int]:
    return task.settings.seed, task.session


def train_window(
    window: Sequence[Task], tasks: Sequence[Task], panel: Panel, record: Record
) -> None:
    """Train and record what is not recorded of one window and seed, on cross-sections read once.

    Args:
        window: The variants' fits.
        tasks: All fits of the study, for the time left.
        panel: The panel.
        record: Where each is kept as it is done.
    """
    last = LastRead()
    for task in window:
        if record.holds(task):
            continue
        fit = train(task.settings, panel=panel, last=last, callbacks=[Display()])
        row = row_of(fit, task.settings, panel)
        record.keep(fit, row)
        log(describe(row, tasks, record))
        gc.collect()  # a trainer is full of cycles, which keep what it has read


def row_of(fit: Fit, settings: Settings, panel: Panel) -> Row:
    """A finished fit's row, with its RankIC out of sample."""
    found = fit.record
    return Row(
        variant=found["variant"],
        asof=found["asof"],
        seed=fit.seed,
        epochs=found["epochs"],
        best_epoch=found["best_epoch"],
        val_rank_ic=found["metrics"]["val/rank_ic"],
        test_rank_ic=test_rank_ic(fit, settings, panel),
        seconds=round(found["seconds"], 1),
        weights_sha256=weights_sha256(fit),
        commit=found["git_commit"] or "",
    )


def test_rank_ic(fit: Fit, settings: Settings, panel: Panel) -> float:
    """Mean RankIC of a fit's raw factor until the next window; NaN where no return is known."""
    try:
        cut = tested(fit, settings, panel)
    except EvaluationError:
        return float("nan")
    return float(np.nanmean(rank_correlation(cut.published, cut.forward)))


def tested(fit: Fit, settings: Settings, panel: Panel) -> FactorSections:
    """A fit's factor at every tenth session from its own to the next window.

    Raises:
        EvaluationError: The panel ends before any of their returns is known.
    """
    scores = score(panel, test_sessions(fit, settings, panel), [fit])
    return cut_scores(scores, settings, panel)


def test_sessions(fit: Fit, settings: Settings, panel: Panel) -> np.ndarray:
    """Every tenth session from a fit's own to the next window."""
    rolling = whole_calendar(settings.rolling)
    own = panel.session_on_or_before(fit.asof)
    later = [start for start in window_sessions(panel, rolling) if start > own]
    stop = later[0] if later else last_session(panel, rolling) + 1
    return sections(own, stop, settings.evaluation.step)


def whole_calendar(rolling: RollingSettings) -> RollingSettings:
    """Of some of the study's windows all: a row is the same, whichever are trained beside it."""
    every = [str(day) for day in WINDOWS]
    if rolling.dates is None or not set(rolling.dates) <= set(every):
        return rolling
    return replace(rolling, dates=every, stop=STOP)


def cut_scores(scores: pd.DataFrame, settings: Settings, panel: Panel) -> FactorSections:
    """The cross-sections of a table of scores.

    Raises:
        EvaluationError: The panel ends before any of their returns is known.
    """
    factor = np.full((len(panel.dates), len(panel.codes)), np.nan)
    days = np.searchsorted(panel.dates, scores["date"].to_numpy().astype("datetime64[D]"))
    factor[days, scores["code"].cat.codes] = scores["factor"]
    return cut_factor(panel, settings.evaluation, factor)


def describe(row: Row, tasks: Sequence[Task], record: Record) -> str:
    """One line on the fit just kept, with the time left."""
    waiting = [task for task in tasks if not record.holds(task)]
    seconds = time_left(record.rows, record.own, tasks, waiting)
    left = f"; about {duration(seconds)} left, then each variant is judged" if waiting else ""
    return (
        f"fit {len(tasks) - len(waiting)} of {len(tasks)}: {row.variant} {row.asof} seed "
        f"{row.seed}, {row.seconds:.0f} s, {row.epochs} epochs, RankIC {row.val_rank_ic:.4f} "
        f"validated, {row.test_rank_ic:.4f} tested{left}"
    )


def time_left(
    rows: Sequence[Row], own: Sequence[Row], tasks: Sequence[Task], waiting: Sequence[Task]
) -> float:
    """Seconds of the waiting fits: by stock-days at each variant's rate, at this run's pace.

    Args:
        rows: Of whatever machines: they give each variant's seconds a stock-day.
        own: Those of this run, one at least: by how much it is slower or faster.
        tasks: All fits, the kept ones too: they know the windows' sizes.
        waiting: Of them those to come.
    """
    size = {task.settings.asof: task.size for task in tasks}

    def rate(of: Sequence[Row]) -> float:
        return sum(row.seconds for row in of) / sum(size[row.asof] for row in of)

    known = [row for row in rows if row.asof in size]
    names = {task.settings.variant for task in waiting} | {row.variant for row in own}
    rates = {name: rate([row for row in known if row.variant == name] or known) for name in names}
    pace = sum(row.seconds for row in own) / sum(rates[row.variant] * size[row.asof] for row in own)
    return pace * sum(rates[task.settings.variant] * task.size for task in waiting)


def judge(study: Study, settings: Settings, record: Record) -> None:
    """Stitch and evaluate the seeds that have all windows, unless that is done; keep the outcome.

    Parts that end together all come here: one judges, and the others find it done. A run of other
    seeds than those that are judged already leaves that alone.

    Args:
        study: Of one variant.
        settings: Of the variant.
        record: Where it is kept.
    """
    if not complete_seeds(study, record):
        return
    home, kept = variant_folder(settings), record.folder / settings.variant
    judged = set(_provenance(kept).get("seeds", []))
    if more := judged - {task.settings.seed for task in study.tasks}:
        log(f"{kept} is of seeds {sorted(judged)}: not judged without {sorted(more)}")
        return
    with locked(home / ".judging", None):
        tasks = complete_seeds(study, record)  # again: another part may have kept one meanwhile
        record.lay_back(tasks)  # what other parts have trained
        factor, _ = stitch(replace(study, tasks=tasks), settings)
        wanted = sha256_of(factor), asdict(settings.evaluation)
        if _judged(kept) == wanted:
            if _judged(home) != wanted:
                record.lay_back_evaluation(settings.variant, home)
            return
        log(run_evaluate(settings))
        record.keep_evaluation(settings.variant, home)


def complete_seeds(study: Study, record: Record) -> list[Task]:
    """The fits of the seeds of which all windows are kept, by whatever part.

    None where a blend waits for those beside its first seed's: they serve every seed.
    """
    record.read_again()
    wanted, kept = (
        Counter(task.settings.seed for task in tasks)
        for tasks in (study.tasks, filter(record.holds, study.tasks))
    )
    complete = {seed for seed, count in wanted.items() if kept[seed] == count}
    first = min(wanted)
    if wanted[first] > len(study.windows) and first not in complete:
        return []
    return [task for task in study.tasks if task.settings.seed in complete]


def _provenance(folder: Path) -> dict[str, Any]:
    """What the evaluation in a folder says of where it comes from; empty where there is none."""
    path = folder / "evaluation.json"
    return read_json(path)["provenance"] if path.is_file() else {}


def _judged(folder: Path) -> tuple[str, dict[str, object]] | None:
    """Hash of the factor that an evaluation is of, and the settings that it was judged by."""
    found = _provenance(folder)
    return (found["factor_sha256"], found["settings"]["evaluation"]) if found else None


if __name__ == "__main__":
    sys.exit(main())
