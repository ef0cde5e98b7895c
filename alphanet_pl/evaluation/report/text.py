"""Numbers as text; what does not exist is a dash."""

import math
from collections.abc import Sequence

Number = float | int | None


def percent(value: Number, digits: int = 2) -> str:
    """A fraction as a percentage."""
    return f"{100 * value:.{digits}f}%" if _known(value) else "-"  # type: ignore[operator]


def percents(values: Sequence[Number], digits: int = 2) -> list[str]:
    """Fractions as percentages."""
    return [percent(value, digits) for value in values]


def number(value: Number, digits: int = 2) -> str:
    """A plain number."""
    return f"{value:.{digits}f}" if _known(value) else "-"


def printed(value: Number) -> str:
    """A percentage that the report prints as such."""
    return f"{value:.2f}%" if _known(value) else "-"


def _known(value: Number) -> bool:
    return value is not None and math.isfinite(value)
