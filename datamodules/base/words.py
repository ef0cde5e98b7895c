"""How things are put into words: near misses, counts, durations, log lines.

Nothing heavy is imported: the command line refuses a mistake by these at once.
"""

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import TypeVar

Item = TypeVar("Item")

SHOWN = 5
"""Offending rows named in an error, and examples kept in the data report."""

_BAR_SECONDS = 2.0


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
    if not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import Progress

    bar, begun = Progress(console=Console(stderr=True), transient=True), time.monotonic()
    row = bar.add_task(what, total=len(items))
    try:
        for item in items:
            if time.monotonic() - begun > _BAR_SECONDS:
                bar.start()
            yield item
            bar.advance(row)
    finally:
        bar.stop()


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
