"""What the factor is made of and how much it covers: styles, stocks, feature pairs."""

from alphanet_pl.evaluation.figures.universe import stocks_scored, style_exposures
from alphanet_pl.evaluation.report.page import figure, paragraph, section, table
from alphanet_pl.evaluation.report.text import number, percent
from alphanet_pl.evaluation.results import Evaluation, PairCoverage


def exposures(evaluation: Evaluation) -> str:
    """Style exposures; nothing where the panel has no styles."""
    found = evaluation.exposures
    if found is None:
        return ""
    before = found.before_projection
    header = ["style", "mean", "mean absolute", "N"]
    rows = [
        [name.replace("_", " "), number(s.mean), number(s.mean_absolute), str(s.n)]
        for name, s in found.styles.items()
    ]
    if before is not None:
        header.append("mean absolute before projection")
        for row, style in zip(rows, before.values(), strict=True):
            row.append(number(style.mean_absolute))
    return section(
        "Style exposures",
        paragraph(
            "Rank correlation of the factor with each Barra style, over the N sections that have "
            "it. The mean says in which direction the factor leans, the mean absolute how much "
            "of it is style."
        ),
        figure(style_exposures(found), "styles"),
        table(header, rows),
    )


def coverage(evaluation: Evaluation) -> str:
    """Stocks scored and feature pairs seen."""
    stocks, pairs = evaluation.stock_coverage, evaluation.pair_coverage
    parts = []
    if stocks is not None:
        says = f"{percent(stocks.mean_share)} of the stocks that could be scored have a score."
        parts += [paragraph(says), figure(stocks_scored(stocks), "stocks")]
    if pairs is not None:
        parts.append(_pairs(pairs))
    return section("Coverage", *parts) if parts else ""


def _pairs(pairs: PairCoverage) -> str:
    rows = [
        ["reached by these seeds", percent(pairs.share)],
        ["expected of as many seeds", percent(pairs.exact)],
    ]
    if pairs.printed is not None:
        rows.append(["report, figure 5", percent(pairs.printed)])
    models = f"{pairs.models} models" if pairs.models > 1 else "one model"
    title = f"Feature pairs seen by {models} of {pairs.n} features each"
    return table(("", "share"), rows, title)
