"""From a verb and Hydra overrides to checked `Settings`: every mistake refused by name."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from alphanet_pl.config.settings import Settings, Typed
from datamodules.base.errors import ConfigError

WINDOW = 10
"""Days of an operator's window, which is also its stride (alphanet_pl/model/operators.py)."""

_MAPS = ("data.files", "data.columns", "data.scale", "data.boards", "sweep.axes")
"""Settings whose keys are the user's own."""


def conf_dir() -> Path:
    """Folder of the shipped configuration: inside an installed wheel, or beside a checkout."""
    inside = Path(__file__).parents[1] / "conf"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "conf"


def load_settings(
    verb: str, overrides: Sequence[str] = (), config_dir: Path | None = None
) -> Settings:
    """Compose, type and check the settings of one verb.

    Args:
        verb: Name of an entry file in conf/.
        overrides: Hydra overrides, `group=option` or `key=value`.
        config_dir: A user's own folder of configuration, searched besides the shipped one.

    Raises:
        ConfigError: An unknown key or option, a value of the wrong type or range, or settings
            that contradict one another.
    """
    settings = to_settings(compose_config(verb, overrides, config_dir))
    settings.typed = Typed(verb, tuple(overrides), str(config_dir) if config_dir else None)
    return settings


def recompose(settings: Settings, *more: str) -> Settings:
    """The settings that the same command would have with further overrides.

    Args:
        settings: From `load_settings`.
        more: Hydra overrides; the last one of a key wins.

    Raises:
        ConfigError: As `load_settings`.
        ValueError: The settings were not made by `load_settings`.
    """
    typed = settings.typed
    if typed is None:
        raise ValueError("only settings from load_settings know what they were composed from")
    folder = Path(typed.config_dir) if typed.config_dir else None
    return load_settings(typed.verb, [*typed.overrides, *more], folder)


def vary(config: DictConfig, changes: Mapping[str, Any]) -> Settings:
    """The settings of a composed configuration with some keys changed: 20 times a compose's speed.

    Args:
        config: From `compose_config`.
        changes: Dotted key of an existing setting -> value; no groups.

    Raises:
        ConfigError: As `load_settings`.
    """
    changed = config.copy()
    for key, value in changes.items():
        try:
            OmegaConf.update(changed, key, value)
        except OmegaConfBaseException as error:
            raise _explain(error, [f"{key}={value}"]) from None
    return to_settings(changed)


def compose_config(
    verb: str, overrides: Sequence[str] = (), config_dir: Path | None = None
) -> DictConfig:
    """The composed configuration of a verb, typed by the schema but not yet checked."""
    store = ConfigStore.instance()
    store.store(name="schema", node=Settings)
    if config_dir is not None and not config_dir.is_dir():
        raise ConfigError(
            f"--config-dir {config_dir} was given",
            "it must be an existing folder",
            "mkdir it and put e.g. data/NAME.yaml there",
        )
    path = [f"hydra.searchpath=[file://{config_dir.resolve()}]"] if config_dir else []
    with initialize_config_dir(str(conf_dir()), version_base="1.3", job_name="alphanet"):
        known = _refuse_unknown(overrides, verb, path)
        try:
            return compose(verb, [*path, *known])
        except (HydraException, OmegaConfBaseException) as error:
            raise _explain(error, overrides) from None


def to_settings(config: DictConfig) -> Settings:
    """Turn a composed configuration into checked settings."""
    try:
        settings = OmegaConf.to_object(config)
    except OmegaConfBaseException as error:
        raise _explain(error, ()) from None
    if not isinstance(settings, Settings):
        raise ConfigError(
            "the entry file does not start from common",
            "its defaults list must begin with `- common`",
            "see conf/train.yaml",
        )
    check(settings)
    return settings


def check(settings: Settings) -> None:
    """Refuse values out of range and settings that contradict one another."""
    for key, value, rule in _rules(settings, ""):
        _check_value(key, value, rule)
    data = settings.data
    data.style_profile.check()
    if data.embargo < data.horizon + 1:
        raise ConfigError(
            f"data.embargo={data.embargo} was given with data.horizon={data.horizon}",
            "a label reaches horizon days ahead, so the embargo is at least horizon + 1",
            f"data.embargo={data.horizon + 1}",
        )
    if settings.model.n > len(data.features):
        raise ConfigError(
            f"model.n={settings.model.n} was given",
            f"it samples from the {len(data.features)} entries of data.features",
            f"model.n={len(data.features)} takes them all",
        )
    if data.picture_days % WINDOW:
        raise ConfigError(
            f"data.picture_days={data.picture_days} was given",
            f"the operators cut a picture into windows of {WINDOW} days",
            f"data.picture_days={3 * WINDOW}",
        )
    if len(set(data.features)) < len(data.features):
        raise ConfigError("data.features names a channel twice", "each once", "drop the second")
    if data.min_in_sample_days is not None and data.min_in_sample_days > data.in_sample_days:
        raise ConfigError(
            f"data.min_in_sample_days={data.min_in_sample_days} was given",
            f"it cannot exceed data.in_sample_days={data.in_sample_days}",
            f"data.min_in_sample_days={data.in_sample_days}",
        )


