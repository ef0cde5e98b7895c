"""Where an evaluation's numbers come from, and what its data lacks."""

from collections.abc import Sequence
from datetime import UTC, datetime
from os.path import normpath
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alphanet_pl.config.compose import heeded
from alphanet_pl.config.settings import Settings
from alphanet_pl.evaluation.results import FitOrigin, Provenance
from alphanet_pl.factor.store import Source, read_sources, read_statistics, seed_columns
from alphanet_pl.fit.folder import read_record, recorded_settings, variant_folder
from alphanet_pl.job.provenance import command_line, git_commit, versions
from alphanet_pl.model.sampling import sample_features
from datamodules.base.errors import FitError
from datamodules.base.files import sha256_of
from datamodules.base.words import log
from datamodules.panel import Panel
from datamodules.panel.layout import SHARD_DAYS
from datamodules.prepare.prepare import read_report

_OF_FITS = ("model", "loss", "trainer", "score")
"""Groups of settings that say nothing of a factor from elsewhere."""


def provenance_of(panel: Panel, settings: Settings, factor: Path, lacks: list[str]) -> Provenance:
    """Data, code and settings behind the numbers.

    Args:
        panel: The panel.
        settings: All of them.
        factor: The factor's file.
        lacks: What else is missing, as sentences.
    """
    report = read_report(panel)  # of this panel, not of another that shares its folder
    fits = _fits(factor, settings)
    source = str(panel.attrs.get("source", "unknown"))
    return Provenance(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=command_line(),
        git_commit=git_commit() or "",
        versions=versions(),
        panel=str(settings.data.panel),
        panel_fingerprint=panel.fingerprint,
        source=source,
        data=f"{'simulated market' if source == 'simulated' else f'source {source}'}, "
        f"{len(panel.codes)} stocks, {panel.dates[0]} to {panel.dates[-1]}",
        factor=str(factor),
        factor_sha256=sha256_of(factor),
        seeds=list(seed_columns(factor)),
        fits=[
            FitOrigin(
                asof=fit.asof,
                seed=fit.seed,
                hash=fit.folder.rpartition("-")[2],
                seconds=found.get("seconds"),
                in_sample_days=found.get("in_sample_days"),
                chosen=found.get("chosen", {}),
                variant=fit.member,
            )
            for fit, found in fits
        ],
        settings=_settings_of(settings, fits, factor),
        drops={} if report is None else report["ledger"]["dropped"],
        lacks=[*data_lacks(panel), *lacks],
    )


def _settings_of(
    settings: Settings, fits: Sequence[tuple[Source, dict[str, Any]]], factor: Path
) -> dict[str, Any]:
    """The command's settings, but what fits and file of the factor say of how it was made.

    A factor from elsewhere, without seeds, has no model, no loss and no training.
    """
    told = heeded(settings)
    if not fits and not seed_columns(factor):
        return {group: values for group, values in told.items() if group not in _OF_FITS}
    recorded = next((found["identity"] for _, found in fits if "identity" in found), None)
    if recorded is not None:
        for group, values in recorded_settings(recorded).items():
            told[group] = {**told[group], **values}
    blend = list(dict.fromkeys(source.member for source, _ in fits if source.member))
    told["score"] = {"variants": blend, "statistics": read_statistics(factor)}
    return told


def _fits(factor: Path, settings: Settings) -> list[tuple[Source, dict[str, Any]]]:
    """The fits that a factor's file names, and what each recorded; nothing where it is gone."""
    home = variant_folder(settings)
    # Normalised: of a blend that has no folder, `..` would lead nowhere.
    places = [(each, Path(normpath(home / each.folder))) for each in read_sources(factor)]
    return [(each, _record(place) or {}) for each, place in places]


def _record(folder: Path) -> dict[str, Any] | None:
    """fit.json of a fit behind the factor; None where it is gone or, which is said, damaged."""
    try:
        return read_record(folder)
    except FitError as error:
        log(f"{error.given}: what it says of its fit is not on the page")
        return None


def samples_of(factor: Path, settings: Settings) -> tuple[list[Sequence[str]], int]:
    """The features that each seed of a factor samples: as its fits recorded, else as drawn anew.

    Args:
        factor: The file; one from elsewhere names no seeds.
        settings: All of them.

    Returns:
        A sample a seed, and out of how many features.
    """
    known = [(fit.seed, found) for fit, found in _fits(factor, settings) if found]
    # Of a blend the first member's: its seeds are the factor's.
    recorded = {seed: found.get("sampled_features") for seed, found in reversed(known)}
    features = settings.data.features
    if known and "identity" in known[0][1]:
        features = recorded_settings(known[0][1]["identity"])["data"]["features"]

    def drawn(seed: int) -> list[str]:
        return [features[i] for i in sample_features(seed, settings.model.n, len(features))]

    samples = [recorded.get(seed) or drawn(seed) for seed in seed_columns(factor)]
    return samples, len(features)


def data_lacks(panel: Panel) -> list[str]:
    """What a panel does not have, as sentences."""
    out = []
    if panel.attrs.get("free_turn") == "turn":
        out.append("Free-float shares are absent: free_turn is the turnover of float shares.")
    if panel.attrs.get("without"):
        absent = ", ".join(panel.attrs["without"])
        out.append(f"The quotes do without {absent}.")
    if panel.attrs.get("accept"):
        found = ", ".join(panel.attrs["accept"])
        out.append(f"The tables were taken in spite of what data.accept names: {found}.")
    if _industries_are_static(panel):
        out.append(
            "Industries never change: a stock keeps one for all years, which is not point in time."
        )
    if not panel.has("styles"):
        out.append("The panel has no Barra styles, so that style exposures are unknown.")
    styles = panel.attrs.get("styles", {})
    if styles.get("missing_descriptors"):
        columns = ", ".join(styles.get("missing_columns", [])) or "their columns"
        out.append(
            f"Style descriptors without data: {', '.join(styles['missing_descriptors'])}, "
            f"for want of {columns}."
        )
    return out


def _industries_are_static(panel: Panel) -> bool:
    """Whether no stock ever changes from one known industry to another."""
    known = np.full(len(panel.codes), -1)
    for start in range(0, len(panel.dates), SHARD_DAYS):
        block = panel.read("industry", start, min(start + SHARD_DAYS, len(panel.dates)))
        first = np.where(known < 0, _first_known(block), known)
        if ((block >= 0) & (block != first)).any():
            return False
        known = first
    return bool((known >= 0).any())


def _first_known(block: NDArray[np.integer]) -> NDArray[np.integer]:
    """(N,) the first industry that each column of (T, N) names, -1 for none."""
    at = (block >= 0).argmax(axis=0)
    return block[at, np.arange(block.shape[1])]
