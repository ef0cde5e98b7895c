"""Typed settings of the data half; `conf/data/*.yaml` fills them, with a comment on every key."""

from dataclasses import dataclass, field

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
class SplitSettings:
    """Which sessions a fit may see, and how they are divided."""

    in_sample_days: int = 1500
    min_in_sample_days: int | None = None
    sample_step: int = 2
    train_share: float = 0.8
    embargo: int = 11


@dataclass
class TableSettings:
    """How a vendor's tables map onto the canonical ones."""

    source: str = "simulated"
    path: str = "runs/demo/tables"
    files: dict[str, str] = field(default_factory=dict)
    columns: dict[str, dict[str, str]] = field(default_factory=dict)
    scale: dict[str, dict[str, float]] = field(default_factory=dict)
    free_turn: str = "required"
    max_bad_rows: float = 1e-5
