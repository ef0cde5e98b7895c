"""How every figure looks: one ink, a color a variant, room for a thumb, a unit on each axis."""

from collections.abc import Iterable, Sequence

import numpy as np
import plotly.graph_objects as go

INK, ACCENT, MUTED, PALE, WARM = "#1f2933", "#0b6e99", "#9aa5b1", "#79aec4", "#b5532a"
LAYERS = (ACCENT, PALE, "#b8c0c8", "#d9a98a", WARM)
"""First to last layer, for five; other numbers are spread over them."""
KNOWN = {
    "v2": "#52606d",
    "v2.1": ACCENT,
    "v2.2": WARM,
    "v2.3": "#3f8f5b",
    "combined": "#8152a8",
}
OTHERS = ("#c28f00", "#c2417c", "#2a9d9d", "#7a4b2a", "#a0a83a")
"""For variants of one's own, in the order of the page."""
PERCENT = {"tickformat": ".2~%", "hoverformat": ".2%"}
"""An axis of fractions: as few decimals as its ticks need."""
DATES = [
    {"dtickrange": [None, "M1"], "value": "%Y-%m-%d"},
    {"dtickrange": ["M1", "M12"], "value": "%Y-%m"},
    {"dtickrange": ["M12", None], "value": "%Y"},
]
"""An axis of dates: as much of them as its ticks need."""
FEW_BARS = 3
"""So many bars or fewer are kept from filling the figure."""


def colors(variants: Iterable[str]) -> dict[str, str]:
    """The color of each variant, the same in every figure of every page."""
    out: dict[str, str] = {}
    for variant in variants:
        own = len([name for name in out if name not in KNOWN])
        out[variant] = KNOWN.get(variant, OTHERS[own % len(OTHERS)])
    return out


def layer_colors(layers: int) -> list[str]:
    """A color for each layer, blue for the first, rust for the last."""
    places = np.rint(np.linspace(0, len(LAYERS) - 1, layers)).astype(int)
    return [LAYERS[place] for place in places]


def styled(
    figure: go.Figure,
    title: str,
    unit: str = "",
    *,
    percent: bool = False,
    height: int = 320,
    lying: bool = False,
) -> go.Figure:
    """Give a figure its title and the common look.

    Args:
        figure: What was drawn.
        title: Said above it.
        unit: What its axis of values counts.
        percent: Whether that axis is in percent.
        height: Pixels.
        lying: Whether bars lie, so that their values run to the right.
    """
    bars = max((len(trace.x) for trace in figure.data if trace.type == "bar"), default=99)
    figure.update_layout(
        title=title,
        template="plotly_white",
        font={"family": "system-ui, sans-serif", "color": INK, "size": 13},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        margin={"l": 8, "r": 8, "t": 56, "b": 8},
        height=height,
        dragmode=False,
        bargap=0.3 if bars > FEW_BARS else 0.75,
    )
    values = figure.update_xaxes if lying else figure.update_yaxes
    values(**(PERCENT if percent else {}), **({"title": axis_title(unit)} if unit else {}))
    return figure.update_xaxes(automargin=True).update_yaxes(automargin=True)


def axis_title(text: str) -> dict[str, object]:
    """What an axis counts, small."""
    return {"text": text, "font": {"size": 12}}


def numbers(values: Sequence[float]) -> np.ndarray:
    """Half the bytes on the page, and no eye sees the difference."""
    return np.asarray(values, dtype=np.float32)


def error_bars(errors: Sequence[float], color: str = "#323f4b") -> dict[str, object]:
    """Thin bars of standard errors, none where one is NaN: unknown (a zero would draw its caps)."""
    return {"array": numbers(errors), "thickness": 1, "width": 3, "color": color}
