"""A sweep on Ray: the cluster, the launch of its trials, and what became of them.

Importing ray takes seconds: who does not train does not import this.
"""

import logging
import os
import re
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

import ray
from ray import tune
from ray.exceptions import RayError
from ray.tune.experiment import Trial as RayTrial
from ray.tune.schedulers import ASHAScheduler, FIFOScheduler

from alphanet_pl.fit.board import Board, Shown
from alphanet_pl.job.world import cores
from datamodules.base.errors import ConfigError, UnfinishedError
from sweeps.axes import Trial
from sweeps.plan import Outcome, Planned, log_of, ray_log, sweep_folder
from sweeps.results import RANK_IC
from sweeps.settings import SweepsSettings
from sweeps.trial import FATAL, Work, package_root, run_trial, said_into, worker_settings

_PATIENCE = 120
"""Seconds that the nodes of a cluster are waited for."""

_SESSION = "alphanet-ray-"
"""How the folder of a Ray of our own is called: its session, logs and sockets."""


@contextmanager
def cluster(settings: SweepsSettings) -> Iterator[TextIO]:
    """Ray for the duration of a sweep: one of its own on this machine, or one that is joined.

    What Ray itself has to say, pages of it where a worker dies, goes into ray.log.

    Yields:
        Where lines for the user go meanwhile.

    Raises:
        ConfigError: No cluster answers at `ray.address`.
        UnfinishedError: Fewer nodes than `ray.nodes` came.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    # At its own 15, a trial beside any other busy process gets a thirtieth of the core.
    os.environ.setdefault("RAY_worker_niceness", "0")
    address = settings.ray.address
    options: dict[str, Any] = {
        "log_to_driver": False,
        "logging_level": logging.ERROR,
        "runtime_env": {"worker_process_setup_hook": imports_like(sys.path)},
    }
    terminal = sys.stderr
    with _own_session(sweep_folder(settings)) as session, said_into(ray_log(settings)):
        if address is None:
            # "local": without it Ray would join whatever cluster it finds on this machine.
            options |= {"num_cpus": cores(), "include_dashboard": False, "_temp_dir": session}
            ray.init("local", **options)
        else:
            try:
                _knock(address)
                ray.init(address, **options)
            except (OSError, RuntimeError, ValueError, RayError) as error:
                raise ConfigError(
                    f"ray.address={address} was given",
                    f"no Ray cluster answers there ({str(error).splitlines()[0]})",
                    "ray start --head, and RAY_AUTH_MODE=token on all sides where it asks for a "
                    "token; or ray.address=null for Ray on this machine",
                ) from None
        try:
            _wait(settings.ray.nodes)
            yield terminal
        finally:
            ray.shutdown()


def _knock(address: str) -> None:
    """Connect to HOST:PORT: where nothing listens, Ray would try for a quarter of an hour.

    Raises:
        OSError: Nothing answers there.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if port.isdecimal():  # else `auto`, or what Ray refuses at once
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()


def imports_like(paths: Sequence[str]) -> Callable[[], None]:
    """What a worker runs first, so that it imports what this command imports.

    Ray will put the current folder before all else: with two checkouts, a worker would take the
    one it stands in. So the packages are imported here, before that. A nested function travels
    by its code, and needs no import of ours.

    Args:
        paths: sys.path of this command.
    """
    first = [str(Path(path).absolute()) for path in paths]
    if (root := package_root()) not in first:  # an editable install may be found by other means
        first.insert(0, root)

    def hook() -> None:
        import sys
        from importlib import import_module

        sys.path[:] = [*first, *(path for path in sys.path if path not in first)]
        for name in ("datamodules", "alphanet_pl", "sweeps"):
            import_module(name)

    return hook


@contextmanager
def _own_session(folder: Path) -> Iterator[str]:
    """A folder for a Ray of our own, removed at the end; a killed sweep's goes with the next one.

    It is not in the sweep's folder: the path of a socket has 107 letters at most.
    """
    note = folder / "ray-session"
    with suppress(OSError):
        left = Path(note.read_text(encoding="utf-8"))
        if left.name.startswith(_SESSION):
            shutil.rmtree(left, ignore_errors=True)
    session = tempfile.mkdtemp(prefix=_SESSION, dir=os.environ.get("RAY_TMPDIR", "/tmp"))
    folder.mkdir(parents=True, exist_ok=True)
    note.write_text(session, encoding="utf-8")
    try:
        yield session
    finally:
        for _ in range(50):  # Ray's agents write their last lines
            shutil.rmtree(session, ignore_errors=True)
            if not Path(session).exists():
                break
            time.sleep(0.1)
        note.unlink(missing_ok=True)


