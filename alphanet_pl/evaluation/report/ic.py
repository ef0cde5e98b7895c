"""The IC test: tables 9, 17 and 25, figures 10, 18 and 26, and breakdowns."""

from collections.abc import Sequence

from alphanet_pl.evaluation.figures.ic import (
    cumulative_rank_ic,
    rank_ic_by_industry,
    rank_ic_by_section,
    rank_ic_by_size,
    rank_ic_decay,
)
from alphanet_pl.evaluation.paper import CROSS_SECTIONS, PRINTED
from alphanet_pl.evaluation.report.beside import HEADING
from alphanet_pl.evaluation.report.page import figure, paragraph, section, table
from alphanet_pl.evaluation.report.text import number, percent, printed
from alphanet_pl.evaluation.results import Evaluation
from alphanet_pl.evaluation.signal.ic import ICResult, ICSummary


def ic(evaluation: Evaluation) -> str:
    """The section; nothing where the test was not computed."""
    found = evaluation.ic
    if found is None:
        return ""
    truth = " The truth is the expected return itself, known only where a market is simulated: "
    truth = f"{truth}on average no factor ranks better." if found.achievable is not None else ""
    note = (
        f"RankIC with the return over the next {found.horizon} sessions (label "
        f"{found.label}, next-day filter {found.filter}), every {found.step} sessions; "
        "neutral means the residual on industries and size. ICIR is not annualised."
        f"{truth}"
    )
    return section(
        "IC test",
        paragraph(note),
        _summary(found, evaluation.variant),
        figure(cumulative_rank_ic(found), "cumulative-rank-ic"),
        figure(rank_ic_by_section(found), "rank-ic"),
        figure(rank_ic_decay(found), "decay"),
        _years(found),
        figure(rank_ic_by_size(found), "by-size"),
        figure(rank_ic_by_industry(found), "by-industry"),
        _persistence(found),
    )


def _summary(ic: ICResult, variant: str) -> str:
    columns = {"neutral": _column(ic.neutral.summary), "raw": _column(ic.raw.summary)}
    if ic.achievable is not None:
        columns["the truth"] = _column(ic.achievable.summary)
    if variant in PRINTED.ic:
        row = PRINTED.ic[variant]
        shares = [printed(row.mean), printed(row.std), f"{row.icir:.2f}"]
        columns[HEADING] = [*shares, printed(row.positive_share), str(CROSS_SECTIONS), "-", "-"]
    names = (
        "RankIC mean", "RankIC std", "ICIR", "RankIC above 0", "N", "standard error of the mean",
        "t (Newey-West)",
    )  # fmt: skip
    rows = [[name, *cells] for name, *cells in zip(names, *columns.values(), strict=True)]
    return table(("", *columns), rows)


def _column(s: ICSummary) -> list[str]:
    return [
        percent(s.mean), percent(s.std), number(s.icir), percent(s.positive_share),
        str(s.n), percent(s.standard_error), number(s.newey_west_t),
    ]  # fmt: skip


def _years(ic: ICResult) -> str:
    header = ("year", "mean", "std", "ICIR", "above 0", "N")
    rows: list[Sequence[str]] = [
        (year, *_column(summary)[:5]) for year, summary in ic.neutral.by_year.items()
    ]
    return table(header, rows, "RankIC by year, neutral factor")


def _persistence(ic: ICResult) -> str:
    forms = {"neutral factor": ic.neutral, "raw factor": ic.raw}
    rows = [[name, *map(number, form.autocorrelation.values())] for name, form in forms.items()]
    header = ("sections earlier", *ic.neutral.autocorrelation)
    return table(header, rows, "Rank correlation of a factor with its own past")
