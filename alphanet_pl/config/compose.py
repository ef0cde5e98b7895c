"""From a verb and words `key=value` to checked `Settings`: every mistake refused by name."""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, get_origin

import yaml
from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import ValidationError

from alphanet_pl.config.keys import (
    classes,
    conf_dir,
    groups,
    is_text,
    nearest,
    no_such_setting,
    options,
    root_of,
    settings_of,
    type_of,
)
from alphanet_pl.config.refusals import as_typed, explain_composing, explain_invalid, no_such_option
from alphanet_pl.config.settings import CommandLine, Settings
from datamodules.base.errors import ConfigError
from datamodules.settings import MISSING, DataSettings, at_home


@dataclass(frozen=True)
class Composed:
    """Settings of a command before they are checked.

    Args:
        origin: The command.
        values: Nested, every key of the verb, references such as `${runs}` not filled in.
    """

    origin: CommandLine
    values: Mapping[str, Any]


def load_settings(
    verb: str, overrides: Sequence[str] = (), config_dir: Path | None = None
) -> Settings:
    """Compose, type and check the settings of one verb.

    Args:
        verb: Name of an entry file in conf/.
        overrides: `group=option` or `key=value`; the last one of a key wins.
        config_dir: A user's own folder of options, searched besides the shipped one; Python
            modules in it can be imported, here and in processes that are started later.

    Raises:
        ConfigError: An unknown key or option, a value of the wrong type or range, or settings
            that contradict one another.
    """
    return with_changes(compose_config(verb, overrides, config_dir), {})


def with_overrides(settings: Settings, *more: str) -> Settings:
    """The settings that the same command would have with further words.

    Args:
        settings: From `load_settings`.
        more: As `load_settings` takes them.

    Raises:
        ConfigError: As `load_settings`.
        ValueError: The settings were not made by `load_settings`.
    """
    origin = settings.origin
    if origin is None:
        raise ValueError("only settings from load_settings know what they were composed from")
    folder = Path(origin.config_dir) if origin.config_dir else None
    return load_settings(origin.verb, [*origin.overrides, *more], folder)


def show_settings(verb: str, overrides: Sequence[str] = (), config_dir: Path | None = None) -> str:
    """The settings of a command as YAML, with what is not set yet as `???`."""
    values = asdict(to_settings(compose_config(verb, overrides, config_dir)))
    del values["origin"]
    return OmegaConf.to_yaml(values).rstrip()


def heeded(settings: Settings) -> dict[str, Any]:
    """The settings, nested, that work on a prepared panel heeds: all but a simulated market's."""
    values = asdict(settings)
    del values["origin"], values["data"]["market"]
    return values


def compose_config(
    verb: str, overrides: Sequence[str] = (), config_dir: Path | None = None
) -> Composed:
    """The defaults, the chosen files over them, and what was typed over both; not yet checked."""
    folder = Path(at_home(config_dir)) if config_dir else None
    path = _search(folder) if folder else []
    chosen, typed = _sort_words(overrides, verb, folder)
    files = _of_files if folder else _of_shipped_files
    try:
        config = deepcopy(files(verb, (*path, *chosen)))
        for key, value in typed:
            emptied = value == {} and get_origin(type_of(key, verb)) is dict
            OmegaConf.update(config, key, value, merge=not emptied, force_add=True)
    except (HydraException, OmegaConfBaseException, yaml.YAMLError, ValueError) as error:
        raise explain_composing(error) from None
    values: Any = OmegaConf.to_container(config)
    _check_variant(overrides, values)
    _name_sweep(overrides, values, folder)
    origin = CommandLine(verb, tuple(overrides), str(folder) if folder else None)
    return Composed(origin, values)


def _check_variant(overrides: Sequence[str], values: Mapping[str, Any]) -> None:
    """Refuse a variant whose fits would lie in the folder of another one.

    A sweep's best.yaml is of the variant that it is the best of.
    """
    words = dict(word.partition("=")[::2] for word in overrides)
    says = values["variant"]
    if "variant" in words and isinstance(says, Mapping):
        raise ConfigError(
            f"variant={words['variant']} was given, whose file does not say where it belongs",
            "a variant sets settings of all groups",
            "write # @package _global_ on the first line of that file",
        )
    if words.get("variant", "best") not in (str(says), "best"):
        raise ConfigError(
            f"variant={words['variant']} was given, whose file says variant: {says}",
            "the fits and the factor of a variant lie in a folder of its name",
            f"write variant: {words['variant']} in that file",
        )


