"""Every setting of the command line: type, bounds, default and, under each, its meaning and unit.

`alphanet VERB --help` prints these docstrings; files in conf/ say only what differs from here.
"""

import math
from dataclasses import dataclass as plain_dataclass
from dataclasses import field
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from pydantic.dataclasses import dataclass

from datamodules.settings import (
    CHECKED,
    Count,
    DataSettings,
    Day,
    IndexSettings,
    Number,
    Place,
    Seed,
    Share,
    Whole,
)


def _finite(arguments: dict[str, Any]) -> dict[str, Any]:
    for name, value in arguments.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{name} is a finite number")
    return arguments


Arguments = Annotated[dict[str, Any], AfterValidator(_finite)]
"""Of a class that a setting names."""
Cost = Annotated[Number, Field(ge=0.0, le=0.1)]


@dataclass(config=CHECKED)
class ModelSettings:
    """Group `model`: the network of the report's figure 6 on data.features, or one of your own."""

    network: str = "alphanet"
    """alphanet (v2), readable (the same in plain modules, slower), v1, v3, the baselines ridge,
    lightgbm and reversal, or module.Class of your own."""
    arguments: Arguments = field(default_factory=dict)
    """Further arguments of a network, e.g. {heads: 4} of one of your own."""
    operators: str = "six"
    """What makes the features of a window: six, seven (ts_mean besides), or module.Class of your
    own."""
    days: Annotated[Whole, Field(ge=2)] = 10
    """Days of an operator's window (report of 2020-08-24, figure 5)."""
    stride: Count = 10
    """Days between the ends of a picture's windows."""
    n: Annotated[Whole, Field(ge=2)] = 15
    """Features sampled by the seed for the pair operators; all = the number of features."""
    units: Count = 30
    """Of LSTM or GRU, in v1 of the dense layer."""
    batch_norm_eps: Annotated[Number, Field(ge=0.0)] = 1e-3
    """Added to the variance (Keras' default; PyTorch's is 1e-5)."""
    batch_norm_momentum: Annotated[Number, Field(ge=0, lt=1)] = 0.99
    """Share of the running statistics that a step keeps (Keras' sense)."""


@dataclass(config=CHECKED)
class LossSettings:
    """Group `loss`: what a fit minimises."""

    error: str = "squared"
    """squared, or module.Class of your own: an error of each stock, or one number a date."""
    arguments: Arguments = field(default_factory=dict)
    """Arguments of an error of your own, e.g. {delta: 0.5}."""
    long_weight: Annotated[Number, Field(ge=1.0, le=100.0)] = 1.0
    """Weight of the top half of each cross-section by realised return, the rest weigh 1."""
    neutralise: bool = False
    """true: the loss sees the prediction's residual on the style factors; needs data.styles."""


@dataclass(config=CHECKED)
class TrainerSettings:
    """Group `trainer`: optimiser, stopping, and where the work runs."""

    learning_rate: Annotated[Number, Field(gt=0.0)] = 1e-4
    """Of Adam (report of 2020-08-24), or of the optimiser named in its place."""
    optimiser: str = "adam"
    """adam, or module.Class, PyTorch's or your own, e.g. torch.optim.SGD."""
    optimiser_arguments: Arguments = field(default_factory=dict)
    """Its arguments besides the learning rate, e.g. {weight_decay: 0.01}."""
    patience: Count = 10
    """Epochs without a better validation loss (centred on each date; RankIC for a DateError) before
    stopping; the best are kept."""
    max_epochs: Count = 200
    """Epochs at most: early stopping ends nearly every fit before."""
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    """bf16-mixed: windows kept as bfloat16, products in it (of alphanet, v3 and networks of your
    own; what is estimated ignores it); moments, losses and the optimiser stay float32. Another
    model than with 32-true; over ten fits of the real market its validation RankIC was the same to
    0.0003."""
    accelerator: Literal["auto", "cpu", "gpu"] = "auto"
    """What computes; auto takes a GPU where there is one."""
    devices: Annotated[Whole, Field(ge=1, le=1024)] | None = None
    """Processes a node, each with a GPU or its share of cores; null: read from Slurm, else 1."""
    num_nodes: Count | None = None
    """Nodes; null: read from Slurm, else 1."""
    threads: Annotated[Whole, Field(ge=1, le=1024)] | None = None
    """CPU threads of each process; null: the cores it owns."""
    progress: bool = True
    """A progress bar on a terminal, else one line an epoch."""


@dataclass(config=CHECKED)
class LoggerSettings:
    """Group `logger`: where curves go besides the fit folder's own metrics.csv."""

    others: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Lightning loggers: a name -> `_target_` and arguments; wandb is also the other verbs'."""
    mode: Literal["auto", "online", "offline"] = "auto"
    """W&B's; auto: online where a key is configured, else offline; WANDB_MODE=disabled: none."""
    project: str = "alphanet"
    """W&B project."""
    entity: str | None = None
    """W&B team or user; null: the key's own."""
    group: str | None = None
    """W&B group; null: EXPERIMENT/VARIANT, for the trials of a sweep its name."""
    job_type: str = "fit"
    """W&B job type of a fit; a sweep's trials are of type trial."""
    tags: list[str] = field(default_factory=list)
    """W&B tags besides variant and window."""

    @property
    def wandb(self) -> bool:
        """Whether the other verbs, too, make runs of Weights & Biases."""
        return "wandb" in self.others


