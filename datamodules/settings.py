"""Settings of the data half: type, bounds, default and, under each, its meaning with its unit.

`alphanet VERB --help` prints these docstrings; files in conf/ say only what differs from here.
"""

from dataclasses import field
from math import inf
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, Strict, field_validator
from pydantic.dataclasses import dataclass

from datamodules.base.dates import read_day
from datamodules.base.errors import ConfigError

FEWEST_DAYS = 60
"""Sessions that a fit needs at least."""
CHECKED = ConfigDict(extra="forbid", allow_inf_nan=False, coerce_numbers_to_str=True)
"""How every group is checked: no unknown key, no nan and no infinity."""


def _day(text: str) -> str:
    return read_day(text).isoformat()


def at_home(path: Any) -> Any:
    """A path as text, with `~` filled in; anything else as it is, for pydantic to refuse."""
    if isinstance(path, Path):
        return str(path)
    if isinstance(path, str) and path.startswith("~"):
        try:
            return str(Path(path).expanduser())
        except RuntimeError:  # no such user: a folder may be called so
            return path
    return path


Whole = Annotated[int, Strict()]
"""An integer; true and 1.5 are none."""
Natural = Annotated[Whole, Field(ge=0)]
Count = Annotated[Whole, Field(ge=1)]
Number = Annotated[float, Strict()]
Share = Annotated[Number, Field(ge=0.0, le=1.0)]
Day = Annotated[str, AfterValidator(_day)]
Place = Annotated[str, BeforeValidator(at_home)]
"""A path of a file or folder; `~` is the home directory."""
Seed = Annotated[Whole, Field(ge=0, lt=2**32)]
"""What numpy takes as a seed, too."""

FEATURES: tuple[str, ...] = (
    "open", "high", "low", "close", "vwap", "volume", "return1", "turn", "free_turn",
    "close/free_turn", "open/turn", "volume/low", "vwap/high", "low/high", "vwap/close",
)  # fmt: skip
"""The report's 15 features in its order (table 8 and figure 6)."""

QLIB_ADJUSTED: tuple[str, ...] = ("open", "high", "low", "close", "vwap", "prev_close", "volume")
"""What qlib's own collectors write adjusted by `factor`; amount they leave as it is."""

DESCRIPTORS: dict[str, tuple[str, ...]] = {
    "size": ("LNCAP",),
    "beta": ("BETA",),
    "momentum": ("RSTR",),
    "residual_volatility": ("DASTD", "CMRA", "HSIGMA"),
    "non_linear_size": ("NLSIZE",),
    "book_to_price": ("BTOP",),
    "liquidity": ("STOM", "STOQ", "STOA"),
    "earnings_yield": ("ETOP", "CETOP"),
    "growth": ("EGRO", "SGRO"),
    "leverage": ("MLEV", "DTOA", "BLEV"),
}
"""The 18 descriptors of table 33 (with SGRO, which the table dropped), by style."""

STYLES: tuple[str, ...] = tuple(DESCRIPTORS)
"""The ten styles, in the order of the last axis of every exposure array."""

MISSING = "???"
"""Stands for a setting without default, as in OmegaConf."""


def _cne5_weights() -> dict[str, dict[str, float]]:
    weights = {style: dict.fromkeys(names, 1.0) for style, names in DESCRIPTORS.items()}
    weights["residual_volatility"] = {"DASTD": 0.74, "CMRA": 0.16, "HSIGMA": 0.10}
    weights["liquidity"] = {"STOM": 0.35, "STOQ": 0.35, "STOA": 0.30}
    weights["earnings_yield"] = {"ETOP": 0.34, "CETOP": 0.66}
    weights["growth"] = {"EGRO": 0.34, "SGRO": 0.66}
    weights["leverage"] = {"MLEV": 0.38, "DTOA": 0.35, "BLEV": 0.27}
    return weights


