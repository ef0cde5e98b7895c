"""One fit: from a panel and settings to a folder with trained weights."""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
from omegaconf import OmegaConf

from alphanet_pl.config.compose import heeded
from alphanet_pl.config.settings import Settings
from alphanet_pl.fit.checkpoints import digest_of_best, find_checkpoint, remove_leftovers
from alphanet_pl.fit.estimate import check_alone, check_loss, estimate
from alphanet_pl.fit.folder import (
    DIGEST,
    PREVIOUS,
    SCHEMA,
    Fit,
    describe_earlier,
    done_fit,
    earlier_fits,
    fit_folder,
    model_identity,
)
from alphanet_pl.fit.history import History, Row, rows_of
from alphanet_pl.fit.lock import locked
from alphanet_pl.fit.progress import Display
from alphanet_pl.fit.stop import StopRequested, answer_stop, peer_lost_explained
from alphanet_pl.fit.tracking import finish_loggers
from alphanet_pl.fit.trainer import build_trainer
from alphanet_pl.job.devices import check_precision, describe_device, use_threads
from alphanet_pl.job.provenance import git_commit, versions
from alphanet_pl.job.signals import block, stop_if_asked
from alphanet_pl.job.world import World, read_world
from alphanet_pl.model.baselines import Estimated
from alphanet_pl.model.module import AlphaNetModule
from datamodules.base.errors import ConfigError
from datamodules.base.files import full_disk_explained, try_place, write_json, write_text
from datamodules.base.words import counted, log
from datamodules.batches.datamodule import CrossSectionDataModule, LastRead
from datamodules.batches.style_basis import StyleBases
from datamodules.panel import Panel


def train(
    settings: Settings,
    *,
    panel: Panel | None = None,
    last: LastRead | None = None,
    callbacks: Sequence[pl.Callback] = (),
) -> Fit:
    """Train one fit, resume it where it was killed, or return it if it is done already.

    Started by srun, or with trainer.devices above 1, this is one of several processes that take
    each step together; the first of them writes.

    Args:
        settings: What to train, on what.
        panel: The panel of `data.panel`, where many fits share one that is open.
        last: What this process read for its last fit, where many fits share cross-sections.
        callbacks: Lightning's, besides the fit's own.

    Raises:
        AlphaNetError: The settings, the panel or the fit folder cannot be used.
        Interrupted: A signal asked for a stop, and the progress is saved.
    """
    block()
    world = read_world(settings.trainer)
    check_ranks(settings, world)
    panel = panel or Panel.open(settings.data.panel)
    check_panel(panel, settings)
    panel = panel.with_features(settings.data.features)
    asof = asof_session(panel, settings)
    session = str(panel.dates[asof])
    folder = fit_folder(settings, session, panel.fingerprint)
    if (done := done_fit(folder)) is not None:
        return done
    device = describe_device(settings.trainer, world)
    if world.rank == 0:
        try_place(folder / "fit.json", "runs=FOLDER")
    if world.rank == 0 and not any(isinstance(one, Display) for one in callbacks):
        earlier = describe_earlier(earlier_fits(settings, session))
        log("\n".join(filter(None, [earlier, _headline(settings, session, panel, device, world)])))
    check_precision(settings.trainer)
    use_threads(settings.trainer, world)
    module = check_model(panel, settings, world)
    if isinstance(module.network, Estimated):
        stop_if_asked("the fit before; an estimate begins anew")
    data = CrossSectionDataModule(
        panel,
        settings.data,
        asof,
        settings.seed,
        with_styles=settings.loss.neutralise,
        windows=module.takes,
        last=last,
    )
    try:
        with full_disk_explained(folder), locked(folder) if world.rank == 0 else nullcontext():
            # Another job may have held the lock until it was done.
            return done_fit(folder) or _fit(settings, folder, panel, module, data, world, callbacks)
    except StopRequested as stop:
        raise answer_stop(stop, world) from None


def _headline(settings: Settings, session: str, panel: Panel, device: str, world: World) -> str:
    """What is trained, on what."""
    processes = f"{world.size} processes, each on " if world.size > 1 else ""
    return (
        f"train {settings.variant} seed {settings.seed} as of {session} on {processes}{device}; "
        f"panel {panel.path} ({panel.fingerprint[:12]})"
    )


def check_ranks(settings: Settings, world: World) -> None:
    """Refuse processes that cannot share a step's cross-sections alike."""
    dates = settings.data.dates_per_step
    if dates % world.size:
        raise ConfigError(
            f"data.dates_per_step={dates} was given to {world.size} processes",
            "each takes the same number of whole cross-sections in a step",
            f"data.dates_per_step={world.size} (another model than with {dates})",
        )


