"""Where a fit's curves go besides its metrics.csv: any of Lightning's loggers, several at once.

What we add speaks Lightning's interface: settings, a kept id so that a resumed fit goes on in its
run, a row an epoch, the best epoch at the end. What that interface has no words for is said to
W&B and MLflow in their own: the axis of curves, the last epoch that a run has, how a run ended.
"""

import inspect
import secrets
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.loggers import Logger, MLFlowLogger, WandbLogger

from alphanet_pl.config.settings import Settings
from alphanet_pl.fit.history import History, Row
from alphanet_pl.fit.wandb_runs import no_run, run_arguments, run_config
from datamodules.base.errors import ConfigError
from datamodules.base.files import write_text
from datamodules.base.words import log, nearest

_IDS = ("id", "run_id", "experiment_key")
"""What the loggers call the argument that continues a run."""

_OUTCOME = ("status", "seconds", "metrics")
"""What fit.json says of the end: before it, a run would show it as if it were true."""

_FINISH_SECONDS = 60.0
"""How long W&B may go on sending at the end of a fit: a job that is to be requeued has no more."""

_CURVES = ("train/loss", "val/loss", "val/rank_ic")


def build_loggers(settings: Settings, folder: Path, record: Mapping[str, Any]) -> list[Logger]:
    """The loggers that the settings ask for; a resumed fit continues its runs.

    Args:
        settings: Of the fit.
        folder: Of the fit; takes their files and the ids of their runs.
        record: What fit.json says before the first step: commit, versions, fingerprint.

    Raises:
        ConfigError: One cannot be had, or takes no run.
    """
    facts = {name: value for name, value in record.items() if name not in _OUTCOME}
    config = run_config(settings) | {"asof": folder.parent.name, "fit": facts}
    named = settings.logger.others.items()
    return [_build(name, arguments, settings, folder, config) for name, arguments in named]


def _build(
    name: str,
    arguments: Mapping[str, Any],
    settings: Settings,
    folder: Path,
    config: dict[str, Any],
) -> Logger:
    """A logger from its `_target_` and arguments; what these leave out and it takes, we fill in."""
    from hydra.utils import instantiate

    key = f"logger.others.{name}"
    kind = _logger_class(key, arguments)
    parameters = inspect.signature(kind).parameters
    _refuse_unknown(key, arguments, parameters)
    facts = _facts(kind, settings, folder, config)
    place = next((one for one in _IDS if one in parameters), None)
    kept = folder / f"{name}_id"
    begun = kept.is_file()
    if issubclass(kind, WandbLogger) and not begun:
        # Kept before the run begins: a kill in between leaves no run that nobody continues.
        write_text(kept, secrets.token_hex(4))
    if place and kept.is_file():
        facts[place] = kept.read_text(encoding="utf-8")
    places = {"{runs}": str(Path(settings.runs).absolute()), "{folder}": str(folder)}
    try:
        chosen = {name: _filled(value, places) for name, value in arguments.items()}
        begin = instantiate(chosen | {"_partial_": True})
        logger: Logger = begin(**{n: fact for n, fact in facts.items() if n not in arguments})
        if not begun:
            logger.log_hyperparams(config)
        if isinstance(logger, WandbLogger):
            _step_by_epoch(logger)
    except Exception as error:  # of a package of any vendor's
        raise _refusal(name, arguments, error) from error
    if place:
        write_text(kept, str(logger.version))
    return logger


def _facts(kind: type, settings: Settings, folder: Path, config: dict[str, Any]) -> dict[str, Any]:
    """What we know of a fit's run, by the names of the arguments that a logger takes."""
    window, parameters = folder.parent.name, inspect.signature(kind).parameters
    title, facts = _title(settings, window), dict[str, Any](save_dir=str(folder))
    if issubclass(kind, WandbLogger):  # it passes on to W&B what it does not know itself
        return facts | run_arguments(
            settings,
            name=title,
            job_type=settings.logger.job_type,
            tags=[settings.variant, window],
            config=config,
            finish_seconds=_FINISH_SECONDS,
        )
    tags = {"variant": settings.variant, "asof": window, "seed": str(settings.seed)}
    facts |= {"run_name": title, "tags": tags | dict.fromkeys(settings.logger.tags, "true")}
    return {name: value for name, value in facts.items() if name in parameters}


def _step_by_epoch(logger: WandbLogger) -> None:
    """Draw its curves over epochs; begins the run."""
    logger.experiment.define_metric("epoch", hidden=True)
    for name in _CURVES:
        logger.experiment.define_metric(name, step_metric="epoch")


def _refusal(name: str, arguments: Mapping[str, Any], error: Exception) -> ConfigError:
    """Why a logger takes no run."""
    from wandb.errors import Error

    if isinstance(error, Error):
        return no_run(error)
    reason = next(iter(str(error).splitlines()), type(error).__name__)
    missing = isinstance(error, ModuleNotFoundError)
    return ConfigError(
        f"logger.others.{name}: {arguments['_target_']} takes no run ({reason})",
        "a logger needs its package, arguments that it takes, and a server that answers",
        f"pip install 'alphanet-pl[{name}]'" if missing else "logger=csv, for the files alone",
    )


