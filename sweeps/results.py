"""A sweep's results, from its fit folders alone: a row a trial, then a row a configuration.

A configuration is a point of the axes apart from the seed. One trial's luck is no result, so what
is judged is the configuration, by the mean over its seeds and that mean's standard error.
"""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from math import nan, sqrt
from pathlib import Path
from shlex import quote
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from omegaconf import OmegaConf
from pandas.api.types import is_numeric_dtype

from alphanet_pl.config.settings import EvaluationSettings, Statistics
from alphanet_pl.evaluation.pair_coverage import covered_share, expected_share
from alphanet_pl.fit.folder import Fit, decisive_settings, done_fit, readable_fits
from alphanet_pl.fit.history import best_row
from alphanet_pl.model.losses import LOSSES
from datamodules.base.errors import EvaluationError
from datamodules.base.files import write_text
from datamodules.base.words import log
from datamodules.panel import Panel
from sweeps.axes import SEED
from sweeps.holdout import judge_out_of_sample
from sweeps.plan import Planned

TRIALS, SUMMARY = "trials.csv", "summary.csv"
RANK_IC = "val/rank_ic"
MEASURES = (RANK_IC, "val/loss", "train/loss")
FULL, FULL_FITS = "full_seconds", "full_fits"
DONE, STOPPED, MISSING = "done", "stopped", "missing"

_FIRST = ("variant", "asof", SEED)
_SUMMARISED = [
    "seeds", "of", RANK_IC, "standard_error", "std", "min", "max", "val/loss", "epochs",
    "seconds_per_epoch", "pairs_covered", "pairs_expected",
]  # fmt: skip

Judge = Callable[[Sequence[Fit]], dict[str, float]]
"""Fits of one configuration, a seed each -> further columns of its row."""


def trials_table(planned: Sequence[Planned], stopped: frozenset[str] = frozenset()) -> pd.DataFrame:
    """A row a trial in the sweep's order.

    Args:
        planned: The sweep's trials.
        stopped: Names of those that the scheduler stopped early.

    Returns:
        variant, asof, seed, the other axes, val/rank_ic, val/loss, train/loss (of the best
        epoch), epochs, seconds, seconds_per_epoch, folder, status: done | stopped | missing.
    """
    return pd.DataFrame([_trial(one, one.trial.name in stopped) for one in planned])


def point_keys(trials: pd.DataFrame) -> list[str]:
    """What a configuration is a point of: variant, as-of session and every axis but the seed."""
    return [key for key in trials.columns[: list(trials.columns).index(RANK_IC)] if key != SEED]


def configurations(trials: pd.DataFrame, judge: Judge | None = None) -> pd.DataFrame:
    """A row a configuration, in the order of the trials.

    Args:
        trials: From `trials_table`, or read back from its file.
        judge: Adds columns from the fits.

    Returns:
        The point, seeds (trained), of (wanted); the mean over trained seeds of val/rank_ic,
        val/loss, epochs and seconds_per_epoch, each with its standard error as NAME_error; std,
        min and max of val/rank_ic; n (features that a model pairs up) of features,
        pairs_covered (by these seeds together), pairs_expected; what the judge says.
    """
    keys = point_keys(trials)
    rows = []
    for values, group in trials.groupby(keys, sort=False, dropna=False):
        done = group[group["status"] == DONE]
        fits = [fit for name in done["folder"] if (fit := done_fit(Path(name))) is not None]
        ranks = done[RANK_IC].astype(float)
        row: dict[str, Any] = dict(zip(keys, values, strict=True))
        row |= {"seeds": len(done), "of": len(group)}
        for name in (RANK_IC, "val/loss", "epochs", "seconds_per_epoch"):
            row |= mean_and_error(name, done[name].astype(float))
        row |= {"std": ranks.std(ddof=1), "min": ranks.min(), "max": ranks.max()}
        rows.append(row | _pairs(fits) | (judge(fits) if judge and fits else {}))
    return pd.DataFrame(rows)


class Spread(NamedTuple):
    """A mean over `n` and its standard error, NaN where unknown."""

    mean: float
    error: float
    n: int = 0


