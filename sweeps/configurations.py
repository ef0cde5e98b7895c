"""A sweep read back for a comparison: a configuration is judged by its seeds, never by one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import nan, sqrt
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from alphanet_pl.config.settings import EvaluationSettings
from alphanet_pl.evaluation.pair_coverage import covered_share, expected_share
from alphanet_pl.fit.fits import done_fit, read_record
from alphanet_pl.fit.identity import Groups, recorded_settings
from datamodules.base.errors import EvaluationError
from datamodules.panel import Panel
from sweeps.axes import SEED
from sweeps.measures import Worth, worth
from sweeps.table import DONE, RANK_IC


class Spread(NamedTuple):
    """A mean over seeds and its standard error, NaN for one seed."""

    mean: float
    error: float
    n: int


@dataclass(frozen=True)
class Configuration:
    """Trials that differ in nothing but their seed.

    Attributes:
        point: Its variant and the sweep's axes apart from the seed.
        asof: Session of its fits.
        n: Features that a model pairs up.
        long_weight: Of the better half of each cross-section.
        records: fit.json of each finished seed, by seed.
        trials: How many seeds the sweep wants.
        worth: What its fits are worth after their window; None where the panel ends there.
    """

    point: Mapping[str, Any]
    asof: str
    n: int
    long_weight: float
    records: Mapping[int, Mapping[str, Any]]
    trials: int
    worth: Worth | None

    @property
    def name(self) -> str:
        """Variant and axes, e.g. `v2.1 model.n=6`."""
        axes = [f"{key}={value}" for key, value in self.point.items() if key != "variant"]
        return " ".join([str(self.point["variant"]), *axes])

    @property
    def features(self) -> int:
        """How many features there are to sample from."""
        return len(_settings(next(iter(self.records.values())))["data"]["features"])

    @property
    def val_rank_ic(self) -> Spread:
        """RankIC on the validation sessions."""
        return self._over(lambda record: record["metrics"][RANK_IC])

    @property
    def epochs(self) -> Spread:
        """Epochs until the fit stopped."""
        return self._over(lambda record: record["epochs"])

    @property
    def seconds_per_epoch(self) -> Spread:
        """Wall time of the whole fit over its epochs."""
        return self._over(lambda record: record["seconds"] / record["epochs"])

    @property
    def rank_ic(self) -> Spread:
        """RankIC of single seeds after the window, neutral."""
        return spread([one.rank_ic for one in self.worth.alone.values()] if self.worth else [])

    @property
    def top_excess(self) -> Spread:
        """The top layer's excess of single seeds after the window, per section, before cost."""
        return spread([one.top_excess for one in self.worth.alone.values()] if self.worth else [])

    @property
    def volatility(self) -> Spread:
        """Rank correlation of single seeds with residual volatility after the window."""
        return spread([one.volatility for one in self.worth.alone.values()] if self.worth else [])

    @property
    def correlation(self) -> Spread:
        """Between the scores of two seeds; the error is a jackknife over seeds."""
        if self.worth is None:
            return Spread(nan, nan, 0)
        return Spread(self.worth.correlation, self.worth.correlation_error, len(self.worth.alone))

    @property
    def covered(self) -> float:
        """Share of the feature pairs that these seeds see together."""
        samples = [record["sampled_features"] for record in self.records.values()]
        return covered_share(samples, self.features)

    @property
    def expected(self) -> float:
        """The share that as many independent samples see on average."""
        return expected_share(self.n, len(self.records), self.features)

    def _over(self, of: Callable[[Mapping[str, Any]], float]) -> Spread:
        return spread([float(of(record)) for record in self.records.values()])


@dataclass(frozen=True)
class Sweep:
    """A sweep's finished configurations.

    Attributes:
        name: Folder of its tables.
        configurations: Those with at least one finished seed, in the sweep's order.
        missing: Trials without a finished fit.
        full: Seconds an epoch of models that pair all features, else alike; None where no such
            fit of the same window is there.
        simulated: Whether the market is.
    """

    name: str
    configurations: Sequence[Configuration]
    missing: int
    full: Spread | None
    simulated: bool


