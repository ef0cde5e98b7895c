"""What the factors are made of, how alike they are, and how much they cover."""

from alphanet_pl.evaluation.compare import Comparison, Evaluations
from alphanet_pl.evaluation.report.page import figure, paragraph, section, table
from alphanet_pl.evaluation.report.text import number, percent
from alphanet_pl.evaluation.results import Evaluation
from alphanet_pl.evaluation.signal.exposures import Exposure
from alphanet_pl.evaluation.variants.figures import exposures as drawn


def exposures(comparison: Comparison, evaluations: Evaluations) -> str:
    """Style exposures of all variants; nothing where the panel has no styles."""
    columns: dict[str, dict[str, Exposure]] = {}
    for variant, row in comparison.variants.items():
        if row.exposures is not None:
            columns[variant] = row.exposures
    if not columns:
        return ""
    size = dict(columns)
    for variant, row in comparison.variants.items():
        before = row.exposures_before_projection
        if before is not None:
            size[f"{variant} before projection"] = before
    counts = {style.n for found in columns.values() for style in found.values()} - {0}
    sections = " to ".join(map(str, sorted({min(counts, default=0), max(counts, default=0)})))
    note = (
        "Rank correlation of each published factor with each Barra style, mean over the "
        f"{sections} sections that have it. The mean says in which direction a factor leans, the "
        "mean absolute how much of it is style. A neutralised model is published as the residual "
        "on the styles: the columns before projection show what its network leans to."
    )
    return section(
        "Style exposures",
        paragraph(note),
        figure(drawn(comparison), "styles"),
        _matrix("Mean", columns, "mean"),
        _matrix("Mean absolute", size, "mean_absolute"),
    )


def _matrix(title: str, columns: dict[str, dict[str, Exposure]], of: str) -> str:
    styles = dict.fromkeys(name for found in columns.values() for name in found)
    rows = [
        [
            name.replace("_", " "),
            *(
                number(getattr(found[name], of)) if name in found else "-"
                for found in columns.values()
            ),
        ]
        for name in styles
    ]
    return table(("", *columns), rows, title)


def alike(comparison: Comparison, evaluations: Evaluations) -> str:
    """How far the factors agree."""
    found = comparison.correlation
    if not found or len(found) < 2:
        return ""
    rows = [[name, *(number(other) for other in row.values())] for name, row in found.items()]
    note = (
        "Mean rank correlation between the published factors at the same cross-section. A variant "
        "that is not neutralised agrees with one that is only as far as its styles allow."
    )
    return section("How alike the factors are", paragraph(note), table(("", *found), rows))


def coverage(comparison: Comparison, evaluations: Evaluations) -> str:
    """Stocks scored and feature pairs seen."""
    rows = [
        [variant, percent(stocks.mean_share), str(min(stocks.scored)), *_pairs(evaluation)]
        for variant, evaluation in evaluations.items()
        if (stocks := evaluation.stock_coverage) is not None
    ]
    if not rows:
        return ""
    header = (
        "", "stocks scored", "fewest", "model.n", "models", "pairs reached", "expected", "printed",
    )  # fmt: skip
    note = (
        "Share of the stocks that could be scored, and the fewest at a cross-section; share of all "
        "feature pairs that the models of the factor see, expected of as many models, and printed "
        "in figure 5 for ten."
    )
    return section("Coverage", paragraph(note), table(header, rows))


def _pairs(evaluation: Evaluation) -> list[str]:
    found = evaluation.pair_coverage
    if found is None:
        return ["-"] * 5
    return [
        str(found.n),
        str(found.models),
        percent(found.share),
        percent(found.exact),
        percent(found.printed),
    ]
