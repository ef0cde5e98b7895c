"""The manual of a verb: its groups, and every setting with its default, type and docstring."""

import ast
import importlib
import inspect
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from textwrap import fill, shorten
from typing import Any, Literal, get_args, get_origin

import annotated_types
from pydantic.fields import FieldInfo

from alphanet_pl.config.keys import classes, conf_dir, groups, options, root_of, settings_of
from alphanet_pl.config.refusals import as_typed

_WORDS = {int: "integer", float: "number", str: "text", bool: "true | false", Any: "any"}
_SIGNS = {
    annotated_types.Ge: ">=",
    annotated_types.Gt: ">",
    annotated_types.Le: "<=",
    annotated_types.Lt: "<",
}


def manual(verb: str, config_dir: Path | None = None) -> str:
    """All that can be typed after a verb, for a terminal of 100 columns."""
    chosen = "\n".join(
        f"  {group}={' | '.join(names)}"
        for group in groups(verb)
        if (names := options(group, config_dir))
    )
    entry = (conf_dir() / f"{verb}.yaml").read_text(encoding="utf-8").rstrip()
    parts = [f"groups:\n{chosen}", f"--- conf/{verb}.yaml\n{entry}"]
    known = settings_of(verb)
    for prefix, section in classes(root_of(verb)):
        lines = list(_lines(section, prefix, known))
        if lines:
            parts.append("\n".join([f"--- {(section.__doc__ or '').splitlines()[0]}", *lines]))
    return "\n\n".join(parts)


def docstrings(section: type) -> dict[str, str]:
    """Field -> the docstring under it, of a class and those that it extends."""
    read: dict[str, str] = {}
    for base in reversed(section.__mro__[:-1]):
        read |= _in_module(base.__module__).get(base.__name__, {})
    return read


@lru_cache
def _in_module(name: str) -> Mapping[str, Mapping[str, str]]:
    tree = ast.parse(inspect.getsource(importlib.import_module(name)))
    return {node.name: dict(_pairs(node)) for node in tree.body if isinstance(node, ast.ClassDef)}


def _pairs(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, below in zip(node.body, node.body[1:], strict=False):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
        ):
            yield field.target.id, " ".join(str(below.value.value).split())


def _lines(section: type, prefix: str, known: Mapping[str, FieldInfo]) -> Iterator[str]:
    texts = docstrings(section)
    for name in section.__pydantic_fields__:  # type: ignore[attr-defined]
        if (field := known.get(f"{prefix}{name}")) is None:
            continue
        default: Any = field.get_default(call_default_factory=True)
        value = shorten(as_typed(default).replace(",", ", "), 48, placeholder=" ...")
        yield f"{prefix}{name}={value.replace(', ', ',')}   ({type_in_words(field)})"
        yield fill(texts.get(name, ""), 100, initial_indent="    ", subsequent_indent="    ")


def type_in_words(field: FieldInfo) -> str:
    """A setting's type with its bounds or choices.

    >>> type_in_words(settings_of("train")["evaluation.layers"])
    'integer, >= 2, <= 100'
    """
    return ", ".join([_in_words(field.annotation), *_bounds(field.metadata)])


def _in_words(annotation: Any) -> str:
    parts = get_args(annotation)
    if get_origin(annotation) is Literal:
        return " | ".join(parts)
    if hasattr(annotation, "__metadata__"):
        inner = [
            item for each in annotation.__metadata__ for item in getattr(each, "metadata", [each])
        ]
        return ", ".join([_in_words(parts[0]), *_bounds(inner)])
    if type(None) in parts:
        return " | ".join([*(_in_words(part) for part in parts if part is not type(None)), "null"])
    if get_origin(annotation) is list:
        return f"list of {_in_words(parts[0])}"
    return "map" if get_origin(annotation) is dict else _WORDS.get(annotation, str(annotation))


def _bounds(metadata: Any) -> list[str]:
    return [
        f"{sign} {getattr(each, kind.__name__.lower())}"
        for each in metadata
        for kind, sign in _SIGNS.items()
        if isinstance(each, kind)
    ]
