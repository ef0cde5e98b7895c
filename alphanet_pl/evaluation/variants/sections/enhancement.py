"""Index enhancement of several variants: tables 14, 22 and 30, figures 16, 24 and 32."""

from collections.abc import Mapping

from alphanet_pl.evaluation.compare import Comparison, EnhancementRow, Evaluations
from alphanet_pl.evaluation.paper import INDEX, PRINTED, PrintedBenchmark, PrintedEnhancement
from alphanet_pl.evaluation.portfolio.enhancement import EnhancementResult
from alphanet_pl.evaluation.portfolio.performance import Performance
from alphanet_pl.evaluation.report.enhancement import SCHEDULES
from alphanet_pl.evaluation.report.page import figure, paragraph, section, table
from alphanet_pl.evaluation.report.text import number, percent, printed
from alphanet_pl.evaluation.variants.figures import excess_drawdown, yearly_excess
from alphanet_pl.evaluation.variants.sections.differences import differences
from alphanet_pl.evaluation.variants.sections.episodes import episodes
from alphanet_pl.evaluation.variants.sections.text import PRINTED_ROW, Cells, beside, with_error
from alphanet_pl.evaluation.variants.sections.yearly import years


def enhancement(comparison: Comparison, evaluations: Evaluations) -> str:
    """The section; nothing where no variant could be traded near an index."""
    found = next((each.enhancement for each in evaluations.values() if each.enhancement), None)
    if found is None:
        return ""
    return section(
        f"Index enhancement, {found.index}",
        paragraph(_note(found)),
        table(*excess(comparison), "Excess over the index"),
        paragraph("Turnover is two-sided, the mean of a rebalance."),
        figure(excess_drawdown(evaluations), "excess-drawdown"),
        differences(comparison, "excess_difference", "Excess over the index"),
        _returns(comparison, found),
        years(comparison, evaluations),
        figure(yearly_excess(evaluations), "yearly-excess"),
        episodes(comparison, evaluations),
        _trading(comparison, evaluations),
    )


def _note(found: EnhancementResult) -> str:
    return (
        f"Planned {SCHEDULES[found.schedule]} by a linear program: the highest factor with the "
        "industries and size of the index, at most "
        f"{percent(found.max_deviation, 1)} above the index's weight in a name and "
        f"{percent(found.max_turnover, 0)} two-sided turnover, cost {percent(found.cost, 1)} "
        f"one way, next-day filter {found.filter}, convention {found.convention}. Excess is "
        "the compounded daily difference."
    )


def _returns(comparison: Comparison, found: EnhancementResult) -> str:
    """The absolute columns, and the index's own."""
    ours = {
        variant: _absolute(row.enhancement.portfolio)
        for variant, row in comparison.variants.items()
        if row.enhancement is not None
    }
    theirs = {name: _printed(row) for name, row in PRINTED.enhancement.items()}
    rows = beside(ours, theirs)
    if comparison.benchmark is not None:
        index = comparison.benchmark[found.convention]
        rows.append([found.index, *_absolute(index)])
        rows.append([f"{INDEX}, {PRINTED_ROW}", *_printed(PRINTED.benchmark)])
    header = ("", "annual return", "volatility", "Sharpe ratio", "largest drawdown")
    return table(header, rows, "Portfolio and index")


def excess(comparison: Comparison) -> Cells:
    """The excess columns of tables 14, 22 and 30, each variant above the report's own row."""
    ours = {
        variant: _cells(row.enhancement)
        for variant, row in comparison.variants.items()
        if row.enhancement is not None
    }
    theirs = {
        variant: [
            printed(p.annual_excess), printed(p.tracking_error), f"{p.information_ratio:.2f}",
            printed(p.excess_max_drawdown), f"{p.calmar:.2f}", printed(p.monthly_win),
            printed(p.turnover),
        ]
        for variant, p in PRINTED.enhancement.items()
    }  # fmt: skip
    header = (
        "", "annual excess", "tracking error", "information ratio", "largest drawdown",
        "Calmar ratio", "monthly wins", "turnover",
    )  # fmt: skip
    return header, beside(ours, theirs)


def _printed(p: PrintedEnhancement | PrintedBenchmark) -> list[str]:
    shares = [printed(p.annual_return), printed(p.volatility)]
    return [*shares, f"{p.sharpe:.2f}", printed(p.max_drawdown)]


def _absolute(found: Performance) -> list[str]:
    return [
        percent(found.annual_return), percent(found.volatility), number(found.sharpe),
        percent(found.max_drawdown.depth),
    ]  # fmt: skip


def _cells(row: EnhancementRow) -> list[str]:
    relative = row.relative
    return [
        with_error(relative.annual_excess, row.excess_standard_error),
        percent(relative.tracking_error),
        number(relative.information_ratio),
        percent(relative.excess_max_drawdown.depth),
        number(relative.calmar),
        percent(relative.monthly_win),
        percent(row.turnover),
    ]


def _trading(comparison: Comparison, evaluations: Evaluations) -> str:
    rows = [
        [
            variant,
            str(found.rebalances),
            percent(found.turnover.share_at_cap),
            percent(found.turnover.share_relaxed),
            _rungs(found.rungs),
            number(found.mean_names, 0),
            f"{found.max_residual:.0e}",
        ]
        for variant in comparison.variants
        if (found := evaluations[variant].enhancement) is not None
    ]
    header = (
        "", "rebalances", "use the whole cap", "without exact solution", "relaxed or held",
        "names held", "largest violation of a constraint by a plan",
    )  # fmt: skip
    return table(header, rows, "Trading")


def _rungs(rungs: Mapping[str, int]) -> str:
    said = [f"{name} {count}" for name, count in rungs.items() if count and name != "exact"]
    return ", ".join(said) or "none"
