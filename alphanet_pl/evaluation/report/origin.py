"""The end of the page: what was dropped, and everything needed to repeat it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd
from markupsafe import Markup

from alphanet_pl.config.settings import Settings
from alphanet_pl.evaluation.compare import Comparison, Evaluations
from alphanet_pl.evaluation.report.formats import ABSENT, named, say
from alphanet_pl.evaluation.report.page import Part, definitions, folded, paragraph, part, table
from alphanet_pl.evaluation.results import FitOrigin, Provenance

_OWN = ("variant", "factor")
"""Settings that differ because the variant does; said elsewhere."""


def drops(comparison: Comparison, evaluations: Evaluations) -> Part:
    """The drop ledger; nothing without one."""
    found = evaluations[comparison.baseline].provenance.drops
    cells = pd.DataFrame(
        {say("column.count"): [f"{count:,}" for count in found.values()]},
        index=pd.Index(
            [named(name.replace("_", " ")) for name in found], name=say("table.drops_head")
        ),
    )
    return part(say("part.drops"), table(cells)) if found else part("")


def provenance(comparison: Comparison, evaluations: Evaluations) -> Part:
    """Where the numbers come from."""
    known = {name: _origin(each.provenance) for name, each in evaluations.items()
             if each.provenance != Provenance()}  # fmt: skip
    return part(say("part.provenance"), *compared(known)) if known else part("")


def parameters(comparison: Comparison, evaluations: Evaluations) -> Part:
    """What differs from the defaults, and between the variants; all of them where asked for."""
    found = {name: flat(each.provenance.settings) for name, each in evaluations.items()}
    if not any(found.values()):
        return part("")
    leave_out = _OWN if len(found) > 1 else ()
    everything = Markup("").join(compared(found, leave_out))
    count = len({*next(iter(found.values()))} - {*leave_out})
    defaults = flat(asdict(Settings()))
    own = {
        name: {k: v for k, v in values.items() if v != defaults.get(k)}
        for name, values in found.items()
    }
    changed = {key for values in own.values() for key in values}
    chosen = {
        name: {key: value for key, value in values.items() if key in changed}
        for name, values in found.items()
    }
    said = say("note.defaults" if changed else "note.no_difference")
    return part(
        say("part.parameters"),
        paragraph(said),
        *compared(chosen, leave_out),
        folded(say("table.all", count=count), everything),
    )


def compared(
    found: Mapping[str, Mapping[str, str]], leave_out: Sequence[str] = ()
) -> tuple[str, str]:
    """What differs between the columns as a table, what is the same once."""
    keys = [key for key in dict.fromkeys(key for values in found.values() for key in values)
            if key not in leave_out]  # fmt: skip
    first, *others = found.values()
    same = [key for key in keys if all(each.get(key) == first.get(key) for each in others)]
    cells = pd.DataFrame(
        {name: [values.get(key, ABSENT) for key in keys if key not in same]
         for name, values in found.items()},
        index=[key for key in keys if key not in same],
    )  # fmt: skip
    return (
        table(cells, say("table.differ"), text=True),
        definitions({key: first[key] for key in same if key in first}),
    )


def flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested settings as dotted keys, what is not set as a dash."""
    out: dict[str, str] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping):
            out |= flat(value, f"{prefix}{key}.")
        else:
            out[f"{prefix}{key}"] = _written(value)
    return out


def _written(value: Any) -> str:
    if value is None or value in ([], ()):
        return ABSENT
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(_written, value)) if isinstance(value, list | tuple) else str(value)


def _origin(found: Provenance) -> dict[str, str]:
    versions = ", ".join(f"{name} {which}" for name, which in found.versions.items())
    seeds = ", ".join(map(str, found.seeds))
    return {
        say("metric.created"): found.created or ABSENT,
        say("metric.command"): found.command or say("note.from_python"),
        say("metric.data"): named(found.data) or ABSENT,
        say(
            "metric.panel"
        ): f"{found.panel or ABSENT} (fingerprint {found.panel_fingerprint[:12]})",
        say("metric.factor"): f"{found.factor} (sha256 {found.factor_sha256[:12]})",
        say("metric.seeds"): seeds or say("note.unnamed"),
        say("metric.fits"): _fits(found.fits),
        say("metric.git_commit"): found.git_commit or say("note.installed"),
        say("metric.versions"): versions or ABSENT,
    }


def _fits(fits: Sequence[FitOrigin]) -> str:
    """How many there are, of which periods, and the hours they took."""
    if not fits:
        return say("note.unnamed")
    days = sorted({fit.in_sample_days for fit in fits if fit.in_sample_days is not None})
    span = say("sweep.span").join(map(str, dict.fromkeys((days[0], days[-1])))) if days else ""
    return say(
        "note.fits",
        count=len(fits),
        asofs=len({fit.asof for fit in fits}),
        sample=say("note.sample", days=span) if span else "",
        hours=f"{sum(fit.seconds or 0.0 for fit in fits) / 3600:.1f}",
        named=", ".join(map(_named, fits)),
    )


def _named(fit: FitOrigin) -> str:
    chosen = "".join(f" {name} {value:g}" for name, value in fit.chosen.items())
    variant = f"{fit.variant} " if fit.variant else ""
    return f"{variant}{fit.asof} seed {fit.seed} {fit.hash}{chosen}"
