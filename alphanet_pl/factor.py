"""A factor on disk: Parquet with date, code, one column a seed, and `factor`, their mean."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from alphanet_pl.errors import EvaluationError
from alphanet_pl.identity import variant_folder
from alphanet_pl.settings import Settings
from datamodules.panel.panel import Panel


def factor_path(settings: Settings) -> Path:
    """Where predict writes and evaluate reads, unless `factor` says otherwise."""
    if settings.factor is not None:
        return Path(settings.factor)
    return variant_folder(settings) / "factor.parquet"


def write_factor(factor: pd.DataFrame, path: Path) -> None:
    """Write aside and rename into place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        factor.to_parquet(aside, compression="zstd", index=False)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def read_factor(path: Path, panel: Panel, column: str = "factor") -> np.ndarray:
    """A column of a factor as (dates, stocks) float64 on the panel's axes, NaN without a score.

    Raises:
        EvaluationError: No such file, missing columns, or rows that the panel does not know.
    """
    if not path.is_file():
        raise EvaluationError(
            f"{path} is not there", "evaluate needs a factor", "alphanet predict date=START:END"
        )
    try:
        table = pd.read_parquet(path, columns=["date", "code", column])
    except (OSError, ValueError) as error:
        raise EvaluationError(
            f"{path} cannot be read ({str(error).splitlines()[0]})",
            "a factor is Parquet with the columns date, code, factor",
            "alphanet predict date=START:END writes one",
        ) from None
    dates = table["date"].to_numpy().astype("datetime64[D]")
    codes = table["code"].to_numpy().astype(panel.codes.dtype)
    rows = np.searchsorted(panel.dates, dates).clip(max=len(panel.dates) - 1)
    columns = np.searchsorted(panel.codes, codes).clip(max=len(panel.codes) - 1)
    known = (panel.dates[rows] == dates) & (panel.codes[columns] == table["code"].to_numpy())
    if not known.all() or not len(table):
        raise EvaluationError(
            f"{int((~known).sum())} of {len(table)} rows of {path} are not in {panel.path}",
            "a factor is judged on a panel that has its dates and codes",
            "data.panel=PANEL, the one it was scored on",
        )
    dense = np.full((len(panel.dates), len(panel.codes)), np.nan)
    dense[rows, columns] = table[column].to_numpy(np.float64)
    return dense


def has_raw(path: Path) -> bool:
    """Whether the factor is a neutralised model's and keeps its predictions before projection."""
    return "raw" in pq.read_schema(path).names