def spread(values: Sequence[float]) -> Spread:
    """Mean and standard error of what is known."""
    known = np.array([value for value in values if value is not None], dtype=np.float64)
    known = known[np.isfinite(known)]
    if not len(known):
        return Spread(nan, nan, 0)
    error = float(known.std(ddof=1)) / sqrt(len(known)) if len(known) > 1 else nan
    return Spread(float(known.mean()), error, len(known))


def over(numerator: Spread, denominator: Spread) -> tuple[float, float]:
    """A ratio of two independent means and its standard error (first order)."""
    ratio = numerator.mean / denominator.mean
    relative = sqrt(
        (numerator.error / numerator.mean) ** 2 + (denominator.error / denominator.mean) ** 2
    )
    return ratio, abs(ratio) * relative


def read_sweep(table: Path, panel: Panel, options: EvaluationSettings) -> Sweep:
    """Read trials.csv and the fit folders that it names, and judge them after their window.

    Args:
        table: runs/EXPERIMENT/sweeps/NAME/trials.csv.
        panel: The panel that the fits were trained on.
        options: Step, label, filter and layers of the judgement.

    Raises:
        EvaluationError: The file is no table of a sweep, or none of its trials is finished.
    """
    trials = pd.read_csv(table)
    if not {"variant", "asof", SEED, RANK_IC, "folder", "status"} <= set(trials.columns):
        raise EvaluationError(
            f"{table} has the columns {', '.join(trials.columns)}",
            "it is not the trials.csv of a sweep",
            "alphanet sweep writes one",
        )
    keys = [key for key in trials.columns[: list(trials.columns).index(RANK_IC)] if key != SEED]
    found = []
    for values, group in trials.groupby(keys, sort=False, dropna=False):
        point = dict(zip(keys, values, strict=True))
        one = _configuration(point, group, panel, options)
        found += [] if one is None else [one]
    missing = int((trials["status"] != DONE).sum())
    if not found:
        raise EvaluationError(
            f"none of the {len(trials)} trials of {table} is finished",
            "a comparison needs their fits",
            f"alphanet sweep sweep={table.parent.name}",
        )
    simulated = panel.attrs.get("source") == "simulated"
    full = _full(found[0], table.parents[2])
    return Sweep(table.parent.name, found, missing, full, simulated)


def _configuration(
    point: dict[str, Any], group: pd.DataFrame, panel: Panel, options: EvaluationSettings
) -> Configuration | None:
    folders = [Path(folder) for folder in group.loc[group["status"] == DONE, "folder"]]
    records = {record["seed"]: record for folder in folders if (record := read_record(folder))}
    if not records:
        return None
    settings = _settings(next(iter(records.values())))
    asof = str(point.pop("asof"))
    return Configuration(
        point=point,
        asof=asof,
        n=int(settings["model"]["n"]),
        long_weight=float(settings["loss"]["long_weight"]),
        records=records,
        trials=len(group),
        worth=worth(panel, folders, options),
    )


def _full(like: Configuration, experiment: Path) -> Spread | None:
    """Seconds an epoch of this experiment's fits that differ from a configuration in n alone."""
    wanted = _without_n(next(iter(like.records.values())))
    records = [
        fit.record
        for path in sorted(experiment.glob(f"*/{like.asof}/*/fit.json"))
        if (fit := done_fit(path.parent)) is not None
    ]
    times = [
        record["seconds"] / record["epochs"]
        for record in records
        if _settings(record)["model"]["n"] == like.features and _without_n(record) == wanted
    ]
    return spread(times) if times else None


def _without_n(record: Mapping[str, Any]) -> dict[str, Any]:
    """Protocol and settings but for what a sweep of n or of the long-side weight varies."""
    settings, protocol = _settings(record), record["identity"]["protocol"]
    model = {key: value for key, value in settings["model"].items() if key != "n"}
    loss = settings["loss"]["neutralise"]
    return {**settings, "model": model, "loss": loss, "protocol": protocol}


def _settings(record: Mapping[str, Any]) -> Groups:
    return recorded_settings(record["identity"])
