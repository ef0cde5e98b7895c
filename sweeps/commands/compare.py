"""`alphanet compare`: everything of an experiment beside each other, as HTML and in W&B."""

from collections.abc import Mapping
from pathlib import Path

from alphanet_pl.config.settings import Settings
from alphanet_pl.evaluation.compare import Comparison, compare, judged_apart, read_correlation
from alphanet_pl.evaluation.report import report_parts
from alphanet_pl.evaluation.report.formats import say, written_in
from alphanet_pl.evaluation.report.look import KNOWN
from alphanet_pl.evaluation.report.page import page
from alphanet_pl.evaluation.results import Evaluation, read_evaluation
from alphanet_pl.fit.folder import variant_folder
from datamodules.base.errors import EvaluationError
from datamodules.base.files import try_place, write_text
from datamodules.base.words import counted
from datamodules.panel import Panel
from sweeps.online import publish
from sweeps.report import sweep_part, sweep_table
from sweeps.results import TRIALS, Sweep, read_sweep


def run(settings: Settings) -> str:
    """Read what the experiment holds, write compare.html, and publish it where there is a key."""
    home = variant_folder(settings).parent
    out = Path(settings.output) if settings.output else home
    try_place(out / "compare.html", "output=FOLDER")
    evaluations = read_evaluations(home, settings.variants)
    comparison = None
    if evaluations:
        comparison = compare(evaluations, read_correlation(home / "comparison.json", evaluations))
    sweeps = read_sweeps(home, settings)
    if comparison is None and not sweeps:
        raise EvaluationError(
            f"{home} holds neither an evaluation.json nor the trials.csv of a sweep",
            "compare puts beside each other what is there",
            "alphanet evaluate variants=[v2,v2.1], or alphanet sweep sweep=dropout",
        )
    with written_in(settings.page.language):
        parts = [sweep_part(sweep) for sweep in sweeps]
        if evaluations:
            parts = report_parts(evaluations, comparison, more=parts)
        title = say("sweep.title", experiment=settings.experiment)
        write_text(out / "compare.html", page(title, parts))
    for sweep in sweeps:
        table = sweep_table(sweep).to_csv(index=False, lineterminator="\n")
        write_text(out / "tables" / f"sweep_{sweep.name}.csv", table)
    return "\n".join(
        [
            *_said(evaluations, comparison, sweeps),
            f"page: {out / 'compare.html'}",
            publish(settings, comparison, sweeps),
        ]
    )


def read_evaluations(home: Path, wanted: list[str]) -> dict[str, Evaluation]:
    """Evaluations of an experiment in the report's order, others after.

    Args:
        home: runs/EXPERIMENT.
        wanted: Only these variants; all if empty.

    Raises:
        EvaluationError: One that is wanted is not there, or cannot be read.
    """
    names = wanted or [path.parent.name for path in sorted(home.glob("*/evaluation.json"))]
    known = list(KNOWN)
    names = sorted(names, key=lambda name: known.index(name) if name in known else len(known))
    return {name: read_evaluation(home / name / "evaluation.json") for name in names}


def read_sweeps(home: Path, settings: Settings) -> list[Sweep]:
    """Every sweep of an experiment, judged after its window."""
    tables = sorted(home.glob(f"sweeps/*/{TRIALS}"))
    if not tables:
        return []
    panel = Panel.open(settings.data.panel)
    by = settings.score.statistics
    return [read_sweep(table, panel, settings.evaluation, by) for table in tables]


def _said(
    evaluations: Mapping[str, Evaluation], comparison: Comparison | None, sweeps: list[Sweep]
) -> list[str]:
    variants: Mapping[str, object] = {} if comparison is None else comparison.variants
    lines = [f"variants: {', '.join(variants)}"] if variants else []
    if comparison is not None and not comparison.common_period:
        lines.append(
            "they were judged on different sessions: alphanet evaluate "
            f"variants=[{','.join(variants)}] judges them on common ones"
        )
    if apart := [f"evaluation.{key}" for key in judged_apart(evaluations.values())]:
        lines.append(f"they were judged by different settings: {', '.join(apart)}")
    return lines + [
        f"sweep {sweep.name}: {counted(len(sweep.configurations), 'configuration')}"
        + (f", {counted(sweep.missing, 'trial')} not finished" if sweep.missing else "")
        for sweep in sweeps
    ]
