"""How things are put into words: near misses, counts, durations, log lines.

Nothing heavy is imported: the command line refuses a mistake by these at once.
"""

import sys
from collections.abc import Iterable
from difflib import get_close_matches

SHOWN = 5
"""Offending rows named in an error, and examples kept in the data report."""


def log(line: str, quiet: bool = False) -> None:
    """Print one line to the terminal's stderr, for progress that is no result.

    Args:
        line: Printed as it is.
        quiet: Print nothing, for processes whose first one speaks for all.
    """
    if not quiet:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


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
