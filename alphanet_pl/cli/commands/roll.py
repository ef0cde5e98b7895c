"""`alphanet roll`: every (window, seed) fit that is not done yet, then the stitched factor."""

from collections.abc import Sequence

from rich.console import Console

from alphanet_pl.config.settings import Settings
from alphanet_pl.factor.roll.online import log_roll, mean_rank_ic
from alphanet_pl.factor.roll.parts import take_part
from alphanet_pl.factor.roll.plan import Plan, Task, make_plan, name
from alphanet_pl.factor.roll.run import train_all
from alphanet_pl.factor.roll.stitch import stitched
from alphanet_pl.factor.store import factor_path, holds, write_factor
from alphanet_pl.fit.fits import Fit, describe_earlier
from alphanet_pl.job.devices import use_threads
from alphanet_pl.job.signals import listen
from alphanet_pl.job.world import global_rank
from datamodules.panel import Panel


def run(settings: Settings) -> str:
    """Train, resume or find the fits of this part; stitch the factor when all are there."""
    plan = make_plan(settings, Panel.open(settings.data.panel))
    ours = take_part(plan.tasks, settings.parts)
    _say(_describe(plan, ours, settings.parts))
    if (line := describe_earlier([fit for task in ours for fit in task.earlier()])) is not None:
        _say(line)
    train_all(ours, plan.panel, settings.trainer.progress)
    if global_rank():
        return ""  # the first of the processes that train together writes the factor
    waiting = [task for task in plan.tasks if task.done() is None]
    if settings.parts is not None and waiting:
        return (
            f"part {settings.parts} is done: {len(ours)} fits; the factor still waits for "
            f"{len(waiting)} of other parts: {name(waiting)}\n"
            f"the last part to finish writes it, or alphanet roll without parts"
        )
    return _stitch(plan, settings)


def _describe(plan: Plan, ours: Sequence[Task], parts: str | None) -> str:
    first, last = plan.panel.dates[[plan.windows[0], plan.windows[-1]]]
    done = sum(task.done() is not None for task in ours)
    share = "" if parts is None else f"; part {parts}: {len(ours)} fits"
    return (
        f"{len(plan.tasks)} fits: {len(plan.windows)} windows, {first} to {last}, x "
        f"{len(plan.tasks) // len(plan.windows)} seeds{share}; {done} done, "
        f"{len(ours) - done} to train"
    )


def _stitch(plan: Plan, settings: Settings) -> str:
    ensembles = plan.ensembles()
    fits: list[Fit] = [fit for ensemble in ensembles for fit in ensemble]
    path = factor_path(settings)
    first, last = plan.panel.dates[[plan.windows[0], plan.last]]
    if not holds(path, fits, first, last):
        use_threads(settings.trainer)
        listen()
        write_factor(stitched(plan, ensembles, _say), path, fits)
        log_roll(settings, plan, fits, path)
    rank_ic = mean_rank_ic(fits)
    return "\n".join(
        [
            f"{settings.variant}, {first} to {last}, by {len(fits)} fits of "
            f"{len(plan.windows)} windows; their mean validation RankIC is {rank_ic:.4f}",
            f"factor: {path}",
        ]
    )


def _say(line: str) -> None:
    Console(stderr=True, quiet=global_rank() > 0).print(line, highlight=False, soft_wrap=True)
