"""Typed settings of the data half; `conf/data/*.yaml` fills them, with a comment on every key."""

from dataclasses import dataclass, field

from omegaconf import MISSING

FEATURES: tuple[str, ...] = (
    "open", "high", "low", "close", "vwap", "volume", "return1", "turn", "free_turn",
    "close/free_turn", "open/turn", "volume/low", "vwap/high", "low/high", "vwap/close",
)  # fmt: skip
"""The report's 15 features in its order (table 8 and figure 6)."""


@dataclass
class MarketSettings:
    """The simulated market; see conf/data/simulated.yaml for units."""

    stocks: int = 300
    days: int = 900
    seed: int = 2021
    start: str = "2011-01-04"
    rank_ic: float = 0.11


@dataclass
class IndexSettings:
    """One index: its name in index_members and its code in the index table."""

    members: str = "csi500"
    code: str = "SH000905"


@dataclass
class TableSettings:
    """How a vendor's tables map onto the canonical ones."""

    source: str = "simulated"
    path: str = ""
    files: dict[str, str] = field(default_factory=dict)
    columns: dict[str, dict[str, str]] = field(default_factory=dict)
    scale: dict[str, dict[str, float]] = field(default_factory=dict)
    free_turn: str = "required"
    max_bad_rows: float = 1e-5


@dataclass
class DataSettings(TableSettings):
    """Everything between vendor tables and batches: group `data`."""

    market: MarketSettings = field(default_factory=MarketSettings)
    panel: str = MISSING
    features: list[str] = field(default_factory=lambda: list(FEATURES))
    picture_days: int = field(default=30, metadata={"least": 2})
    horizon: int = field(default=10, metadata={"least": 1})
    label: str = field(default="close", metadata={"choices": ("close", "vwap_next")})
    filter: str = field(default="report", metadata={"choices": ("report", "realistic", "none")})
    styles: str = field(default="none", metadata={"choices": ("none", "available", "all")})
    in_sample_days: int = field(default=1500, metadata={"least": 60})
    min_in_sample_days: int | None = field(default=None, metadata={"least": 60})
    sample_step: int = field(default=2, metadata={"least": 1})
    train_share: float = field(default=0.8, metadata={"least": 0.1, "most": 0.95})
    embargo: int = field(default=11, metadata={"least": 1})
    dates_per_step: int = field(default=1, metadata={"least": 1})
    residency: str = field(default="host", metadata={"choices": ("stream", "host", "device")})
    workers: int = field(default=1, metadata={"least": 0})
