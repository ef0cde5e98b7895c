"""Index enhancement: tables 14, 15, 22, 23, 30 and 31, figures 16, 24 and 32."""

from alphanet_pl.evaluation.figures.enhancement import (
    excess_and_drawdown,
    portfolio_and_index,
    yearly_excess,
)
from alphanet_pl.evaluation.paper import INDEX, PERIOD, PRINTED
from alphanet_pl.evaluation.portfolio.enhancement import EnhancementResult, YearlyResult
from alphanet_pl.evaluation.portfolio.performance import Drawdown, Performance
from alphanet_pl.evaluation.report.beside import HEADING, simulated
from alphanet_pl.evaluation.report.page import figure, paragraph, section, table
from alphanet_pl.evaluation.report.text import number, percent, printed
from alphanet_pl.evaluation.results import Evaluation

SCHEDULES = {"weekly": "on the last session of each week", "every_5": "every 5 sessions"}
_COPIED = "v2.3"
"""The variant whose row of table 31 is a copy of v2.1's in table 15."""
_RUNGS = {
    "exact": "rebalances solved exactly",
    "neutrality": "with neutrality relaxed",
    "turnover": "with turnover relaxed too",
    "nearest": "as neutral as names that cannot trade allow",
    "hold": "without a plan: held",
}


def enhancement(evaluation: Evaluation) -> str:
    """The section; nothing where there is no index to enhance."""
    found = evaluation.enhancement
    if found is None:
        return ""
    yearly = evaluation.yearly
    years = "" if yearly is None else _years(yearly, evaluation)
    return section(
        f"Index enhancement, {found.index}",
        paragraph(_note(found)),
        _metrics(found, evaluation.variant),
        figure(excess_and_drawdown(found), "excess"),
        figure(portfolio_and_index(found), "portfolio"),
        years,
        "" if yearly is None else figure(yearly_excess(yearly), "yearly-excess"),
        _episodes(found),
        _trading(found),
        _relaxed(found),
    )


def _note(found: EnhancementResult) -> str:
    return (
        f"Planned {SCHEDULES[found.schedule]} by a linear program, {found.rebalances} times: "
        "the highest factor with the industries and size of the index, at most "
        f"{percent(found.max_deviation, 1)} above the index's weight in a name and "
        f"{percent(found.max_turnover, 0)} two-sided turnover, traded at the next day's vwap, "
        f"cost {percent(found.cost, 1)} one way, next-day filter {found.filter}, convention "
        f"{found.convention}."
    )


def _metrics(found: EnhancementResult, variant: str) -> str:
    relative = found.relative
    ours = [
        *_absolute(found.portfolio),
        percent(relative.annual_excess),
        percent(relative.tracking_error),
        percent(relative.excess_max_drawdown.depth),
        number(relative.information_ratio),
        number(relative.calmar),
        percent(relative.monthly_win),
        percent(found.turnover.per_rebalance),
    ]
    blank = ["-"] * (len(ours) - 4)
    columns = {
        "portfolio": ours,
        found.index: [*_absolute(found.benchmark[found.convention]), *blank],
    }
    if variant in PRINTED.enhancement:
        p, index = PRINTED.enhancement[variant], PRINTED.benchmark
        columns[HEADING] = [
            printed(p.annual_return), printed(p.volatility), f"{p.sharpe:.2f}",
            printed(p.max_drawdown), printed(p.annual_excess), printed(p.tracking_error),
            printed(p.excess_max_drawdown), f"{p.information_ratio:.2f}", f"{p.calmar:.2f}",
            printed(p.monthly_win), printed(p.turnover),
        ]  # fmt: skip
        columns["its index"] = [
            printed(index.annual_return), printed(index.volatility), f"{index.sharpe:.2f}",
            printed(index.max_drawdown), *blank,
        ]  # fmt: skip
    names = (
        "annual return", "volatility", "Sharpe ratio", "largest drawdown", "annual excess",
        "tracking error", "largest drawdown of the excess", "information ratio", "Calmar ratio",
        f"monthly wins (ours: of {relative.months})", "two-sided turnover of a rebalance",
    )  # fmt: skip
    rows = [[name, *cells] for name, *cells in zip(names, *columns.values(), strict=True)]
    return table(("", *columns), rows) + paragraph(_conventions(found))


def _absolute(found: Performance) -> list[str]:
    return [
        percent(found.annual_return),
        percent(found.volatility),
        number(found.sharpe),
        percent(found.max_drawdown.depth),
    ]


def _conventions(found: EnhancementResult) -> str:
    ours, theirs = (found.benchmark[each] for each in ("standard", "huatai"))
    return (
        f"The index under both conventions: {percent(ours.annual_return)} a year with every "
        f"day (standard), {percent(theirs.annual_return)} without the last day, as the report "
        f"counts (huatai), over {ours.sessions} sessions."
    )


def _years(yearly: YearlyResult, evaluation: Evaluation) -> str:
    header = ["year", "portfolio", "index", "excess"]
    series = (yearly.portfolio, yearly.index, yearly.excess)
    rows = [
        [year, *map(percent, values)] for year, *values in zip(yearly.years, *series, strict=True)
    ]
    variant = evaluation.variant
    note = "Partial first and last years are not annualised."
    if variant in PRINTED.yearly and not simulated(evaluation):
        header += [HEADING, "its index"]
        first = int(PERIOD[0][:4])
        for row in rows:
            place = int(row[0]) - first
            inside = 0 <= place < len(PRINTED.yearly[variant])
            row += [
                printed(PRINTED.yearly[name][place] if inside else None)
                for name in (variant, INDEX)
            ]
        if variant == _COPIED:
            note += " The report's row of v2.3 is a copy of its row of v2.1: do not compare."
    return table(header, rows, "Calendar years") + paragraph(note)


def _episodes(found: EnhancementResult) -> str:
    known = {name: fall for name, fall in found.episodes.items() if fall is not None}
    if not known:
        return ""
    rows = [[name, *_fall(fall)] for name, fall in known.items()]
    return table(("", "depth", "from", "to"), rows, "Drawdown of the excess in three periods")


def _fall(fall: Drawdown) -> list[str]:
    return [percent(fall.depth), fall.peak or "its first day", fall.trough or "-"]


def _trading(found: EnhancementResult) -> str:
    turnover = found.turnover
    rows = [
        ["turnover of a rebalance as planned, two-sided", percent(turnover.planned)],
        ["turnover of a month, two-sided", percent(turnover.monthly)],
        ["turnover of a year, one-sided", percent(turnover.annual_one_sided, 0)],
        ["rebalances that use the whole cap", percent(turnover.share_at_cap)],
        ["names held", number(found.mean_names, 0)],
        *([_RUNGS.get(rung, rung), str(count)] for rung, count in found.rungs.items()),
        ["largest violation of any constraint by a plan", f"{found.max_residual:.0e}"],
    ]
    return table(("", "portfolio"), rows, "Trading")


def _relaxed(found: EnhancementResult) -> str:
    rows = [[each.date, each.rung, each.detail] for each in found.relaxed]
    if not rows:
        return paragraph("Every rebalance had an exact solution: no constraint was relaxed.")
    header = ("week", "rung", "what was relaxed")
    return table(header, rows, "Weeks without an exact solution", text=True)