def _name_sweep(overrides: Sequence[str], values: dict[str, Any], folder: Path | None) -> None:
    """Call a sweep of the user's own as its file, where that does not name it."""
    words = dict(word.partition("=")[::2] for word in overrides)
    if folder is None or "sweep" not in words or "sweep.name" in words:
        return
    path = folder / "sweep" / f"{words['sweep']}.yaml"
    if not path.is_file():
        return
    says: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    if "name" not in says and "name" not in (says.get("sweep") or {}):
        values["sweep"]["name"] = words["sweep"]


def _of_files(verb: str, words: Sequence[str]) -> DictConfig:
    """The defaults and the chosen files over them, as Hydra composes them."""
    defaults = asdict(root_of(verb)())
    del defaults["origin"]
    ConfigStore.instance().store(name="defaults", node=defaults)
    with initialize_config_dir(str(conf_dir()), version_base="1.3", job_name="alphanet"):
        return compose(verb, [*words])


_of_shipped_files = cache(_of_files)
"""The same once a process: a sweep composes each of its trials, and these files do not change."""


def with_changes(composed: Composed, changes: Mapping[str, Any]) -> Settings:
    """The settings of a composed command with some keys changed, without composing it again.

    Args:
        composed: From `compose_config`.
        changes: Dotted key of an existing setting -> value; no groups.

    Raises:
        ConfigError: As `load_settings`.
    """
    settings = to_settings(composed, changes)
    check(settings)
    return settings


def to_settings(composed: Composed, changes: Mapping[str, Any] | None = None) -> Settings:
    """Type each value, and refuse those out of range; what is not set stays `???`."""
    values = deepcopy(dict(composed.values))
    for key, value in (changes or {}).items():
        *above, last = key.split(".")
        node = values
        for name in above:
            node = node.setdefault(name, {})
        node[last] = value
    verb = composed.origin.verb
    try:
        filled: Any = OmegaConf.to_container(OmegaConf.create(values), resolve=True)
        return replace(root_of(verb)(**filled), origin=composed.origin)
    except OmegaConfBaseException as error:
        raise explain_composing(error) from None
    except ValidationError as error:
        raise explain_invalid(error, verb) from None


def check(settings: Settings) -> None:
    """Refuse what is not set, and settings that contradict one another."""
    data = settings.data
    if data.panel == MISSING:
        raise ConfigError("data.panel is not set", "it has no default", "data.panel=VALUE")
    if data.embargo < data.horizon + 1:
        raise ConfigError(
            f"data.embargo={data.embargo} was given with data.horizon={data.horizon}",
            "a label reaches horizon days ahead, so the embargo is at least horizon + 1",
            f"data.embargo={data.horizon + 1}",
        )
    for word in settings.origin.overrides if settings.origin else ():
        _check_source(word, data)
    if len(set(data.features)) < len(data.features):
        raise ConfigError(
            "data.features names a channel twice",
            "each once",
            f"data.features={as_typed(list(dict.fromkeys(data.features)))}",
        )
    if settings.model.n > len(data.features):
        raise ConfigError(
            f"model.n={settings.model.n} was given",
            f"it samples from the {len(data.features)} entries of data.features",
            f"model.n={len(data.features)} takes them all",
        )
    days, stride = settings.model.days, settings.model.stride
    if data.picture_days < days or (data.picture_days - days) % stride:
        raise ConfigError(
            f"data.picture_days={data.picture_days} was given",
            f"the operators cut a picture into windows of {days} days, {stride} days apart",
            f"data.picture_days={days + 2 * stride}",
        )
    if data.min_in_sample_days is not None and data.min_in_sample_days > data.in_sample_days:
        raise ConfigError(
            f"data.min_in_sample_days={data.min_in_sample_days} was given",
            f"it cannot exceed data.in_sample_days={data.in_sample_days}",
            f"data.min_in_sample_days={data.in_sample_days}",
        )


def _search(folder: Path) -> list[str]:
    """Let Hydra find options in a user's folder, and Python modules, here and in new processes."""
    if not folder.is_dir():
        raise ConfigError(
            f"--config-dir {folder} was given",
            "it must be an existing folder",
            "mkdir it and put e.g. data/NAME.yaml there",
        )
    place = str(folder.resolve())
    if place not in sys.path:
        sys.path.append(place)
    inherited = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if place not in inherited:
        os.environ["PYTHONPATH"] = os.pathsep.join([*filter(None, inherited), place])
    return [f"hydra.searchpath=[{quoted_value(f'file://{place}')}]"]


