"""Typed settings of the data half; `conf/data/*.yaml` fills them, with a comment on every key."""

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from datamodules.styles.profiles import StyleProfile

FEATURES: tuple[str, ...] = (
    "open", "high", "low", "close", "vwap", "volume", "return1", "turn", "free_turn",
    "close/free_turn", "open/turn", "volume/low", "vwap/high", "low/high", "vwap/close",
)  # fmt: skip
"""The report's 15 features in its order (table 8 and figure 6)."""


QLIB_ADJUSTED: tuple[str, ...] = ("open", "high", "low", "close", "vwap", "prev_close", "volume")
"""What qlib's own collectors write adjusted by `factor`; amount they leave as it is."""


@dataclass
class MarketSettings:
    """The simulated market; see conf/data/simulated.yaml for units."""

    stocks: int = field(default=300, metadata={"least": 20})
    days: int = field(default=900, metadata={"least": 60})
    seed: int = 2021
    start: str = "2011-01-04"
    rank_ic: float = field(default=0.11, metadata={"least": 0, "most": 0.3})


@dataclass
class IndexSettings:
    """One index: its name in index_members and its code in the index table."""

    members: str = "csi500"
    code: str = "SH000905"


@dataclass
class TableSettings:
    """How a vendor's tables map onto the canonical ones.

    Args:
        source: `parquet`, `qlib`, `simulated` (read as Parquet), or `MODULE:FUNCTION` of your own.
        path: Folder of the tables.
        files: Table -> file name in `path`, where it is not TABLE.parquet.
        columns: Table -> canonical column -> the vendor's column (qlib: field).
        scale: Table -> canonical column -> factor from the vendor's unit to ours.
        free_turn: `required`, or `turn`: use turn in its place.
        without: Quotes columns to do without, said in the report: is_st, industry, float_cap.
        qlib_adjusted: Columns that a qlib folder holds adjusted: prices x factor, volume / factor.
        accept: Findings that would be refused, accepted by name, see `canon.report.FINDINGS`.
        max_bad_rows: Share of a table's rows that may be faulty; they count as not traded.
    """

    source: str = "simulated"
    path: str = ""
    files: dict[str, str] = field(default_factory=dict)
    columns: dict[str, dict[str, str]] = field(default_factory=dict)
    scale: dict[str, dict[str, Any]] = field(default_factory=dict)  # 100 is a float's int to YAML
    free_turn: str = field(default="required", metadata={"choices": ("required", "turn")})
    without: list[str] = field(default_factory=list)
    qlib_adjusted: list[str] = field(default_factory=lambda: list(QLIB_ADJUSTED))
    accept: list[str] = field(default_factory=list)  # findings that are known and no mistake
    max_bad_rows: float = field(default=1e-5, metadata={"least": 0, "most": 1})


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
    styles: str = field(default="available", metadata={"choices": ("none", "available", "all")})
    beta_index: str | None = None
    size: str = field(default="float_cap", metadata={"choices": ("float_cap", "total_cap")})
    market_rules: str = field(default="a_share", metadata={"choices": ("a_share", "none")})
    limit_rules: list[dict[str, Any]] = field(default_factory=list)
    boards: dict[str, str] = field(default_factory=dict)
    style_profile: StyleProfile = field(default_factory=StyleProfile)
    in_sample_days: int = field(default=1500, metadata={"least": 60})
    min_in_sample_days: int | None = field(default=None, metadata={"least": 60})
    sample_step: int = field(default=2, metadata={"least": 1})
    train_share: float = field(default=0.8, metadata={"least": 0.1, "most": 0.95})
    embargo: int = field(default=11, metadata={"least": 1})
    dates_per_step: int = field(default=1, metadata={"least": 1})
    residency: str = field(default="host", metadata={"choices": ("stream", "host", "device")})
    workers: int = field(default=1, metadata={"least": 0})
