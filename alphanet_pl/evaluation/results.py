"""evaluation.json: everything an evaluation found, under keys that stay.

Keys are added, never renamed; a part that was not computed is null, and so is a figure that does
not exist, which is NaN in memory. Every part is a frozen dataclass that stands beside its formulas
(`signal/`, `portfolio/`); this module puts them together, writes them and reads them back.

Example: `read_evaluation(folder / "evaluation.json").ic.neutral.summary.mean`.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from alphanet_pl.evaluation.pair_coverage import PairCoverage
from alphanet_pl.evaluation.portfolio.enhancement import EnhancementResult, YearlyResult
from alphanet_pl.evaluation.portfolio.layers import LayersResult
from alphanet_pl.evaluation.signal.cross_sections import StockCoverage
from alphanet_pl.evaluation.signal.exposures import ExposuresResult
from alphanet_pl.evaluation.signal.ic import ICResult
from alphanet_pl.evaluation.types import Brief
from datamodules.base.errors import EvaluationError
from datamodules.base.files import write_json

SCHEMA = "alphanet-pl evaluation"
VERSION = 1
Result = TypeVar("Result")


@dataclass(frozen=True)
class FitOrigin:
    """One of the fits that a factor is made of."""

    asof: str
    seed: int
    hash: str
    """Of its settings, as-of session, seed and panel: the end of its folder's name."""
    seconds: float | None
    """It took to train; null where its folder is gone."""
    in_sample_days: int | None
    """Sessions it had, fewer than asked for where the panel begins late; null like seconds."""
    chosen: dict[str, float] = field(default_factory=dict)
    """What validation chose of a baseline: ridge's penalty, how many trees."""
    variant: str = ""
    """Whose fit it is, where the factor is a blend of several variants'."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Provenance(Brief):
    """Where the numbers come from; empty where nothing is known."""

    created: str = ""
    command: str = ""
    git_commit: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    panel: str = ""
    panel_fingerprint: str = ""
    source: str = ""
    """Where the panel's tables came from: simulated, parquet, qlib."""
    data: str = ""
    """The same with its size and span, as a clause."""
    factor: str = ""
    factor_sha256: str = ""
    seeds: list[int] = field(default_factory=list)
    fits: list[FitOrigin] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    drops: dict[str, int] = field(default_factory=dict)
    """Drop ledger: stock-days left out, by reason."""
    lacks: list[str] = field(default_factory=list)
    """What the data does not have, as sentences."""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """One variant on one panel over one period."""

    schema: str = SCHEMA
    version: int = VERSION
    variant: str
    start: str
    stop: str
    ic: ICResult | None = None
    layers: LayersResult | None = None
    enhancement: EnhancementResult | None = None
    yearly: YearlyResult | None = None
    exposures: ExposuresResult | None = None
    stock_coverage: StockCoverage | None = None
    pair_coverage: PairCoverage | None = None
    provenance: Provenance = field(default_factory=Provenance)

    def __repr__(self) -> str:
        """What it holds, with the one figure of each part that tells most."""
        said = [f"Evaluation of {self.variant}, {self.start} to {self.stop}"]
        if self.ic is not None:
            neutral = self.ic.neutral.summary
            said.append(f"RankIC {neutral.mean:.4f}, ICIR {neutral.icir:.2f} (neutral)")
        if self.layers is not None:
            top = self.layers.by_filter[self.layers.filter].annual_excess[0]
            said.append(f"layer 1 {top:+.2%} a year")
        if self.enhancement is not None:
            relative = self.enhancement.relative
            said.append(
                f"{self.enhancement.index} enhanced {relative.annual_excess:+.2%} a year, "
                f"information ratio {relative.information_ratio:.2f}"
            )
        return "; ".join(said)

    @property
    def simulated(self) -> bool:
        """Whether the market is a simulated one."""
        return self.provenance.source == "simulated"


def to_json(result: Any) -> Any:
    """A result as plain JSON types; what is not finite is null.

    Args:
        result: Any of the dataclasses.
    """
    return json.loads(TypeAdapter(type(result)).dump_json(result, warnings="error"))


def from_json(kind: type[Result], content: Any) -> Result:
    """A result from plain JSON types; null is NaN where a figure is meant.

    Raises:
        pydantic.ValidationError: Not what this kind of result holds.
    """
    return TypeAdapter(kind).validate_python(content)


def write_result(result: Any, path: Path) -> None:
    """Write evaluation.json, comparison.json: aside and renamed."""
    write_json(path, to_json(result))


def read_evaluation(path: Path) -> Evaluation:
    """Read evaluation.json.

    Raises:
        EvaluationError: The file is absent, damaged, or not of this schema and version.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EvaluationError(
            f"{path}: {error}", "an evaluation.json", "make one with `alphanet evaluate`"
        ) from error
    mark = (content.get("schema"), content.get("version")) if isinstance(content, dict) else None
    if mark != (SCHEMA, VERSION):
        raise EvaluationError(
            f"{path} has schema and version {mark}",
            f"{(SCHEMA, VERSION)}",
            "make it anew with `alphanet evaluate`",
        )
    try:
        return from_json(Evaluation, content)
    except ValidationError as error:
        first = error.errors()[0]
        raise EvaluationError(
            f"{path} is damaged at {'.'.join(map(str, first['loc']))}",
            first["msg"].lower(),
            "make it anew with `alphanet evaluate`",
        ) from error
