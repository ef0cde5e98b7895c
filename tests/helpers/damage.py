"""Random damage to tables, files and records, for the campaign against what gets through."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

Change = Callable[[pd.DataFrame, random.Random], pd.DataFrame]

FACTORS = (0.0, -1.0, 0.01, 100.0, 1e4, 1e-4, 1e9, 1e300, np.nan, np.inf, -np.inf)
PARTS = ("a row", "few rows", "stocks", "sessions", "everywhere")


def rows_of(frame: pd.DataFrame, part: str, chance: random.Random) -> np.ndarray:
    """Mask of a part of the rows: one, a hundredth, a third of the stocks, the later half, all."""
    rows, mask = len(frame), np.zeros(len(frame), dtype=bool)
    if part == "a row":
        mask[chance.randrange(rows)] = True
    elif part == "few rows":
        mask[chance.sample(range(rows), max(1, rows // 100))] = True
    elif part == "stocks":
        codes = sorted(map(str, frame["code"].unique()))
        mask = frame["code"].astype(str).isin(chance.sample(codes, max(1, len(codes) // 3)))
        mask = mask.to_numpy()
    elif part == "sessions":
        dates = frame.select_dtypes("datetime").iloc[:, 0]
        mask = (dates > dates.sort_values().iloc[rows // 2]).to_numpy()
    else:
        mask[:] = True
    return mask


def scaled(column: str, factor: float, part: str) -> Change:
    def change(frame: pd.DataFrame, chance: random.Random) -> pd.DataFrame:
        values = frame[column].astype("float64").to_numpy(copy=True)
        values[rows_of(frame, part, chance)] *= factor
        return frame.assign(**{column: values})

    return change


def shifted(column: str, days: int, part: str) -> Change:
    def change(frame: pd.DataFrame, chance: random.Random) -> pd.DataFrame:
        mask = rows_of(frame, part, chance)
        later = frame[column] + pd.Timedelta(days=days)
        return frame.assign(**{column: frame[column].mask(mask, later)})

    return change


def dropped(part: str) -> Change:
    return lambda frame, chance: frame[~rows_of(frame, part, chance)]


def repeated(part: str) -> Change:
    return lambda frame, chance: pd.concat([frame, frame[rows_of(frame, part, chance)]])


def without(column: str) -> Change:
    return lambda frame, chance: frame.drop(columns=column)


def renamed(column: str) -> Change:
    return lambda frame, chance: frame.rename(columns={column: f"{column}_"})


def swapped(one: str, other: str) -> Change:
    return lambda frame, chance: frame.assign(**{one: frame[other], other: frame[one]})


def of_type(column: str, kind: str) -> Change:
    def change(frame: pd.DataFrame, chance: random.Random) -> pd.DataFrame:
        values = frame[column]
        if kind == "zone":
            made = pd.to_datetime(values, errors="coerce").dt.tz_localize("Asia/Shanghai")
        elif kind == "number":
            made = pd.Series(range(len(values)), index=values.index)
        else:
            made = values.astype(kind)
        return frame.assign(**{column: made})

    return change


def spelled(form: str) -> Change:
    def change(frame: pd.DataFrame, chance: random.Random) -> pd.DataFrame:
        return frame.assign(code=[form.format(c[:2], c[2:]) for c in frame["code"].astype(str)])

    return change


def shuffled(frame: pd.DataFrame, chance: random.Random) -> pd.DataFrame:
    return frame.sample(frac=1, random_state=chance.randrange(1000))


def _one_of(options: list) -> st.SearchStrategy:
    return st.sampled_from(options) if options else st.nothing()


def change_of(kinds: dict[str, str]) -> st.SearchStrategy[tuple[str, Change]]:
    """A change, with its name, to a table of such columns: name -> number, date, text or flag."""
    numbers = sorted(name for name, kind in kinds.items() if kind == "number")
    dates = sorted(name for name, kind in kinds.items() if kind == "date")
    columns, part = st.sampled_from(sorted(kinds)), st.sampled_from(PARTS)
    pairs = [(a, b) for group in (numbers, dates) for a in group for b in group if a < b]
    made = {
        scaled: st.tuples(_one_of(numbers), st.sampled_from(FACTORS), part),
        shifted: st.tuples(st.sampled_from(dates), st.sampled_from((-1, 1, 7, 365, 9999)), part),
        dropped: st.tuples(part),
        repeated: st.tuples(part),
        without: st.tuples(columns),
        renamed: st.tuples(columns),
        swapped: _one_of(pairs),
        of_type: st.tuples(columns, st.sampled_from(("str", "object", "category", "number"))),
        spelled: st.tuples(st.sampled_from(("{1}.{0}", "{0}.{1}", "{1}", "X{1}", "{0}{1} "))),
    }
    return st.one_of(
        st.just(("shuffled", shuffled)),
        *(
            words.map(lambda given, make=make: (f"{make.__name__}{given}", make(*given)))
            for make, words in made.items()
        ),
    )


FILE_DAMAGES = ("cut", "flipped", "emptied", "zeroed", "replaced", "deleted", "a folder", "a link")


def damage_file(path: Path, how: str, chance: random.Random) -> None:
    """Damage a file in one of FILE_DAMAGES."""
    content = bytearray(path.read_bytes())
    path.unlink()
    if how == "cut":
        path.write_bytes(content[: chance.randrange(len(content))])
    elif how == "flipped":
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        path.write_bytes(content)
    elif how == "emptied":
        path.touch()
    elif how == "zeroed":
        path.write_bytes(bytes(len(content)))
    elif how == "replaced":
        path.write_text(chance.choice(("", "null", "[]", "date,code\n", "数据", "\0\xff")))
    elif how == "a folder":
        path.mkdir()
    elif how == "a link":
        path.symlink_to(path)


def restore(path: Path, whole: Path) -> None:
    """Put a file back whatever has become of it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    shutil.copy(whole, path)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2)
    ),
    max_leaves=3,
)
"""Any small JSON."""


def places_in(node: Any, above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The path of every key of nested objects."""
    if not isinstance(node, dict):
        return []
    own = [(*above, key) for key in node]
    return [*own, *(place for key in node for place in places_in(node[key], (*above, key)))]
