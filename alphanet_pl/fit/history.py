"""A fit's epochs and seconds, carried by its checkpoint: those of a resumed fit are whole."""

import csv
import io
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch

from datamodules.base.files import write_text

Row = dict[str, float]

STOPS_ON = {"val/loss": "min", "val/rank_ic": "max"}
"""What a fit may stop on, and which way is better."""


def best_row(rows: Sequence[Row], metric: str) -> Row:
    """The row of the epoch that a fit which stops on this metric keeps."""
    sign = -1 if STOPS_ON[metric] == "max" else 1
    return min(rows, key=lambda row: sign * row[metric])


def rows_of(checkpoint: Path | None) -> list[Row]:
    """The epochs that a checkpoint has behind it."""
    if checkpoint is None:
        return []
    content = torch.load(checkpoint, map_location="cpu", weights_only=True)
    rows: list[Row] = content["callbacks"][History.__name__]["rows"]
    return rows


class History(pl.Callback):
    """Collects each epoch's metrics, writes them to metrics.csv, and counts seconds.

    Lightning's own CSV logger deletes earlier rows when a run resumes.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._begun = time.monotonic()
        self.rows: list[Row] = []

    @property
    def seconds(self) -> float:
        """Wall time behind the rows and the epoch in progress, over all runs of the fit."""
        return time.monotonic() - self._begun

    def best(self, metric: str) -> Row:
        """The row of the epoch that is kept."""
        return best_row(self.rows, metric)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Add this epoch's row."""
        values = {name: float(value) for name, value in trainer.callback_metrics.items()}
        self.rows.append({"epoch": float(trainer.current_epoch), **values})
        if trainer.is_global_zero:
            self.write()

    def state_dict(self) -> dict[str, Any]:
        """Rows and seconds so far, for the checkpoint."""
        return {"rows": list(self.rows), "seconds": self.seconds}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up the rows and seconds of the checkpoint that the fit resumes from."""
        self.rows = list(state_dict["rows"])
        self._begun -= state_dict["seconds"]

    def write(self) -> None:
        """Write the rows so far."""
        names = list(dict.fromkeys(name for row in self.rows for name in row))
        text = io.StringIO()
        writer = csv.DictWriter(text, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows({**row, "epoch": int(row["epoch"])} for row in self.rows)
        write_text(self._path, text.getvalue())
