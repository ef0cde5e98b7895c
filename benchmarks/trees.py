"""LightGBM's settings swept on validation in two early windows, as docs/beyond.md says.

python -m benchmarks.trees PANEL              a row a fit in benchmarks/results/beyond/trees.csv
python -m benchmarks.trees PANEL asof=DATE    of one window, beside the other

One setting at a time is changed from a first guess, then from what was best there. A window's fits
share its bins, and what is in the table is not trained again. Prints each setting's val/loss in
both windows, less the first guess's.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from alphanet_pl.config.compose import load_settings
from alphanet_pl.config.settings import Settings
from alphanet_pl.fit.folder import Fit, fit_folder
from alphanet_pl.fit.progress import Display
from alphanet_pl.fit.train import train
from benchmarks.rows import hash_of, keep_row, read_rows
from benchmarks.study import exit_status
from datamodules.base.words import log
from datamodules.batches.datamodule import LastRead
from datamodules.panel import Panel

TABLE = Path("benchmarks/results/beyond/trees.csv")
WINDOWS = ("2011-01-31", "2012-01-31")
NAMES = ("rows", "leaves", "least", "columns")
GUESS = (0.2, 31, 500, 0.2)
TRIED: Sequence[tuple[float, ...]] = (
    GUESS,
    *((0.2, leaves, 500, 0.2) for leaves in (15, 63)),
    *((0.2, 31, least, 0.2) for least in (200, 2000)),
    *((0.2, 31, 500, columns) for columns in (0.1, 0.5)),
    *((0.2, 15, 500, 0.5), (0.2, 31, 500, 1.0), (0.5, 31, 500, 0.5)),
)
"""Settings by `NAMES`, those of the second round in the last line."""
WORDS = ("variant=lightgbm", "experiment=trees", "seed=0", "data.min_in_sample_days=1400")


class Row(NamedTuple):
    """A line of trees.csv."""

    asof: str
    rows: float
    leaves: int
    least: int
    columns: float
    val_loss: float
    """Least in validation, on which a fit stops: what settings are chosen on."""
    val_rank_ic: float
    trees: int
    seconds: float
    hash: str
    """Of the fit, in its folder's name: of its panel and settings."""
    commit: str


def main() -> int:
    """Train what has no row yet, and print the comparison; exit status as alphanet's."""
    return exit_status(lambda: run(sys.argv[1:]))


def run(words: Sequence[str]) -> None:
    """Train window by window and print the table.

    Raises:
        AlphaNetError: The panel does not fit the words, or a fit cannot be trained.
    """
    named = [word if "=" in word else f"data.panel={word}" for word in words]
    one = [word.partition("=")[2] for word in named if word.startswith("asof=")]
    typed = [word for word in named if not word.startswith("asof=")]
    panel = Panel.open(settings_of(WINDOWS[0], GUESS, typed).data.panel)
    for asof in one or WINDOWS:
        last = LastRead()
        for tried in TRIED:
            settings = settings_of(asof, tried, typed)
            place = fit_folder(settings, asof, panel.fingerprint)
            if hash_of(place) not in {row.hash for row in read_rows(TABLE, Row)}:
                fit = train(settings, panel=panel, last=last, callbacks=[Display()])
                log(str(keep_row(TABLE, row_of(fit, tried))[-1]))
    print(compared(pd.DataFrame(read_rows(TABLE, Row))).to_string())


def settings_of(asof: str, tried: Sequence[float], words: Sequence[str]) -> Settings:
    """The settings of one fit."""
    arguments = [f"model.arguments.{name}={of}" for name, of in zip(NAMES, tried, strict=True)]
    return load_settings("train", [*WORDS, f"asof={asof}", *arguments, *words])


def row_of(fit: Fit, tried: Sequence[float]) -> Row:
    """What a finished fit is worth in validation."""
    found, metrics = fit.record, fit.record["metrics"]
    return Row(
        found["asof"], tried[0], int(tried[1]), int(tried[2]), tried[3],
        metrics["val/loss"], metrics["val/rank_ic"], found["chosen"]["trees"],
        round(found["seconds"], 1), hash_of(fit.folder), found["git_commit"] or "",
    )  # fmt: skip


def compared(table: pd.DataFrame) -> pd.DataFrame:
    """By setting: val/loss less the first guess's of the window, and its mean over windows."""
    loss = table.pivot_table("val_loss", [*NAMES], "asof", sort=False)
    less = loss - loss.loc[GUESS]
    return less.assign(mean=less.mean(axis=1)).map(lambda value: f"{value:+.6f}")


if __name__ == "__main__":
    sys.exit(main())
