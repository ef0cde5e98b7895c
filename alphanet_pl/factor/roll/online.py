"""Weights & Biases for a rolling study: its fits are runs already, this one holds their factor."""

from collections.abc import Sequence
from pathlib import Path

from alphanet_pl.config.settings import Settings
from alphanet_pl.factor.roll.plan import Plan
from alphanet_pl.fit.folder import Fit
from alphanet_pl.fit.tracking import log_factor, run_config, run_of
from alphanet_pl.job.provenance import git_commit
from datamodules.base.files import sha256_of


def log_roll(settings: Settings, plan: Plan, fits: Sequence[Fit], path: Path) -> None:
    """Log a factor that was just stitched as one run, if `logger.wandb` is set.

    Args:
        settings: Of the study; the run joins the group of its fits.
        plan: The study.
        fits: All of them, done.
        path: The factor's file.

    Raises:
        ConfigError: W&B takes no run.
    """
    if not settings.logger.wandb:
        return
    first, last = plan.panel.dates[[plan.windows[0], plan.last]]
    period = f"{first}..{last}"
    seeds = sorted({fit.seed for fit in fits})
    with run_of(
        settings,
        path.parent,
        name=f"{settings.variant} {period}",
        job_type="roll",
        tags=[settings.variant, period],
        config=run_config(settings),
    ) as run:
        run.summary.update(
            {"val/rank_ic": mean_rank_ic(fits), "windows": len(plan.windows), "seeds": len(seeds)}
        )
        metadata = {
            "sha256": sha256_of(path),
            "panel_fingerprint": plan.panel.fingerprint,
            "seeds": seeds,
            "git_commit": git_commit(),
        }
        log_factor(run, settings.variant, path, metadata)


def mean_rank_ic(fits: Sequence[Fit]) -> float:
    """Mean validation RankIC over fits."""
    return float(sum(fit.record["metrics"]["val/rank_ic"] for fit in fits) / len(fits))