@dataclass(frozen=True)
class Sweep:
    """A sweep read back for a comparison.

    Attributes:
        name: Folder of its tables.
        configurations: `configurations` of those with at least one trained seed, judged after
            their window, with FULL, its error and FULL_FITS: seconds an epoch, and number, of the
            experiment's fits of the same window that pair all features, else alike.
        keys: What a configuration is named by: its variant, the axes, several as-of sessions.
        missing: Trials without a finished fit.
        features: How many there are to sample from, in the first configuration.
        simulated: Whether the market is.
    """

    name: str
    configurations: pd.DataFrame
    keys: list[str]
    missing: int
    features: int
    simulated: bool

    @property
    def varying(self) -> list[str]:
        """The keys that take several values."""
        return [key for key in self.keys if self.configurations[key].nunique(dropna=False) > 1]

    @property
    def axes(self) -> list[str]:
        """The varying keys that are numbers: what figures are drawn over."""
        table = self.configurations
        return [
            key for key in self.varying if is_numeric_dtype(table[key]) and table[key].dtype != bool
        ]

    def rows(self) -> list[dict[str, Any]]:
        """The configurations, each column by its name."""
        return [{str(k): v for k, v in row.items()}
                for row in self.configurations.to_dict("records")]  # fmt: skip

    def name_of(self, row: Mapping[str, Any], *, without: str = "") -> str:
        """A configuration in words, e.g. `v2.1 model.n=6`; one key may be left out."""
        axes = [f"{k}={row[k]}" for k in self.keys if k not in ("variant", without)]
        return " ".join([str(row["variant"]), *axes])


def read_sweep(
    table: Path, panel: Panel, options: EvaluationSettings, statistics: Statistics = "running"
) -> Sweep:
    """Read trials.csv and the fit folders that it names, and judge them after their window.

    Args:
        table: runs/EXPERIMENT/sweeps/NAME/trials.csv.
        panel: The panel that the fits were trained on.
        options: Step, label, filter and layers of the judgement.
        statistics: By which the fits score, `score.statistics`.

    Raises:
        EvaluationError: The file is no table of a sweep, none of its trials is finished, or they
            are of another market or time than the panel.
    """
    try:
        trials = pd.read_csv(table)
    except (OSError, ValueError) as error:
        raise EvaluationError(
            f"{table} cannot be read ({error})",
            "the trials.csv of a sweep",
            f"alphanet sweep sweep={table.parent.name}",
        ) from None
    if not {"variant", "asof", SEED, RANK_IC, "folder", "status"} <= set(trials.columns):
        raise EvaluationError(
            f"{table} has the columns {', '.join(trials.columns)}",
            "it is not the trials.csv of a sweep",
            "alphanet sweep writes one",
        )
    trials = _with_folders(trials, table.parents[2])
    keys = point_keys(trials)

    others: list[Fit] = []
    of_window = cache(partial(_fits_of_window, table.parents[2]))

    def judge(fits: Sequence[Fit]) -> dict[str, float]:
        others.extend(_of_other_panels(fits, panel))
        return {
            **judge_out_of_sample(panel, options, fits, statistics),
            **_full_model(fits[0], of_window(fits[0].asof), keys),
        }

    found = configurations(trials, judge)
    if others:
        log(f"{table}: {len(others)} of its fits were trained on other panels than {panel.path}")
    found = found[found["seeds"] > 0].reset_index(drop=True)
    if found.empty:
        raise EvaluationError(
            f"none of the {len(trials)} trials of {table} is finished",
            "a comparison needs their fits",
            f"alphanet sweep sweep={table.parent.name}",
        )
    return Sweep(
        name=table.parent.name,
        configurations=found,
        keys=keys if found["asof"].nunique() > 1 else [key for key in keys if key != "asof"],
        missing=int((trials["status"] != DONE).sum()),
        features=int(found["features"].iloc[0]),
        simulated=panel.attrs.get("source") == "simulated",
    )


def _of_other_panels(fits: Sequence[Fit], panel: Panel) -> list[Fit]:
    """Fits of panels with another fingerprint, as one has that has grown since.

    Raises:
        EvaluationError: A fit is of another market, or its as-of session is none of the panel's.
    """
    for fit in fits:
        own = fit.record["panel"]
        kinds = [source == "simulated" for source in (own.get("source"), panel.attrs.get("source"))]
        there = fit.asof in panel.dates
        if kinds[0] != kinds[1] or not there:
            market = "simulated" if kinds[0] else "real"
            raise EvaluationError(
                f"{fit.folder} was trained on a {market} market as of {fit.asof}",
                f"{panel.path} is {'' if there else 'without that session, or '}another market",
                f"data.panel={own.get('path')}",
            )
    return [fit for fit in fits if fit.record["panel"]["fingerprint"] != panel.fingerprint]


