"""Judging a factor on a panel: every section of evaluation.json that the data allows."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from alphanet_pl.errors import EvaluationError
from alphanet_pl.evaluation.exposures import exposures_section
from alphanet_pl.evaluation.ic import achievable, forward_returns, ic_block, sections
from alphanet_pl.evaluation.market import carried
from alphanet_pl.evaluation.neutralise import neutralise
from alphanet_pl.evaluation.schema import (
    Evaluation,
    ExposuresSection,
    ICSection,
    Provenance,
    StockCoverage,
    new_evaluation,
)
from alphanet_pl.factor import factor_path, has_raw, read_factor
from alphanet_pl.files import read_json
from alphanet_pl.provenance import git_commit, versions
from alphanet_pl.settings import Settings
from datamodules.panel.panel import Panel
from datamodules.sections import read_filter


@dataclass(frozen=True)
class Judged:
    """A factor's cross-sections: rows (S,); factor, its neutral form, return (S, N)."""

    rows: np.ndarray
    factor: np.ndarray
    neutral: np.ndarray
    forward: np.ndarray


def evaluate(settings: Settings) -> Evaluation:
    """Judge the factor of these settings.

    Raises:
        AlphaNetError: No factor, no panel, or nothing to compare.
    """
    panel = Panel.open(settings.data.panel)
    path = factor_path(settings)
    factor = read_factor(path, panel)
    scored = np.flatnonzero(np.isfinite(factor).any(axis=1))
    first, last = panel.dates[scored[0]], panel.dates[scored[-1]]
    evaluation = new_evaluation(settings.variant, str(first), str(last))
    judged = judge(panel, settings, factor)
    evaluation["ic"] = ic_section(panel, settings, judged)
    if panel.has("styles"):
        evaluation["exposures"] = style_section(panel, judged, path)
    evaluation["stock_coverage"] = stock_coverage(panel, judged.rows, factor)
    evaluation["provenance"] = provenance(panel, settings, path)
    return evaluation


def judge(panel: Panel, settings: Settings, factor: np.ndarray) -> Judged:
    """Cut the factor into sections and drop what the next-day filter leaves out."""
    options = settings.evaluation
    price, lag = _price(panel, options.label)
    scored = np.flatnonzero(np.isfinite(factor).any(axis=1))
    rows = sections(int(scored[0]), int(scored[-1]) + 1, options.step)
    rows = rows[rows + lag + options.step < len(panel.dates)]
    if not len(rows):
        raise EvaluationError(
            f"the factor covers {panel.dates[scored[0]]} to {panel.dates[scored[-1]]}",
            f"the panel ends before any section's return over {options.step} sessions is known",
            "predict earlier dates, or prepare a longer panel",
        )
    forward = forward_returns(price, rows, options.step, lag)
    kept = read_filter(panel, options.filter)[rows] & np.isfinite(forward)
    industry, log_cap = panel.read("industry")[rows], panel.read("log_cap")[rows]
    # The report's universe leaves filtered stocks out from the start; otherwise what is known
    # only tomorrow must not touch the statistics of today's neutralisation.
    universe = np.where(kept, factor[rows], np.nan) if options.filter == "report" else factor[rows]
    neutral = neutralise(universe, industry, log_cap)
    return Judged(
        rows,
        factor=np.where(kept, factor[rows], np.nan),
        neutral=np.where(kept, neutral, np.nan),
        forward=np.where(kept, forward, np.nan),
    )


def ic_section(panel: Panel, settings: Settings, judged: Judged) -> ICSection:
    """The IC test of the raw and of the industry-and-size-neutral factor."""
    options, rows = settings.evaluation, judged.rows
    price, lag = _price(panel, options.label)
    industry, log_cap = panel.read("industry")[rows], panel.read("log_cap")[rows]

    def block(factor: np.ndarray) -> object:
        return ic_block(
            factor,
            judged.forward,
            panel.dates[rows],
            price=price,
            rows=rows,
            industry=industry,
            names=panel.industries,
            log_cap=log_cap,
            lag=lag,
        )

    truth = panel.read("true_return")[rows] if panel.has("true_return") else None
    return ICSection(
        horizon=options.step,
        step=options.step,
        label=options.label,
        filter=options.filter,
        neutral=block(judged.neutral),  # type: ignore[typeddict-item]
        raw=block(judged.factor),  # type: ignore[typeddict-item]
        achievable=None if truth is None else achievable(judged.factor, truth, judged.forward),
    )


def style_section(panel: Panel, judged: Judged, path: Path) -> ExposuresSection:
    """Exposures of the factor, and of a neutralised model's predictions before projection."""
    first, last = int(judged.rows[0]), int(judged.rows[-1])
    styles = panel.read("styles", first, last + 1)[judged.rows - first]
    raw = None
    if has_raw(path):
        before = read_factor(path, panel, "raw")[judged.rows]
        raw = np.where(np.isfinite(judged.factor), before, np.nan)
    return exposures_section(judged.factor, styles, panel.styles, panel.dates[judged.rows], raw)


def stock_coverage(panel: Panel, rows: np.ndarray, factor: np.ndarray) -> StockCoverage:
    """How many of the scorable stocks have a score at each section."""
    universe = panel.read("scorable")[rows].sum(axis=1)
    scored = np.isfinite(factor[rows]).sum(axis=1)
    return StockCoverage(
        dates=panel.dates[rows].astype(str).tolist(),
        scored=scored.tolist(),
        universe=universe.tolist(),
        mean_share=float((scored / np.maximum(universe, 1)).mean()),
    )


def provenance(panel: Panel, settings: Settings, factor: Path) -> Provenance:
    """Where the numbers come from, and what the data lacks."""
    report = panel.path.with_name("data_report.json")
    drops = read_json(report)["ledger"]["dropped"] if report.is_file() else {}
    return Provenance(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        git_commit=git_commit() or "",
        versions=versions(),
        panel=str(settings.data.panel),
        panel_fingerprint=panel.fingerprint,
        factor=str(factor),
        settings=asdict(settings),
        drops=drops,
        lacks=lacks(panel),
    )


def lacks(panel: Panel) -> list[str]:
    """What the data does not have, as sentences."""
    out = []
    if panel.attrs.get("free_turn") == "turn":
        out.append("Free-float shares are absent: free_turn is the turnover of float shares.")
    if panel.attrs.get("without"):
        absent = ", ".join(panel.attrs["without"])
        out.append(f"The quotes do without {absent}.")
    styles = panel.attrs.get("styles", {})
    if styles.get("missing_descriptors"):
        out.append(f"Style descriptors without data: {', '.join(styles['missing_descriptors'])}.")
    return out


def _price(panel: Panel, label: str) -> tuple[np.ndarray, int]:
    """Price that a return is measured on, and the sessions between signal and entry.

    Without a trade the last price counts, after a delisting too.
    """
    close = carried(panel.read("close"))
    if label == "close":
        return close, 0
    vwap = panel.read("vwap")
    return np.where(np.isfinite(vwap), vwap, close), 1
