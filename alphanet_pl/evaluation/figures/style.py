"""How every figure looks: one ink, one accent, room for a thumb."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

INK, ACCENT, MUTED, WARM = "#1f2933", "#0b6e99", "#9aa5b1", "#b5532a"
LAYERS = ("#0b6e99", "#79aec4", "#b8c0c8", "#d9a98a", "#b5532a")
"""First to last layer, for five; other numbers are spread over them."""


def styled(
    figure: go.Figure, title: str, *, percent: int | None = None, height: int = 320
) -> go.Figure:
    """Give a figure its title and the common look.

    Args:
        figure: What was drawn.
        title: Said above it.
        percent: Decimals of a vertical axis in percent; None leaves plain numbers.
        height: Pixels.
    """
    figure.update_layout(
        title=title,
        template="plotly_white",
        font={"family": "system-ui, sans-serif", "color": INK, "size": 13},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        margin={"l": 8, "r": 8, "t": 56, "b": 8},
        height=height,
        dragmode=False,
        bargap=0.3,
    )
    figure.update_xaxes(automargin=True)
    figure.update_yaxes(automargin=True)
    if percent is not None:
        figure.update_yaxes(tickformat=f".{percent}%", hoverformat=".2%")
    return figure


def line(
    figure: go.Figure,
    dates: Sequence[str],
    values: Sequence[float],
    name: str,
    color: str,
    **where: int,
) -> None:
    """Add a line over time; `where` may name the row and column of a subplot."""
    figure.add_scatter(
        x=list(dates),
        y=np.asarray(values, dtype=np.float32),
        name=name,
        mode="lines",
        line={"color": color, "width": 1.6},
        **where,
    )


def layer_colors(layers: int) -> list[str]:
    """A color for each layer, blue for the first, rust for the last."""
    places = np.rint(np.linspace(0, len(LAYERS) - 1, layers)).astype(int)
    return [LAYERS[place] for place in places]
