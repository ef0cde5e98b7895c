"""The same comparison as a W&B report, where there is a key: run sets, curves, tables, sweeps.

W&B is a view: every number in it is also in compare.html and its tables. wandb-workspaces is an
optional dependency (the extra `reports`).
"""

import importlib.util
import json
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from alphanet_pl.config.settings import Settings
from alphanet_pl.evaluation.compare import Comparison
from alphanet_pl.evaluation.report.tables import (
    enhancement_cells,
    ic_cells,
    layer_cells,
    markdown,
)
from alphanet_pl.fit.wandb_runs import has_key
from datamodules.base.errors import ConfigError
from sweeps.report import results
from sweeps.results import RANK_IC, Sweep

if TYPE_CHECKING:
    from wandb_workspaces.reports.v2 import Report, Runset

ONLY_HTML = "only the page was made"


def publish(settings: Settings, comparison: Comparison | None, sweeps: Sequence[Sweep]) -> str:
    """Save the report and say where it is, or say why there is none.

    Raises:
        ConfigError: W&B refuses it.
    """
    options = settings.logger
    if options.mode == "offline":
        return f"{ONLY_HTML}: logger.mode=offline"
    if not has_key():
        return f"{ONLY_HTML}: there is no W&B key (WANDB_API_KEY)"
    if importlib.util.find_spec("wandb_workspaces") is None:
        return f"{ONLY_HTML}: a W&B report needs pip install 'alphanet-pl[reports]'"
    os.environ.setdefault("WANDB_SILENT", "true")
    import wandb

    try:
        entity = options.entity or wandb.Api().default_entity
        report = build_report(settings, str(entity), comparison, sweeps)
        report.save()
    except Exception as error:  # wandb raises many kinds, without a common base
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ConfigError(
            f"W&B did not take the report ({reason})",
            f"a key that may write to {options.entity or 'your entity'}/{options.project}",
            "logger.entity=..., logger.project=..., or logger.mode=offline for the page alone",
        ) from error
    return f"W&B report: {report.url}"


def build_report(
    settings: Settings, entity: str, comparison: Comparison | None, sweeps: Sequence[Sweep]
) -> "Report":
    """The report as an object; needs no network until it is saved.

    Args:
        settings: Experiment and W&B project.
        entity: W&B's user or team.
        comparison: Of the evaluations, if there are any.
        sweeps: With finished fits.
    """
    import wandb_workspaces.reports.v2 as wr

    blocks: list[Any] = [wr.TableOfContents()]
    if comparison is not None:
        blocks += _variants(settings, comparison)
    for sweep in sweeps:
        blocks += _sweep(settings, sweep)
    return wr.Report(
        project=settings.logger.project,
        entity=entity,
        title=f"AlphaNet, experiment {settings.experiment}"[:128],
        description="Variants and sweeps side by side; made by `alphanet compare`.",
        blocks=blocks,
        width="fluid",
    )


def _variants(settings: Settings, comparison: Comparison) -> list[Any]:
    import wandb_workspaces.reports.v2 as wr

    names = list(comparison.variants)
    span = f"{comparison.start} to {comparison.stop}"
    tables = {"IC test": ic_cells(comparison)}
    if any(row.layers for row in comparison.variants.values()):
        tables["Layers, annual excess over the pool"] = layer_cells(comparison)
    if any(row.enhancement for row in comparison.variants.values()):
        tables["Index enhancement, excess over the index"] = enhancement_cells(comparison)
    blocks: list[Any] = [
        wr.H1(text="Variants"),
        wr.MarkdownBlock(text=f"Out of sample, {span}; the baseline is {comparison.baseline}."),
        wr.PanelGrid(
            runsets=[runset(settings, name) for name in names],
            panels=[
                *(wr.LinePlot(title=name, x="epoch", y=[name]) for name in _CURVES),
                wr.RunComparer(diff_only="split"),
            ],
        ),
    ]
    for title, cells in tables.items():
        blocks += [wr.H2(text=title), wr.MarkdownBlock(text=markdown(cells))]
    return blocks


_CURVES = ("val/rank_ic", "val/loss", "train/loss")


def _sweep(settings: Settings, sweep: Sweep) -> list[Any]:
    import wandb_workspaces.reports.v2 as wr

    columns: list[Any] = [
        wr.ParallelCoordinatesPlotColumn(metric=wr.Config(key)) for key in (*sweep.axes, "seed")
    ]
    columns.append(wr.ParallelCoordinatesPlotColumn(metric=wr.SummaryMetric(RANK_IC)))
    by = next(iter(sweep.axes), "variant")
    return [
        wr.H1(text=f"Sweep {sweep.name}"),
        wr.MarkdownBlock(text=markdown(results(sweep))),
        wr.PanelGrid(
            runsets=[
                runset(settings, str(name), sorted(set(of["asof"])))
                for name, of in sweep.configurations.groupby("variant")
            ],
            panels=[
                wr.ParallelCoordinatesPlot(columns=columns),
                wr.ParameterImportancePlot(with_respect_to=RANK_IC),
                wr.LinePlot(
                    title=f"{RANK_IC} by {by}", x="epoch", y=[RANK_IC], groupby=wr.Config(by)
                ),
            ],
        ),
    ]


def runset(settings: Settings, variant: str, asof: Sequence[str] = ()) -> "Runset":
    """The fits of one variant in this experiment; entity and project are the report's own.

    Args:
        settings: Of the report.
        variant: Its name.
        asof: As-of sessions; all of them if empty.
    """
    import wandb_workspaces.reports.v2 as wr

    wanted = [
        f'Config("experiment") == "{settings.experiment}"',
        f'Config("variant") == "{variant}"',
        'Metric("JobType") in ["fit", "trial"]',
    ]
    if asof:
        wanted.append(f'Config("asof") in {json.dumps([*asof])}')
    return wr.Runset(name=variant, filters=" and ".join(wanted))
