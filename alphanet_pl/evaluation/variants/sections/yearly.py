"""Calendar years of several variants: tables 15, 23 and 31."""

import numpy as np

from alphanet_pl.evaluation.compare import Comparison, Evaluations
from alphanet_pl.evaluation.paper import INDEX, PERIOD, PRINTED
from alphanet_pl.evaluation.report.beside import simulated
from alphanet_pl.evaluation.report.page import paragraph, table
from alphanet_pl.evaluation.report.text import percent, printed
from alphanet_pl.evaluation.variants.sections.text import PRINTED_ROW

COPIED = "v2.3"
"""The variant whose row of table 31 is a copy of v2.1's in table 15."""
_HOLIDAY = np.timedelta64(12, "D")
"""No closure of the exchange is longer: two spans whose ends lie this near hold the same days."""


def years(comparison: Comparison, evaluations: Evaluations) -> str:
    """A row a year; printed figures only of years that both cover alike, on a real market."""
    yearly = {name: row.yearly for name, row in comparison.variants.items() if row.yearly}
    if not yearly:
        return ""
    real = not any(map(simulated, evaluations.values()))
    names = sorted({year for found in yearly.values() if found for year in found.years})
    alike = {year for year in names if real and same_days(year, comparison)}
    header, columns = [""], []
    for variant, found in yearly.items():
        if found is None:
            continue
        header.append(variant)
        columns.append(dict(zip(found.years, map(percent, found.portfolio), strict=True)))
        if alike and variant in PRINTED.yearly and variant != COPIED:
            header.append(f"{variant}, {PRINTED_ROW}")
            columns.append({year: _printed(variant, year) for year in alike})
    first = next(found for found in yearly.values() if found)
    header.append("index")
    columns.append(dict(zip(first.years, map(percent, first.index), strict=True)))
    if alike:
        header.append(f"index, {PRINTED_ROW}")
        columns.append({year: _printed(INDEX, year) for year in alike})
    rows = [[year, *(column.get(year, "-") for column in columns)] for year in names]
    note = "Partial first and last years are not annualised."
    if alike and COPIED in yearly:
        note += f" The report's row of {COPIED} is a copy of its row of v2.1, and left out here."
    return table(header, rows, "Return in calendar years, after cost") + paragraph(note)


def same_days(year: str, comparison: Comparison) -> bool:
    """Whether our sessions of a year and the report's are the same days, holidays apart."""
    begin, end = np.datetime64(f"{year}-01-01"), np.datetime64(f"{year}-12-31")
    ours, theirs = (
        (max(begin, np.datetime64(first)), min(end, np.datetime64(last)))
        for first, last in ((comparison.start, comparison.stop), PERIOD)
    )
    if ours[0] > ours[1] or theirs[0] > theirs[1]:
        return False
    return bool(abs(ours[0] - theirs[0]) <= _HOLIDAY and abs(ours[1] - theirs[1]) <= _HOLIDAY)


def _printed(name: str, year: str) -> str:
    return printed(PRINTED.yearly[name][int(year) - int(PERIOD[0][:4])])
