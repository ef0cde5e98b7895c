"""`alphanet evaluate`: evaluation.json, CSV tables and report.html of a factor, or of several."""

from collections.abc import Collection, Mapping
from pathlib import Path

import pandas as pd

from alphanet_pl.config.compose import with_overrides
from alphanet_pl.config.settings import Settings
from alphanet_pl.evaluation.compare import Comparison, Evaluations, compare, read_comparison
from alphanet_pl.evaluation.evaluate import evaluate, evaluate_several
from alphanet_pl.evaluation.report import write_report
from alphanet_pl.evaluation.report.tables import comparison_tables, tables, terminal_lines
from alphanet_pl.evaluation.report.wandb import log_evaluation
from alphanet_pl.evaluation.results import Evaluation, read_evaluation, write_result
from alphanet_pl.fit.folder import variant_folder
from datamodules.base.errors import EvaluationError
from datamodules.base.files import try_place, write_text
from datamodules.base.words import working


def run(settings: Settings) -> str:
    """Judge the factor or the factors, write what came out, and say the headline."""
    with working(f"evaluate {', '.join(settings.variants) or settings.variant}"):
        return _several(settings) if settings.variants else _one(settings)


def _one(settings: Settings) -> str:
    out = Path(settings.output) if settings.output else variant_folder(settings)
    try_place(out / "evaluation.json", "output=FOLDER")
    evaluation = evaluate(settings)
    write_all(evaluation, out, settings.page.language)
    log_evaluation(settings, evaluation, out)
    one = {evaluation.variant: evaluation}
    return _said(one, compare(one), out)


def _several(settings: Settings) -> str:
    experiment = variant_folder(settings).parent
    out = Path(settings.output) if settings.output else experiment
    try_place(out / "comparison.json", "output=FOLDER")
    comparison, evaluations = evaluate_several(settings)
    last, found = read_comparison(out / "comparison.json"), comparison_tables(comparison)
    for variant, evaluation in evaluations.items():  # of the common days: aside where `output` is
        write_all(evaluation, out / variant, settings.page.language)
        log_evaluation(with_overrides(settings, f"variant={variant}"), evaluation, out / variant)
    write_result(comparison, out / "comparison.json")
    _write_tables(found, out, comparison_tables(last) if last else {})
    write_report(evaluations, out / "report.html", comparison, settings.page.language)
    return _said(evaluations, comparison, out)


def write_all(evaluation: Evaluation, out: Path, language: str) -> None:
    """Write everything of one evaluation into a folder, its page in a language."""
    last = _written_last(out)
    write_result(evaluation, out / "evaluation.json")
    _write_tables(tables(evaluation), out, last)
    write_report({evaluation.variant: evaluation}, out / "report.html", language=language)


def _written_last(out: Path) -> Collection[str]:
    """The tables of the evaluation that a folder holds."""
    try:
        return tables(read_evaluation(out / "evaluation.json"))
    except EvaluationError:  # none, or of another version
        return ()


def _write_tables(found: Mapping[str, pd.DataFrame], out: Path, last: Collection[str]) -> None:
    """Write tables, in place of those written last, which may have been more."""
    for name in set(last) - set(found):
        (out / "tables" / f"{name}.csv").unlink(missing_ok=True)
    for name, table in found.items():
        write_text(out / "tables" / f"{name}.csv", table.to_csv(lineterminator="\n"))


def _said(evaluations: Evaluations, comparison: Comparison, out: Path) -> str:
    """The headline, what could not be judged, and where the page is."""
    return "\n".join([*terminal_lines(evaluations, comparison), f"report: {out / 'report.html'}"])
