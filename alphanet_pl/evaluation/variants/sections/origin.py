"""The end of the page: the drop ledger, where each variant comes from, and all parameters."""

from alphanet_pl.evaluation.compare import Comparison, Evaluations
from alphanet_pl.evaluation.report.page import definitions, section, table
from alphanet_pl.evaluation.report.provenance import drops, flat
from alphanet_pl.evaluation.results import Evaluation, Provenance

_OWN = ("variant", "factor", "typed.overrides")
"""Settings that differ because the variant does; said elsewhere."""


def origin(comparison: Comparison, evaluations: Evaluations) -> str:
    """Drop ledger, origin and parameters of all variants."""
    base = _provenance(evaluations[comparison.baseline])
    return "".join(
        [
            drops(base.drops),
            section("Provenance", _origins(evaluations), definitions(_shared(base))),
            section("Parameters", _parameters(evaluations)),
        ]
    )


def _provenance(evaluation: Evaluation) -> Provenance:
    return evaluation.provenance


def _origins(evaluations: Evaluations) -> str:
    rows = []
    for variant, evaluation in evaluations.items():
        found = _provenance(evaluation)
        rows.append(
            [
                variant,
                found.created or "-",
                found.factor or "-",
                (found.factor_sha256 or "-")[:12],
                (found.panel_fingerprint or "-")[:12],
            ]
        )
    header = ("", "judged", "factor", "sha256", "panel")
    return table(header, rows, text=True)


def _shared(found: Provenance) -> dict[str, str]:
    versions = ", ".join(f"{name} {which}" for name, which in found.versions.items())
    return {
        "data": found.data or "-",
        "panel": found.panel or "-",
        "git commit": found.git_commit or "installed package",
        "versions": versions or "-",
    }


def _parameters(evaluations: Evaluations) -> str:
    """Those in which the variants differ as a table, the others once."""
    found = {name: flat(_provenance(each).settings) for name, each in evaluations.items()}
    keys = list(dict.fromkeys(key for values in found.values() for key in values))
    keys = [key for key in keys if key not in _OWN]
    first, *others = found.values()
    same = [key for key in keys if all(each.get(key) == first.get(key) for each in others)]
    rows = [
        [key, *(values.get(key, "-") for values in found.values())]
        for key in keys
        if key not in same
    ]
    differing = table(("", *found), rows, "Where they differ", text=True) if rows else ""
    return differing + definitions({key: first[key] for key in same if key in first})
