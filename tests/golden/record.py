"""What the code gives on the tables of this folder, kept to be compared with after every change.

    OMP_NUM_THREADS=1 python -m tests.golden.record            write golden.json and expected/ anew
    OMP_NUM_THREADS=1 python -m tests.golden.record --exact    is everything the same, bit for bit?

The tables and the factor were written once and are not made again: 40 stocks of a simulated
market over 260 sessions, with suspensions, listings, ST, splits, an index and balance sheets, and
a noisy reversal. Everything runs in this process, on one thread.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from math import isfinite
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any

import lightning.pytorch as pl
import pandas as pd

from alphanet_pl.cli.main import main
from alphanet_pl.config.compose import load_settings
from alphanet_pl.fit.train import train
from datamodules.panel import Panel
from sweeps.plan import plan
from sweeps.results import summarise, trials_table

HERE = Path(__file__).parent
VARIANTS = ("v2", "v2.1", "v2.2", "v2.3", "combined")
STEPS = 20
ASOF = "2011-11-01"
DESCENT = ("trainer.optimiser=torch.optim.SGD", "trainer.learning_rate=1e-2")
"""Where a gradient is all rounding, as that of the level of a neutralised factor, Adam makes a
whole step of it, and after an epoch no two kinds of processor agree to five digits."""
TRAINED = ("/torch", "/losses", "roll/", "sweep_")
"""What begins a difference of trained numbers: the same seed draws other initial weights from torch
2.13 on than before (`trunc_normal_`), and another release may draw others again."""
OF_THE_RUN = ["folder", "seconds", "seconds_per_epoch"]
"""Columns of a sweep's tables that no two runs share."""


@dataclass(frozen=True)
class Golden:
    """What the code gives.

    Attributes:
        numbers: torch's release, the panel's fingerprint, the first losses of each variant,
            evaluation.json.
        tables: File in expected/ without its ending -> table.
    """

    numbers: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]


def compute(folder: Path) -> Golden:
    """Everything anew, in an empty folder."""
    verb("prepare", folder)
    panel = Panel.open(folder / "panel.zarr")
    evaluation, tables = evaluated(folder)
    return Golden(
        numbers={
            "torch": ".".join(version("torch").split(".")[:2]),
            "fingerprint": panel.fingerprint,
            "losses": {variant: losses(variant, folder) for variant in VARIANTS},
            "evaluation": evaluation,
        },
        tables=tables | swept(folder) | {"roll": rolled(folder)},
    )


def words(folder: Path) -> list[str]:
    """The settings of everything here."""
    return [
        f"runs={folder}", f"data.panel={folder / 'panel.zarr'}", "data=parquet",
        f"data.path={HERE / 'tables'}", "data.in_sample_days=120", "trainer.max_epochs=2",
        "trainer.learning_rate=1e-3", "trainer.accelerator=cpu", "trainer.threads=1",
        "trainer.progress=false",
    ]  # fmt: skip


def verb(name: str, folder: Path, *more: str) -> None:
    """Run a command in this process."""
    status = main([name, *words(folder), *more])
    assert status == 0, f"alphanet {name} ended with {status}"


class _Losses(pl.Callback):
    def __init__(self) -> None:
        self.found: list[float] = []

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx) -> None:
        self.found.append(float(outputs["loss"]))


def losses(variant: str, folder: Path) -> list[float]:
    """The first training losses of a fit."""
    more = [f"variant={variant}", f"asof={ASOF}", "experiment=losses", "trainer.max_epochs=1"]
    noted = _Losses()
    train(load_settings("train", [*words(folder), *more]), callbacks=[noted])
    assert len(noted.found) >= STEPS
    return noted.found[:STEPS]


def evaluated(folder: Path) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    """evaluation.json and the CSV of the factor in this folder."""
    out = folder / "evaluation"
    verb("evaluate", folder, f"factor={HERE / 'factor.parquet'}", f"output={out}")
    found = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))
    origin = found.pop("provenance")
    found |= {"seeds": origin["seeds"], "drops": origin["drops"]}
    del found["version"]
    paths = sorted((out / "tables").glob("*.csv"))
    return found, {f"evaluation_{path.stem}": pd.read_csv(path) for path in paths}


