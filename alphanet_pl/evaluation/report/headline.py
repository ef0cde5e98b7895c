"""The top of the page: what was judged, on what, and the numbers that matter most."""

from html import escape

from alphanet_pl.evaluation.report.beside import comparison, simulated
from alphanet_pl.evaluation.report.page import cards, paragraph
from alphanet_pl.evaluation.report.text import number, percent
from alphanet_pl.evaluation.results import Evaluation


def headline(evaluation: Evaluation) -> str:
    """Period, N, data, cards, and what the data lacks."""
    said = []
    if simulated(evaluation):
        said.append(
            "The market is simulated: these figures show that the code works, "
            "and say nothing about real stocks."
        )
    said += evaluation.provenance.lacks
    lead = f"<p class='lead'>{escape(_span(evaluation))}</p>"
    return "".join(
        [
            lead,
            cards(_cards(evaluation)),
            paragraph(" ".join(said)),
            paragraph(comparison(evaluation)),
        ]
    )


def _span(evaluation: Evaluation) -> str:
    words = [f"{evaluation.start} to {evaluation.stop}."]
    if evaluation.ic is not None:
        ic = evaluation.ic
        words.append(f"{ic.neutral.summary.n} cross-sections, every {ic.step} sessions.")
    found = evaluation.provenance
    if found.seeds:
        seeds = found.seeds
        words.append(f"Mean of {len(seeds)} seeds." if len(seeds) > 1 else f"Seed {seeds[0]}.")
    if found.data:
        words.append(f"Data: {found.data}.")
    return " ".join(words)


def _cards(evaluation: Evaluation) -> list[tuple[str, str]]:
    out = []
    ic, layers, enhanced = evaluation.ic, evaluation.layers, evaluation.enhancement
    if ic is not None:
        summary = ic.neutral.summary
        error = percent(summary.standard_error)
        out += [
            (f"mean RankIC, neutral factor (standard error {error})", percent(summary.mean)),
            ("ICIR, not annualised", number(summary.icir)),
        ]
        if ic.achievable is not None:
            share = percent(ic.achievable.share_reached, 0)
            out.append(("of the achievable RankIC, raw factor", share))
    if layers is not None:
        top = layers.by_filter[layers.filter].annual_excess[0]
        out.append(("annual excess of the top layer over the pool, after cost", percent(top)))
    if enhanced is not None:
        relative = enhanced.relative
        out += [
            (
                f"annual excess of the enhanced portfolio over {enhanced.index}, after cost",
                percent(relative.annual_excess),
            ),
            ("its information ratio", number(relative.information_ratio)),
        ]
    return out
