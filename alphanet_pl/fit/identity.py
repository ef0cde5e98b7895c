"""What a fit is: its folder's name follows from everything that can change its weights."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from alphanet_pl.config.settings import Settings

PROTOCOL = 2
"""Raised when the code, or the default of a setting, changes the weights that the same words give.

1: early stopping by the plain squared error. 2: by the squared error within dates.
"""

_DECIDES: dict[str, tuple[str, ...] | None] = {
    "model": None,
    "loss": None,
    "data": (
        "features", "picture_days", "horizon", "label", "filter", "in_sample_days", "sample_step",
        "train_share", "embargo", "dates_per_step",
    ),
    "trainer": ("learning_rate", "patience", "max_epochs"),
}  # fmt: skip
"""Group -> its settings that can change the weights, None for all of them."""

Groups = dict[str, dict[str, Any]]
"""Group -> setting -> value."""


def decisive_settings(settings: Settings) -> Groups:
    """Every setting that can change the weights, apart from when, which seed and which data."""
    return {group: _decisive(group, getattr(settings, group)) for group in _DECIDES}


def model_identity(settings: Settings) -> dict[str, Any]:
    """The protocol, and of `decisive_settings` those that differ from its defaults.

    A setting that is added later, with a default that changes nothing, renames no fit.
    """
    return {"protocol": PROTOCOL, **_differing(decisive_settings(settings), _defaults(settings))}


def recorded_settings(identity: Mapping[str, Any]) -> Groups:
    """`decisive_settings` of a fit from its fit.json, which leaves the defaults out."""
    defaults = _defaults(Settings())
    return {group: {**values, **identity.get(group, {})} for group, values in defaults.items()}


def same_settings(identity: Mapping[str, Any], settings: Settings) -> bool:
    """Whether a recorded fit, of whatever protocol, had these settings, seed and dates apart."""
    recorded = {group: values for group, values in identity.items() if group != "protocol"}
    defaults = _defaults(settings)
    return _differing(recorded, defaults) == _differing(decisive_settings(settings), defaults)


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


def _decisive(group: str, node: Any) -> dict[str, Any]:
    values = asdict(node)
    return {name: values[name] for name in _DECIDES[group] or values}


def _defaults(settings: Settings) -> Groups:
    """The defaults of the settings' own groups."""
    return {group: _decisive(group, type(getattr(settings, group))()) for group in _DECIDES}


def _differing(groups: Groups, defaults: Groups) -> Groups:
    """What is not as in `defaults`; a group without such a setting is left out."""
    found = {
        group: {
            name: value
            for name, value in values.items()
            if name not in defaults.get(group, {}) or value != defaults[group][name]
        }
        for group, values in groups.items()
    }
    return {group: values for group, values in found.items() if values}
