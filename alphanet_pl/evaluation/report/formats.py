"""How the pages write: figures as text, and the sentences of words/LANGUAGE.yaml.

Example: `percent(0.11449)` is "11.45%"; `say("span.seed", seed=3)` is "Seed 3.".
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

import yaml

Number = float | int | None
Form = Callable[[Any], str]
"""A figure as text."""
ABSENT = "-"
"""What does not exist."""
_LANGUAGE: ContextVar[str] = ContextVar("language", default="en")


def number(value: Number, digits: int = 2) -> str:
    """A plain number."""
    if value is None or not math.isfinite(value):
        return ABSENT
    return f"{round(value, digits) + 0.0:.{digits}f}"  # -0.0 + 0.0 is 0.0: no minus before zero


def percent(value: Number, digits: int = 2) -> str:
    """A fraction as a percentage."""
    text = number(None if value is None else 100 * value, digits)
    return text if text == ABSENT else f"{text}%"


def as_set(share: float) -> str:
    """A setting as a percentage, without losing a digit: 0.15% for 0.0015."""
    return f"{100 * share:g}%"


def percents(digits: int) -> Form:
    """Percentages of that many decimals."""
    return lambda value: percent(value, digits)


def count(value: Number) -> str:
    """A whole number."""
    return number(value, 0)


def tiny(value: Number) -> str:
    """An order of magnitude."""
    return ABSENT if value is None or not math.isfinite(value) else f"{value:.0e}"


def yes_no(value: bool) -> str:
    """Whether something is so."""
    return say("note.yes" if value else "note.no")


def with_error(value: Number, error: Number, form: Form = percent) -> str:
    """A figure and its standard error in the same unit; the error is left out where unknown."""
    said, spread = form(value), form(error)
    return said if ABSENT in (said, spread) else f"{said} \u00b1 {spread}"


def sentence(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`, as the language has it."""
    first = say("list.comma").join(words[:-1])
    return say("list.and").join([first, words[-1]] if len(words) > 1 else words)


@contextmanager
def written_in(language: str) -> Iterator[None]:
    """Everything said inside the with statement is of this language's catalogue.

    Args:
        language: A file of words/, `page.language`.
    """
    token = _LANGUAGE.set(language)
    try:
        yield
    finally:
        _LANGUAGE.reset(token)


def say(key: str, **values: Any) -> str:
    """A sentence of the catalogue.

    Args:
        key: Its path, with dots.
        values: What is filled in.
    """
    text: str = entry(key)
    return text.format(**values) if values else text


def named(text: str) -> str:
    """What the results say in English, whole or in parts that the catalogue has."""
    for english, said in entry("named").items():
        text = text.replace(english, said)
    return text


def entry(key: str) -> Any:
    """What the catalogue has under a key: a sentence, a list, or more keys."""
    found: Any = _words(_LANGUAGE.get())
    for name in key.split("."):
        found = found[name]
    return found


@cache
def _words(language: str) -> dict[str, Any]:
    """The catalogue: every word of every page is looked up here, and nowhere else."""
    path = Path(__file__).with_name("words") / f"{language}.yaml"
    words: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return words
