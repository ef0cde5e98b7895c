"""The dates of `date`, which is one of them, a range or a word; other settings hold days."""

import numpy as np
from numpy.typing import NDArray

from datamodules.base.dates import NoDayError, read_day
from datamodules.base.errors import ConfigError


def parse_date(key: str, text: str) -> np.datetime64:
    """A date that `read_day` reads.

    Args:
        key: The setting that holds it, for the error.
        text: Its value.

    Raises:
        ConfigError: It is none: a month, a year, another order, no day of the calendar.
    """
    try:
        return np.datetime64(read_day(text))
    except NoDayError as error:
        given = f"{key}={text or repr(text)} was given"
        raise ConfigError(given, str(error), f"{key}={error.likely}") from None


def parse_range(key: str, text: str, dates: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """Sessions that `START:END` names, both ends in it; either end may be left out.

    Args:
        key: The setting that holds it, for the error.
        text: Its value.
        dates: (D,) the sessions' dates, ascending.

    Returns:
        (S,) positions among `dates`; none where no session lies between the ends.

    Raises:
        ConfigError: An end is no date, or START is after END.
    """
    start_text, _, end_text = text.partition(":")
    start = parse_date(key, start_text) if start_text else dates[0]
    end = parse_date(key, end_text) if end_text else dates[-1]
    if start > end and start_text and end_text:
        raise ConfigError(
            f"{key}={text} was given", "a range reads START:END, the earlier date first",
            f"{key}={end_text}:{start_text}",
        )  # fmt: skip
    return np.flatnonzero((dates >= start) & (dates <= end))


def weekday(day: np.datetime64) -> str:
    """Its name, e.g. Saturday."""
    return f"{day.item():%A}"
