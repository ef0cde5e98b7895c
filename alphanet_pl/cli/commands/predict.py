"""`alphanet predict`: scores for one date, the latest, or a range."""

from alphanet_pl.config.settings import Settings
from alphanet_pl.factor.predict import predict
from alphanet_pl.factor.store import factor_path, seed_columns, stitched_period, write_factor
from datamodules.base.errors import ConfigError
from datamodules.base.files import try_place


def run(settings: Settings) -> str:
    """Score, write the factor, and show the best of its last date.

    Raises:
        ConfigError: The scores would take the place of a factor that `roll` stitched.
    """
    path = factor_path(settings)
    try_place(path, "factor=FILE")
    if (period := stitched_period(path)) is not None:
        raise ConfigError(
            f"{path} is the factor that roll stitched, {period}",
            "predict would replace it by the scores of one set of fits",
            f"factor={path.with_name('latest.parquet')}",
        )
    factor, fits, gaps = predict(settings)
    write_factor([factor], path, fits, statistics=settings.score.statistics)
    last = factor[factor["date"] == factor["date"].max()].sort_values("factor", ascending=False)
    seeds = ", ".join(map(str, seed_columns(path)))
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