Schedule = Literal["weekly", "every_5"]
Convention = Literal["standard", "huatai"]
LongShortMode = Literal["report", "net"]
FilterMode = Literal["report", "realistic", "none"]


@dataclass(config=CHECKED)
class EnhancementSettings:
    """Key `evaluation.enhancement`: a portfolio near its index that leans to the factor."""

    schedule: Schedule = "weekly"
    """Last scored session of each calendar week, or one in 5 sessions."""
    max_turnover: Annotated[Number, Field(ge=0.0, le=2.0)] = 0.3
    """Two-sided share of the portfolio at a rebalance; the first build is free."""
    max_deviation: Share = 0.01
    """Weight above the index's, at most: 1 percentage point."""
    max_underweight: Share | None = 0.01
    """Weight below the index's, at most; null: any name may go to zero."""
    slack: Share = 0.001
    """Neutrality of a week without exact solution, in weight and std of size."""
    cost: Cost = 0.002
    """Of the value traded, one way; conf/common.yaml makes it evaluation.cost."""


@dataclass(config=CHECKED)
class EvaluationSettings:
    """Group `evaluation`: how a factor is judged."""

    convention: Convention = "standard"
    """Whether annualisation includes the last day (the report's does not)."""
    ls_mode: LongShortMode = "report"
    """Long-short of a W&B run's summary: as the report prints it, or with the short leg's costs;
    tables and figures have both."""
    filter: FilterMode = "report"
    """Which stocks cannot be traded on the next day."""
    label: Literal["close", "vwap_next"] = "close"
    """Return that the RankIC is measured against."""
    step: Count = 10
    """Sessions between cross-sections, of the IC test and of the layers."""
    layers: Annotated[Whole, Field(ge=2, le=100)] = 5
    """Portfolios of equal size by factor, layer 1 the highest."""
    cost: Cost = 0.002
    """Of the value traded, one way: 0.2%."""
    enhancement: EnhancementSettings = field(default_factory=EnhancementSettings)
    index: IndexSettings = field(default_factory=IndexSettings)


@dataclass(config=CHECKED)
class PageSettings:
    """Group `page`: how the page of evaluate is written."""

    language: Literal["en", "zh"] = "en"
    """Of its text, tables and figures; zh in the words of the report. All else stays English."""


@dataclass(config=CHECKED)
class RollingSettings:
    """Group `rolling`: when models are trained anew, each window an ensemble of seeds."""

    start: Day = "2011-01-31"
    """First as-of date, YYYY-MM-DD; a month's last day stays one: 07-31, 01-31, ..."""
    stop: Day | None = None
    """Last date, of windows and of scores; null: the panel's last session."""
    months: Count = 6
    """Months from one as-of date to the next."""
    dates: list[Day] | None = None
    """As-of dates in place of start and months, e.g. [2011-01-31, 2013-06-28]."""
    seeds: list[Seed] = field(default_factory=lambda: list(range(10)))
    """One fit a window each; the factor is their equal-weight mean."""


Statistics = Literal["running", "own"]


@dataclass(config=CHECKED)
class ScoreSettings:
    """Group `score`: how fits become the score of a date; no fit depends on it."""

    variants: list[str] = field(default_factory=list)
    """Whose scores, each standardised on its date, are averaged: the first one's seed by seed, of
    the others one fit a window. Empty: the variant's own fits score."""
    statistics: Statistics = "running"
    """What a network normalises a date by: what it kept in training, or the date's own stocks, as
    each step of training does."""


@plain_dataclass(frozen=True)
class CommandLine:
    """What settings were composed from, to compose a variant or a trial of the same."""

    verb: str
    overrides: tuple[str, ...]
    config_dir: str | None


@dataclass(config=CHECKED)
class Settings:
    """Settings that every verb shares."""

    variant: str = "v2"
    """Variant of AlphaNet, also the name of its folder; chosen by variant=NAME."""
    variants: list[str] = field(default_factory=list)
    """evaluate: several beside each other, [v2,v2.1], on sessions that all scored."""
    seed: Seed = 0
    """Of initial weights, shuffling, and v2.1's sample of features."""
    asof: Day | None = None
    """Session of the fit, YYYY-MM-DD; null: the newest one that leaves labels to score."""
    date: str | None = None
    """What to score: latest, YYYY-MM-DD, or START:END (predict)."""
    experiment: str = "default"
    """Folder name: fits of one study live together."""
    runs: Place = "runs"
    """Folder that holds every experiment."""
    factor: Place | None = None
    """Parquet file of a factor; null: runs/EXPERIMENT/VARIANT/factor.parquet."""
    output: Place | None = None
    """Folder of report.html and all beside it; null: runs/EXPERIMENT/VARIANT, of several: above."""
    parts: str | None = None
    """i/n: the i-th of n shares of the fits, one a machine (roll); null: all of them."""
    data: DataSettings = field(default_factory=DataSettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    loss: LossSettings = field(default_factory=LossSettings)
    trainer: TrainerSettings = field(default_factory=TrainerSettings)
    logger: LoggerSettings = field(default_factory=LoggerSettings)
    rolling: RollingSettings = field(default_factory=RollingSettings)
    score: ScoreSettings = field(default_factory=ScoreSettings)
    evaluation: EvaluationSettings = field(default_factory=EvaluationSettings)
    page: PageSettings = field(default_factory=PageSettings)
    origin: CommandLine | None = None
    """No setting: filled in by load_settings."""
