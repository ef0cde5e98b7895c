"""Figures of the report; each function returns a Plotly figure."""

import plotly.graph_objects as go

from alphanet_pl.evaluation.schema import ExposuresSection, ICSection

INK, ACCENT, MUTED = "#1f2933", "#0b6e99", "#9aa5b1"


def cumulative_rank_ic(ic: ICSection) -> go.Figure:
    """Cumulative RankIC of the neutral and the raw factor (the report's figures 10, 18, 26)."""
    figure = go.Figure()
    for name, color in (("neutral", ACCENT), ("raw", MUTED)):
        block = ic[name]  # type: ignore[literal-required]
        figure.add_scatter(
            x=block["series"]["dates"],
            y=block["cumulative"],
            name=f"{name} factor",
            line={"color": color},
        )
    return _styled(figure, "Cumulative RankIC", "sum of RankIC")


def rank_ic_by_section(ic: ICSection) -> go.Figure:
    """RankIC of every cross-section."""
    series = ic["neutral"]["series"]
    figure = go.Figure()
    figure.add_bar(x=series["dates"], y=series["values"], marker_color=ACCENT, name="RankIC")
    return _styled(figure, "RankIC of each section, neutral factor", "RankIC")


def rank_ic_decay(ic: ICSection) -> go.Figure:
    """Mean RankIC against returns over 1 to 20 sessions."""
    decay = ic["neutral"]["decay"]
    figure = go.Figure()
    figure.add_bar(x=decay["horizon"], y=decay["mean"], marker_color=ACCENT, name="mean RankIC")
    figure.update_xaxes(title="sessions ahead")
    return _styled(figure, "Decay, neutral factor", "mean RankIC")


def style_exposures(exposures: ExposuresSection) -> go.Figure:
    """Mean absolute rank correlation with each style; a neutralised model's also before."""
    names = [name.replace("_", " ") for name in exposures["styles"]]
    figure = go.Figure()
    parts = {"published factor": (exposures["styles"], ACCENT)}
    if exposures["before_projection"] is not None:
        parts["before projection"] = (exposures["before_projection"], MUTED)
    for name, (styles, color) in parts.items():
        values = [style["mean_absolute"] for style in styles.values()]
        figure.add_bar(x=names, y=values, marker_color=color, name=name)
    return _styled(figure, "Style exposures", "mean |rank correlation|")


def _styled(figure: go.Figure, title: str, unit: str) -> go.Figure:
    figure.update_layout(
        title=title,
        template="plotly_white",
        font={"family": "system-ui, sans-serif", "color": INK},
        legend={"orientation": "h", "y": 1.12, "x": 1, "xanchor": "right"},
        margin={"l": 60, "r": 16, "t": 56, "b": 40},
        height=340,
    )
    figure.update_yaxes(title=unit)
    return figure