def _check_source(word: str, data: DataSettings) -> None:
    """Refuse files or queries that are typed for a source which would read others in silence."""
    key, _, value = word.partition("=")
    head, group, name = [*key.split(".", 2), "", ""][:3]
    readers = {"views": "duckdb", "sql": "duckdb", "database": "duckdb", "files": "parquet"}
    source = {"simulated": "parquet"}.get(data.source, data.source)
    if head != "data" or group not in readers:
        return
    if source != readers[group] and ":" not in source:
        raise ConfigError(
            f"{key} was given with data.source={data.source}",
            f"it is read by data.source={readers[group]}",
            f"data.views.NAME={value}" if source == "duckdb" else f"data.source={readers[group]}",
        )
    if group != "views" or not name:
        return
    words = {found.lower() for sql in data.sql.values() for found in re.findall(r"\w+", sql)}
    if name.lower() not in words:
        read = [view for view in data.views if view.lower() in words]
        raise ConfigError(
            f"{key} was given, and no query of data.sql names it",
            f"the queries read {', '.join(read) or 'no view'}",
            f"data.views.{nearest(name, (*read,)) or 'NAME'}={value}",
        )


def _sort_words(
    words: Sequence[str], verb: str, folder: Path | None
) -> tuple[list[str], list[tuple[str, Any]]]:
    """Words that choose a file, for Hydra, and the others as key and value.

    Hydra's own advice for an unknown key (`+key=`) would add one that nothing reads.
    """
    named = {prefix.rstrip(".") for prefix, _ in classes(root_of(verb))}
    chosen, typed = [], []
    for word in words:
        key, separator, value = word.partition("=")
        if key == "data.style_profile" and not value.startswith("{"):
            key = "style_profile"
        if key.startswith(("+", "~")):
            raise _no_plus(key, value, verb)
        if not separator:
            raise ConfigError(
                f"{word!r} was given", "an override reads key=value", f"try {word}=VALUE"
            )
        if key in groups(verb):
            several = value.startswith("[") and value.endswith("]")
            names = [one.strip() for one in value[1:-1].split(",")] if several else [value]
            if several and key != "logger":
                raise _no_list(word, key, names)
            for name in names:
                if name not in (known := options(key, folder)):
                    raise no_such_option(key, name, known, folder)
                if folder is not None:
                    _refuse_shipped_name(folder / key / f"{name}.yaml", key)
            quoted = [quoted_value(name) for name in names]
            chosen.append(f"{key}=[{','.join(quoted)}]" if several else f"{key}={quoted[0]}")
        elif (annotation := type_of(key, verb)) is not None or key in named:
            typed.append((key, _value(value, annotation)))
        else:
            raise no_such_setting(key, value, verb)
    return chosen, typed


def _refuse_shipped_name(own: Path, group: str) -> None:
    """Hydra would take the shipped file, and say nothing of the user's own."""
    shipped, name = conf_dir() / group / own.name, own.stem
    if own.is_file() and shipped.is_file() and not own.samefile(shipped):
        raise ConfigError(
            f"{group}={name} was given, and {own} has a shipped file's name",
            "a file of your own has a name of its own",
            f"rename it to {group}/my_{name}.yaml, and say {group}=my_{name}",
        )


def _no_list(word: str, key: str, names: Sequence[str]) -> ConfigError:
    """The later file would win here and there, under one name."""
    hint = f"{key}={names[-1]}"
    if key == "variant":
        hint += f"; evaluate and compare take variants=[{','.join(names)}]"
    return ConfigError(
        f"{word} was given", f"{key} names one file; loggers alone go together", hint
    )


def _no_plus(key: str, value: str, verb: str) -> ConfigError:
    known = settings_of(verb)
    near = nearest(key.lstrip("+~"), (*known, *groups(verb)))
    if near and near in known and not value:
        value = as_typed(known[near].get_default(call_default_factory=True))
    return ConfigError(
        f"{key} was given",
        "every setting exists already, so nothing is added or removed",
        f"{near}={value}" if near else "alphanet VERB --help lists the settings",
    )


def _value(text: str, annotation: Any) -> Any:
    """A value as Hydra's grammar reads it; where it cannot, a text as it stands, else as YAML.

    So paths with quotes, `=`, `~` or letters beyond ASCII need no quotes of their own.
    """
    parsed = _parsed(text)
    if is_text(annotation):
        plain = parsed is not None and (parsed.value() is None or isinstance(parsed.value(), str))
        return parsed.value() if parsed is not None and plain else text
    if parsed is not None and not parsed.is_sweep_override():
        return parsed.value()
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def _parsed(text: str) -> Override | None:
    try:
        return OverridesParser.create().parse_override(f"key={text}")
    except HydraException:
        return None


def quoted_value(text: str) -> str:
    """A text as a Hydra value in quotes, within which backslashes count before a quote only."""
    inside = re.sub(r"(\\*)('|$)", lambda found: found[1] * 2 + (found[2] and "\\'"), text)
    return f"'{inside}'"
