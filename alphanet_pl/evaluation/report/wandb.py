"""Weights & Biases for an evaluation: a view of what stands in its folder already."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import plotly.graph_objects as go

from alphanet_pl.config.settings import Settings
from alphanet_pl.evaluation.report.figures import (
    cumulative_rank_ic,
    rank_ic_by_section,
    rank_ic_decay,
    stocks_scored,
    style_sizes,
)
from alphanet_pl.evaluation.report.tables import tables
from alphanet_pl.evaluation.results import Evaluation, to_json
from alphanet_pl.fit.wandb_runs import begin_run, log_factor, run_arguments, run_config

if TYPE_CHECKING:
    import wandb


def log_evaluation(settings: Settings, evaluation: Evaluation, out: Path) -> None:
    """Log figures of merit, tables, figures and the factor as one run, if `logger=wandb` is set.

    Args:
        settings: Of the evaluation; the run joins the group of the variant's fits.
        evaluation: What came out.
        out: Its folder, which holds all of it as files too.

    Raises:
        ConfigError: W&B takes no run.
    """
    if not settings.logger.wandb:
        return
    import wandb

    period, seeds = f"{evaluation.start}..{evaluation.stop}", evaluation.provenance.seeds
    arguments = run_arguments(
        settings,
        name=f"{evaluation.variant} {period}",
        job_type="evaluation",
        tags=[evaluation.variant, period],
        config=run_config(settings, seeds) | {"provenance": to_json(evaluation.provenance)},
    )
    with begin_run(out, arguments) as run:
        run.summary.update(figures_of_merit(evaluation))
        run.log(
            {f"tables/{name}": _table(table) for name, table in tables(evaluation).items()}
            | {f"figures/{name}": wandb.Plotly(figure) for name, figure in _figures(evaluation)}
        )
        _log_factor(run, evaluation)


def figures_of_merit(evaluation: Evaluation) -> dict[str, float]:
    """The numbers that runs are sorted by; a number that does not exist is left out."""
    out: dict[str, float] = {}
    ic, layers, enhanced = evaluation.ic, evaluation.layers, evaluation.enhancement
    if ic is not None:
        for prefix, form in (("test/rank_ic", ic.raw), ("test/neutral_rank_ic", ic.neutral)):
            out[prefix] = form.summary.mean
            out[f"{prefix}_standard_error"] = form.summary.standard_error
            out[f"{prefix}_ir"] = form.summary.icir
    if layers is not None:
        found = layers.by_filter[layers.filter]
        out["test/top_excess"] = found.annual_excess[0]
        out["test/long_short"] = found.long_short[layers.ls_mode].annual_return
    if enhanced is not None:
        out["test/enhanced_excess"] = enhanced.relative.annual_excess
        out["test/information_ratio"] = enhanced.relative.information_ratio
    return {name: value for name, value in out.items() if math.isfinite(value)}


def _figures(evaluation: Evaluation) -> Iterator[tuple[str, go.Figure]]:
    name = evaluation.variant
    if evaluation.ic is not None:
        yield "cumulative_rank_ic", cumulative_rank_ic({name: evaluation.ic})
        yield "rank_ic_by_section", rank_ic_by_section({name: evaluation.ic})
        yield "rank_ic_decay", rank_ic_decay({name: evaluation.ic})
    if evaluation.exposures is not None:
        yield "style_exposures", style_sizes({name: evaluation.exposures})
    if evaluation.stock_coverage is not None:
        yield "stocks_scored", stocks_scored({name: evaluation.stock_coverage})


def _table(table: pd.DataFrame) -> "wandb.Table":
    import wandb

    plain = table.reset_index()
    plain.columns = [str(name) for name in plain.columns]
    return wandb.Table(dataframe=plain.astype(object).where(plain.notna(), None))


def _log_factor(run: "wandb.Run", evaluation: Evaluation) -> None:
    origin = evaluation.provenance
    if not Path(origin.factor).is_file():
        return
    metadata = {
        "sha256": origin.factor_sha256,
        "panel_fingerprint": origin.panel_fingerprint,
        "seeds": origin.seeds,
        "git_commit": origin.git_commit,
    }
    log_factor(run, evaluation.variant, Path(origin.factor), metadata)