def _wait(wanted: int) -> None:
    """Give every node of the cluster time to join: a trial never moves to one that comes late."""
    until = time.monotonic() + _PATIENCE
    while (there := len(_nodes())) < wanted:
        if time.monotonic() > until:
            raise UnfinishedError(
                f"{there} of {wanted} nodes have joined Ray in {_PATIENCE} s",
                "a sweep starts when all are there",
                f"the logs of the others say why; ray.nodes={there} starts with these",
            )
        time.sleep(0.5)


def gpus_per_trial(settings: SweepsSettings) -> float:
    """Share of a GPU that each trial owns: what was asked for, or a whole one if there is one.

    Raises:
        ConfigError: No node of the cluster has what a trial asks for; Ray would wait forever.
    """
    cpus, asked = settings.sweep.cpus_per_trial, settings.sweep.gpus_per_trial
    accelerator, nodes = settings.trainer.accelerator, _nodes()
    most_cpus, most_gpus = (max(node.get(kind, 0.0) for node in nodes) for kind in ("CPU", "GPU"))
    if cpus > most_cpus:
        raise ConfigError(
            f"sweep.cpus_per_trial={cpus} was given",
            f"the largest node of the cluster has {most_cpus:g} cores",
            f"sweep.cpus_per_trial={most_cpus:g}",
        )
    gpus = asked
    if gpus is None:
        gpus = 0.0 if accelerator == "cpu" or not most_gpus else 1.0
    if gpus > most_gpus or (accelerator == "gpu" and not gpus):
        raise ConfigError(
            f"trainer.accelerator={accelerator} and sweep.gpus_per_trial={asked} were given",
            f"Ray sees {most_gpus:g} GPUs on the best node, and a trial needs a share of one",
            "sweep.gpus_per_trial=1"
            if most_gpus
            else "sweep.gpus_per_trial=0 trainer.accelerator=cpu",
        )
    if not any(_room(node, cpus, gpus) for node in nodes):
        most = max(node.get("CPU", 0.0) for node in nodes if node.get("GPU", 0.0) >= gpus)
        raise ConfigError(
            f"a trial asks for {cpus} cores and {gpus:g} of a GPU",
            f"nodes of the cluster that have a GPU have at most {most:g} cores",
            f"sweep.cpus_per_trial={most:g}",
        )
    return gpus


def at_once(settings: SweepsSettings, gpus: float) -> int:
    """Trials that the cluster runs at the same time."""
    fits = sum(_room(node, settings.sweep.cpus_per_trial, gpus) for node in _nodes())
    return min(fits, settings.sweep.max_concurrent or fits)


def _nodes() -> list[dict[str, float]]:
    """What each node has: its CPU and GPU among others, as Ray counts them."""
    return [node["Resources"] for node in ray.nodes() if node["Alive"]]