def _fit(
    settings: Settings,
    folder: Path,
    panel: Panel,
    module: AlphaNetModule,
    data: CrossSectionDataModule,
    world: World,
    callbacks: Sequence[pl.Callback],
) -> Fit:
    """Run the Trainer; whatever happens, fit.json and the logger say how it ended."""
    first = world.rank == 0
    record = _describe_start(settings, panel, data)
    if first:
        remove_leftovers(folder)
        _write_start(folder, settings, record)
    history = History(folder / "metrics.csv")
    trainer = build_trainer(
        settings, folder, record, world, history, module.loss.stops_on, callbacks
    )
    checkpoint = find_checkpoint(folder, log if first else None)
    try:
        with peer_lost_explained(world):
            if isinstance(module.network, Estimated):
                record["chosen"] = estimate(trainer, module, data, history, folder)
            else:
                trainer.fit(module, data, ckpt_path=checkpoint, weights_only=True)
        record |= _outcome(history.best(module.loss.stops_on), history, module, data)
        if first:
            record[DIGEST] = digest_of_best(folder, record["best_epoch"])
    except (SystemExit, KeyboardInterrupt, StopRequested) as stop:
        record["status"] = "interrupted"
        if isinstance(stop, SystemExit):  # Lightning's answer to Ctrl-C
            epochs = counted(len(rows_of(find_checkpoint(folder, None))), "epoch")
            raise KeyboardInterrupt(f"with {epochs} kept in {folder}") from None
        raise
    except BaseException:
        record["status"] = "failed"
        raise
    finally:
        record["seconds"] = history.seconds
        if first:
            write_json(folder / "fit.json", record)
            if record["status"] == "done":
                (folder / PREVIOUS).unlink(missing_ok=True)
            finish_loggers(trainer.loggers, record)
    return Fit(folder, record)


def check_panel(panel: Panel, settings: Settings) -> None:
    """Refuse a panel without a feature, or that was prepared with other pictures or labels."""
    panel.with_features(settings.data.features)
    for name, have in (("picture_days", panel.picture_days), ("horizon", panel.horizon)):
        want = getattr(settings.data, name)
        if have != want:
            raise ConfigError(
                f"data.{name}={want} was given",
                f"the panel {panel.path} was prepared with {have}",
                f"data.{name}={have}, or alphanet prepare again",
            )


def check_model(panel: Panel, settings: Settings, world: World | None = None) -> AlphaNetModule:
    """Build what would be trained, and refuse what it cannot minimise with this panel.

    Args:
        panel: The panel.
        settings: Of the fit.
        world: Processes that would train it together, where that is known.

    Raises:
        AlphaNetError: A class or a package cannot be had, an estimate has a loss of its own or
            several processes, or a neutralised loss has no styles.
    """
    module = AlphaNetModule.create(settings)
    if isinstance(module.network, Estimated):
        check_loss(settings)
        check_alone(settings, world)
    if settings.loss.neutralise:
        StyleBases(panel)
    return module


def asof_session(panel: Panel, settings: Settings) -> int:
    """Session index of the fit: the last one on or before `asof`, or the newest with labels."""
    if settings.asof is None:
        return newest_labelled(panel, settings)
    day = np.datetime64(settings.asof)
    first, last = panel.dates[[0, -1]]
    if not first <= day <= last:
        raise ConfigError(
            f"asof={settings.asof} was given",
            f"the panel has sessions from {first} to {last}",
            f"asof={panel.dates[newest_labelled(panel, settings)]}, the newest with labels",
        )
    return panel.session_on_or_before(day)


def newest_labelled(panel: Panel, settings: Settings) -> int:
    """The newest session whose labels are known."""
    later = settings.data.label == "vwap_next"  # from the next session's price on
    return len(panel.dates) - 1 - panel.horizon - later


def _describe_start(
    settings: Settings,
    panel: Panel,
    data: CrossSectionDataModule,
) -> dict[str, Any]:
    """What fit.json says before the first step."""
    return {
        "schema": SCHEMA,
        "status": "running",
        "variant": settings.variant,
        "asof": str(panel.dates[data.split.asof]),
        "seed": settings.seed,
        "identity": model_identity(settings),
        "in_sample_days": data.split.in_sample_days,
        "panel": {
            "fingerprint": panel.fingerprint,
            "path": str(settings.data.panel),
            "source": str(panel.attrs.get("source", "unknown")),
            "sessions": len(panel.dates),
            "stocks": len(panel.codes),
        },
        "versions": versions(),
        "git_commit": git_commit(),
        "seconds": 0.0,
        "metrics": None,
    }


def _write_start(folder: Path, settings: Settings, record: dict[str, Any]) -> None:
    """Write the folder's description before the first step."""
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "config.yaml", OmegaConf.to_yaml(heeded(settings)))
    write_json(folder / "fit.json", record)


def _outcome(
    best: Row, history: History, module: AlphaNetModule, data: CrossSectionDataModule
) -> dict[str, Any]:
    """What fit.json says of a finished fit."""
    return {
        "metrics": {name: value for name, value in best.items() if name != "epoch"},
        "best_epoch": int(best["epoch"]),
        "epochs": len(history.rows),
        "parameters": list(module.parameter_fingerprint()),
        "sampled_features": [data.features[i] for i in module.sampled],
        "sessions": _describe(data),
        "status": "done",
    }


def _describe(data: CrossSectionDataModule) -> dict[str, dict[str, float | int]]:
    parts = {"train": data.train, "validation": data.validation}
    return {
        name: {
            "cross_sections": len(part),
            "stocks_mean": float(np.mean([len(stocks) for stocks in part.stocks])),
        }
        for name, part in parts.items()
        if part is not None
    }