def _with_folders(trials: pd.DataFrame, home: Path) -> pd.DataFrame:
    """The trials with their folders in this experiment, wherever it was typed; lost fits missing.

    Args:
        trials: Read back, with folders as the sweep's command named them.
        home: runs/EXPERIMENT.
    """
    folders = [home.joinpath(*Path(str(name)).parts[-3:]) for name in trials["folder"]]
    gone = np.array([done_fit(folder) is None for folder in folders])
    status = trials["status"].mask(gone & (trials["status"] == DONE), MISSING)
    return trials.assign(folder=list(map(str, folders)), status=status)


def ratio_with_error(numerator: Spread, denominator: Spread) -> Spread:
    """A ratio of two independent means and its standard error (first order)."""
    ratio = numerator.mean / denominator.mean
    relative = sqrt(
        (numerator.error / numerator.mean) ** 2 + (denominator.error / denominator.mean) ** 2
    )
    return Spread(ratio, abs(ratio) * relative, denominator.n)


def mean_and_error(name: str, values: pd.Series) -> dict[str, float]:
    """Mean of what is known and its standard error, as `name` and `name_error`; NaN for none."""
    known = int(values.count())
    error = values.std(ddof=1) / sqrt(known) if known else nan
    return {name: values.mean(), f"{name}_error": error}


def summarise(trials: pd.DataFrame) -> pd.DataFrame:
    """`configurations` with a rank: the best mean RankIC first, those that lack seeds last.

    A RankIC of one window says nothing against that of another, so that windows are ranked apart.

    Returns:
        rank, variant, asof, the axes but seed, seeds (trained), of (wanted), val/rank_ic (mean
        over seeds), standard_error (of that mean), std, min, max (over seeds), the mean val/loss,
        epochs and seconds_per_epoch, pairs_covered (by these seeds together), pairs_expected.
    """
    table = configurations(trials).rename(columns={f"{RANK_IC}_error": "standard_error"})
    order = table.assign(whole=table["seeds"] == table["of"]).sort_values(
        ["asof", "whole", RANK_IC], ascending=[True, False, False], na_position="last"
    )
    table = table.loc[order.index, [*point_keys(trials), *_SUMMARISED]].reset_index(drop=True)
    table.insert(0, "rank", table.groupby("asof").cumcount() + 1)
    return table


def write_tables(
    folder: Path, planned: Sequence[Planned], stopped: frozenset[str]
) -> tuple[pd.DataFrame, pd.DataFrame, Planned | None]:
    """Write trials.csv, summary.csv and the best configuration; return all three.

    While a trial is missing no configuration is the best: it would be that of the half that is
    left. A file that an earlier run wrote is removed then.
    """
    trials = trials_table(planned, stopped)
    summary = summarise(trials)
    for name, table in ((TRIALS, trials), (SUMMARY, summary)):
        write_text(folder / name, table.to_csv(index=False, lineterminator="\n"))
    best = None if (trials["status"] == MISSING).any() else best_of(summary, planned)
    if best is None:
        best_path(folder).unlink(missing_ok=True)
    else:
        write_best(best, summary, folder)
    return trials, summary, best


def best_of(summary: pd.DataFrame, planned: Sequence[Planned]) -> Planned | None:
    """The first trial of the best configuration that has all its seeds, or None.

    None too where as-of sessions vary: each window has its own best.
    """
    top = summary.iloc[0]
    if top["seeds"] < top["of"] or summary["asof"].nunique() > 1:
        return None
    for one in planned:
        point = {**one.trial.point, **_of_point(one)}
        if all(top[key] == value for key, value in point.items() if key in top and key != SEED):
            return one
    return None


def best_path(folder: Path) -> Path:
    """The best configuration as a file that Hydra takes (variant=best), in a sweep's folder."""
    return folder / "variant" / "best.yaml"


