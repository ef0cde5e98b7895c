"""How much a variant gains over the baseline, paired by day."""

from typing import Literal

from alphanet_pl.evaluation.compare import Comparison
from alphanet_pl.evaluation.report.page import table
from alphanet_pl.evaluation.variants.sections.text import with_error


def differences(
    comparison: Comparison, key: Literal["top_difference", "excess_difference"], what: str
) -> str:
    """A row a variant; nothing where no variant has the difference.

    Args:
        comparison: The variants.
        key: Which daily difference.
        what: Its name, as the title begins.
    """
    rows = [
        [variant, with_error(found.annual, found.standard_error), str(found.days)]
        for variant, row in comparison.variants.items()
        if (found := getattr(row, key)) is not None
    ]
    if not rows:
        return ""
    title = f"{what} less that of {comparison.baseline}, day by day"
    return table(("", "a year, not compounded", "days"), rows, title)
