"""How things are put into words: near misses, counts, durations, log lines.

Nothing heavy is imported: the command line refuses a mistake by these at once.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from threading import Timer
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress

Item = TypeVar("Item")

SHOWN = 5
"""Offending rows named in an error, and examples kept in the data report."""

_BAR_SECONDS = 2.0
_bar: "Progress | None" = None


def log(line: str, quiet: bool = False) -> None:
    """Print one line to the terminal's stderr, for progress that is no result.

    Args:
        line: Printed as it is.
        quiet: Print nothing, for processes whose first one speaks for all.
    """
    if not quiet:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def tracked(items: Sequence[Item], what: str) -> Iterator[Item]:
    """The items one after another, on a terminal with a bar once that takes two seconds.

    Args:
        items: What is done.
        what: Said beside the bar.
    """
    with working(what, len(items)) as advance:
        for item in items:
            yield item
            advance()


@contextmanager
def working(what: str, steps: int | None = None) -> Iterator[Callable[[], None]]:
    """A bar beside what the block does, on a terminal once that takes two seconds.

    One inside another is a further row of the same bar.

    Args:
        what: Said beside the bar.
        steps: Calls of what is yielded until all is done; None if nobody counts.
    """
    if not sys.stderr.isatty():
        yield lambda: None
        return
    with _shared_bar() as bar:
        row = bar.add_task(what, total=steps)
        try:
            yield lambda: bar.advance(row)
        finally:
            bar.remove_task(row)


@contextmanager
def _shared_bar() -> "Iterator[Progress]":
    """The process's bar: the outermost block makes it and, by a timer, starts it."""
    global _bar
    if _bar is not None:
        yield _bar
        return
    from rich.console import Console
    from rich.progress import Progress

    _bar = Progress(console=Console(stderr=True), transient=True)
    timer = Timer(_BAR_SECONDS, _bar.start)
    timer.daemon = True
    timer.start()
    try:
        yield _bar
    finally:
        timer.cancel()
        timer.join()
        _bar.stop()
        _bar = None


def nearest(name: str, options: Iterable[str], cutoff: float = 0.0) -> str:
    """The option most like a name, case aside; empty where none is.

    Args:
        name: What was given.
        options: What could have been given.
        cutoff: Least likeness, 0 to 1.
    """
    folded = {option.lower(): option for option in options}
    found = get_close_matches(name.lower(), folded, n=1, cutoff=cutoff)
    return folded[found[0]] if found else ""


def counted(count: int, noun: str) -> str:
    """A count with its noun: `1 stock`, `3,601 stocks`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def duration(seconds: float) -> str:
    """A span of time in the unit that fits: `50 s`, `41 min`, `3.5 h`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
