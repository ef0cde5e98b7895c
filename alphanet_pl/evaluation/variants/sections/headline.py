"""The top of the page: who is compared, when, on what, and the numbers that matter most."""

from html import escape

from alphanet_pl.evaluation.compare import Comparison, Evaluations, VariantRow, seeds_of
from alphanet_pl.evaluation.paper import PERIOD, PRINTED
from alphanet_pl.evaluation.report.beside import period, simulated
from alphanet_pl.evaluation.report.page import figure, paragraph, section, table
from alphanet_pl.evaluation.report.text import number, percent
from alphanet_pl.evaluation.results import Evaluation
from alphanet_pl.evaluation.variants.figures import cover
from alphanet_pl.evaluation.variants.sections.text import PRINTED_ROW, sentence, with_error


def headline(comparison: Comparison, evaluations: Evaluations) -> str:
    """Period, N, data, the headline table, the cover chart, and what the data lacks."""
    enhanced = any(each.enhancement is not None for each in evaluations.values())
    return "".join(
        [
            f"<p class='lead'>{escape(_span(comparison, evaluations))}</p>",
            _table(comparison),
            paragraph(_errors(evaluations)),
            figure(cover(evaluations), "cover") if enhanced else "",
            paragraph(_printed(evaluations)),
            *map(paragraph, _said(evaluations)),
            _setups(comparison, evaluations),
        ]
    )


def _span(comparison: Comparison, evaluations: Evaluations) -> str:
    base = evaluations[comparison.baseline]
    words = [f"{comparison.start} to {comparison.stop},"]
    if comparison.common_period:
        words.append("the sessions that every variant scored.")
    else:
        words.append("but every variant over its own sessions: differences mix variant and period.")
    if base.ic is not None:
        count = base.ic.neutral.summary.n
        words.append(f"{count} cross-sections, every {base.ic.step} sessions.")
    words.append(f"The baseline is {comparison.baseline}.")
    data = base.provenance.data
    if data:
        words.append(f"Data: {data}.")
    return " ".join(words)


def _table(comparison: Comparison) -> str:
    header = (
        "", "RankIC", "ICIR", "top layer", "enhanced index", "information ratio",
        "excess drawdown",
    )  # fmt: skip
    rows = [[variant, *_cells(row)] for variant, row in comparison.variants.items()]
    return table(header, rows)


def _cells(row: VariantRow) -> list[str]:
    ic, layers, enhanced = row.ic, row.layers, row.enhancement
    cells = ["-"] * 6
    if ic is not None:
        cells[:2] = [with_error(ic.mean, ic.standard_error), number(ic.icir)]
    if layers is not None:
        cells[2] = percent(layers.annual_excess[0])
    if enhanced is not None:
        relative = enhanced.relative
        cells[3:] = [
            with_error(relative.annual_excess, enhanced.excess_standard_error, 1),
            number(relative.information_ratio),
            percent(relative.excess_max_drawdown.depth),
        ]
    return cells


def _errors(evaluations: Evaluations) -> str:
    says = (
        "Mean RankIC of the neutral factor; annual excess of the top layer over the pool and of "
        "the enhanced portfolio over the index, both after cost; of the latter, information ratio "
        "and largest drawdown of the excess. After \u00b1 stands a standard error over time "
        "(cross-sections or days)."
    )
    single = [name for name, each in evaluations.items() if len(seeds_of(each)) == 1]
    if not single:
        return says
    verb = "is one seed" if len(single) == 1 else "are one seed each"
    return (
        f"{says} {sentence(single)} {verb}: the luck of a single fit is in the figures and in no "
        "error bar."
    )


def _printed(evaluations: Evaluations) -> str:
    known = [name for name in evaluations if name in PRINTED.ic]
    if not known:
        return ""
    clause = period(evaluations[known[0]])
    return (
        f"Rows and columns marked \u201c{PRINTED_ROW}\u201d hold what the report prints for all "
        f"A-shares, {PERIOD[0]} to {PERIOD[1]}, the mean of ten seeds: {clause}."
    )


def _said(evaluations: Evaluations) -> list[str]:
    """What the data lacks, once for all variants where it is the same."""
    out = []
    if any(map(simulated, evaluations.values())):
        out.append(
            "The market is simulated: these figures show that the code works, and say nothing "
            "about real stocks."
        )
    panels = {e.provenance.panel_fingerprint for e in evaluations.values()}
    if len(panels) > 1:
        out.append("The variants were judged on different panels: prepare one, evaluate anew.")
    lacks = {name: _lacks(each) for name, each in evaluations.items()}
    shared = [each for each in next(iter(lacks.values())) if all(each in s for s in lacks.values())]
    out.append(" ".join(shared))
    for name, own in lacks.items():
        rest = [each for each in own if each not in shared]
        out += [f"{name}: {' '.join(rest)}"] if rest else []
    return out


def _lacks(evaluation: Evaluation) -> list[str]:
    return evaluation.provenance.lacks


def _setups(comparison: Comparison, evaluations: Evaluations) -> str:
    rows = []
    for variant, row in comparison.variants.items():
        setup = row.setup
        sampled, weight, seeds = setup.n, setup.long_weight, seeds_of(evaluations[variant])
        rows.append(
            [
                variant,
                "-" if sampled is None else str(sampled),
                number(weight, 1),
                {None: "-", True: "yes", False: "no"}[setup.neutralise],
                ", ".join(map(str, seeds)) or "not named in the factor",
            ]
        )
    header = (
        "", "model.n", "loss.long_weight", "loss.neutralise", "seeds",
    )  # fmt: skip
    note = (
        "Features whose pairs a model traverses, weight of the better half of each cross-section, "
        "and whether the loss sees the residual on the styles only."
    )
    return section("The variants", paragraph(note), table(header, rows))
