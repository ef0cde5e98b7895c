"""Tables of a sweep, from the fit folders alone: a row a trial, and a row a configuration."""

import csv
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from alphanet_pl.evaluation.pair_coverage import covered_share, expected_share
from alphanet_pl.fit.identity import recorded_settings
from sweeps.axes import SEED
from sweeps.plan import Planned

RANK_IC = "val/rank_ic"
MEASURES = (RANK_IC, "val/loss", "train/loss")
DONE, STOPPED, MISSING = "done", "stopped", "missing"
_FIRST = ("variant", "asof", SEED)
ORDER = ["seeds", RANK_IC, "standard_error", "std", "min", "max"]
"""Columns of the summary that judge a configuration; see `summarise`."""


def trials_table(planned: Sequence[Planned], stopped: frozenset[str] = frozenset()) -> pd.DataFrame:
    """A row a trial in the sweep's order.

    Args:
        planned: The sweep's trials.
        stopped: Names of those that the scheduler stopped early.

    Returns:
        variant, asof, seed, the other axes, val/rank_ic, val/loss, train/loss (of the best
        epoch), epochs, seconds, seconds_per_epoch, folder, status: done | stopped | missing.
    """
    return pd.DataFrame([_row(one, one.trial.name in stopped) for one in planned])


def summarise(trials: pd.DataFrame, planned: Sequence[Planned]) -> pd.DataFrame:
    """A row a configuration, the best mean RankIC over its seeds first.

    A trial's luck is not a result, so what ranks is the mean over seeds, and a configuration that
    lacks seeds comes after all that have theirs.

    Returns:
        rank, variant, asof, the axes but seed, seeds (trained), of (wanted), val/rank_ic (mean
        over seeds), standard_error (of that mean), std, min, max (over seeds), the mean val/loss,
        epochs and seconds_per_epoch, pairs_covered (by these seeds together), pairs_expected.
    """
    keys = [key for key in trials.columns[: _measures_from(trials)] if key != SEED]
    rows = []
    for values, group in trials.groupby(keys, sort=False, dropna=False):
        done = group[group["status"] == DONE]
        ranks = done[RANK_IC].astype(float)
        rows.append(
            {
                **dict(zip(keys, values, strict=True)),
                "seeds": len(done),
                "of": len(group),
                RANK_IC: ranks.mean(),
                "standard_error": ranks.std(ddof=1) / math.sqrt(max(len(done), 1)),
                "std": ranks.std(ddof=1),
                "min": ranks.min(),
                "max": ranks.max(),
                "val/loss": done["val/loss"].astype(float).mean(),
                "epochs": done["epochs"].astype(float).mean(),
                "seconds_per_epoch": done["seconds_per_epoch"].astype(float).mean(),
                **_pairs([planned[int(position)] for position in done.index]),
            }
        )
    table = pd.DataFrame(rows)
    whole = table["seeds"] == table["of"]
    order = table.assign(whole=whole).sort_values(
        ["whole", RANK_IC], ascending=False, kind="stable", na_position="last"
    )
    table = table.loc[order.index].reset_index(drop=True)
    table.insert(0, "rank", range(1, len(table) + 1))
    return table


def _measures_from(trials: pd.DataFrame) -> int:
    return list(trials.columns).index(MEASURES[0])


def _row(one: Planned, stopped: bool) -> dict[str, Any]:
    record, settings = one.record(), one.trial.settings
    done = record is not None and record["status"] == DONE
    best, epochs = _measured(one.folder, record) if done or stopped else ({}, None)
    seconds = record["seconds"] if record is not None and epochs else None
    fixed = {"variant": settings.variant, "asof": one.asof, SEED: settings.seed}
    axes = {key: value for key, value in one.trial.point.items() if key not in _FIRST}
    return {
        **fixed,
        **axes,
        **{name: best.get(name) for name in MEASURES},
        "epochs": epochs,
        "seconds": None if seconds is None else round(seconds, 1),
        "seconds_per_epoch": None if not seconds or not epochs else round(seconds / epochs, 2),
        "folder": str(one.folder),
        "status": DONE if done else STOPPED if stopped else MISSING,
    }


def _measured(folder: Path, record: dict[str, Any] | None) -> tuple[dict[str, float], int | None]:
    """Metrics of the best epoch, and how many epochs there were."""
    if record is not None and record["status"] == DONE:
        return record["metrics"], int(record["epochs"])
    path = folder / "metrics.csv"
    if not path.is_file():
        return {}, None
    with path.open(encoding="utf-8", newline="") as file:
        rows = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
    best = min(rows, key=lambda row: row["val/loss"])
    return {name: best[name] for name in MEASURES}, len(rows)


def _pairs(done: Sequence[Planned]) -> dict[str, float | None]:
    """Feature pairs that the trained seeds of a configuration cover together (figure 5)."""
    if not done:
        return {"pairs_covered": None, "pairs_expected": None}
    records = [record for one in done if (record := one.record()) is not None]
    features = recorded_settings(records[0]["identity"])["data"]["features"]
    samples = [[features.index(name) for name in r["sampled_features"]] for r in records]
    return {
        "pairs_covered": covered_share(samples, len(features)),
        "pairs_expected": expected_share(len(samples[0]), len(samples), len(features)),
    }
