"""A variant that is no fit of its own: its factor is the mean of what several variants' fits say.

Fits that see the same features in different ways err differently. Their scores have no common unit,
so each is standardised over the stocks of its date.

    each = members(settings)    # the settings of v2 and of ridge
    columns = blended([{"seed_0": x, "seed_1": y}, {"seed_0": z}])
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from alphanet_pl.config.compose import with_overrides
from alphanet_pl.config.refusals import as_typed
from alphanet_pl.config.settings import ScoreSettings, Settings
from datamodules.base.errors import ConfigError


def members(settings: Settings) -> list[Settings]:
    """The settings of each variant whose fits score: mostly the command's own, and no others.

    What makes a fit is a member's; where it is, and all else, is as of the command.

    Raises:
        ConfigError: A member is unknown, named twice, or a blend itself.
    """
    names = settings.score.variants
    if not names:
        return [settings]
    if len(set(names)) < len(names):
        raise ConfigError(
            f"score.variants={as_typed(names)} was given",
            "it names one of them twice",
            f"score.variants={as_typed(list(dict.fromkeys(names)))}",
        )
    typed = settings.origin.overrides if settings.origin else ()
    listed = any(word.startswith("score.variants=") for word in typed)
    again = ("score.variants=[]",) if listed else ()  # what is typed wins over a member's own YAML
    each = [with_overrides(settings, f"variant={name}", *again) for name in names]
    return [_member(settings, one) for one in each]


def _member(settings: Settings, one: Settings) -> Settings:
    if one.score.variants:
        raise ConfigError(
            f"score.variants={as_typed(settings.score.variants)} was given",
            f"{one.variant} is a blend itself, of {', '.join(one.score.variants)}",
            f"score.variants={as_typed(one.score.variants)}",
        )
    return replace(
        settings,
        variant=one.variant, model=one.model, loss=one.loss, data=one.data, trainer=one.trainer,
        score=ScoreSettings(), origin=one.origin,
    )  # fmt: skip


def only_fits(settings: Settings, what: str) -> None:
    """Refuse a blend where one kind of fit is needed.

    Args:
        settings: Of the command.
        what: Needs it, e.g. `a sweep`.

    Raises:
        ConfigError: The variant is a blend.
    """
    if names := settings.score.variants:
        raise ConfigError(
            f"variant={settings.variant} was given",
            f"{what} is of fits, and this is the mean of what {' and '.join(names)} say",
            f"variant={names[0]}",
        )


def blended(parts: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The scores of a date: one column a seed of the first member, and `factor`, their mean.

    Args:
        parts: Of each member its columns `seed_K`, each (S,); of all but the first the first one
            counts.
    """
    first, *others = [
        {name: _standardised(score) for name, score in part.items() if name.startswith("seed_")}
        for part in parts
    ]
    beside = [next(iter(other.values())) for other in others]
    columns = {name: np.mean([score, *beside], axis=0) for name, score in first.items()}
    columns["factor"] = np.mean([*columns.values()], axis=0)
    return {name: score.astype(np.float32) for name, score in columns.items()}


def _standardised(score: np.ndarray) -> np.ndarray:
    """Mean 0 and deviation 1 in float64; zeros where all stocks have one score."""
    centred = score.astype(np.float64) - score.mean(dtype=np.float64)
    deviation = np.sqrt(np.mean(centred**2))
    return centred / deviation if deviation > 0 else centred
