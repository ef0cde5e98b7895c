"""One fit: from a panel and settings to a folder with trained weights."""

import time
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint, RichProgressBar
from omegaconf import OmegaConf

from alphanet_pl.devices import describe_device, use_threads
from alphanet_pl.errors import ConfigError
from alphanet_pl.files import write_json, write_text
from alphanet_pl.fits import SCHEMA, Fit, read_record
from alphanet_pl.history import History
from alphanet_pl.identity import fit_folder, model_identity
from alphanet_pl.loggers import build_logger, finish_logger
from alphanet_pl.module import AlphaNetModule
from alphanet_pl.progress import progress_callback, quiet
from alphanet_pl.provenance import git_commit, versions
from alphanet_pl.settings import Settings
from datamodules.datamodule import CrossSectionDataModule
from datamodules.panel.panel import Panel


def train(settings: Settings) -> Fit:
    """Train one fit, resume it where it was killed, or return it if it is done already.

    Raises:
        AlphaNetError: The settings, the panel or the fit folder cannot be used.
    """
    panel = Panel.open(settings.data.panel)
    check_panel(panel, settings)
    asof = asof_session(panel, settings)
    folder = fit_folder(settings, str(panel.dates[asof]), panel.fingerprint)
    record = read_record(folder)
    if record is not None and record["status"] == "done":
        return Fit(folder, record)
    describe_device(settings.trainer)
    use_threads(settings.trainer)
    data = CrossSectionDataModule(
        panel, settings.data, asof, settings.seed, with_styles=settings.loss.neutralise
    )
    module = AlphaNetModule.create(
        features=len(panel.features),
        model=settings.model,
        loss=settings.loss,
        learning_rate=settings.trainer.learning_rate,
        seed=settings.seed,
    )
    record = _start(folder, settings, panel, data, record)
    started = time.monotonic()
    trainer = _trainer(settings, folder, record)
    last = folder / "last.ckpt"
    try:
        trainer.fit(module, data, ckpt_path=last if last.is_file() else None, weights_only=True)
        record |= _outcome(trainer, module, data)
    except SystemExit:  # Lightning's answer to Ctrl-C
        raise KeyboardInterrupt from None
    finally:
        record["seconds"] += time.monotonic() - started
        write_json(folder / "fit.json", record)
        finish_logger(trainer.logger, record)
    return Fit(folder, record)


def check_panel(panel: Panel, settings: Settings) -> None:
    """Refuse a panel that was prepared with other features, pictures or labels."""
    for name, have in (
        ("features", list(panel.features)),
        ("picture_days", panel.picture_days),
        ("horizon", panel.horizon),
    ):
        want = getattr(settings.data, name)
        if have != want:
            raise ConfigError(
                f"data.{name}={want} was given",
                f"the panel {panel.path} was prepared with {have}",
                f"data.{name}={have}, or alphanet prepare again",
            )


def asof_session(panel: Panel, settings: Settings) -> int:
    """Session index of the fit: the last one on or before `asof`, or the newest with labels."""
    if settings.asof is None:
        return len(panel.dates) - 1 - panel.horizon
    day = parse_date("asof", settings.asof)
    if day < panel.dates[0]:
        raise ConfigError(
            f"asof={settings.asof} was given",
            f"it is before the panel's first session {panel.dates[0]}",
            f"asof={panel.dates[len(panel.dates) - 1 - panel.horizon]}",
        )
    return panel.session_on_or_before(day)


def parse_date(key: str, text: str) -> np.datetime64:
    """A date written YYYY-MM-DD.

    Raises:
        ConfigError: It is not.
    """
    try:
        return np.datetime64(text, "D")
    except ValueError:
        raise ConfigError(
            f"{key}={text} was given", "a date reads YYYY-MM-DD", f"{key}=2011-01-31"
        ) from None


def _trainer(settings: Settings, folder: Path, record: dict[str, Any]) -> pl.Trainer:
    quiet()
    options = settings.trainer
    shown = progress_callback(options.progress)
    best = ModelCheckpoint(
        dirpath=folder, filename="best", monitor="val/loss", enable_version_counter=False
    )
    # `save_last` would only follow `best`; this one is written every epoch, after it.
    last = ModelCheckpoint(dirpath=folder, filename="last", enable_version_counter=False)
    return pl.Trainer(
        accelerator=options.accelerator,
        devices=1,
        max_epochs=options.max_epochs,
        logger=build_logger(settings, folder, record),
        callbacks=[
            History(folder / "metrics.csv"),
            EarlyStopping("val/loss", patience=options.patience),
            best,
            last,
            shown,
        ],
        enable_model_summary=False,
        enable_progress_bar=isinstance(shown, RichProgressBar),
        use_distributed_sampler=False,
        num_sanity_val_steps=0,
        log_every_n_steps=1_000_000,
    )


def _start(
    folder: Path,
    settings: Settings,
    panel: Panel,
    data: CrossSectionDataModule,
    previous: dict[str, Any] | None,
) -> dict[str, Any]:
    """Write the folder's description before the first step."""
    folder.mkdir(parents=True, exist_ok=True)
    record: dict[str, Any] = {
        "schema": SCHEMA,
        "status": "running",
        "variant": settings.variant,
        "asof": str(panel.dates[data.split.asof]),
        "seed": settings.seed,
        "identity": model_identity(settings),
        "in_sample_days": data.split.in_sample_days,
        "panel": {"fingerprint": panel.fingerprint, "path": str(settings.data.panel)},
        "versions": versions(),
        "git_commit": git_commit(),
        "seconds": previous["seconds"] if previous else 0.0,
        "metrics": None,
    }
    write_text(folder / "config.yaml", OmegaConf.to_yaml(OmegaConf.structured(settings)))
    write_json(folder / "fit.json", record)
    return record


def _outcome(
    trainer: pl.Trainer, module: AlphaNetModule, data: CrossSectionDataModule
) -> dict[str, Any]:
    """What fit.json says of a finished fit."""
    history = next(c for c in trainer.callbacks if isinstance(c, History))  # type: ignore[attr-defined]
    best = min(history.rows, key=lambda row: row["val/loss"])
    network = module.network
    return {
        "metrics": {name: value for name, value in best.items() if name != "epoch"},
        "best_epoch": int(best["epoch"]),
        "epochs": len(history.rows),
        "parameters": list(network.parameter_fingerprint()),
        "sampled_features": [data.features[i] for i in network.sampled],
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
