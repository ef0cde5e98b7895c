"""`alphanet roll`: every (window, seed) fit that is not done yet, then the stitched factor."""

from collections.abc import Sequence

import numpy as np

from alphanet_pl.config.settings import Settings
from alphanet_pl.factor.roll.plan import Study, Task, name_tasks, plan_study, take_part
from alphanet_pl.factor.roll.roll import FactorBusy, stitch, train_all
from alphanet_pl.factor.store import factor_path
from alphanet_pl.fit.folder import LAST, describe_earlier
from alphanet_pl.job.world import global_rank
from datamodules.base.files import try_place
from datamodules.base.words import counted, log
from datamodules.panel import Panel


def run(settings: Settings) -> str:
    """Train, resume or find the fits of this part; stitch the factor when all are there."""
    study = plan_study(settings, Panel.open(settings.data.panel))
    ours = take_part(study.tasks, settings.parts)
    try_place(factor_path(settings), "factor=FILE")
    said = [_describe(study, ours, settings.parts)]
    said.append(describe_earlier([fit for task in ours for fit in task.earlier()]) or "")
    log("\n".join(filter(None, said)), quiet=global_rank() > 0)
    train_all(ours, study.panel, settings.trainer.progress)
    if global_rank():
        return ""  # the first of the processes that train together writes the factor
    waiting = [task for task in study.tasks if task.done() is None]
    if settings.parts is not None and waiting:
        return (
            f"part {settings.parts} is done: {len(ours)} fits; the factor still waits for "
            f"{len(waiting)} of other parts: {name_tasks(waiting)}\n"
            f"the last part to finish writes it, or alphanet roll without parts"
        )
    try:
        return _stitch(study, settings)
    except FactorBusy as busy:
        if settings.parts is None:
            raise
        return f"part {settings.parts} is done: {len(ours)} fits; {busy.given}"


def _describe(study: Study, ours: Sequence[Task], parts: str | None) -> str:
    first, last = study.panel.dates[[study.windows[0], study.windows[-1]]]
    todo = [task for task in ours if task.done() is None]
    begun = sum((task.folder / LAST).is_file() for task in todo)
    more = f", {begun} of them begun: they go on" if begun else ""
    variants = list(dict.fromkeys(task.settings.variant for task in study.tasks))
    several = len(variants) > 1
    each = counted(len(study.tasks) // len(study.windows), "fit" if several else "seed")
    each += f" of {' and '.join(variants)}" if several else ""
    share = "" if parts is None else f"; part {parts}: {len(ours)} fits"
    return (
        f"{counted(len(study.tasks), 'fit')}: {counted(len(study.windows), 'window')}, "
        f"{first} to {last}, x "
        f"{each}{share}; "
        f"{len(ours) - len(todo)} done, {len(todo)} to train{more}"
    )


def _stitch(study: Study, settings: Settings) -> str:
    path, fits = stitch(study, settings)
    first, last = study.period
    rank_ic = np.mean([fit.record["metrics"]["val/rank_ic"] for fit in fits])
    return "\n".join(
        [
            f"{settings.variant}, {first} to {last}, by {counted(len(fits), 'fit')} of "
            f"{counted(len(study.windows), 'window')}; "
            f"their mean validation RankIC is {rank_ic:.4f}",
            f"factor: {path}",
        ]
    )
