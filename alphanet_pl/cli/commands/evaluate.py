"""`alphanet evaluate`: evaluation.json, CSV tables and report.html of a factor, or of several."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from alphanet_pl.config.compose import with_overrides
from alphanet_pl.config.settings import Settings
from alphanet_pl.evaluation.evaluate import evaluate
from alphanet_pl.evaluation.evaluate_variants import evaluate_variants
from alphanet_pl.evaluation.report import write_report
from alphanet_pl.evaluation.report.wandb import log_evaluation
from alphanet_pl.evaluation.results import Evaluation, write_evaluation
from alphanet_pl.evaluation.tables import tables
from alphanet_pl.evaluation.variants.page import write_page
from alphanet_pl.evaluation.variants.schema import write_comparison
from alphanet_pl.evaluation.variants.tables import comparison_tables
from alphanet_pl.fit.identity import variant_folder
from datamodules.base.files import write_text


def run(settings: Settings) -> str:
    """Judge the factor or the factors, write what came out, and say the headline."""
    if settings.variants:
        return _several(settings)
    evaluation = evaluate(settings)
    out = Path(settings.output) if settings.output else variant_folder(settings)
    write_all(evaluation, out)
    log_evaluation(settings, evaluation, out)
    return "\n".join([*headline(evaluation), f"report: {out / 'report.html'}"])


def _several(settings: Settings) -> str:
    comparison, evaluations = evaluate_variants(settings)
    experiment = variant_folder(settings).parent
    out = Path(settings.output) if settings.output else experiment
    for variant, evaluation in evaluations.items():
        write_all(evaluation, experiment / variant)
        log_evaluation(
            with_overrides(settings, f"variant={variant}"), evaluation, experiment / variant
        )
    out.mkdir(parents=True, exist_ok=True)
    write_comparison(comparison, out / "comparison.json")
    _write_tables(comparison_tables(comparison), out)
    write_page(comparison, evaluations, out / "report.html")
    said = [line for evaluation in evaluations.values() for line in headline(evaluation)]
    return "\n".join([*said, f"report: {out / 'report.html'}"])


def write_all(evaluation: Evaluation, out: Path) -> None:
    """Write everything of one evaluation into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    write_evaluation(evaluation, out / "evaluation.json")
    _write_tables(tables(evaluation), out)
    write_report(evaluation, out / "report.html")


def _write_tables(found: Mapping[str, pd.DataFrame], out: Path) -> None:
    for name, table in found.items():
        write_text(out / "tables" / f"{name}.csv", table.to_csv(lineterminator="\n"))


def headline(evaluation: Evaluation) -> list[str]:
    """The figures that matter most, as lines."""
    lines = [f"{evaluation['variant']}, {evaluation['start']} to {evaluation['stop']}"]
    ic, layers, enhanced = evaluation["ic"], evaluation["layers"], evaluation["enhancement"]
    if ic is not None:
        lines += [
            f"{name:<7} RankIC {s['mean']:.4f} +- {s['standard_error']:.4f}, "
            f"ICIR {s['icir']:.2f}, above 0 in {s['positive_share']:.0%} of {s['n']} cross-sections"
            for name, s in (("neutral", ic["neutral"]["summary"]), ("raw", ic["raw"]["summary"]))
        ]
        if ic["achievable"] is not None:
            best = ic["achievable"]
            lines.append(
                f"the truth would reach {best['summary']['mean']:.4f}: "
                f"the raw factor has {best['share_reached']:.0%} of it"
            )
    if layers is not None:
        found = layers["by_filter"][layers["filter"]]
        excess = ", ".join(f"{value:.1%}" for value in found["annual_excess"])
        lines.append(f"layers, annual excess over the pool after cost: {excess}")
    if enhanced is not None:
        relative = enhanced["relative"]
        lines.append(
            f"{enhanced['index']} enhanced: annual excess {relative['annual_excess']:.1%} after "
            f"cost, information ratio {relative['information_ratio']:.2f}, "
            f"tracking error {relative['tracking_error']:.1%}"
        )
    return lines