def _room(node: dict[str, float], cpus: int, gpus: float) -> int:
    """Trials that a node holds at once; a share of a GPU is one GPU's, never two halves."""
    room = int(node.get("CPU", 0.0) // cpus)
    if gpus:
        room = min(room, int(node.get("GPU", 0.0)) * int(1 / gpus + 1e-9))
    return room


def launch(settings: SweepsSettings, todo: Sequence[Planned], terminal: TextIO) -> Outcome:
    """Run these trials on the present Ray cluster.

    An interrupted launch returns as well; then some trials are neither ended nor failed.

    Args:
        settings: The sweep's.
        todo: Trials whose fits are not done.
        terminal: Takes a line of each trial that ends, and a table of those that train.

    Raises:
        ConfigError: No node of the cluster has what a trial asks for.
    """
    cpus, gpus = settings.sweep.cpus_per_trial, gpus_per_trial(settings)
    slots = at_once(settings, gpus)
    fits = {
        one.trial.name: Shown(one.trial.name, one.folder, one.trial.settings.trainer.max_epochs)
        for one in todo
    }
    board = Board(list(fits.values()), settings.trainer.progress, terminal)
    board.say(f"{slots} at a time, each on {cpus} CPU and {gpus:g} GPU")
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)  # failures are said by _Watch
    os.environ["RAY_AIR_NEW_OUTPUT"] = "0"  # its table says nothing that ours does not
    os.environ["TUNE_DISABLE_AUTO_CALLBACK_LOGGERS"] = "1"  # the fit folders hold everything
    works = {one.trial.name: _work(settings, one.trial, cpus, gpus) for one in todo}
    trainable = tune.with_resources(
        tune.with_parameters(run_trial, works=works), {"cpu": cpus, "gpu": gpus}
    )
    outcome = Outcome()
    scratch = sweep_folder(settings).absolute() / "ray"
    with board, removed(scratch):
        tune.Tuner(
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
                callbacks=[_Watch(outcome, board, fits)],
                stop=_Stop(outcome),
                verbose=0,
            ),
        ).fit()
    return outcome


def _work(settings: SweepsSettings, trial: Trial, cpus: int, gpus: float) -> Work:
    """What a worker is given to train a trial."""
    return Work(
        settings=worker_settings(trial.settings, cpus, gpus, settings.sweep.name),
        log=log_of(settings, trial.name).absolute(),
        report_epochs=settings.sweep.asha,
        package=package_root(),
    )


@contextmanager
def removed(folder: Path) -> Iterator[None]:
    """A folder that is not there before, which a killed sweep may have left, nor afterwards."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _scheduler(settings: SweepsSettings) -> Any:
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
    """Notes how trials end, and has the board say a line of each.

    Args:
        outcome: Takes the notes.
        board: Of the fits of this launch.
        fits: Name of a trial -> its fit.
    """

    def __init__(self, outcome: Outcome, board: Board, fits: Mapping[str, Shown]) -> None:
        self._outcome, self._board, self._fits = outcome, board, fits

    def __getstate__(self) -> dict[str, Any]:
        """Nothing: Tune writes callbacks down to restore a sweep, which ours does from its fits."""
        return {}

    def on_trial_complete(
        self, iteration: int, trials: list[RayTrial], trial: RayTrial, **info: Any
    ) -> None:
        result = trial.last_result or {}
        if RANK_IC not in result or FATAL in result:
            return  # it ended the sweep, or was interrupted
        name = trial.config["trial"]
        self._outcome.ended.append(name)
        self._board.finish(self._fits[name])

    def on_trial_recover(
        self, iteration: int, trials: list[RayTrial], trial: RayTrial, **info: Any
    ) -> None:
        self._board.say(f"{trial.config['trial']}: failed and is tried again, {_reason(trial)}")

    def on_trial_error(
        self, iteration: int, trials: list[RayTrial], trial: RayTrial, **info: Any
    ) -> None:
        name = trial.config["trial"]
        self._outcome.failed[name] = _reason(trial)
        self._board.finish(self._fits[name], self._outcome.failed[name])


def _reason(trial: RayTrial) -> str:
    path = trial.error_file
    there = path and Path(path).is_file()
    return last_error(Path(path).read_text(encoding="utf-8")) if there else "no reason given"


def last_error(text: str) -> str:
    """What a traceback ends with, in one line: the kind of error, what it says, its hint.

    Of Ray's own errors, which go on for a page, the first sentence.
    """
    lines = [line.strip() for line in re.sub(r"\x1b\[[\d;]*m", "", text).splitlines()]
    lines = [line for line in lines if line]
    error = re.compile(r"(?:\w+\.)*([A-Z]\w*(?:Error|Exception|Interrupt|Exit|Full))(?:: (.*))?")
    places = [at for at, line in enumerate(lines) if error.fullmatch(line)]
    if not places:
        return lines[-1] if lines else "no reason given"
    found = error.fullmatch(lines[places[-1]])
    assert found is not None
    hints = [line for line in lines[places[-1] :] if line.startswith("HINT: ")]
    return " ".join([": ".join(filter(None, found.groups())), *hints[:1]])
