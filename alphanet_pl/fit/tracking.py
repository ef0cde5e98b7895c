"""Where a fit's curves go besides its metrics.csv: any of Lightning's loggers, several at once.

What we add speaks Lightning's interface: settings, a kept id so that a resumed fit goes on in its
run, the best epoch at the end. W&B's own is the step metric; `wandb_runs` holds what goes with it.
"""

import inspect
import netrc
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

from alphanet_pl.config.settings import LoggerSettings, Settings
from datamodules.base.errors import ConfigError
from datamodules.base.files import write_text

if TYPE_CHECKING:
    from lightning.pytorch.loggers import Logger, WandbLogger

_IDS = ("id", "run_id", "experiment_key")
"""What the loggers call the argument that continues a run."""


def build_loggers(settings: Settings, folder: Path, record: Mapping[str, Any]) -> "list[Logger]":
    """The loggers that the settings ask for; a resumed fit continues its runs.

    Args:
        settings: Of the fit.
        folder: Of the fit; takes their files and the ids of their runs.
        record: What fit.json says before the first step: commit, versions, fingerprint.

    Raises:
        ConfigError: One cannot be had, or takes no run.
    """
    config = run_config(settings) | {"asof": folder.parent.name, "fit": dict(record)}
    loggers: list[Logger] = []
    if settings.logger.wandb:
        loggers.append(_wandb_logger(settings, folder, config))
    for name, arguments in settings.logger.others.items():
        loggers.append(_lightning_logger(name, arguments, settings, folder, config))
    return loggers


def _lightning_logger(
    name: str,
    arguments: Mapping[str, Any],
    settings: Settings,
    folder: Path,
    config: dict[str, Any],
) -> "Logger":
    """A logger from its `_target_` and arguments; what these leave out and it takes, we fill in."""
    from hydra.utils import instantiate

    key, window = f"logger.others.{name}", folder.parent.name
    parameters = inspect.signature(_logger_class(key, arguments)).parameters
    place = next((one for one in _IDS if one in parameters), None)
    kept = folder / f"{name}_id"
    facts = {
        "save_dir": str(folder),
        "run_name": _title(settings, window),
        "tags": {"variant": settings.variant, "asof": window, "seed": str(settings.seed)}
        | dict.fromkeys(settings.logger.tags, "true"),
    }
    if place and kept.is_file():
        facts[place] = kept.read_text(encoding="utf-8")
    given = {one: value for one, value in facts.items() if one in parameters}
    places = {"{runs}": str(Path(settings.runs).absolute()), "{folder}": str(folder)}
    try:
        logger: Logger = instantiate(given | {k: _filled(v, places) for k, v in arguments.items()})
        if not kept.is_file():
            logger.log_hyperparams(config)
    except Exception as error:  # of a package of any vendor's
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        missing = isinstance(error, ModuleNotFoundError)
        raise ConfigError(
            f"{key}: {arguments['_target_']} takes no run ({reason})",
            "a logger needs its package, arguments that it takes, and a server that answers",
            f"pip install 'alphanet-pl[{name}]'" if missing else "logger=csv, for the files alone",
        ) from error
    if place:
        write_text(kept, str(logger.version))
    return logger


def _logger_class(key: str, arguments: Mapping[str, Any]) -> type:
    """The class of a logger, checked before it is called."""
    from hydra.utils import get_class
    from lightning.pytorch.loggers import Logger

    target = arguments.get("_target_")
    try:
        found = get_class(str(target))
    except Exception:  # Hydra's, of several kinds, whatever an import may raise among them
        found = None
    if not (isinstance(found, type) and issubclass(found, Logger)):
        raise ConfigError(
            f"{key}._target_={target} was given",
            "it names a class that derives from lightning.pytorch.loggers.Logger",
            f"{key}._target_=lightning.pytorch.loggers.CSVLogger",
        )
    return found


def _filled(value: Any, places: Mapping[str, str]) -> Any:
    """Texts with `{runs}` and `{folder}` filled in."""
    if isinstance(value, str):
        for name, path in places.items():
            value = value.replace(name, path)
    return value


def _title(settings: Settings, window: str) -> str:
    return f"{settings.variant} {window} seed {settings.seed}"


def _wandb_logger(settings: Settings, folder: Path, config: dict[str, Any]) -> "WandbLogger":
    """W&B's: never a prompt, and offline where there is no key."""
    options, window = settings.logger, folder.parent.name
    os.environ.setdefault("WANDB_SILENT", "true")
    from lightning.pytorch.loggers import WandbLogger

    logger = WandbLogger(
        project=options.project,
        entity=options.entity,
        name=_title(settings, window),
        group=group_of(settings),
        tags=[settings.variant, window, *options.tags],
        job_type=options.job_type,
        save_dir=str(folder),
        offline=is_offline(options),
        id=_run_id(folder),
        resume="allow",
        config=config,
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


def finish_loggers(loggers: "Sequence[Logger]", record: Mapping[str, Any]) -> None:
    """Say what came out and end the runs: an unended W&B run loses its data."""
    from lightning.pytorch.loggers import WandbLogger

    for logger in loggers:
        if isinstance(logger, WandbLogger):
            _finish_wandb(logger, record)
            continue
        if record["metrics"] is not None:
            best = {f"best/{name}": value for name, value in record["metrics"].items()}
            counts = {name: float(record[name]) for name in ("epochs", "seconds")}
            logger.log_metrics({**best, **counts}, step=record["best_epoch"])
        logger.save()
        logger.finalize("success" if record["status"] == "done" else "failed")


def _finish_wandb(logger: "WandbLogger", record: Mapping[str, Any]) -> None:
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
