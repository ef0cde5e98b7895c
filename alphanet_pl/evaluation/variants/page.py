"""report.html of several variants: one self-contained page, the baseline beside the others."""

from pathlib import Path

from alphanet_pl.evaluation.compare import Comparison, Evaluations
from alphanet_pl.evaluation.report.page import page
from alphanet_pl.evaluation.variants.sections.enhancement import enhancement
from alphanet_pl.evaluation.variants.sections.headline import headline
from alphanet_pl.evaluation.variants.sections.ic import ic
from alphanet_pl.evaluation.variants.sections.layers import layers
from alphanet_pl.evaluation.variants.sections.origin import origin
from alphanet_pl.evaluation.variants.sections.style import alike, coverage, exposures
from datamodules.base.files import write_text

_PARTS = (headline, ic, layers, enhancement, exposures, alike, coverage, origin)


def render(comparison: Comparison, evaluations: Evaluations) -> str:
    """The page as text; the same evaluations give the same text."""
    title = f"AlphaNet {', '.join(evaluations)}: out-of-sample factors side by side"
    return page(title, sections(comparison, evaluations))


def sections(comparison: Comparison, evaluations: Evaluations) -> list[str]:
    """HTML of every section."""
    return [part(comparison, evaluations) for part in _PARTS]


def write_page(comparison: Comparison, evaluations: Evaluations, path: Path) -> None:
    """Write the page, aside and renamed."""
    write_text(path, render(comparison, evaluations))
