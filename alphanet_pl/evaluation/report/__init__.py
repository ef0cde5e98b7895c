"""report.html: one self-contained page made from an evaluation; it asks no network for anything."""

from pathlib import Path

from alphanet_pl.evaluation.report.enhancement import enhancement
from alphanet_pl.evaluation.report.headline import headline
from alphanet_pl.evaluation.report.ic import ic
from alphanet_pl.evaluation.report.layers import layers
from alphanet_pl.evaluation.report.page import page
from alphanet_pl.evaluation.report.provenance import provenance
from alphanet_pl.evaluation.report.universe import coverage, exposures
from alphanet_pl.evaluation.results import Evaluation
from datamodules.base.files import write_text

__all__ = ["render", "write_report"]

_PARTS = (headline, ic, layers, enhancement, exposures, coverage, provenance)


def write_report(evaluation: Evaluation, path: Path) -> None:
    """Write the page of one evaluation, aside and renamed."""
    write_text(path, render(evaluation))


def render(evaluation: Evaluation) -> str:
    """The page as text; the same evaluation gives the same text."""
    title = f"AlphaNet-{evaluation.variant}: out-of-sample factor"
    return page(title, [part(evaluation) for part in _PARTS])
