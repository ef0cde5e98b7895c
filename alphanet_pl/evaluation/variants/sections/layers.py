"""The layer test of several variants: tables 11, 21 and 29, figures 12, 13, 19, 20, 27 and 28."""

from alphanet_pl.evaluation.compare import Comparison, Evaluations
from alphanet_pl.evaluation.figures.layers import FILTERS, layer_excess_curves
from alphanet_pl.evaluation.paper import MONTHS, PRINTED
from alphanet_pl.evaluation.portfolio.layers import LayerTable
from alphanet_pl.evaluation.report.page import figure, paragraph, section, table
from alphanet_pl.evaluation.report.text import number, percent, percents, printed
from alphanet_pl.evaluation.variants.figures import layer_excess, top_layer
from alphanet_pl.evaluation.variants.sections.differences import differences
from alphanet_pl.evaluation.variants.sections.text import Cells, beside

_PRINTED_LAYERS = 5


def layers(comparison: Comparison, evaluations: Evaluations) -> str:
    """The section; nothing where no variant has the test."""
    known = {name: each.layers for name, each in evaluations.items() if each.layers}
    found = next(iter(known.values()), None)
    if found is None:
        return ""
    note = (
        f"{found.layers} equal-weight layers of the neutral factor, layer 1 the highest, every "
        f"{found.step} sessions, traded at the next day's vwap, cost "
        f"{percent(found.cost, 1)} one way; annual excess over the equal-weight pool, which "
        f"pays no cost; {FILTERS.get(found.filter, found.filter)}, convention "
        f"{found.convention}. Each variant's own page has the other filters."
    )
    return section(
        "Layer test",
        paragraph(note),
        table(*summary(comparison, found.layers)),
        figure(layer_excess(evaluations), "layer-excess"),
        _legs(comparison, found.layers),
        figure(top_layer(evaluations), "top-layer"),
        differences(comparison, "top_difference", "Layer 1's excess"),
        *(
            figure(
                layer_excess_curves(each).update_layout(
                    title=f"{name}: excess NAV of its layers over the pool, after cost", height=280
                ),
                f"layer-curves-{place}",
            )
            for place, (name, each) in enumerate(known.items())
            if each is not None
        ),
    )


def summary(comparison: Comparison, count: int) -> Cells:
    """Annual excess by layer, each variant above the report's own row.

    Args:
        comparison: The variants.
        count: How many layers there are.
    """
    ours = {
        variant: percents(row.layers.annual_excess)
        for variant, row in comparison.variants.items()
        if row.layers is not None
    }
    known = PRINTED.layers if count == _PRINTED_LAYERS else {}
    theirs = {variant: list(map(printed, row.annual_excess)) for variant, row in known.items()}
    header = ("", *(f"layer {k + 1}" for k in range(count)))
    return header, beside(ours, theirs)


def _legs(comparison: Comparison, count: int) -> str:
    ours = {
        variant: _cells(row.layers)
        for variant, row in comparison.variants.items()
        if row.layers is not None
    }
    theirs = {
        variant: [
            f"{p.top_information_ratio:.2f}", printed(p.top_monthly_win), str(MONTHS),
            printed(p.long_short), f"{p.long_short_sharpe:.2f}", "-",
        ]
        for variant, p in PRINTED.layers.items()
        if count == _PRINTED_LAYERS
    }  # fmt: skip
    header = (
        "", "information ratio", "monthly wins", "months", "long-short, as reported",
        "its Sharpe ratio", "long-short, both legs pay",
    )  # fmt: skip
    return table(header, beside(ours, theirs), "Layer 1, and layer 1 less the last")


def _cells(found: LayerTable) -> list[str]:
    report, net = found.long_short["report"], found.long_short["net"]
    return [
        number(found.top_information_ratio),
        percent(found.top_monthly_win),
        str(found.months),
        percent(report.annual_return),
        number(report.sharpe),
        percent(net.annual_return),
    ]
