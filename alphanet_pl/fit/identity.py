"""What a fit is: its folder's name follows from everything that can change its weights."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from alphanet_pl.config.settings import Settings

_DATA = (
    "features", "picture_days", "horizon", "label", "filter", "in_sample_days", "sample_step",
    "train_share", "embargo", "dates_per_step",
)  # fmt: skip
_TRAINER = ("learning_rate", "patience", "max_epochs")
PROTOCOL = 1
"""Raised when the code itself changes the weights that the same settings give."""


def model_identity(settings: Settings) -> dict[str, object]:
    """Every setting that can change the weights, apart from when, which seed and which data."""
    data, trainer = asdict(settings.data), asdict(settings.trainer)
    return {
        "protocol": PROTOCOL,
        "model": asdict(settings.model),
        "loss": asdict(settings.loss),
        "data": {name: data[name] for name in _DATA},
        "trainer": {name: trainer[name] for name in _TRAINER},
    }


def fit_hash(settings: Settings, asof: str, fingerprint: str) -> str:
    """Ten hexadecimal digits naming a fit: its settings, as-of session, seed and panel."""
    identity = model_identity(settings) | {
        "asof": asof,
        "seed": settings.seed,
        "panel": fingerprint,
    }
    text = json.dumps(identity, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def fit_folder(settings: Settings, asof: str, fingerprint: str) -> Path:
    """runs/EXPERIMENT/VARIANT/ASOF/seedSEED-HASH."""
    name = f"seed{settings.seed}-{fit_hash(settings, asof, fingerprint)}"
    return variant_folder(settings) / asof / name


def variant_folder(settings: Settings) -> Path:
    """runs/EXPERIMENT/VARIANT, the home of a variant's fits, factor and evaluation."""
    return Path(settings.runs) / settings.experiment / settings.variant
