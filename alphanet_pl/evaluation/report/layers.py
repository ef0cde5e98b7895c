"""The layer test: tables 11, 21 and 29, figures 12, 13, 19, 20, 27 and 28."""

from alphanet_pl.evaluation.figures.layers import (
    FILTERS,
    layer_excess,
    layer_excess_curves,
    long_short,
    top_layer,
)
from alphanet_pl.evaluation.paper import MONTHS, PRINTED
from alphanet_pl.evaluation.portfolio.layers import LayersResult, LayerTable
from alphanet_pl.evaluation.report.beside import HEADING
from alphanet_pl.evaluation.report.page import figure, paragraph, section, table
from alphanet_pl.evaluation.report.text import number, percent, percents, printed
from alphanet_pl.evaluation.results import Evaluation

_PRINTED_LAYERS = 5


def layers(evaluation: Evaluation) -> str:
    """The section; nothing where the test was not computed."""
    found = evaluation.layers
    if found is None:
        return ""
    note = (
        f"{found.layers} equal-weight layers of the neutral factor, layer 1 the highest, "
        f"every {found.step} sessions, traded at the next day's vwap from real daily holdings, "
        f"cost {percent(found.cost, 1)} one way; excess over the equal-weight pool, which pays "
        f"no cost. Returns are annual, convention {found.convention}; "
        f"the figures show {_name(found.filter)}."
    )
    return section(
        "Layer test",
        paragraph(note),
        _by_filter(found, evaluation.variant),
        paragraph(
            "Filters of the next day: the report's leaves out stocks that are suspended or close "
            "at a price limit, which looks ahead; realistic leaves orders unfilled that the "
            "market would not fill; no filter only knows that a suspended stock has no price. "
            "Long-short as reported is the difference of two series after cost, so that the short "
            "leg's cost counts as gain; net lets both legs pay."
        ),
        figure(layer_excess(found), "layer-excess"),
        figure(layer_excess_curves(found), "layer-curves"),
        figure(top_layer(found), "top-layer"),
        figure(long_short(found), "long-short"),
        _by_layer(found),
    )


def _by_filter(layers: LayersResult, variant: str) -> str:
    columns = {_name(mode): _column(found) for mode, found in layers.by_filter.items()}
    if variant in PRINTED.layers and layers.layers == _PRINTED_LAYERS:
        row = PRINTED.layers[variant]
        columns[HEADING] = [
            *map(printed, row.annual_excess), printed(row.long_short),
            f"{row.long_short_sharpe:.2f}", "-", "-", f"{row.top_information_ratio:.2f}",
            printed(row.top_monthly_win), str(MONTHS), "-", "-", "-",
        ]  # fmt: skip
    names = [
        *(f"excess, layer {k + 1}" for k in range(layers.layers)),
        "long-short, as reported", "its Sharpe ratio", "long-short, net",
        "its Sharpe ratio", "layer 1, information ratio", "layer 1, monthly wins", "months",
        "monotonicity", "stocks in the pool", "cross-sections",
    ]  # fmt: skip
    rows = [[name, *cells] for name, *cells in zip(names, *columns.values(), strict=True)]
    return table(("", *columns), rows)


def _column(found: LayerTable) -> list[str]:
    modes = (found.long_short[mode] for mode in ("report", "net"))
    return [
        *percents(found.annual_excess),
        *(t for m in modes for t in (percent(m.annual_return), number(m.sharpe))),
        number(found.top_information_ratio),
        percent(found.top_monthly_win),
        str(found.months),
        number(found.monotonicity),
        number(found.stock_count, 0),
        str(found.sections),
    ]


def _by_layer(layers: LayersResult) -> str:
    found = layers.by_filter[layers.filter]
    performance = found.performance
    rows = [
        ["annual return", *percents([p.annual_return for p in performance])],
        ["volatility", *percents([p.volatility for p in performance])],
        ["Sharpe ratio", *(number(p.sharpe) for p in performance)],
        ["largest drawdown", *percents([p.max_drawdown.depth for p in performance])],
        ["annual excess before cost", *percents(found.annual_excess_gross)],
        ["annual cost", *percents(found.cost)],
        ["two-sided turnover of a rebalance", *percents(found.turnover, 0)],
        ["value that could not trade", *percents(found.frozen_share)],
    ]
    header = ("", *(f"layer {k + 1}" for k in range(layers.layers)))
    return table(header, rows, f"Each layer, {_name(layers.filter)}")


def _name(mode: str) -> str:
    return FILTERS.get(mode, mode)
