"""Days as people write them: the one reader, for settings, commands and the panel."""

import calendar
import re
from datetime import date

_DAY = re.compile(r"(\d{4})(-?)(\d{2})\2(\d{2})")


class NoDayError(ValueError):
    """A text that is no day.

    Attributes:
        likely: The day that was probably meant, YYYY-MM-DD.
    """

    def __init__(self, text: str) -> None:
        super().__init__(f"a date reads YYYY-MM-DD{_why(text)}")
        self.likely = _likely(text)


def read_day(text: str) -> date:
    """A day written YYYY-MM-DD or YYYYMMDD.

    Raises:
        NoDayError: It is none: a month, a year, another order, no day of the calendar.
    """
    written = _DAY.fullmatch(text)
    try:
        if written:
            return date(int(written[1]), int(written[3]), int(written[4]))
    except ValueError:
        pass
    raise NoDayError(text)


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
