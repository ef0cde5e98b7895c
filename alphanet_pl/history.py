"""metrics.csv of a fit: a row an epoch, carried by the checkpoint, so a resumed fit's is whole."""

import csv
import io
from pathlib import Path
from typing import Any

import lightning.pytorch as pl

from alphanet_pl.files import write_text

Row = dict[str, float]


class History(pl.Callback):
    """Collects each epoch's metrics and writes them to a CSV file.

    Lightning's own CSV logger deletes earlier rows when a run resumes.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.rows: list[Row] = []

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Add this epoch's row."""
        values = {name: float(value) for name, value in trainer.callback_metrics.items()}
        self.rows.append({"epoch": float(trainer.current_epoch), **values})
        if trainer.is_global_zero:
            self._write()

    def state_dict(self) -> dict[str, Any]:
        """Rows so far, for the checkpoint."""
        return {"rows": list(self.rows)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up the rows of the checkpoint that the fit resumes from."""
        self.rows = list(state_dict["rows"])

    def _write(self) -> None:
        names = list(dict.fromkeys(name for row in self.rows for name in row))
        text = io.StringIO()
        writer = csv.DictWriter(text, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows({**row, "epoch": int(row["epoch"])} for row in self.rows)
        write_text(self._path, text.getvalue())
