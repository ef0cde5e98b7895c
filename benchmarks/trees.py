"""LightGBM's settings swept on validation in two early windows, as docs/beyond.md says.

python -m benchmarks.trees PANEL              a row a fit in benchmarks/results/beyond/trees.csv
python -m benchmarks.trees PANEL asof=DATE    of one window, beside the other

One setting at a time is changed from a first guess; a window's fits share its bins. What is in the
table is not trained again. Prints each setting's val/loss in both windows, less the first guess's.
"""

import sys
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from alphanet_pl.config.compose import load_settings
from alphanet_pl.fit.progress import Display
from alphanet_pl.fit.train import train
from benchmarks.study import exit_status
from datamodules.base.files import locked, write_text
from datamodules.base.words import log
from datamodules.batches.datamodule import LastRead
from datamodules.panel import Panel

TABLE = Path("benchmarks/results/beyond/trees.csv")
WINDOWS = ("2011-01-31", "2012-01-31")
GUESS: Mapping[str, float] = {"leaves": 31, "least": 500, "columns": 0.2}
OTHERS: Mapping[str, Sequence[float]] = {
    "leaves": (15, 63),
    "least": (200, 2000),
    "columns": (0.1, 0.5),
}
WORDS = ("variant=lightgbm", "experiment=trees", "seed=0", "data.min_in_sample_days=1400")


class Row(NamedTuple):
    """A line of trees.csv."""

    asof: str
    leaves: int
    least: int
    columns: float
    val_loss: float
    """Least in validation, on which a fit stops: what settings are chosen on."""
    val_rank_ic: float
    trees: int
    seconds: float
    commit: str


def main() -> int:
    """Train what has no row yet, and print the comparison; exit status as alphanet's."""
    return exit_status(lambda: run(sys.argv[1:]))


def settings_tried() -> list[dict[str, float]]:
    """The first guess, and each that differs from it in one thing."""
    others = [{**GUESS, name: value} for name, values in OTHERS.items() for value in values]
    return [dict(GUESS), *others]


def run(words: Sequence[str]) -> None:
    """Train window by window and print the table.

    Raises:
        AlphaNetError: The panel does not fit the words, or a fit cannot be trained.
    """
    named = [word if "=" in word else f"data.panel={word}" for word in words]
    one = [word.partition("=")[2] for word in named if word.startswith("asof=")]
    every = [(asof, each) for asof in one or WINDOWS for each in settings_tried()]
    for asof, tried in groupby(every, key=lambda pair: pair[0]):
        last = LastRead()
        for _, each in tried:
            if not holds(read_table(), asof, each):
                row = row_of(asof, each, named, last)
                keep(row)
                log(str(row))
    print(compared(read_table()).to_string())


def row_of(asof: str, tried: Mapping[str, float], words: Sequence[str], last: LastRead) -> Row:
    """Train one fit."""
    arguments = [f"model.arguments.{name}={value}" for name, value in tried.items()]
    typed = [word for word in words if not word.startswith("asof=")]
    settings = load_settings("train", [*WORDS, f"asof={asof}", *arguments, *typed])
    panel = Panel.open(settings.data.panel)
    found = train(settings, panel=panel, last=last, callbacks=[Display()]).record
    metrics = found["metrics"]
    return Row(
        asof, int(tried["leaves"]), int(tried["least"]), tried["columns"],
        metrics["val/loss"], metrics["val/rank_ic"], found["chosen"]["trees"],
        round(found["seconds"], 1), found["git_commit"] or "",
    )  # fmt: skip


def read_table() -> pd.DataFrame:
    """The rows so far."""
    return pd.read_csv(TABLE) if TABLE.is_file() else pd.DataFrame(columns=Row._fields)


def holds(table: pd.DataFrame, asof: str, tried: Mapping[str, float]) -> bool:
    """Whether a fit has its row."""
    same = table["asof"] == asof
    for name, value in tried.items():
        same &= table[name] == value
    return bool(same.any())


def keep(row: Row) -> None:
    """Add a row to those of this process and of one beside it."""
    with locked(TABLE.with_name(f".{TABLE.stem}.lock"), None):
        new = pd.DataFrame([row])
        table = new if read_table().empty else pd.concat([read_table(), new])
        write_text(TABLE, table.sort_values("asof", kind="stable").to_csv(index=False))


def compared(table: pd.DataFrame) -> pd.DataFrame:
    """By setting: val/loss less the first guess's of the window, and its mean over windows."""
    names = [*GUESS]
    loss = table.pivot_table("val_loss", names, "asof", sort=False)
    less = loss - loss.loc[tuple(GUESS.values())]
    return less.assign(mean=less.mean(axis=1)).map(lambda value: f"{value:+.6f}")


if __name__ == "__main__":
    sys.exit(main())