def swept(folder: Path) -> dict[str, pd.DataFrame]:
    """The two tables of a sweep, its fits trained one after the other."""
    axes = ["sweep.axes.model.n=[6,8]", "sweep.axes.seed=[0,1]"]
    more = ["experiment=swept", "sweep=dropout", *axes, f"asof={ASOF}"]
    more += ["sweep.cpus_per_trial=1", "trainer.max_epochs=1", *DESCENT]
    planned = plan(load_settings("sweep", [*words(folder), *more]))
    for one in planned:
        train(replace(one.trial.settings, asof=one.asof))
    trials = trials_table(planned)
    tables = {"sweep_trials": trials, "sweep_summary": summarise(trials)}
    return {name: table.drop(columns=OF_THE_RUN, errors="ignore") for name, table in tables.items()}


def rolled(folder: Path) -> pd.DataFrame:
    """The stitched factor of two windows and two seeds."""
    more = ["variant=combined", f"rolling.dates=[{ASOF},2011-12-13]", "rolling.seeds=[0,1]"]
    verb("roll", folder, *more, *DESCENT, "experiment=rolled")
    factor = pd.read_parquet(folder / "rolled" / "combined" / "factor.parquet")
    return factor.astype({"code": str})


def write(golden: Golden) -> None:
    """Replace what is kept."""
    text = json.dumps(golden.numbers, indent=1, ensure_ascii=False, allow_nan=False)
    (HERE / "golden.json").write_text(f"{text}\n", encoding="utf-8")
    shutil.rmtree(HERE / "expected", ignore_errors=True)
    (HERE / "expected").mkdir()
    for name, table in golden.tables.items():
        table.to_parquet(HERE / "expected" / f"{name}.parquet", index=False, compression="zstd")


def kept() -> Golden:
    """What was written."""
    numbers = json.loads((HERE / "golden.json").read_text(encoding="utf-8"))
    paths = sorted((HERE / "expected").glob("*.parquet"))
    return Golden(numbers, {path.stem: pd.read_parquet(path) for path in paths})


def differences(
    found: Any, expected: Any, tolerance: float, where: str = "", scale: float = 1e-3
) -> list[str]:
    """Where recorded numbers are not met; what was not recorded may be there as well.

    Args:
        found: Nested objects and lists of plain values.
        expected: The same, as recorded.
        tolerance: Relative to the number or to `scale`, the larger one; 0 asks for the same bits.
        where: Path to them, for the answer.
        scale: Of the numbers.
    """
    if isinstance(expected, dict) and isinstance(found, dict):
        return [
            line
            for key in expected
            for line in differences(
                found.get(key), expected[key], tolerance, f"{where}/{key}", scale
            )
        ]
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = enumerate(zip(found, expected, strict=True))
        return [
            line
            for place, (one, other) in pairs
            for line in differences(one, other, tolerance, f"{where}/{place}", scale)
        ]
    same = found == expected
    if isinstance(expected, float) and isinstance(found, float | int):
        same |= abs(found - expected) <= tolerance * max(abs(expected), scale)
        same |= found != found and expected != expected
    return [] if same else [f"{where}: {found!r} in place of {expected!r}"]


def table_differences(
    found: pd.DataFrame | None, expected: pd.DataFrame, tolerance: float, name: str
) -> list[str]:
    """Where a table is not as recorded; it may have gained columns."""
    if found is None:
        return [f"{name}: is not there"]
    columns = _columns(found)
    return [
        line
        for key, kept in _columns(expected).items()
        for line in differences(columns.get(key), kept, tolerance, f"{name}/{key}", _scale(kept))
    ]


def _scale(column: list[Any]) -> float:
    """The mean size of a column's numbers: its small ones are known no better than its large."""
    sizes = [abs(one) for one in column if isinstance(one, float) and isfinite(one)]
    return max(fmean(sizes or [0.0]), 1e-3)


def _columns(table: pd.DataFrame) -> dict[str, list[Any]]:
    plain = {
        name: column if pd.api.types.is_numeric_dtype(column) else column.astype(str)
        for name, column in table.items()
    }
    return {str(name): column.tolist() for name, column in plain.items()}


def all_differences(found: Golden, expected: Golden, tolerance: float) -> list[str]:
    """Where anything is not as recorded."""
    lines = differences(found.numbers, expected.numbers, tolerance)
    for name, table in expected.tables.items():
        lines += table_differences(found.tables.get(name), table, tolerance, name)
    return lines


def run() -> int:
    """Record, or compare bit for bit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--exact", action="store_true", help="compare, and write nothing")
    exact = parser.parse_args().exact
    with TemporaryDirectory() as folder:
        golden = compute(Path(folder))
    if not exact:
        write(golden)
        return 0
    lines = all_differences(golden, kept(), tolerance=0.0)
    sys.stdout.write("\n".join([*lines[:40], f"{len(lines)} values differ"]) + "\n")
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(run())
