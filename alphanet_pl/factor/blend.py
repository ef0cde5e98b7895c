"""A variant that is no fit of its own: its factor is the mean of what several variants' fits say.

Fits that see the same features in different ways err differently. Their scores have no common unit,
so each is standardised over the stocks of its date.

    each = members(settings)    # the settings of v2 and of ridge
    columns = blended([{"seed_0": x, "seed_1": y}, {"seed_0": z}])
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from alphanet_pl.config.compose import load_settings
from alphanet_pl.config.keys import check_listed
from alphanet_pl.config.refusals import as_typed
from alphanet_pl.config.settings import ScoreSettings, Settings
from datamodules.base.errors import ConfigError

_OF_A_MEMBER = ("model.", "model=", "loss.", "loss=")
"""What is typed of these groups would count for a network and for its baseline alike."""
_OWN = "a variant of your own with that setting, in MY/variant, and its name in the list"


def members(settings: Settings) -> list[Settings]:
    """The settings of each variant whose fits score: mostly the command's own, and no others.

    What makes a fit is a member's; where it is, and all else, is as of the command.

    Raises:
        ConfigError: The list names one that there is not, one twice, only one, the variant itself
            or a blend; or words are typed that would make a member another than its variant is.
    """
    names, origin = settings.score.variants, settings.origin
    if not names:
        return [settings]
    assert origin is not None
    folder = Path(origin.config_dir) if origin.config_dir else None
    check_listed("score.variants", names, folder)
    for word in origin.overrides:
        if word.startswith(_OF_A_MEMBER):
            raise ConfigError(
                f"{word} was given with score.variants={as_typed(names)}",
                "it would change every one of them",
                _OWN,
            )
    typed = [word for word in origin.overrides if not word.startswith(("score.", "score="))]
    plain = load_settings(origin.verb, [*typed, "variant=v2"], folder)
    for group in ("model", "loss", "data", "trainer"):
        ours, theirs = asdict(getattr(settings, group)), asdict(getattr(plain, group))
        if different := [name for name, value in ours.items() if value != theirs[name]]:
            raise ConfigError(
                f"variant={settings.variant} sets {group}.{different[0]} beside score.variants",
                "its fits are those of the variants that it names, as they are",
                _OWN,
            )
    each = [load_settings(origin.verb, [*typed, f"variant={name}"], folder) for name in names]
    blends = [one for one in each if one.score.variants]
    if blends or len({settings.variant, *(one.variant for one in each)}) <= max(len(names), 2):
        raise ConfigError(
            f"score.variants={as_typed(names)} was given for {settings.variant}",
            "it names two or more other variants with fits of their own",
            "variant=blend score.variants=[v2,ridge]",
        )
    return [
        replace(
            settings,
            variant=one.variant, model=one.model, loss=one.loss, data=one.data,
            trainer=one.trainer, score=ScoreSettings(), origin=one.origin,
        )
        for one in each
    ]  # fmt: skip


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
            f"variant={settings.variant} was given with score.variants={as_typed(names)}",
            f"{what} is of fits, and this is the mean of what several variants' say",
            f"variant={names[0]} score.variants=[]",
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
