"""A rolling study done: its fits trained one after the other, then stitched into one factor."""

import gc
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd

from alphanet_pl.config.settings import Settings, Statistics
from alphanet_pl.factor.predict import describe_gaps, score_blocks
from alphanet_pl.factor.roll.plan import Study, Task
from alphanet_pl.factor.store import factor_path, holds, write_factor
from alphanet_pl.fit.board import Board, Shown
from alphanet_pl.fit.folder import Fit
from alphanet_pl.fit.progress import Display
from alphanet_pl.fit.train import train
from alphanet_pl.fit.wandb_runs import log_roll, mode_of
from alphanet_pl.job.devices import use_threads
from alphanet_pl.job.signals import install, stop_if_asked
from datamodules.base.errors import FitError
from datamodules.base.files import locked
from datamodules.base.words import log
from datamodules.batches.datamodule import LastRead
from datamodules.panel import Panel


class FactorBusy(FitError):
    """Another process is writing the factor."""


def train_all(tasks: Sequence[Task], panel: Panel, live: bool) -> None:
    """Train what is not done yet, each fit into its own folder; a killed one is resumed.

    Raises:
        AlphaNetError: A fit cannot be trained. The ones before it are done and stay so.
    """
    last = LastRead()  # the seeds of a window see the same cross-sections
    fits = [
        Shown(str(task), task.folder, task.settings.trainer.max_epochs, task.size) for task in tasks
    ]
    with Board(fits, live) as board:
        for task, shown in zip(tasks, fits, strict=True):
            if task.done() is not None:
                continue
            try:
                train(task.settings, panel=panel, last=last, callbacks=[Display()])
            except KeyboardInterrupt:
                raise KeyboardInterrupt(board.kept()) from None
            board.finish(shown)
            # A trainer is full of cycles; without this two slices of the panel are in memory.
            gc.collect()


def stitch(study: Study, settings: Settings) -> tuple[Path, list[Fit]]:
    """Write the factor of a study whose fits are all done, unless it is there already.

    Parts that end together all come here: one of them writes and logs the factor. Where W&B took no
    run of it, the same command logs it later.

    Returns:
        The factor's file, and the fits behind it.

    Raises:
        FitError: A fit is missing.
        FactorBusy: Another process is writing the factor.
        Interrupted: A signal asked for a stop.
    """
    ensembles = study.ensembles()
    fits = [fit for groups in ensembles for fit in chain.from_iterable(groups)]
    path = factor_path(settings)
    lock, logged = (path.with_name(f".{path.name}.{end}") for end in ("lock", "logged"))
    busy = FactorBusy(
        f"{path} is being written by another process",
        "one process at a time stitches a factor",
        "wait for it; the same command then finds the factor",
    )
    by = settings.score.statistics
    with locked(lock, busy):
        try:
            if not holds(path, fits, study.period, by):
                use_threads(settings.trainer)
                install()
                logged.unlink(missing_ok=True)
                write_factor(_blocks(study, ensembles, by), path, fits, study.period, by)
            if settings.logger.wandb and not logged.is_file():
                log_roll(settings, fits, path, study.period, study.panel.fingerprint)
                if mode_of(settings.logger) != "disabled":
                    logged.touch()
        finally:
            lock.unlink()
    return path, fits


def _blocks(
    study: Study, ensembles: Sequence[Sequence[Sequence[Fit]]], statistics: Statistics
) -> Iterator[pd.DataFrame]:
    """The factor in blocks of sessions: every date by the newest models trained before it."""
    dates, stops = study.panel.dates, [*study.windows[1:], study.last + 1]
    for at, (start, stop, groups) in enumerate(zip(study.windows, stops, ensembles, strict=True)):
        log(f"score {at + 1} of {len(stops)}: {dates[start]} to {dates[stop - 1]}")
        scored = [np.empty(0, "datetime64[D]")]
        sessions = np.arange(start, stop)
        for block in score_blocks(study.panel, sessions, *groups, statistics=statistics):
            stop_if_asked("the last fit; the factor is stitched anew")
            scored.append(block["date"].to_numpy().astype("datetime64[D]"))
            yield block
        if gaps := describe_gaps(dates[start:stop], np.concatenate(scored)):
            log(gaps)
