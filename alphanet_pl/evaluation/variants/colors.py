"""One color a variant, the same in every figure of every page."""

from collections.abc import Iterable

KNOWN = {
    "v2": "#52606d",
    "v2.1": "#0b6e99",
    "v2.2": "#b5532a",
    "v2.3": "#3f8f5b",
    "combined": "#8152a8",
}
OTHERS = ("#c28f00", "#c2417c", "#2a9d9d", "#7a4b2a", "#a0a83a")
"""For variants of one's own, in the order of the page."""


def colors(variants: Iterable[str]) -> dict[str, str]:
    """The color of each variant."""
    out: dict[str, str] = {}
    for variant in variants:
        own = len([name for name in out if name not in KNOWN])
        out[variant] = KNOWN.get(variant, OTHERS[own % len(OTHERS)])
    return out
