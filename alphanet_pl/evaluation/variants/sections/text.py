"""Cells that stand beside one another: a value with its error, ours with the printed one."""

from collections.abc import Mapping, Sequence

from alphanet_pl.evaluation.report.text import Number, number, percent

PRINTED_ROW = "printed"
"""What a row of the report's own figures is called, after its variant."""


Cells = tuple[Sequence[str], list[list[str]]]
"""A table's header and rows."""


def with_error(value: Number, error: Number, digits: int = 2) -> str:
    """A fraction and its standard error, in percent; the error is left out where unknown."""
    said, spread = percent(value, digits), number(None if error is None else 100 * error, digits)
    return said if "-" in (said, spread) else f"{said} \u00b1 {spread}"


def beside(
    ours: Mapping[str, Sequence[str]], printed: Mapping[str, Sequence[str]]
) -> list[list[str]]:
    """Rows of our variants, each above the report's own where the report has one."""
    rows = []
    for variant, cells in ours.items():
        rows.append([variant, *cells])
        if variant in printed:
            rows.append([f"{variant}, {PRINTED_ROW}", *printed[variant]])
    return rows


def sentence(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
