"""Weights & Biases runs beside those of fits: a roll's, and a factor as an artifact."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from alphanet_pl.config.settings import Settings
from alphanet_pl.fit.folder import Fit
from alphanet_pl.fit.tracking import group_of, is_offline, refusal_explained, run_config
from alphanet_pl.job.provenance import git_commit
from datamodules.base.files import sha256_of

if TYPE_CHECKING:
    import wandb


@contextmanager
def run_of(
    settings: Settings,
    folder: Path,
    *,
    name: str,
    job_type: str,
    tags: Sequence[str],
    config: Mapping[str, Any],
) -> Iterator["wandb.Run"]:
    """A run beside those of the fits, finished at the end.

    Args:
        settings: Whose logger it is.
        folder: Takes the run's own files.
        name: Shown in W&B.
        job_type: Sets it apart from fits.
        tags: Besides the user's.
        config: Of the run.

    Raises:
        ConfigError: W&B takes no run.
    """
    options = settings.logger
    os.environ.setdefault("WANDB_SILENT", "true")
    import wandb

    with refusal_explained():
        run = wandb.init(
            project=options.project,
            entity=options.entity,
            name=name,
            group=group_of(settings),
            job_type=job_type,
            tags=[*tags, *options.tags],
            dir=str(folder),
            mode="offline" if is_offline(options) else "online",
            config=dict(config),
        )
    with run:
        yield run


def log_roll(
    settings: Settings,
    fits: Sequence[Fit],
    path: Path,
    period: tuple[np.datetime64, np.datetime64],
    fingerprint: str,
) -> None:
    """Log a factor that was just stitched as one run beside its fits', if `logger.wandb` is set.

    Args:
        settings: Of the study; the run joins the group of its fits.
        fits: All of them, done.
        path: The factor's file.
        period: First and last date that are scored.
        fingerprint: Of the panel.

    Raises:
        ConfigError: W&B takes no run.
    """
    if not settings.logger.wandb:
        return
    span = f"{period[0]}..{period[1]}"
    seeds = sorted({fit.seed for fit in fits})
    with run_of(
        settings,
        path.parent,
        name=f"{settings.variant} {span}",
        job_type="roll",
        tags=[settings.variant, span],
        config=run_config(settings),
    ) as run:
        rank_ic = float(np.mean([fit.record["metrics"]["val/rank_ic"] for fit in fits]))
        windows = len({fit.asof for fit in fits})
        run.summary.update({"val/rank_ic": rank_ic, "windows": windows, "seeds": len(seeds)})
        metadata = {
            "sha256": sha256_of(path),
            "panel_fingerprint": fingerprint,
            "seeds": seeds,
            "git_commit": git_commit(),
        }
        log_factor(run, settings.variant, path, metadata)


def log_factor(run: "wandb.Run", variant: str, path: Path, metadata: Mapping[str, Any]) -> None:
    """A factor as an artifact; the same file is one version, whichever run sends it.

    Args:
        run: That made or used it.
        variant: Names the artifact.
        path: Its file.
        metadata: Hash, fingerprint of the panel, seeds, commit.
    """
    import wandb

    artifact = wandb.Artifact(f"factor-{variant}", type="factor", metadata=dict(metadata))
    artifact.add_file(str(path))
    run.log_artifact(artifact)