@dataclass(config=CHECKED)
class StyleProfile:
    """Key `data.style_profile`: how the ten styles are made; the defaults are cne5_renorm."""

    name: str = "cne5_renorm"
    """Of the profile, as written into the panel."""
    beta_days: Annotated[Whole, Field(ge=3)] = 252
    """Trading days of the regression on the market (BETA, HSIGMA)."""
    beta_half_life: Annotated[Number, Field(ge=1.0)] = 63.0
    """Trading days after which an observation of it weighs half."""
    momentum_days: Annotated[Whole, Field(ge=2)] = 504
    """Trading days of the momentum window (RSTR)."""
    momentum_lag: Natural = 21
    """Newest trading days left out of it."""
    momentum_half_life: Annotated[Number, Field(ge=1.0)] = 126.0
    """Trading days after which a return of it weighs half."""
    volatility_days: Annotated[Whole, Field(ge=2)] = 252
    """Trading days of the daily volatility (DASTD)."""
    volatility_half_life: Annotated[Number, Field(ge=1.0)] = 42.0
    """Trading days after which a return of it weighs half."""
    month_days: Count = 21
    """Trading days of a month (CMRA: 12 months; STOM, STOQ, STOA: 1, 3, 12)."""
    min_observed: Share = 0.5
    """Share of a window's days that must be observed, else the descriptor is absent."""
    min_observed_momentum: Share = 0.5
    """The same for RSTR."""
    range_form: Literal["past", "forward"] = "past"
    """CMRA from the past T months back from t, or forward from t-252."""
    suspended_turnover: Literal["zero", "skip"] = "zero"
    """A listed day without trading counts as no turnover, or is left out."""
    balance_sheet: Literal["latest", "annual"] = "latest"
    """Filing that book, assets and liabilities come from."""
    composite: Literal["standardised", "raw"] = "standardised"
    """What is summed within a style."""
    winsorise: Literal["std", "mad"] = "std"
    """Centre +- width x standard deviation, or median +- width x unscaled MAD."""
    winsorise_width: Annotated[Number, Field(ge=0.1)] = 3.0
    """Of those deviations."""
    winsorise_residuals: Literal["all", "non_linear_size"] = "all"
    """Which orthogonalised styles are clipped once more."""
    centre_weight: Literal["cap", "sqrt_clipped_cap"] = "cap"
    """Weights (float cap) of the mean that is made 0."""
    regression_weight: Literal["sqrt_cap", "clipped_cap"] = "sqrt_cap"
    """Weights (float cap) of the orthogonalisations."""
    min_coverage: Share = 0.1
    """Share of the universe that must have a descriptor, else it is absent on the date."""
    weights: dict[str, dict[str, Number]] = field(default_factory=_cne5_weights)
    """Of a style's descriptors, renormalised per stock over those available; 0 = not used.
    Styles that are not named keep the weights of CNE5."""

    @field_validator("weights")
    @classmethod
    def _weights_name_descriptors(
        cls, given: dict[str, dict[str, float]]
    ) -> dict[str, dict[str, float]]:
        """Every style with its descriptors.

        Raises:
            ConfigError: Weights that are negative, all 0, or of no descriptor of their style.
        """
        for style, weights in given.items():
            if style not in DESCRIPTORS:
                raise ConfigError(
                    f"data.style_profile.weights.{style} was given",
                    f"the styles are {', '.join(STYLES)}",
                    f"data.style_profile.weights.{STYLES[0]}.LNCAP=1.0 sets a weight",
                )
            known = set(weights) <= set(DESCRIPTORS[style])
            if not known or not sum(weights.values()) > 0 or min(weights.values()) < 0:
                raise ConfigError(
                    f"data.style_profile.weights.{style}={weights} was given",
                    f"weights >= 0, not all 0, of {list(DESCRIPTORS[style])}",
                    f"{style}: {_cne5_weights()[style]}",
                )
        return _cne5_weights() | given

    def used(self) -> tuple[str, ...]:
        """Descriptors of a positive weight, in the order of `DESCRIPTORS`."""
        return tuple(
            name
            for style, names in DESCRIPTORS.items()
            for name in names
            if self.weights[style].get(name, 0.0) > 0
        )


@dataclass(config=CHECKED)
class MarketSettings:
    """Key `data.market`: the simulated market."""

    stocks: Annotated[Whole, Field(ge=20)] = 300
    """Stocks ever listed."""
    days: Annotated[Whole, Field(ge=60)] = 900
    """Sessions."""
    seed: Seed = 2021
    """The market's own seed, apart from the model's."""
    start: Day = "2011-01-04"
    """First session, YYYY-MM-DD."""
    rank_ic: Annotated[Number, Field(ge=0.0, le=0.3)] = 0.11
    """Achievable 10-day RankIC that is planted."""


@dataclass(config=CHECKED)
class IndexSettings:
    """Key `evaluation.index`: the benchmark, under two names."""

    members: str = "csi500"
    """Its name in index_members."""
    code: str = "SH000905"
    """Its code in the index table."""


