"""Numbers as text; what does not exist is a dash."""

import math
from collections.abc import Sequence

Number = float | int | None


def percent(value: Number, digits: int = 2) -> str:
    """A fraction as a percentage."""
    return printed(None if value is None else 100 * value, digits)


def percents(values: Sequence[Number], digits: int = 2) -> list[str]:
    """Fractions as percentages."""
    return [percent(value, digits) for value in values]


def number(value: Number, digits: int = 2) -> str:
    """A plain number."""
    if value is None or not math.isfinite(value):
        return "-"
    return f"{round(value, digits) + 0.0:.{digits}f}"  # -0.0 + 0.0 is 0.0: no minus before zero


def printed(value: Number, digits: int = 2) -> str:
    """A figure that already is a percentage, as those the report prints."""
    text = number(value, digits)
    return text if text == "-" else f"{text}%"
