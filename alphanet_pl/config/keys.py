"""What a verb can be given: its settings by dotted key, and its groups with their options."""

import importlib
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import yaml
from pydantic.fields import FieldInfo

from alphanet_pl.config.settings import Settings
from datamodules.base import words
from datamodules.base.errors import ConfigError

OF_SWEEPS = ("sweep", "compare")
"""Verbs over many fits; package `sweeps` holds them and their settings."""
_NO_SETTING = "origin"
_ALIASES = {
    "lr": "trainer.learning_rate", "gpus": "trainer.devices", "epochs": "trainer.max_epochs",
}  # fmt: skip
"""Settings by the names that others give them."""


def conf_dir() -> Path:
    """Folder of the shipped configuration: inside an installed wheel, or beside a checkout."""
    inside = Path(__file__).parents[1] / "conf"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "conf"


def root_of(verb: str) -> type[Settings]:
    """The class of a verb's settings; that of a sweep by name, for imports point downwards only."""
    if verb not in OF_SWEEPS:
        return Settings
    try:
        root: type[Settings] = importlib.import_module("sweeps.settings").SweepsSettings
    except ModuleNotFoundError:
        raise ConfigError(
            f"alphanet {verb} was given",
            "it needs the package sweeps, which is not installed",
            "pip install --force-reinstall alphanet-pl",
        ) from None
    return root


@lru_cache
def groups(verb: str = "train") -> tuple[str, ...]:
    """Names that choose a file of settings, as `variant=v2.1`: those of the defaults lists."""
    named: list[str] = []
    for name in ("common", verb):
        text = (conf_dir() / f"{name}.yaml").read_text(encoding="utf-8")
        lines = (yaml.safe_load(text) or {}).get("defaults", [])
        named += [str(key).split()[-1] for line in lines if isinstance(line, dict) for key in line]
    return tuple(dict.fromkeys(named))


def options(group: str, config_dir: Path | None = None) -> list[str]:
    """Names of a group's files, the user's own included."""
    folders = [conf_dir(), *([config_dir] if config_dir else [])]
    return sorted({file.stem for folder in folders for file in (folder / group).glob("*.yaml")})


def classes(root: type, prefix: str = "") -> Iterator[tuple[str, type]]:
    """Every class of settings with its dotted key and a dot, the root (under "") first."""
    yield prefix, root
    for name, field in root.__pydantic_fields__.items():  # type: ignore[attr-defined]
        if hasattr(field.annotation, "__pydantic_fields__"):
            yield from classes(field.annotation, f"{prefix}{name}.")


@lru_cache
def settings_of(verb: str) -> Mapping[str, FieldInfo]:
    """Dotted key -> type, bounds and default of every setting."""
    return {
        f"{prefix}{name}": field
        for prefix, one in classes(root_of(verb))
        for name, field in one.__pydantic_fields__.items()  # type: ignore[attr-defined]
        if name != _NO_SETTING and not hasattr(field.annotation, "__pydantic_fields__")
    }


def type_of(key: str, verb: str) -> Any:
    """The annotation of a setting, or of an entry of a map of the user's own; None: there is none.

    >>> type_of("data.columns.quotes.code", "train")
    <class 'str'>
    """
    known = settings_of(verb)
    if key in known:
        return known[key].annotation
    head, _, _ = key.rpartition(".")
    above = type_of(head, verb) if head else None
    if get_origin(above) is dict:
        return get_args(above)[1]
    return Any if above is Any else None


def is_text(annotation: Any) -> bool:
    """Whether any characters at all are a value."""
    parts = [part for part in get_args(annotation) if part is not type(None)]
    if get_origin(annotation) is Literal:
        return True
    if type(None) in get_args(annotation):
        return all(is_text(part) for part in parts)
    return annotation is str or (hasattr(annotation, "__metadata__") and is_text(parts[0]))


def nearest(name: str, candidates: Mapping[str, object] | tuple[str, ...]) -> str | None:
    """The name most like a mistyped one: spelling, a section's initials (lr), or the last part."""
    section, _, tail = name.rpartition(".")
    for key in candidates:
        head, _, own = key.rpartition(".")
        if head == section and len(tail) > 1 and tail == "".join(w[:1] for w in own.split("_")):
            return key
    if found := words.nearest(name, candidates, 0.5):
        return found
    tails = {candidate.rsplit(".", 1)[-1]: candidate for candidate in candidates}
    close = words.nearest(tail, tails, 0.5)
    return tails[close] if close else None


def check_listed(key: str, names: Sequence[str], folder: Path | None) -> None:
    """Refuse a list of variants that names one twice or one that there is not.

    Args:
        key: The setting that holds it.
        names: The list.
        folder: Of --config-dir.

    Raises:
        ConfigError: With the list that would do.
    """
    known = options("variant", folder)
    near = dict.fromkeys(name if name in known else words.nearest(name, known) for name in names)
    unknown = [name for name in names if name not in known]
    if unknown or len(near) < len(names):
        raise ConfigError(
            f"{key}=[{','.join(names)}] was given",
            f"{unknown[0]} is none of {', '.join(known)}" if unknown else "it names one twice",
            f"{key}=[{','.join(near)}]",
        )


def no_such_setting(name: str, value: str, verb: str) -> ConfigError:
    """The refusal of a key that no setting has."""
    if name in groups("sweep") and verb not in OF_SWEEPS:
        return ConfigError(
            f"{name}={value} was given",
            f"only {' and '.join(OF_SWEEPS)} take it",
            f"alphanet sweep {name}={value}",
        )
    group, _, option = name.rpartition(".")
    if group in groups(verb) and option in options(group, None):
        return ConfigError(
            f"there is no setting {name!r}",
            f"{option!r} is an option of {group!r}",
            f"{group}={option}",
        )
    known = tuple(settings_of(verb))
    if type_of(name, verb) is not None:  # a key with dots, in a file
        inside = f"{option}: {value}"
        for above in reversed(group.split(".")):
            inside = f"{above}: {{{inside}}}"
        return ConfigError(
            f"{name!r} was given as one key", "in a file, a setting stands inside its group", inside
        )
    near = _ALIASES.get(name) or nearest(name, known if "." in name else (*known, *groups(verb)))
    return ConfigError(
        f"there is no setting {name!r}",
        f"the nearest is {near!r}" if near else "nothing is called nearly so",
        f"{near}={value}" if near else "alphanet VERB --help lists the settings",
    )
