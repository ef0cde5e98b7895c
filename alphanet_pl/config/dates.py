"""Dates that a user gives: `asof`, `date`, `rolling.start` and the like, read in one place."""

import calendar
import re

import numpy as np
from numpy.typing import NDArray

from datamodules.base.errors import ConfigError

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def parse_date(key: str, text: str) -> np.datetime64:
    """A date written YYYY-MM-DD.

    Args:
        key: The setting that holds it, for the error.
        text: Its value.

    Raises:
        ConfigError: It is none: a month, a year, another order, no day of the calendar.
    """
    try:
        if _DAY.fullmatch(text):
            return np.datetime64(text, "D")
    except ValueError:
        pass
    raise ConfigError(
        f"{key}={text or repr(text)} was given", f"a date reads YYYY-MM-DD{_why(text)}",
        f"{key}={_likely(text)}",
    )  # fmt: skip


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


def _why(text: str) -> str:
    """What a text that is no date seems to be."""
    if re.fullmatch(r"\d{4}", text):
        return ", and this is a whole year"
    if re.fullmatch(r"\d{4}-\d{1,2}", text):
        return ", and this is a whole month"
    return ", and the calendar has no such day" if _DAY.fullmatch(text) else ""


def _likely(text: str) -> str:
    """The date that was probably meant: a year's or month's last day, the same digits apart."""
    found = re.fullmatch(r"(\d{4})(?:\D?(\d{1,2})(?:\D?(\d{1,2}))?)?", text)
    if not found or not int(found[1]):
        return "2011-01-31"
    year, month = int(found[1]), min(max(int(found[2] or 12), 1), 12)
    last = calendar.monthrange(year, month)[1]
    day = min(max(int(found[3] or last), 1), last)
    return f"{year:04}-{month:02}-{day:02}"
