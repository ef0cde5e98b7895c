"""One trial, inside a worker process of Ray, which runs many one after another."""

import gc
import math
import os
import socket
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.utilities.rank_zero import rank_zero_only
from ray import tune

from alphanet_pl.config.settings import Settings
from alphanet_pl.fit.history import History
from alphanet_pl.fit.train import train
from alphanet_pl.job.signals import Interrupted
from alphanet_pl.job.slurm import leave_allocation
from datamodules.base.errors import AlphaNetError, ConfigError, FitError
from datamodules.base.files import disk_full_behind
from datamodules.batches.datamodule import LastRead
from datamodules.panel import Panel
from sweeps.results import RANK_IC

FATAL = "fatal"
"""Key of a result that ends the whole sweep, with the sentence that says why."""

_LAST = LastRead()
"""Of this worker: trials of one window share its cross-sections, read once."""


@dataclass(frozen=True)
class Work:
    """What a worker needs for one trial.

    Args:
        settings: Of the fit, with absolute paths: Ray gives a worker its own folder.
        log: File that takes everything the fit says.
        report_epochs: Report every epoch, for a scheduler that stops trials early.
        package: Where the command that sweeps has this package.
    """

    settings: Settings
    log: Path
    report_epochs: bool
    package: str


def run_trial(config: dict[str, Any], works: Mapping[str, Work]) -> dict[str, Any]:
    """Train the trial's fit, or end the sweep where every other trial would fail like it.

    Args:
        config: Ray's: the trial's name.
        works: Name of a trial -> what to do.
    """
    work = works[config["trial"]]
    leave_slurm()
    try:
        return _train(work)
    except OSError as error:  # of the log itself
        full = disk_full_behind(error)
        if full is None:
            raise
        return {FATAL: str(full), RANK_IC: math.nan}


def _train(work: Work) -> dict[str, Any]:
    callbacks = [_EveryEpoch()] if work.report_epochs else []
    with said_into(work.log):
        try:
            check_package(work.package)
            panel = _panel(work.settings.data.panel)
            fit = train(work.settings, panel=panel, last=_LAST, callbacks=callbacks)
            sys.stdout.write(f"done with {torch.get_num_threads()} threads: {fit.folder}\n")
        except (KeyboardInterrupt, Interrupted):
            raise SystemExit(0) from None  # the scheduler stopped it
        except Exception as error:
            reason = _sweep_wide_failure(error)
            with suppress(OSError):  # its log may be on the disk that is full
                traceback.print_exc()
            if reason is None:
                raise
            return {FATAL: reason, RANK_IC: math.nan}  # Tune refuses a result without its metric
        finally:
            gc.collect()  # a trainer is full of cycles, which would hold a slice of the panel
    return {RANK_IC: fit.record["metrics"][RANK_IC]}


class _EveryEpoch(pl.Callback):
    """Reports each epoch's RankIC to the scheduler, those before a resume included.

    Not that of the last epoch: the scheduler could only throw away a fit that is trained.
    """

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        history = next(c for c in trainer.callbacks if isinstance(c, History))  # type: ignore[attr-defined]
        for row in history.rows:
            self._report(trainer, int(row["epoch"]), row["val/rank_ic"])

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        rank_ic = float(trainer.callback_metrics["val/rank_ic"])
        self._report(trainer, trainer.current_epoch, rank_ic)

    def _report(self, trainer: pl.Trainer, epoch: int, rank_ic: float) -> None:
        if epoch + 1 != trainer.max_epochs:
            tune.report({"epoch": epoch + 1, RANK_IC: rank_ic})


@lru_cache(maxsize=1)
def _panel(path: str) -> Panel:
    """The panel, opened once by each worker; it refuses to be read once it was replaced."""
    return Panel.open(path)


def leave_slurm() -> None:
    """Be no task of Slurm's: a trial has one device of Ray's choosing, and is the first of one.

    Lightning has read the rank of srun's task when it was imported, and would give every trial
    but those of the first node a logger that logs nothing.
    """
    leave_allocation()
    rank_zero_only.rank = 0  # type: ignore[attr-defined]


def check_package(wanted: str) -> None:
    """Refuse to train with other code than the command that sweeps.

    Raises:
        ConfigError: This worker has imported another checkout or installation.
    """
    mine = package_root()
    if mine != wanted:
        raise ConfigError(
            f"a worker on {socket.gethostname()} runs {mine}, where the sweep runs {wanted}",
            "all trials run the code of the command that sweeps",
            "start Ray and the sweep with the same environment, on a disk that all nodes see",
        )


def package_root() -> str:
    """The folder that this package was imported from."""
    return str(Path(__file__).resolve().parents[1])


@contextmanager
def said_into(log: Path) -> Iterator[None]:
    """Append to a file what this process says meanwhile, after a line that tells when and where."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8", buffering=1) as file:
        begun = datetime.now().astimezone().isoformat(timespec="seconds")
        file.write(f"--- {begun} {socket.gethostname()} process {os.getpid()}\n")
        if gpu := os.environ.get("CUDA_VISIBLE_DEVICES"):
            file.write(f"GPU {gpu}\n")
        with redirect_stdout(file), redirect_stderr(file):
            yield
            sys.stderr.flush()


def _sweep_wide_failure(error: BaseException) -> str | None:
    """The sentence for what every trial would meet: settings, the panel, or a full disk."""
    if isinstance(error, AlphaNetError) and not isinstance(error, FitError):
        return str(error)
    full = disk_full_behind(error)
    return None if full is None else str(full)


def worker_settings(settings: Settings, cpus: int, gpus: float, group: str) -> Settings:
    """A trial's settings as its worker takes them; none of this changes what the fit is.

    Args:
        settings: The trial's.
        cpus: Cores, hence threads, that it owns.
        gpus: Share of a GPU that it owns; 0 keeps it on the CPU.
        group: W&B group, unless the user named one.
    """
    return replace(
        settings,
        runs=str(Path(settings.runs).absolute()),
        data=replace(settings.data, panel=str(Path(settings.data.panel).absolute())),
        trainer=replace(
            settings.trainer,
            threads=cpus,
            devices=1,
            num_nodes=1,
            accelerator=settings.trainer.accelerator if gpus else "cpu",
            progress=False,
        ),
        logger=replace(settings.logger, group=settings.logger.group or group, job_type="trial"),
    )