def command_of(best: Planned, folder: Path) -> str:
    """The command that trains this configuration on the sweep's panel, into its experiment.

    Args:
        best: A trial of the configuration.
        folder: The sweep's, which holds variant/best.yaml.
    """
    origin, point = best.trial.settings.origin, best.trial.point
    if origin is None or origin.config_dir:  # which is one folder: the user's own stays
        return best.trial.command
    words = [word for word in origin.overrides if word.partition("=")[0] not in {"variant", *point}]
    if not any(word.startswith("asof=") for word in words):
        words.append(f"asof={best.asof}")
    where = ["--config-dir", str(folder), "variant=best"]
    return " ".join(["alphanet train", *map(quote, [*where, *words])])


def write_best(best: Planned, summary: pd.DataFrame, folder: Path) -> None:
    """Write `best_path`: everything that decides a fit of this configuration.

    Where the panel is, and how fast, stays with the command that uses it.
    """
    settings, top = best.trial.settings, summary.iloc[0]
    lines = [
        "# @package _global_",
        f"# Best of {len(summary)} configurations by validation RankIC: {top[RANK_IC]:.4f} "
        f"(mean over {top['seeds']} seeds, as of {best.asof}).",
        f"#   {command_of(best, folder)}",
        OmegaConf.to_yaml({"variant": settings.variant, **decisive_settings(settings)}),
    ]
    write_text(best_path(folder), "\n".join(lines))


def _of_point(one: Planned) -> dict[str, Any]:
    """Variant, by the name of its file where that is an axis (best.yaml is of one), and session."""
    variant = one.trial.point.get("variant", one.trial.settings.variant)
    return {"variant": variant, "asof": one.asof}


def _trial(one: Planned, stopped: bool) -> dict[str, Any]:
    record, settings = one.record(), one.trial.settings
    done = record is not None and record["status"] == DONE
    metric = LOSSES.admit(settings.loss.error).stops_on
    best, epochs = _measured(one.folder, record, metric) if done or stopped else ({}, None)
    seconds = record["seconds"] if record is not None and epochs else None
    fixed = {**_of_point(one), SEED: settings.seed}
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


def _measured(
    folder: Path, record: dict[str, Any] | None, stops_on: str
) -> tuple[dict[str, float], int | None]:
    """Metrics of the best epoch, and how many epochs there were."""
    if record is not None and record["status"] == DONE:
        return record["metrics"], int(record["epochs"])
    path = folder / "metrics.csv"
    if not path.is_file():
        return {}, None
    with path.open(encoding="utf-8", newline="") as file:
        rows = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
    best = best_row(rows, stops_on)
    return {name: best[name] for name in MEASURES if name in best}, len(rows)


def _fits_of_window(home: Path, asof: np.datetime64) -> list[Fit]:
    """The finished fits of an experiment as of a session."""
    return readable_fits(home, f"*/{asof}/seed*-*")[0]


def _full_model(like: Fit, among: Sequence[Fit], keys: Sequence[str]) -> dict[str, float]:
    """Seconds an epoch of the fits that pair all features, else like a sweep's fit.

    Args:
        like: The sweep's fit.
        among: All of its experiment and as-of session.
        keys: The sweep's axes, in which they may differ as well.
    """
    wanted = _apart_from(like.record["identity"], ["model.n", *keys])
    seconds = [
        record["seconds"] / record["epochs"]
        for record in (fit.record for fit in among)
        if len(record["sampled_features"]) == len(like.features)
        and _apart_from(record["identity"], ["model.n", *keys]) == wanted
    ]
    return {**mean_and_error(FULL, pd.Series(seconds, dtype=float)), FULL_FITS: len(seconds)}


def _apart_from(identity: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    """Flat GROUP.SETTING -> value of a fit's identity, without some of them."""
    flat = {
        f"{group}.{name}": value
        for group, values in identity.items()
        for name, value in (values.items() if isinstance(values, Mapping) else [("", values)])
    }
    return {key: value for key, value in flat.items() if key not in keys}


def _pairs(fits: Sequence[Fit]) -> dict[str, float | None]:
    """Feature pairs that the trained seeds of a configuration cover together (figure 5)."""
    if not fits:
        return dict.fromkeys(("n", "features", "pairs_covered", "pairs_expected"))
    samples = [fit.record["sampled_features"] for fit in fits]
    n, features = len(samples[0]), len(fits[0].features)
    return {
        "n": n,
        "features": features,
        "pairs_covered": covered_share(samples, features),
        "pairs_expected": expected_share(n, len(samples), features),
    }
