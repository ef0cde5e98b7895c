"""Typed settings of the whole command line; every key is explained in conf/."""

from dataclasses import dataclass, field

from datamodules.settings import DataSettings, IndexSettings
from sweeps.settings import RaySettings, SweepSettings


@dataclass
class ModelSettings:
    """Group `model`: the network's shape."""

    n: int = field(default=15, metadata={"least": 2})
    units: int = field(default=30, metadata={"least": 1})
    batch_norm_eps: float = field(default=1e-3, metadata={"least": 0.0})
    batch_norm_momentum: float = field(default=0.99, metadata={"least": 0.0, "most": 1.0})


@dataclass
class LossSettings:
    """Group `loss`: what a fit minimises."""

    long_weight: float = field(default=1.0, metadata={"least": 1.0, "most": 100.0})
    neutralise: bool = False


@dataclass
class TrainerSettings:
    """Group `trainer`: optimiser, stopping, and where the work runs."""

    learning_rate: float = field(default=1e-4, metadata={"least": 0.0})
    patience: int = field(default=10, metadata={"least": 1})
    max_epochs: int = field(default=200, metadata={"least": 1})
    accelerator: str = field(default="auto", metadata={"choices": ("auto", "cpu", "gpu")})
    devices: int | None = field(default=None, metadata={"least": 1})
    num_nodes: int | None = field(default=None, metadata={"least": 1})
    threads: int | None = field(default=None, metadata={"least": 1})
    progress: bool = True


@dataclass
class LoggerSettings:
    """Group `logger`: where curves go besides the fit folder's own metrics.csv."""

    wandb: bool = False
    mode: str = field(default="auto", metadata={"choices": ("auto", "online", "offline")})
    project: str = "alphanet"
    entity: str | None = None
    group: str | None = None
    job_type: str = "fit"
    tags: list[str] = field(default_factory=list)


@dataclass
class EnhancementSettings:
    """Key `evaluation.enhancement`: how a portfolio near its index is built."""

    schedule: str = field(default="weekly", metadata={"choices": ("weekly", "every_5")})
    max_turnover: float = field(default=0.3, metadata={"least": 0.0, "most": 2.0})
    max_deviation: float = field(default=0.01, metadata={"least": 0.0, "most": 1.0})
    max_underweight: float | None = field(default=0.01, metadata={"least": 0.0, "most": 1.0})
    slack: float = field(default=0.001, metadata={"least": 0.0, "most": 1.0})
    cost: float = field(default=0.002, metadata={"least": 0.0, "most": 0.1})


@dataclass
class EvaluationSettings:
    """Group `evaluation`: how a factor is judged."""

    convention: str = field(default="standard", metadata={"choices": ("standard", "huatai")})
    ls_mode: str = field(default="report", metadata={"choices": ("report", "net")})
    filter: str = field(default="report", metadata={"choices": ("report", "realistic", "none")})
    label: str = field(default="close", metadata={"choices": ("close", "vwap_next")})
    step: int = field(default=10, metadata={"least": 1})
    layers: int = field(default=5, metadata={"least": 2, "most": 100})
    cost: float = field(default=0.002, metadata={"least": 0.0, "most": 0.1})
    enhancement: EnhancementSettings = field(default_factory=EnhancementSettings)
    index: IndexSettings = field(default_factory=IndexSettings)


@dataclass(frozen=True)
class Typed:
    """What the settings were composed from, to compose a variant or a trial of the same."""

    verb: str
    overrides: tuple[str, ...]
    config_dir: str | None


@dataclass
class RollingSettings:
    """Group `rolling`: when models are trained anew, and which seeds average."""

    start: str = "2011-01-31"
    stop: str | None = None
    months: int = field(default=6, metadata={"least": 1})
    dates: list[str] | None = None
    seeds: list[int] = field(default_factory=lambda: list(range(10)))


@dataclass
class Settings:
    """All settings of one command."""

    variant: str = "v2"
    variants: list[str] = field(default_factory=list)
    seed: int = field(default=0, metadata={"least": 0})
    asof: str | None = None
    date: str | None = None
    experiment: str = "default"
    runs: str = "runs"
    factor: str | None = None
    output: str | None = None
    parts: str | None = None
    data: DataSettings = field(default_factory=DataSettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    loss: LossSettings = field(default_factory=LossSettings)
    trainer: TrainerSettings = field(default_factory=TrainerSettings)
    logger: LoggerSettings = field(default_factory=LoggerSettings)
    rolling: RollingSettings = field(default_factory=RollingSettings)
    evaluation: EvaluationSettings = field(default_factory=EvaluationSettings)
    sweep: SweepSettings = field(default_factory=SweepSettings)
    ray: RaySettings = field(default_factory=RaySettings)
    typed: Typed | None = field(default=None, metadata={"omegaconf_ignore": True})
    """No setting: filled in by load_settings."""
