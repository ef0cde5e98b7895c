"""The Ray Tune half of a sweep: run what is to do, and say what became of it."""

import logging
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ray import tune
from ray.tune.experiment import Trial as RayTrial
from ray.tune.schedulers import ASHAScheduler, FIFOScheduler
from rich.console import Console

from alphanet_pl.config.settings import Settings
from datamodules.base.words import duration
from sweeps.cluster import at_once, gpus_per_trial
from sweeps.plan import Planned, log_of, sweep_folder
from sweeps.run import Outcome
from sweeps.table import RANK_IC
from sweeps.trial import FATAL, Work, run_trial, worker_settings


def launch(settings: Settings, todo: Sequence[Planned]) -> Outcome:
    """Run these trials on the present Ray cluster.

    An interrupted launch returns as well; then some trials are neither ended nor failed.

    Args:
        settings: The sweep's.
        todo: Trials whose fits are not done.

    Raises:
        ConfigError: No node of the cluster has what a trial asks for.
    """
    cpus, gpus = settings.sweep.cpus_per_trial, gpus_per_trial(settings)
    slots = at_once(settings, gpus)
    _say(f"{slots} at a time, each on {cpus} CPU and {gpus:g} GPU")
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)  # failures are said by _Watch
    os.environ["RAY_AIR_NEW_OUTPUT"] = "0"  # its table says nothing that ours does not
    os.environ["TUNE_DISABLE_AUTO_CALLBACK_LOGGERS"] = "1"  # the fit folders hold everything
    works = {
        one.trial.name: Work(
            settings=worker_settings(one.trial.settings, cpus, gpus, settings.sweep.name),
            log=log_of(settings, one.trial.name).absolute(),
            report_epochs=settings.sweep.asha,
        )
        for one in todo
    }
    outcome = Outcome()
    scratch = sweep_folder(settings).absolute() / "ray"
    shutil.rmtree(scratch, ignore_errors=True)  # of a sweep that was killed
    trainable = tune.with_resources(
        tune.with_parameters(run_trial, works=works), {"cpu": cpus, "gpu": gpus}
    )
    tuner = tune.Tuner(
        trainable,
        param_space={"trial": tune.grid_search(list(works))},
        tune_config=tune.TuneConfig(
            metric=RANK_IC,
            mode="max",
            scheduler=_scheduler(settings),
            max_concurrent_trials=settings.sweep.max_concurrent,
            reuse_actors=True,
        ),
        run_config=tune.RunConfig(
            name=scratch.name,
            storage_path=str(scratch.parent),
            failure_config=tune.FailureConfig(max_failures=settings.sweep.retries),
            callbacks=[_Watch(outcome, len(todo), slots)],
            stop=_Stop(outcome),
            verbose=0,
        ),
    )
    try:
        tuner.fit()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return outcome


def _scheduler(settings: Settings) -> Any:
    if not settings.sweep.asha:
        return FIFOScheduler()
    return ASHAScheduler(
        time_attr="epoch",
        grace_period=settings.sweep.asha_grace,
        max_t=settings.trainer.max_epochs,
    )


class _Stop(tune.Stopper):
    """Ends the sweep when a trial meets what every other one would meet."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        self._outcome.fatal = self._outcome.fatal or result.get(FATAL)
        return False

    def stop_all(self) -> bool:
        return self._outcome.fatal is not None


class _Watch(tune.Callback):
    """Notes how trials end, and says a line of each.

    Args:
        outcome: Takes the notes.
        total: Trials of this launch.
        slots: Trials at once.
    """

    def __init__(self, outcome: Outcome, total: int, slots: int) -> None:
        self._outcome, self._total, self._slots = outcome, total, slots
        self._seconds: list[float] = []

    def on_trial_complete(
        self, iteration: int, trials: list[RayTrial], trial: RayTrial, **info: Any
    ) -> None:
        result = trial.last_result or {}
        if RANK_IC not in result or FATAL in result:
            return  # it ended the sweep, or was interrupted
        name = trial.config["trial"]
        self._outcome.ended.append(name)
        seconds = float(result["time_total_s"])
        self._seconds.append(seconds)
        took = f"{duration(seconds)}{self._left()}"
        _say(f"{self._count()} {name}: {RANK_IC} {result[RANK_IC]:.4f}, {took}")

    def on_trial_recover(
        self, iteration: int, trials: list[RayTrial], trial: RayTrial, **info: Any
    ) -> None:
        _say(f"{trial.config['trial']}: failed and is tried again, {_reason(trial)}")

    def on_trial_error(
        self, iteration: int, trials: list[RayTrial], trial: RayTrial, **info: Any
    ) -> None:
        name = trial.config["trial"]
        self._outcome.failed[name] = _reason(trial)
        _say(f"{self._count()} {name}: failed, {self._outcome.failed[name]}")

    def _count(self) -> str:
        return f"{len(self._outcome.ended) + len(self._outcome.failed)}/{self._total}"

    def _left(self) -> str:
        """From the mean of the trials so far: unlike trials make it a guess."""
        ahead = self._total - len(self._outcome.ended) - len(self._outcome.failed)
        if not ahead:
            return ""
        mean = sum(self._seconds) / len(self._seconds)
        return f", about {duration(mean * ahead / min(ahead, self._slots))} left"


def _say(line: str) -> None:
    Console(stderr=True).print(line, highlight=False, soft_wrap=True)


def _reason(trial: RayTrial) -> str:
    """The last line of what went wrong: the kind of error and what it says."""
    path = trial.error_file
    if not path or not Path(path).is_file():
        return "no reason given"
    lines = [line.strip() for line in Path(path).read_text(encoding="utf-8").splitlines()]
    said = [line for line in lines if line]
    return said[-1] if said else "no reason given"