def _rules(node: Any, prefix: str) -> Iterator[tuple[str, Any, Mapping[str, Any]]]:
    for item in fields(node):
        value = getattr(node, item.name)
        if is_dataclass(value):
            yield from _rules(value, f"{prefix}{item.name}.")
        elif value is not None:
            yield f"{prefix}{item.name}", value, item.metadata


def _check_value(key: str, value: Any, rule: Mapping[str, Any]) -> None:
    choices = rule.get("choices")
    if choices and value not in choices:
        raise ConfigError(
            f"{key}={value} was given",
            f"it is one of {', '.join(choices)}",
            f"{key}={_nearest(str(value), choices) or choices[0]}",
        )
    if "least" in rule and value < rule["least"]:
        raise ConfigError(
            f"{key}={value} was given", f"it is at least {rule['least']}", f"{key}={rule['least']}"
        )
    if "most" in rule and value > rule["most"]:
        raise ConfigError(
            f"{key}={value} was given", f"it is at most {rule['most']}", f"{key}={rule['most']}"
        )


def _refuse_unknown(overrides: Sequence[str], verb: str, path: Sequence[str]) -> list[str]:
    """The overrides, each naming an existing setting or an entry of a map of the user's own.

    Hydra's own advice for an unknown key (`+key=`) would add one that nothing reads.
    """
    keys, options, known = _known_keys(verb, tuple(path)), groups(), []
    for text in overrides:
        text = text.replace("data.style_profile=", "style_profile=", 1)
        key, separator, value = text.partition("=")
        if not separator:
            raise ConfigError(
                f"{text!r} was given", "an override reads key=value", f"try {text}=VALUE"
            )
        name = key.lstrip("+~").split("@")[0]
        if key.split("@")[0] != name:
            near = _nearest(name, [*keys, *options])
            raise ConfigError(
                f"{key} was given",
                "every setting exists already, so nothing is added or removed",
                f"{near}={value}" if near else "alphanet VERB --cfg lists the settings",
            )
        if any(f"{name}.".startswith(f"{own}.") for own in _MAPS):
            known.append(f"++{text}")
            continue
        known.append(text)
        if name not in options and name not in keys:
            near = _nearest(name, [*keys, *options])
            raise ConfigError(
                f"there is no setting {name!r}",
                f"the nearest is {near!r}" if near else "nothing is called nearly so",
                f"{near}={value}" if near else "alphanet VERB --cfg lists the settings",
            )
    return known


@lru_cache
def _known_keys(verb: str, path: tuple[str, ...]) -> list[str]:
    """Every key of a verb, which composing it a second time takes as long as the first to find."""
    return list(_keys(compose(verb, list(path)), ""))


def _keys(config: DictConfig, prefix: str) -> Iterator[str]:
    for key in map(str, config):
        name = f"{prefix}{key}"
        yield name
        if OmegaConf.is_missing(config, key) or OmegaConf.is_interpolation(config, key):
            continue
        if isinstance(config[key], DictConfig):
            yield from _keys(config[key], f"{name}.")


def groups() -> list[str]:
    """Names of the configuration groups, which an override chooses an option of."""
    return sorted(folder.name for folder in conf_dir().iterdir() if folder.is_dir())


def _nearest(name: str, candidates: Sequence[str]) -> str | None:
    found = difflib.get_close_matches(name, candidates, n=1, cutoff=0.5)
    if found:
        return found[0]
    tails = {candidate.rsplit(".", 1)[-1]: candidate for candidate in candidates}
    close = difflib.get_close_matches(name.rsplit(".", 1)[-1], list(tails), n=1, cutoff=0.5)
    return tails[close[0]] if close else None


def _explain(error: Exception, overrides: Sequence[str]) -> ConfigError:
    """Say what Hydra or OmegaConf means in our own form."""
    text = str(error)
    missing = re.search(r"Could not find '([^']+)/([^']+)'", text)
    if missing:
        group, option = missing[1], missing[2]
        options = re.findall(r"^\t(\S+)$", text.split("Config search path")[0], re.MULTILINE)
        near = _nearest(option, options)
        return ConfigError(
            f"{group}={option} was given",
            f"{group} is one of {', '.join(options)}",
            f"{group}={near or (options or ['?'])[0]}",
        )
    if error.__cause__ is not None and str(error.__cause__).strip():
        text = str(error.__cause__)
    where = re.search(r"full_key: (\S+)", text)
    key = where[1] if where else ""
    if re.search("missing mandatory value", text, re.IGNORECASE):
        return ConfigError(f"{key} is not set", "it has no default", f"{key}=VALUE")
    first = text.strip().splitlines()[0] if text.strip() else type(error).__name__
    given = next((o for o in overrides if key and o.startswith(f"{key}=")), key)
    return ConfigError(
        f"{given} was given" if given else "the settings cannot be composed",
        first.rstrip("."),
        "alphanet VERB --cfg shows the settings; quote values with special characters",
    )
