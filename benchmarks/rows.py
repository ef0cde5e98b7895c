"""Tables that several processes add to: a CSV of one kind of named tuple, under a lock."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from datamodules.base.files import locked, write_text

T = TypeVar("T", bound=tuple[Any, ...])


def read_rows(path: Path, kind: type[T]) -> list[T]:
    """The rows of a table; none where it has not begun.

    Args:
        path: The table.
        kind: A NamedTuple of str, int and float.

    Raises:
        ValueError: A line is no row of that kind.
    """
    if not path.is_file():
        return []
    kinds = kind.__annotations__.values()
    with path.open(encoding="utf-8", newline="") as file:
        _, *lines = csv.reader(file)
    return [kind(*(k(word) for k, word in zip(kinds, line, strict=True))) for line in lines]


def write_rows(path: Path, kind: type[T], rows: Iterable[T]) -> None:
    """Write the whole table, aside and renamed."""
    text = io.StringIO()
    header = tuple(kind.__annotations__)
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    write_text(path, text.getvalue())


def keep_row(path: Path, row: T) -> list[T]:
    """Add a row to those that this and other processes have kept; return them all, it last."""
    with locked(path.with_name(f".{path.stem}.lock"), None):
        rows = [*read_rows(path, type(row)), row]
        write_rows(path, type(row), rows)
    return rows


def hash_of(folder: Path) -> str:
    """What a fit's folder is named by besides its seed: its settings, session and panel."""
    return folder.name.rpartition("-")[2]
