"""The report's printed figures beside ours: under which heading, and how far they compare."""

from alphanet_pl.evaluation.paper import PERIOD, PRINTED
from alphanet_pl.evaluation.results import Evaluation

HEADING = "report 2011-2021"


def comparison(evaluation: Evaluation) -> str:
    """What the printed column is, as a sentence; empty for a variant that the report lacks."""
    if evaluation.variant not in PRINTED.ic:
        return ""
    says = (
        f"Columns headed \u201c{HEADING}\u201d hold what the report prints for "
        f"AlphaNet-{evaluation.variant} on all A-shares, {PERIOD[0]} to {PERIOD[1]}, the mean "
        f"of ten seeds"
    )
    return f"{says}: {period(evaluation)}."


def period(evaluation: Evaluation) -> str:
    """How the report's market and period compare with ours, as a clause."""
    if simulated(evaluation):
        return "another market and another period"
    ours = (evaluation.start, evaluation.stop)
    return "the same period" if ours == PERIOD else "another period than ours"


def simulated(evaluation: Evaluation) -> bool:
    """Whether the market is a simulated one."""
    return evaluation.provenance.source == "simulated"
