"""What pydantic, Hydra and OmegaConf refuse, in our own form: given, needed, HINT."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from yaml import MarkedYAMLError

from alphanet_pl.config.keys import no_such_setting, settings_of, type_of
from datamodules.base.errors import ConfigError
from datamodules.base.words import nearest
from datamodules.settings import MISSING

_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "string": "text",
    "list": "a list",
    "dict": "a map",
}
_BOUNDS = {
    "greater_than_equal": ("at least", "ge"),
    "less_than_equal": ("at most", "le"),
    "greater_than": ("above", "gt"),
    "less_than": ("below", "lt"),
}

_ALIASES = {"cuda": "gpu"}
"""Values by the names that others give them."""


def as_typed(value: Any) -> str:
    """A value as the command line takes it.

    >>> as_typed([1, None, "a"])
    '[1,null,a]'
    """
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list | tuple):
        return f"[{','.join(map(as_typed, value))}]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}: {as_typed(each)}" for key, each in value.items()) + "}"
    return str(value)


def explain_invalid(error: ValidationError, verb: str) -> ConfigError:
    """The first value that pydantic refuses, by its key."""
    first = error.errors(include_url=False)[0]
    kind, value = first["type"], first["input"]
    key = ".".join(str(part) for part in first["loc"] if isinstance(part, str))
    if kind == "unexpected_keyword_argument":
        return no_such_setting(key, as_typed(value), verb)
    if kind == "dataclass_type":
        child = next(name for name in settings_of(verb) if name.startswith(f"{key}."))
        needed = "it is a group of settings"
        return ConfigError(f"{key}={as_typed(value)} was given", needed, f"{child}=VALUE")
    inside = isinstance(first["loc"][-1], int)
    given = f"{key} holds {as_typed(value)}" if inside else f"{key}={as_typed(value)} was given"
    needed, works = _needed(kind, value, first.get("ctx", {}), first["msg"])
    default = _default(key, verb)
    if kind == "list_type" and default in ("null", "[]"):
        works = f"[{as_typed(value)}]"
    elif (inside or works is None) and default != MISSING:
        works = default
    return ConfigError(given, needed, f"{key}={works or 'VALUE'}")


def _needed(
    kind: str, value: Any, context: Mapping[str, Any], message: str
) -> tuple[str, str | None]:
    """What is needed instead, and a value that works; None: the default does."""
    if kind in _BOUNDS:
        words, name = _BOUNDS[kind]
        bound = context[name]
        return f"it is {words} {bound}", as_typed(bound) if name in ("ge", "le") else None
    if kind == "literal_error":
        choices = re.findall("'([^']*)'", context["expected"])
        alias = _ALIASES.get(str(value))
        near = alias if alias in choices else nearest(str(value), choices, 0.5) or choices[0]
        return f"it is one of {', '.join(choices)}", near
    if kind == "finite_number":
        return "it is a finite number", None
    if kind == "too_short":
        return f"it has at least {context['min_length']} entries", None
    if kind == "value_error":
        return str(context["error"]), getattr(context["error"], "likely", None)
    wanted = _KINDS.get(kind.split("_")[0])
    if wanted is None:
        return message, None
    return f"it could not be converted to {wanted}", None


def _default(key: str, verb: str) -> str:
    field = settings_of(verb).get(key)
    if field is None:  # an entry of a map
        return "1" if type_of(key, verb) is not str else "NAME"
    default = field.get_default(call_default_factory=True)
    return as_typed(default)


def no_such_option(
    group: str, option: str, known: Sequence[str], folder: Path | None = None
) -> ConfigError:
    """The refusal of a file that a group does not have.

    Args:
        group: Such as `data`.
        option: What was asked for.
        known: The group's options.
        folder: Of --config-dir.
    """
    near = nearest(option, known, 0.5) or next(iter(known), "")
    if folder is not None and (folder / f"{option}.yaml").is_file():
        return ConfigError(
            f"{group}={option} was given with --config-dir {folder}",
            f"{option}.yaml of group {group} is at FOLDER/{group}/{option}.yaml",
            f"--config-dir {folder.resolve().parent}" if folder.resolve().name == group
            else f"move it to {folder / group / option}.yaml",
        )  # fmt: skip
    return ConfigError(
        f"{group}={option} was given",
        f"{group} is one of {', '.join(known)}" if known else "no file is called so",
        f"{group}={near}"
        if near
        else "leave it out, which gives the group's defaults, or write "
        f"FOLDER/{group}/{option}.yaml and give --config-dir FOLDER",
    )


def explain_composing(error: Exception) -> ConfigError:
    """What Hydra could not find or OmegaConf could not fill in."""
    cause = error.__cause__ or error
    if isinstance(cause, MarkedYAMLError) and cause.problem_mark is not None:
        at = cause.problem_mark
        return ConfigError(
            f"line {at.line + 1} of {at.name} cannot be read",
            f"{cause.problem}, column {at.column + 1}",
            "mend that line: YAML indents by blanks, and names each key once",
        )
    if isinstance(cause, UnicodeDecodeError):
        return ConfigError(
            "a file of --config-dir cannot be read",
            f"UTF-8, and this is none: {cause.reason} at byte {cause.start}",
            "iconv -f GBK -t UTF-8 FILE",
        )
    text = str(error.__cause__ or "").strip() or str(error).strip() or type(error).__name__
    where = re.search(r"full_key: (\S+)", text)
    return ConfigError(
        f"{where[1]} was given" if where else "the settings cannot be composed",
        text.splitlines()[0].rstrip("."),
        "quote values with special characters; in a file of your own, mend what it names",
    )
