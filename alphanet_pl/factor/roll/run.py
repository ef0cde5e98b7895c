"""Training a list of fits, one after the other."""

import gc
from collections.abc import Sequence

from alphanet_pl.factor.roll.plan import Task
from alphanet_pl.factor.roll.progress import FitProgress
from alphanet_pl.fit.train import train
from datamodules.batches.datamodule import LastRead
from datamodules.panel import Panel


def train_all(tasks: Sequence[Task], panel: Panel, bar: bool) -> None:
    """Train what is not done yet, each fit into its own folder; a killed one is resumed.

    Raises:
        AlphaNetError: A fit cannot be trained. The ones before it are done and stay so.
    """
    last = LastRead()  # the seeds of a window see the same cross-sections
    with FitProgress(tasks, bar) as progress:
        for task in tasks:
            done = task.done()
            progress.start(task)
            fit = done or train(task.settings, panel=panel, last=last, callbacks=[progress])
            progress.finish(task, fit, trained=done is None)
            if done is None:
                # A trainer is full of cycles; without this two slices of the panel are in memory.
                gc.collect()
