"""Figures of the IC test (the report's figures 10, 18 and 26, and breakdowns beside them)."""

import numpy as np
import plotly.graph_objects as go

from alphanet_pl.evaluation.figures.style import ACCENT, MUTED, line, styled
from alphanet_pl.evaluation.signal.ic import ICResult

SIZES = ("smallest", "small", "middle", "large", "largest")


def cumulative_rank_ic(ic: ICResult) -> go.Figure:
    """Cumulative RankIC of the neutral and the raw factor."""
    figure = go.Figure()
    for name, color in (("raw", MUTED), ("neutral", ACCENT)):
        block = getattr(ic, name)
        line(figure, block.series.dates, block.cumulative, f"{name} factor", color)
    return styled(figure, "Cumulative RankIC")


def rank_ic_by_section(ic: ICResult) -> go.Figure:
    """RankIC of every cross-section."""
    series = ic.neutral.series
    figure = go.Figure()
    figure.add_bar(x=series.dates, y=_numbers(series.values), marker_color=ACCENT, name="RankIC")
    return styled(figure, "RankIC of each cross-section, neutral factor", percent=0)


def rank_ic_decay(ic: ICResult) -> go.Figure:
    """Mean RankIC against returns over 1 to 20 sessions."""
    decay = ic.neutral.decay
    figure = go.Figure()
    figure.add_bar(x=decay.horizon, y=_numbers(decay.mean), marker_color=ACCENT, name="mean RankIC")
    figure.update_xaxes(title={"text": "sessions ahead", "font": {"size": 13}}, dtick=2)
    return styled(figure, "Mean RankIC by horizon of the return, neutral factor", percent=0)


def rank_ic_by_size(ic: ICResult) -> go.Figure:
    """Mean RankIC inside five equal buckets of float capitalisation."""
    buckets = ic.neutral.by_size
    names = SIZES if len(buckets) == len(SIZES) else range(1, len(buckets) + 1)
    figure = go.Figure()
    figure.add_bar(
        x=list(names),
        y=_numbers([bucket.mean for bucket in buckets]),
        marker_color=ACCENT,
        name="mean RankIC",
    )
    return styled(figure, "Mean RankIC by float capitalisation, neutral factor", percent=0)


def rank_ic_by_industry(ic: ICResult) -> go.Figure:
    """Mean RankIC inside each industry that has one, lowest first."""
    known = {name: summary.mean for name, summary in ic.neutral.by_industry.items() if summary.n}
    names = sorted(known, key=known.__getitem__)
    figure = go.Figure()
    figure.add_bar(
        x=_numbers([known[name] for name in names]),
        y=names,
        orientation="h",
        marker_color=ACCENT,
        name="mean RankIC",
    )
    title = "Mean RankIC inside each industry, neutral factor"
    figure = styled(figure, title, height=90 + 20 * len(names))
    figure.update_xaxes(tickformat=".0%", hoverformat=".2%")
    figure.update_yaxes(dtick=1)
    return figure


def _numbers(values: list[float]) -> np.ndarray:
    return np.asarray(values, dtype=np.float32)
