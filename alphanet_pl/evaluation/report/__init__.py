"""The page of one variant or several: one self-contained file that asks no network for anything."""

from collections.abc import Sequence
from pathlib import Path

from alphanet_pl.evaluation.compare import Comparison, Evaluations, compare
from alphanet_pl.evaluation.report import headline, origin, parts
from alphanet_pl.evaluation.report.formats import say, written_in
from alphanet_pl.evaluation.report.page import Part, page
from datamodules.base.files import write_text

__all__ = ["render", "report_parts", "write_report"]

_PARTS = (
    headline.top,
    headline.setups,
    parts.ic,
    parts.layers,
    parts.enhancement,
    parts.exposures,
    parts.alike,
    parts.coverage,
)
_END = (headline.ours, origin.drops, origin.provenance, origin.parameters)


def write_report(
    evaluations: Evaluations, path: Path, comparison: Comparison | None = None, language: str = "en"
) -> None:
    """Write the page, aside and renamed."""
    write_text(path, render(evaluations, comparison, language))


def render(
    evaluations: Evaluations, comparison: Comparison | None = None, language: str = "en"
) -> str:
    """The page as text; the same evaluations give the same text.

    Args:
        evaluations: At least one, by variant, in the order of the page.
        comparison: Of them, if it is known already.
        language: `page.language`.
    """
    variants = list(evaluations)
    with written_in(language):
        title = say("title.one", variant=variants[0])
        if len(variants) > 1:
            title = say("title.several", variants=", ".join(variants))
        return page(title, report_parts(evaluations, comparison))


def report_parts(
    evaluations: Evaluations, comparison: Comparison | None = None, more: Sequence[Part] = ()
) -> list[Part]:
    """Every part of the page.

    Args:
        evaluations: At least one.
        comparison: Of them, if it is known already.
        more: Parts of something else, before the page's end.
    """
    known = comparison or compare(evaluations)
    begin, end = ([each(known, evaluations) for each in some] for some in (_PARTS, _END))
    return [*begin, *more, *end]
