"""How far a list of fits is: a line a fit, on a terminal a live table of those that train.

The table is read from the fits' own folders. Whoever trains them, one after another, several at
once or workers of Ray on other nodes, says no more than that a fit has ended.
"""

import csv
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any, TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from alphanet_pl.fit.checkpoints import find_checkpoint
from alphanet_pl.fit.history import rows_of
from alphanet_pl.fit.lock import LOCK
from alphanet_pl.job.world import global_rank
from datamodules.base.files import read_json
from datamodules.base.words import counted, duration


@dataclass(frozen=True)
class Shown:
    """A fit of the list.

    Attributes:
        name: In words.
        folder: Where it is, or will be.
        max_epochs: After which it ends at the latest.
        size: What an epoch's time is proportional to, in any unit.
    """

    name: str
    folder: Path
    max_epochs: int
    size: float = 1.0


class Board:
    """Says a line of each fit that ends, and on a terminal shows those that train.

    The time left is the epochs to come over the epochs an hour so far, each weighed by its fit's
    size; how many a fit takes is the mean of those that have ended, and before the first of them
    at most `max_epochs`, which is said. Of several processes that train together the first speaks.

    Args:
        fits: All of the list, in order.
        live: Show the table if the stream is a terminal.
        stream: A terminal's, where standard error is not it.
    """

    def __init__(self, fits: Sequence[Shown], live: bool, stream: TextIO | None = None) -> None:
        self._fits, self._begun = fits, time.monotonic()
        self._epochs_of_done: dict[Path, int] = {}
        self._failed: set[Path] = set()
        self._before = {fit.folder: (_lock(fit), len(_rank_ics(fit))) for fit in fits}
        for fit in fits:
            self._note(fit)
        self._console = Console(file=stream or sys.stderr, quiet=global_rank() > 0)
        self._live = Live(
            get_renderable=self._table,
            console=self._console,
            refresh_per_second=2,
            transient=True,
            redirect_stdout=stream is None,
            redirect_stderr=stream is None,
        )
        self._wanted = live and self._console.is_terminal

    def __enter__(self) -> "Board":
        if self._wanted:
            self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def finish(self, fit: Shown, failure: str = "") -> None:
        """Say that a fit has ended.

        Args:
            fit: Of the list.
            failure: Why it failed; empty where it did not.
        """
        record = self._note(fit)
        if failure:
            self._failed.add(fit.folder)
            words = [f"failed, {failure}"]
        elif record is None:
            words = [f"stopped early after {counted(len(_rank_ics(fit)), 'epoch')}"]
            self._failed.add(fit.folder)
        else:
            figures = f"val/rank_ic {record['metrics']['val/rank_ic']:.4f}"
            words = [figures, counted(record["epochs"], "epoch"), duration(record["seconds"])]
        self.say(f"{self.count()} {fit.name}: {', '.join(filter(None, [*words, self.left()]))}")

    def say(self, line: str) -> None:
        """A line above the table, as it is."""
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)

    def count(self) -> str:
        """`3/20`: how many have ended."""
        return f"{len(self._epochs_of_done.keys() | self._failed)}/{len(self._fits)}"

    def kept(self) -> str:
        """What an interruption leaves, in words."""
        rows = [rows_of(find_checkpoint(fit.folder, None)) for fit in self._ahead()]
        epochs = counted(sum(map(len, rows)), "epoch")
        more = f" and {epochs} of {sum(map(bool, rows))} more kept" if any(rows) else ""
        return f"with {len(self._epochs_of_done)} of {counted(len(self._fits), 'fit')} done{more}"

    def left(self) -> str:
        """`about 41 min left`, or at most; empty before the first epoch and after the last fit."""
        took = time.monotonic() - self._begun
        trained = sum(
            fit.size * max(0, len(_rank_ics(fit)) - self._before[fit.folder][1])
            for fit in self._fits
        )
        ahead = self._ahead()
        if not trained or not ahead:
            return ""
        ended = [epochs for epochs in self._epochs_of_done.values() if epochs]
        units = sum(
            fit.size * max(1.0, (mean(ended) if ended else fit.max_epochs) - len(_rank_ics(fit)))
            for fit in ahead
        )
        words = "about" if ended else "at most"
        return f"{words} {duration(units * took / trained)} left"

    def _ahead(self) -> list[Shown]:
        ended = self._epochs_of_done.keys() | self._failed
        return [fit for fit in self._fits if fit.folder not in ended]

    def _note(self, fit: Shown) -> dict[str, Any] | None:
        record = _record_of_done(fit)
        if record is not None:
            self._epochs_of_done[fit.folder] = int(record["epochs"])
        return record

    def _table(self) -> Group:
        table = Table(box=None, pad_edge=False, header_style="dim")
        for name in ("training", "epochs", "RankIC", "best"):
            table.add_column(name, justify="left" if name == "training" else "right")
        for fit in self._ahead():
            lock, before = _lock(fit), self._before[fit.folder][0]
            if lock is None or lock == before:
                continue
            found = _rank_ics(fit)
            figures = [f"{found[-1]:.4f}", f"{max(found):.4f}"] if found else ["", ""]
            table.add_row(Text(fit.name), str(len(found)), *figures)
        idle = "" if table.rows or not self._ahead() else "the next is starting"
        words = ", ".join(filter(None, [f"{self.count()} fits done", idle, self.left()]))
        return Group(*([table] if table.rows else []), Text(words, style="bold"))


def _record_of_done(fit: Shown) -> dict[str, Any] | None:
    """What fit.json says of a fit that has ended; whether it is whole is for its readers to ask."""
    path = fit.folder / "fit.json"
    record: dict[str, Any] = read_json(path) if path.is_file() else {}
    return record if record.get("status") == "done" else None


def _rank_ics(fit: Shown) -> list[float]:
    """Validation RankIC of each epoch that a fit has ended."""
    with suppress(OSError), (fit.folder / "metrics.csv").open(encoding="utf-8") as file:
        return [float(row["val/rank_ic"]) for row in csv.DictReader(file)]
    return []


def _lock(fit: Shown) -> bytes | None:
    """Who trains a fit; a lock that was left behind is replaced once the fit goes on."""
    with suppress(OSError):
        return (fit.folder / LOCK).read_bytes()
    return None