@dataclass(config=CHECKED)
class TableSettings:
    """How a vendor's tables map onto the canonical ones."""

    source: str = "simulated"
    """Format of the tables: simulated | parquet | qlib | duckdb, or MODULE:FUNCTION of your own."""
    path: Place = ""
    """Folder of the tables."""
    files: dict[str, str] = field(default_factory=dict)
    """File of a table where it is not TABLE.parquet, e.g. {quotes: daily.parquet}."""
    columns: dict[str, dict[str, str]] = field(default_factory=dict)
    """Vendor's column (qlib: field) of a canonical one, e.g. {quotes: {code: ts_code}}."""
    scale: dict[str, dict[str, Number]] = field(default_factory=dict)
    """Factor onto the canonical unit, e.g. {quotes: {volume: 100}} for lots of 100."""
    free_turn: Literal["required", "turn"] = "required"
    """turn: turnover of float shares in place of free-float shares."""
    without: list[str] = field(default_factory=list)
    """Quotes columns to do without, of is_st, industry, float_cap; the report says so."""
    qlib_adjusted: list[str] = field(default_factory=lambda: list(QLIB_ADJUSTED))
    """Columns that a qlib folder holds adjusted: prices x factor, volume / factor."""
    sql: dict[str, str] = field(default_factory=dict)
    """duckdb: the query that gives a table, e.g. {index: SELECT date, code, close FROM bench}."""
    views: dict[str, str] = field(default_factory=dict)
    """duckdb: files (Parquet, CSV, Feather) that a query calls by a name, e.g. {bench: i/*.csv}."""
    encoding: str = "utf-8"
    """duckdb: of the views' text files, whose columns are all text; gb18030, big5 ..."""
    database: str = ""
    """duckdb: a file of DuckDB or SQLite, postgres:... or mysql:..., which is only read."""
    memory: str = "4GB"
    """duckdb: what a query may hold, beside the table that it gives; the rest goes to /tmp."""
    accept: list[str] = field(default_factory=list)
    """Findings that would be refused, accepted by name: FINDINGS of datamodules/canon/report.py."""
    max_bad_rows: Share = 1e-5
    """Share of rows that may contradict themselves; above it the tables are refused."""

    @field_validator("scale", mode="before")
    @classmethod
    def _factors_are_positive(cls, scale: Any) -> Any:
        named = scale.items() if isinstance(scale, dict) else ()
        rows = [(table, row) for table, row in named if isinstance(row, dict)]
        for name, factor in ((f"{table}.{name}", row[name]) for table, row in rows for name in row):
            number = isinstance(factor, int | float) and not isinstance(factor, bool)
            if not number or not 0 < factor < inf:
                raise ConfigError(
                    f"data.scale.{name}={factor} was given",
                    "a positive number: the vendor's unit in shares, yuan or fractions",
                    f"data.scale.{name}=100 for lots, 0.01 for percent",
                )
        return scale


@dataclass(config=CHECKED)
class DataSettings(TableSettings):
    """Group `data`: from vendor tables to batches."""

    market: MarketSettings = field(default_factory=MarketSettings)
    panel: Place = MISSING
    """Where `prepare` puts the panel and every other verb finds it."""
    features: Annotated[list[str], Field(min_length=2)] = field(
        default_factory=lambda: list(FEATURES)
    )
    """Channels of a picture, in the report's order (table 8); "a/b" is a ratio."""
    picture_days: Annotated[Whole, Field(ge=2)] = 30
    """Days in a picture: t-29 .. t."""
    horizon: Count = 10
    """Sessions that the label looks ahead."""
    label: Literal["close", "vwap_next"] = "close"
    """Adjusted close t to t+10, or vwap t+1 to t+11."""
    filter: Literal["report", "realistic", "none"] = "report"
    """Next-day filter on labels (never on what is scored)."""
    styles: Literal["none", "available", "all"] = "available"
    """Barra styles in the panel; all refuses tables that lack some."""
    beta_index: str | None = None
    """Code in the index table, the market of Beta; null: the universe, cap-weighted."""
    size: Literal["float_cap", "total_cap"] = "float_cap"
    """Market value of size neutralisation and the enhancement."""
    market_rules: Literal["a_share", "none"] = "a_share"
    """The table of price limits (datamodules/canon/limits.py)."""
    limit_rules: list[dict[str, Any]] = field(default_factory=list)
    """More rows of it; of a board the row with the latest `since` by a date rules, yours of two:
    [{board: main, since: 2030-01-01, percent: 10, st_percent: 10, free_days: 5}]."""
    boards: dict[str, str] = field(default_factory=dict)
    """More boards of codes by their beginning, e.g. {SZ302: chinext}."""
    style_profile: StyleProfile = field(default_factory=StyleProfile)
    in_sample_days: Annotated[Whole, Field(ge=FEWEST_DAYS)] = 1500
    """Sessions a fit may see, up to its as-of session."""
    min_in_sample_days: Annotated[Whole, Field(ge=FEWEST_DAYS)] | None = None
    """Fewer sessions are accepted down to this; null: in_sample_days."""
    sample_step: Count = 2
    """Every how many sessions a cross-section is drawn."""
    train_share: Annotated[Number, Field(ge=0.1, le=0.95)] = 0.8
    """Share of the in-sample sessions before validation (4:1 by time)."""
    embargo: Annotated[Whole, Field(ge=0)] = 11
    """Sessions between a label's date and the next split; at least horizon + 1."""
    dates_per_step: Count = 1
    """Whole cross-sections in one optimisation step, over all ranks."""
    residency: Literal["stream", "disk", "host", "device"] = "host"
    """Read Zarr as it goes, or keep what the network takes (windows, else pictures' slice of the
    panel) in RAM or on the GPU; disk: windows in a file beside the panel, pictures streamed."""
    workers: Annotated[Whole, Field(ge=0, le=1024)] = 1
    """Processes that read ahead under residency=stream."""
