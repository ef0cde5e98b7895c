"""How far a list of fits is: a line a fit, and on a terminal a bar, with an honest time left."""

import sys
from collections.abc import Sequence
from types import TracebackType

import lightning.pytorch as pl
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from alphanet_pl.factor.roll.plan import Task
from alphanet_pl.fit.folder import Fit
from alphanet_pl.fit.progress import Display
from alphanet_pl.job.world import global_rank
from datamodules.base.words import duration


class FitProgress(Display):
    """Counts fits, and shows the epochs of the one being trained.

    The time left is worked out from the fits that were trained in this run: their seconds a
    stock-day, times the stock-days to come. Before the first of them it is unknown, and not said.

    Of several processes that train together only the first shows anything.

    Args:
        tasks: All fits of this run, in order.
        bar: Show a bar if standard error is a terminal.
    """

    def __init__(self, tasks: Sequence[Task], bar: bool) -> None:
        self._tasks, self._at = tasks, 0
        self._seconds, self._size = 0.0, 0
        self._console = Console(stderr=True, quiet=global_rank() > 0)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=self._console,
            disable=not (bar and sys.stderr.isatty()),
        )
        self._row = self._bar.add_task("", total=len(tasks), left="")

    def __enter__(self) -> "FitProgress":
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def start(self, task: Task) -> None:
        """A fit begins."""
        self._bar.update(self._row, description=str(task))

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Show the epoch."""
        task = self._tasks[self._at]
        self._bar.update(self._row, description=f"{task} epoch {trainer.current_epoch + 1}")

    def finish(self, task: Task, fit: Fit, trained: bool) -> None:
        """A fit is there.

        Args:
            task: The fit's task.
            fit: The fit.
            trained: In this run; else it was found done.
        """
        self._at += 1
        if trained:
            self._seconds += fit.record["seconds"]
            self._size += task.size
        left = self._left()
        self._bar.update(self._row, completed=self._at, left=left)
        if trained:
            took = f"{fit.record['seconds']:.0f} s"
            words = ", ".join(filter(None, (str(task), took, left)))
            line = f"fit {self._at} of {len(self._tasks)}: {words}"
            self._console.print(line, highlight=False, soft_wrap=True)

    def _left(self) -> str:
        if not self._size or self._at == len(self._tasks):
            return ""
        ahead = sum(task.size for task in self._tasks[self._at :] if task.done() is None)
        return f"about {duration(self._seconds / self._size * ahead)} left"
