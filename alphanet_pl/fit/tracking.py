"""Weights & Biases for a fit; its metrics.csv is written by `History` in any case."""

import netrc
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

from alphanet_pl.config.settings import LoggerSettings, Settings
from datamodules.base.errors import ConfigError
from datamodules.base.files import write_text

if TYPE_CHECKING:
    from lightning.pytorch.loggers import WandbLogger


def build_logger(
    settings: Settings, folder: Path, record: Mapping[str, Any]
) -> "WandbLogger | bool":
    """The W&B logger of a fit, or False; never a prompt, and offline where there is no key.

    The run's id is kept in the fit folder, so that a resumed fit continues its run. Its config is
    the settings and what fit.json records before the first step: commit, versions, fingerprint.

    Raises:
        ConfigError: W&B takes no run.
    """
    options, window = settings.logger, folder.parent.name
    if not options.wandb:
        return False
    os.environ.setdefault("WANDB_SILENT", "true")
    from lightning.pytorch.loggers import WandbLogger

    logger = WandbLogger(
        project=options.project,
        entity=options.entity,
        name=f"{settings.variant} {window} seed {settings.seed}",
        group=group_of(settings),
        tags=[settings.variant, window, *options.tags],
        job_type=options.job_type,
        save_dir=str(folder),
        offline=is_offline(options),
        id=_run_id(folder),
        resume="allow",
        config=run_config(settings) | {"asof": window, "fit": dict(record)},
    )
    # Lightning's step counts optimiser steps, and starts again with a resumed offline run.
    with refusal_explained():
        run = logger.experiment
    run.define_metric("epoch", hidden=True)
    for name in ("train/loss", "val/loss", "val/rank_ic"):
        run.define_metric(name, step_metric="epoch")
    return logger


def group_of(settings: Settings) -> str:
    """W&B's group: what W&B averages, so one variant's windows and seeds unless the user says."""
    return settings.logger.group or f"{settings.experiment}/{settings.variant}"


def run_config(settings: Settings) -> dict[str, Any]:
    """Config of a run: every setting, and at the top what runs are sorted and grouped by."""
    short = {"n": settings.model.n, "long_weight": settings.loss.long_weight}
    return {**asdict(settings), **short, "neutralise": settings.loss.neutralise}


def finish_logger(logger: object, record: Mapping[str, Any]) -> None:
    """Put what came out into the run's summary and end the run: unended, its data is lost."""
    from lightning.pytorch.loggers import WandbLogger

    if not isinstance(logger, WandbLogger):
        return
    import wandb

    if record["metrics"] is not None:
        names = ("metrics", "best_epoch", "epochs", "sampled_features", "seconds")
        summary = {name: record[name] for name in names}
        logger.experiment.summary.update({**summary.pop("metrics"), **summary})
    # W&B calls a run that ends with 255 killed, not failed; the fit resumes it.
    wandb.finish(exit_code={"done": 0, "interrupted": 255}.get(record["status"], 1))


@contextmanager
def refusal_explained() -> Iterator[None]:
    """Say in one sentence that W&B takes no run: without a key at once, without a server later.

    Raises:
        ConfigError: It does not.
    """
    import wandb

    try:
        yield
    except wandb.errors.Error as error:
        raise ConfigError(
            f"W&B takes no run ({next(iter(str(error).splitlines()), type(error).__name__)})",
            "logging online needs a key (wandb login) and a server that answers",
            "logger.mode=offline, and `wandb sync` later",
        ) from error


def is_offline(options: LoggerSettings) -> bool:
    """Whether runs stay on disk until `wandb sync`."""
    if options.mode == "auto":
        return not has_key()
    return options.mode == "offline"


def has_key() -> bool:
    """Whether runs can be sent: a key is configured, and the environment does not forbid it."""
    if os.environ.get("WANDB_MODE") in {"offline", "disabled"}:
        return False
    if os.environ.get("WANDB_API_KEY"):
        return True
    host = urlparse(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")).hostname
    try:
        return netrc.netrc().authenticators(host or "") is not None
    except (OSError, netrc.NetrcParseError):
        return False


def _run_id(folder: Path) -> str:
    path = folder / "wandb_id"
    if not path.is_file():
        write_text(path, secrets.token_hex(4))
    return path.read_text(encoding="utf-8")
