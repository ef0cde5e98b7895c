"""Weights & Biases runs beside those of fits, and a factor as an artifact."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alphanet_pl.config.settings import Settings
from alphanet_pl.fit.tracking import group_of, is_offline, refusal_explained

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
