"""Weights & Biases: one way to begin a run, of a fit or of a roll, and a factor as an artifact."""

import netrc
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlparse

import numpy as np

from alphanet_pl.config.compose import heeded
from alphanet_pl.config.settings import LoggerSettings, Settings
from alphanet_pl.fit.folder import Fit
from alphanet_pl.job.provenance import git_commit
from datamodules.base.errors import ConfigError
from datamodules.base.files import sha256_of

if TYPE_CHECKING:
    import wandb


def run_arguments(
    settings: Settings,
    *,
    name: str,
    job_type: str,
    tags: Sequence[str],
    config: Mapping[str, Any],
    finish_seconds: float = 0.0,
) -> dict[str, Any]:
    """What `wandb.init` takes of a run in the group of a variant's fits; see `mode_of`.

    Args:
        settings: Whose logger it is.
        name: Shown in W&B.
        job_type: Sets fits, trials, rolls and evaluations apart.
        tags: Besides the user's.
        config: Of the run.
        finish_seconds: How long its end may go on sending; 0: until all is sent.
    """
    os.environ.setdefault("WANDB_SILENT", "true")
    import wandb

    wandb.setup()  # silent before it reads arguments: it warns of one that Lightning passes on
    options = settings.logger
    return {
        "project": options.project,
        "entity": options.entity,
        "name": name,
        "group": group_of(settings),
        "job_type": job_type,
        "tags": [*tags, *options.tags],
        "mode": mode_of(options),
        "config": dict(config),
        "settings": wandb.Settings(finish_timeout=finish_seconds),
    }


def begin_run(folder: Path, arguments: Mapping[str, Any]) -> "wandb.Run":
    """A run of a verb other than a fit; whoever begins it finishes it, or its data is lost.

    Args:
        folder: Takes the run's own files.
        arguments: From `run_arguments`.

    Raises:
        ConfigError: W&B takes no run: without a key at once, without a server after a while.
    """
    import wandb

    try:
        return wandb.init(dir=str(folder), **arguments)
    except wandb.errors.Error as error:
        raise no_run(error) from error


def no_run(error: Exception) -> ConfigError:
    """The refusal where W&B takes no run."""
    return ConfigError(
        f"W&B takes no run ({next(iter(str(error).splitlines()), type(error).__name__)})",
        "logging online needs a key (wandb login) and a server that answers",
        "logger.mode=offline, and `wandb sync` later",
    )


def group_of(settings: Settings) -> str:
    """W&B's group: what W&B averages, so one variant's windows and seeds unless the user says."""
    return settings.logger.group or f"{settings.experiment}/{settings.variant}"


def run_config(settings: Settings, seeds: Sequence[int] | None = None) -> dict[str, Any]:
    """Config of a run: every setting, and at the top what runs are sorted and grouped by.

    Args:
        settings: All of them.
        seeds: Of an ensemble, which has no seed and no session of its own.
    """
    values = heeded(settings)
    if seeds is not None:
        del values["seed"], values["asof"]
        values["seeds"] = list(seeds)
    short = {"n": settings.model.n, "long_weight": settings.loss.long_weight}
    return {**values, **short, "neutralise": settings.loss.neutralise}


def mode_of(options: LoggerSettings) -> Literal["online", "offline", "disabled"]:
    """Where runs go: to the server, to the disk until `wandb sync`, or nowhere."""
    if options.mode != "auto":
        return options.mode
    if os.environ.get("WANDB_MODE") == "disabled":
        return "disabled"
    return "online" if has_key() else "offline"


def has_key() -> bool:
    """Whether runs can be sent: a key is configured, and the environment does not forbid it."""
    if os.environ.get("WANDB_MODE") in {"offline", "disabled"}:
        return False
    if os.environ.get("WANDB_API_KEY"):
        return True
    host = urlparse(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")).hostname
    own = os.environ.get("NETRC")
    try:
        found = netrc.netrc(str(Path(own).expanduser()) if own else None)
        return found.authenticators(host or "") is not None
    except (OSError, netrc.NetrcParseError):
        return False


def log_roll(
    settings: Settings,
    fits: Sequence[Fit],
    path: Path,
    period: tuple[np.datetime64, np.datetime64],
    fingerprint: str,
) -> None:
    """Log a factor that was just stitched as one run beside its fits', if `logger=wandb` is set.

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
    arguments = run_arguments(
        settings,
        name=f"{settings.variant} {span}",
        job_type="roll",
        tags=[settings.variant, span],
        config=run_config(settings, seeds),
    )
    with begin_run(path.parent, arguments) as run:
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
