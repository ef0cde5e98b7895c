"""A finished fit that nobody trained: its folder, a whole record, and a checkpoint of nothing."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from alphanet_pl.config.settings import Settings
from alphanet_pl.fit.folder import DIGEST, SCHEMA, fit_folder, model_identity
from datamodules.base.files import sha256_of, write_json


def invented_fit(
    settings: Settings, asof: str, seed: int, panel: str = "f", name: str | None = None, **says: Any
) -> Path:
    """Its folder, called `name` if not as a fit of these settings is; `says` goes into fit.json."""
    one = replace(settings, seed=seed)
    folder = fit_folder(one, asof, panel)
    folder = folder.with_name(name or folder.name)
    folder.mkdir(parents=True, exist_ok=True)
    torch.save({"state_dict": {}}, folder / "best.ckpt")
    record = {
        "schema": SCHEMA,
        "status": "done",
        "variant": settings.variant,
        "asof": asof,
        "seed": seed,
        "identity": model_identity(one),
        "in_sample_days": 1500,
        "panel": {"fingerprint": panel},
        "seconds": 2.0,
        "metrics": {"val/loss": 0.99, "val/rank_ic": 0.05},
        "best_epoch": 0,
        "epochs": 1,
        "sampled_features": ["open", "close"],
        "sessions": {
            part: {"cross_sections": 9, "stocks_mean": 9.0} for part in ("train", "validation")
        },
        DIGEST: sha256_of(folder / "best.ckpt"),
    }
    write_json(folder / "fit.json", record | says)
    return folder
