"""Search spaces: from axes in a configuration file to checked trials.

Example: `alphanet sweep sweep=dropout`, whose axes are variant, model.n and seed.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from shlex import quote
from typing import Any

from alphanet_pl.config.compose import compose_config, with_changes
from alphanet_pl.config.keys import groups
from alphanet_pl.config.settings import CommandLine, Settings
from alphanet_pl.fit.folder import decisive_settings
from datamodules.base.errors import ConfigError
from sweeps.settings import SweepsSettings

Value = str | int | float | bool
Axes = dict[str, list[Value]]

SEED = "seed"
_GROUPS = ("variant", "model", "loss", "trainer")
_OTHERS = ("seed", "asof")
"""Axes besides the settings that fit/folder.py counts as part of what a fit is."""


@dataclass(frozen=True)
class Trial:
    """One fit of a sweep.

    Args:
        point: Axis -> value, in the order of the axes.
        settings: What `alphanet train` would be given.
    """

    point: Mapping[str, Value]
    settings: Settings

    @property
    def name(self) -> str:
        """Its point as overrides: variant=v2.1,model.n=6,seed=0."""
        return ",".join(_override(key, value) for key, value in self.point.items())

    @property
    def command(self) -> str:
        """The command that trains this one fit alone."""
        origin = self.settings.origin
        words = [] if origin is None else [quote(word) for word in origin.overrides]
        folder = ["--config-dir", quote(origin.config_dir)] if origin and origin.config_dir else []
        return " ".join(["alphanet train", *folder, *words])


def read_axes(settings: SweepsSettings) -> Axes:
    """The axes of a sweep, flat and each a list of different values; seed is the last.

    Raises:
        ConfigError: There are none, one is empty, repeats a value, or is given twice.
    """
    axes = dict(_flat(settings.sweep.axes, ""))
    if not axes:
        raise ConfigError(
            "sweep.axes is empty", "a sweep varies at least one setting", "sweep.axes.seed=[0,1,2]"
        )
    for key, values in axes.items():
        _check_axis(key, values)
    for word in settings.origin.overrides if settings.origin else ():
        key, _, value = word.partition("=")
        if key in axes:
            raise ConfigError(
                f"{word} was given",
                f"sweep={settings.sweep.name} varies {key} over {_list(axes[key])}",
                f"sweep.axes.{key}=[{value}]",
            )
    return dict(sorted(axes.items(), key=lambda axis: axis[0] == SEED))


def expand(settings: SweepsSettings) -> list[Trial]:
    """Every combination of the axes, seeds fastest, as checked settings.

    Raises:
        ConfigError: An axis that is no setting or changes no fit, or a value out of its range.
    """
    axes, origin = read_axes(settings), settings.origin
    if origin is None:
        raise ValueError("only settings from load_settings know what they were composed from")
    folder = Path(origin.config_dir) if origin.config_dir else None
    words = [word for word in origin.overrides if not word.startswith(("sweep", "ray."))]
    chosen = [key for key in axes if key in groups()]
    _check_keys(axes, settings, folder)
    trials = []
    for options in product(*(axes[key] for key in chosen)):
        group = dict(zip(chosen, options, strict=True))
        overrides = [*words, *(_override(*pair) for pair in group.items())]
        with _hint_names_axis():
            composed = compose_config("train", overrides, folder)
        plain = [key for key in axes if key not in group]
        for values in product(*(axes[key] for key in plain)):
            changes = dict(zip(plain, values, strict=True))
            given = (*overrides, *(_override(*pair) for pair in changes.items()))
            with _hint_names_axis():
                made = with_changes(composed, changes)
            made = replace(made, origin=CommandLine("train", given, origin.config_dir))
            point = {key: (group | changes)[key] for key in axes}
            trials.append(Trial(point, made))
    order = {key: {v: i for i, v in enumerate(values)} for key, values in axes.items()}
    return sorted(trials, key=lambda trial: [order[k][v] for k, v in trial.point.items()])


def only_seeds(axes: Axes) -> bool:
    """Whether nothing but the seed differs between trials."""
    return all(len(values) == 1 for key, values in axes.items() if key != SEED)


def _flat(node: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    """Both spellings of an axis: `model.n: [6]`, and `model: {n: [6]}` as Hydra overrides it."""
    for key, value in node.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _check_axis(key: str, values: Any) -> None:
    if not isinstance(values, list):
        raise ConfigError(
            f"sweep.axes.{key}={values} was given",
            "an axis is a list of values",
            f"sweep.axes.{key}=[{values}]",
        )
    if not values:
        raise ConfigError(
            f"sweep.axes.{key} is empty",
            "an axis has at least one value",
            f"sweep.axes.{key}=[VALUE]",
        )
    for value in values:
        if not isinstance(value, Value):
            raise ConfigError(
                f"sweep.axes.{key} holds {value}",
                "a value is a number, a word, true or false",
                f"sweep.axes.{key}=[VALUE]",
            )
    if len(set(values)) < len(values):
        once = list(dict.fromkeys(values))
        raise ConfigError(
            f"sweep.axes.{key}={_list(values)} repeats a value",
            "each trial is trained once",
            f"sweep.axes.{key}={_list(once)}",
        )


def _check_keys(axes: Axes, settings: Settings, folder: Path | None) -> None:
    """Refuse an axis that is no setting, by the nearest one, or that leaves every fit the same."""
    plain = {key: values[0] for key, values in axes.items() if key not in groups()}
    with _hint_names_axis():
        compose_config("train", [_override(*pair) for pair in plain.items()], folder)
    part = {f"{g}.{k}" for g, keys in decisive_settings(settings).items() for k in keys}
    for key in axes:
        inside = any(key.startswith(f"{whole}.") for whole in part)  # of model.arguments, say
        if key not in part and not inside and key not in (*_GROUPS, *_OTHERS):
            raise ConfigError(
                f"sweep.axes.{key} was given",
                f"{key} does not change what a fit is, so all its trials would be one",
                f"give {key}=VALUE beside the sweep; axes are e.g. variant, model.n, seed, asof",
            )


@contextmanager
def _hint_names_axis() -> Iterator[None]:
    """A hint says `key=value`, as it is typed for one fit; here it is a value of an axis."""
    try:
        yield
    except ConfigError as error:
        hint = re.sub(r"^([\w.]+)=(\S+)", r"sweep.axes.\1=[\2]", error.hint)
        raise ConfigError(error.given, error.needed, hint) from error


def _override(key: str, value: Value) -> str:
    return f"{key}={str(value).lower() if isinstance(value, bool) else value}"


def _list(values: Sequence[Value]) -> str:
    return f"[{','.join(map(str, values))}]"
