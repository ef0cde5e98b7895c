"""The IC test of several variants: tables 9, 17 and 25, figures 10, 18 and 26."""

from alphanet_pl.evaluation.compare import Comparison, Evaluations
from alphanet_pl.evaluation.paper import CROSS_SECTIONS, PRINTED
from alphanet_pl.evaluation.report.page import figure, paragraph, section, table
from alphanet_pl.evaluation.report.text import number, percent, printed
from alphanet_pl.evaluation.signal.ic import ICSummary
from alphanet_pl.evaluation.variants.figures import (
    cumulative_rank_ic,
    rank_ic_by_year,
    rank_ic_difference,
    rank_ic_of_seeds,
)
from alphanet_pl.evaluation.variants.sections.text import Cells, beside, with_error


def ic(comparison: Comparison, evaluations: Evaluations) -> str:
    """The section; nothing where no variant has the test."""
    found = next((each.ic for each in evaluations.values() if each.ic is not None), None)
    if found is None:
        return ""
    note = (
        f"RankIC of the industry-and-size-neutral factor with the return over the next "
        f"{found.horizon} sessions (label {found.label}, next-day filter {found.filter}), "
        f"every {found.step} sessions. ICIR is not annualised."
    )
    return section(
        "IC test",
        paragraph(note),
        table(*summary(comparison)),
        figure(cumulative_rank_ic(evaluations), "cumulative-rank-ic"),
        _differences(comparison, evaluations),
        figure(rank_ic_by_year(evaluations), "rank-ic-by-year"),
        _seeds(comparison),
    )


def summary(comparison: Comparison) -> Cells:
    """Tables 9, 17 and 25, each variant above the report's own row."""
    ours = {
        variant: _cells(row.ic)
        for variant, row in comparison.variants.items()
        if row.ic is not None
    }
    theirs = {
        variant: [
            printed(p.mean), printed(p.std), f"{p.icir:.2f}", printed(p.positive_share),
            str(CROSS_SECTIONS), "-",
        ]
        for variant, p in PRINTED.ic.items()
    }  # fmt: skip
    header = ("", "mean", "std", "ICIR", "above 0", "N", "t (Newey-West)")
    return header, beside(ours, theirs)


def _cells(s: ICSummary) -> list[str]:
    return [
        with_error(s.mean, s.standard_error), percent(s.std), number(s.icir),
        percent(s.positive_share), str(s.n), number(s.newey_west_t),
    ]  # fmt: skip


def _differences(comparison: Comparison, evaluations: Evaluations) -> str:
    rows = [
        [
            variant,
            with_error(s.mean, s.standard_error),
            number(s.newey_west_t),
            percent(s.positive_share),
            str(s.n),
        ]
        for variant, row in comparison.variants.items()
        if (s := row.ic_difference) is not None
    ]
    if not rows:
        return ""
    baseline = comparison.baseline
    header = ("", "mean", "t (Newey-West)", "above 0", "N")
    return table(
        header, rows, f"RankIC less that of {baseline} at the same cross-section"
    ) + figure(rank_ic_difference(evaluations, baseline), "rank-ic-difference")


def _seeds(comparison: Comparison) -> str:
    rows = [
        [
            variant,
            str(len(found.seeds)),
            with_error(found.mean, found.standard_error),
            percent(found.std),
            percent(row.ic.mean),
        ]
        for variant, row in comparison.variants.items()
        if (found := row.seeds) is not None and row.ic is not None
    ]
    if not rows:
        return ""
    header = ("", "seeds", "mean of single seeds", "std between seeds", "factor: their mean")
    note = (
        "Here \u00b1 is the standard error between seeds; one seed has none. The mean of several "
        "seeds ranks better than they do alone by what they do not have in common."
    )
    return (
        table(header, rows, "Mean RankIC of single seeds")
        + paragraph(note)
        + figure(rank_ic_of_seeds(comparison), "rank-ic-of-seeds")
    )
