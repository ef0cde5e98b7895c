"""The end of the page: what was dropped, and everything needed to repeat it."""

from collections.abc import Mapping, Sequence
from typing import Any

from alphanet_pl.evaluation.report.page import definitions, section, table
from alphanet_pl.evaluation.results import Evaluation, FitOrigin, Provenance


def provenance(evaluation: Evaluation) -> str:
    """Drop ledger, origin and parameters."""
    found = evaluation.provenance
    if found == Provenance():
        return ""
    return "".join(
        [
            drops(found.drops),
            section("Provenance", definitions(_origin(found))),
            section("Parameters", definitions(flat(found.settings))),
        ]
    )


def drops(found: Mapping[str, int]) -> str:
    """The drop ledger; nothing without one."""
    if not found:
        return ""
    rows = [(name.replace("_", " "), f"{count:,}") for name, count in found.items()]
    return section("Drop ledger", table(("stock-days of the panel", "count"), rows))


def _origin(found: Provenance) -> dict[str, str]:
    versions = ", ".join(f"{name} {which}" for name, which in found.versions.items())
    return {
        "created": found.created or "-",
        "command": found.command or "none: from Python",
        "data": found.data or "-",
        "panel": f"{found.panel or '-'} (fingerprint {_short(found, 'panel_fingerprint')})",
        "factor": f"{found.factor or '-'} (sha256 {_short(found, 'factor_sha256')})",
        "seeds": ", ".join(map(str, found.seeds)) or "not named in the factor",
        "fits": _fits(found.fits),
        "git commit": found.git_commit or "installed package",
        "versions": versions or "-",
    }


def _fits(fits: Sequence[FitOrigin]) -> str:
    """How many there are, of which windows, and the hours they took."""
    if not fits:
        return "not named in the factor"
    windows = sorted({fit.asof for fit in fits})
    hours = sum(fit.seconds or 0.0 for fit in fits) / 3600
    named = ", ".join(f"{fit.asof} seed {fit.seed} {fit.hash}" for fit in fits)
    days = sorted({fit.in_sample_days for fit in fits if fit.in_sample_days is not None})
    sample = f", {_range(days)} sessions in sample" if days else ""
    return f"{len(fits)} as of {len(windows)} sessions{sample}, {hours:.1f} hours to train: {named}"


def _range(days: Sequence[int]) -> str:
    return str(days[0]) if days[0] == days[-1] else f"{days[0]} to {days[-1]}"


def _short(found: Provenance, key: str) -> str:
    return str(getattr(found, key) or "-")[:12]


def flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested settings as dotted keys."""
    out: dict[str, str] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping):
            out |= flat(value, f"{prefix}{key}.")
        else:
            out[f"{prefix}{key}"] = str(value)
    return out
