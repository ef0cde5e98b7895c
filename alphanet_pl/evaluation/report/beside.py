"""The report's printed numbers beside ours: under which heading, and how far they compare."""

from alphanet_pl.evaluation.printed import PERIOD
from alphanet_pl.evaluation.schema import Evaluation

HEADING = "report 2011-2021"


def comparison(evaluation: Evaluation) -> str:
    """What the printed column is, as a sentence that stands above a table."""
    says = f"The column \u201c{HEADING}\u201d is what the report prints for AlphaNet-"
    says += f"{evaluation['variant']} on all A-shares, {PERIOD[0]} to {PERIOD[1]}, ten seeds"
    ours = (evaluation["start"], evaluation["stop"])
    if simulated(evaluation):
        return f"{says}: another market and period, not a figure to reach here."
    if ours == PERIOD:
        return f"{says}: the same period."
    return f"{says}: another period than ours, {ours[0]} to {ours[1]}."


def simulated(evaluation: Evaluation) -> bool:
    """Whether the market is a simulated one."""
    return (evaluation["provenance"] or {}).get("source") == "simulated"
