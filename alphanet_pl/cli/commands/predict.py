"""`alphanet predict`: scores for one date, the latest, or a range."""

from alphanet_pl.config.settings import Settings
from alphanet_pl.factor.predict import predict
from alphanet_pl.factor.store import factor_path, write_factor
from datamodules.base.files import try_place


def run(settings: Settings) -> str:
    """Score, write the factor, and show the best and worst of its last date."""
    path = factor_path(settings)
    try_place(path, "factor=FILE")
    factor, fits, gaps = predict(settings)
    write_factor([factor], path, fits)
    last = factor[factor["date"] == factor["date"].max()].sort_values("factor", ascending=False)
    seeds = ", ".join(str(fit.seed) for fit in fits)
    top = ", ".join(last["code"].head(5).astype(str))
    return "\n".join(
        [
            f"{factor['date'].nunique()} sessions, {len(factor)} scores, by {settings.variant} as"
            f" of {fits[0].asof} (seeds {seeds})",
            *filter(None, [gaps]),
            f"highest on {last['date'].iloc[0]:%Y-%m-%d} of {len(last)}: {top}",
            f"factor: {path}",
        ]
    )