def _logger_class(key: str, arguments: Mapping[str, Any]) -> type:
    """The class of a logger, checked before it is called."""
    from hydra.utils import get_class

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


def _refuse_unknown(
    key: str, arguments: Mapping[str, Any], parameters: Mapping[str, inspect.Parameter]
) -> None:
    """Refuse what a logger does not take; one that passes arguments on takes any."""
    if any(one.kind is one.VAR_KEYWORD for one in parameters.values()):
        return
    for name, value in arguments.items():
        if name not in parameters and not name.startswith("_"):  # _target_ and its like are Hydra's
            near = nearest(name, parameters, cutoff=0.5)
            raise ConfigError(
                f"{key}.{name} was given",
                f"{arguments['_target_']} takes {', '.join(parameters)}",
                f"{key}.{near}={value}" if near else "leave it out",
            )


def _filled(value: Any, places: Mapping[str, str]) -> Any:
    """Texts with `{runs}` and `{folder}` filled in."""
    if isinstance(value, str):
        for name, path in places.items():
            value = value.replace(name, path)
    return value


def _title(settings: Settings, window: str) -> str:
    """`v2.1 n=8 2011-01-31 seed 0`: what tells the fits of a group apart."""
    n, weight = settings.model.n, settings.loss.long_weight
    words = [settings.variant]
    words += [f"n={n}"] if n < len(settings.data.features) else []
    words += [f"long_weight={weight:g}"] if weight > 1 else []
    return " ".join([*words, window, f"seed {settings.seed}"])


class Curves(pl.Callback):
    """Gives the loggers a row an epoch; of a resumed fit also the earlier ones that a run lacks.

    What a killed process had not written yet is lost to a logger, and what stays offline begins a
    new folder with each start: the rows of metrics.csv make the newest one whole.

    Args:
        history: Of the fit; it has noted an epoch's row before this is asked.
    """

    def __init__(self, history: History) -> None:
        self._history = history
        self._given: list[float] = []

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Fill up what the runs have."""
        self.fill(trainer.loggers)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Add this epoch's row."""
        self._give(trainer.loggers)

    def fill(self, loggers: Sequence[Logger]) -> None:
        """Give each logger the rows of the history that its run lacks."""
        self._given = [_last_epoch(logger) for logger in loggers]
        self._give(loggers)

    def _give(self, loggers: Sequence[Logger]) -> None:
        for at, logger in enumerate(loggers):
            for row in self._history.rows:
                if row["epoch"] > self._given[at]:
                    _log(logger, row)
                    self._given[at] = row["epoch"]
            logger.save()


def _last_epoch(logger: Logger) -> float:
    """The newest epoch that a logger's run has: -1 where every start begins a new file."""
    found = None
    if isinstance(logger, WandbLogger):
        found = logger.experiment.summary.get("epoch")
    elif isinstance(logger, MLFlowLogger):
        found = logger.experiment.get_run(logger.run_id).data.metrics.get("epoch")
    return -1.0 if found is None else float(found)


def _log(logger: Logger, row: Row) -> None:
    epoch = int(row["epoch"])
    if isinstance(logger, WandbLogger):
        logger.experiment.log(row, step=epoch, commit=True)
    else:
        logger.log_metrics(row, step=epoch)


def finish_loggers(loggers: Sequence[Logger], record: Mapping[str, Any]) -> None:
    """Say what came out and end the runs: an unended W&B run loses its data.

    Args:
        loggers: Of the fit.
        record: What fit.json says at the end.
    """
    for logger in loggers:
        try:
            _finish(logger, record)
        except Exception as error:  # of a package of any vendor's: the files say it all
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            log(f"{type(logger).__name__} was not told how the fit ended ({reason})")


def _finish(logger: Logger, record: Mapping[str, Any]) -> None:
    if isinstance(logger, WandbLogger):
        _finish_wandb(logger, record)
        return
    if record["metrics"] is not None:
        best = {f"best/{name}": value for name, value in record["metrics"].items()}
        counts = {name: float(record[name]) for name in ("epochs", "seconds")}
        logger.log_metrics({**best, **counts}, step=record["best_epoch"])
    logger.save()
    interrupted = "KILLED" if isinstance(logger, MLFlowLogger) else "failed"
    ends = {"done": "success", "interrupted": interrupted}
    logger.finalize(ends.get(record["status"], "failed"))


def _finish_wandb(logger: WandbLogger, record: Mapping[str, Any]) -> None:
    """End the run, and remove what earlier starts of the fit have left: it has all their rows."""
    run = logger.experiment
    names = ("status", "seconds", "best_epoch", "epochs", "sampled_features")
    summary = {name: record[name] for name in names if name in record}
    run.summary.update(summary | (record["metrics"] or {}))
    own = Path(run.dir).parent
    # W&B calls a run that ends with 255 killed, not failed; the fit resumes it.
    run.finish(exit_code={"done": 0, "interrupted": 255}.get(record["status"], 1))
    for earlier in own.parent.glob(f"*run-*-{run.id}"):
        if earlier.is_dir() and not earlier.is_symlink() and earlier != own:
            shutil.rmtree(earlier, ignore_errors=True)
