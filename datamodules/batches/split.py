"""Which sessions a fit trains and validates on, as of one session."""

from dataclasses import dataclass

import numpy as np

from datamodules.base.errors import ConfigError, PanelError


@dataclass(frozen=True)
class Split:
    """Sessions of one fit, as ascending indices into the panel's dates."""

    asof: int
    train: np.ndarray
    validation: np.ndarray
    in_sample_days: int
    """Real number of usable sessions in the window, at most what was asked for."""


def split_sessions(
    asof: int,
    first_usable: int,
    *,
    in_sample_days: int,
    min_in_sample_days: int | None,
    sample_step: int,
    train_share: float,
    embargo: int,
) -> Split:
    """Divide the in-sample window ending at `asof` into training and validation sessions.

    Every `sample_step`-th session of the window is drawn; the first `train_share` of them train,
    the rest validate. A session is left out when its label could reach what follows: training
    sessions less than `embargo` before the first validation session, validation sessions less
    than `embargo` before `asof`.

    Args:
        asof: Session index of the fit; its close is the last thing the fit may know.
        first_usable: First session with complete pictures.
        in_sample_days: Sessions in the window (1500 in the report).
        min_in_sample_days: Accept a shorter history down to this; None accepts none.
        sample_step: Draw every how many sessions (2 in the report).
        train_share: Share of the drawn sessions that train (0.8: 4:1 by time).
        embargo: Sessions, at least horizon + 1.

    Raises:
        PanelError: The history before `asof` is too short.
        ConfigError: The embargo leaves nothing to train or validate on.
    """
    available = asof - first_usable + 1
    days = min(in_sample_days, available)
    needed = min_in_sample_days if min_in_sample_days is not None else in_sample_days
    if days < needed:
        raise PanelError(
            f"the panel has {max(available, 0)} usable sessions up to the as-of session",
            f"data.in_sample_days={in_sample_days} asks for at least {needed}",
            f"data.min_in_sample_days={available} accepts what there is, or choose a later asof"
            if available > 0
            else "choose a later asof",
        )
    drawn = np.arange(asof - days + 1, asof + 1, sample_step)
    cut = int(len(drawn) * train_share)
    train, validation = drawn[:cut], drawn[cut:]
    validation = validation[validation + embargo <= asof]
    if len(validation):
        train = train[train + embargo <= validation[0]]
    if len(train) < 2 or len(validation) < 2:
        raise ConfigError(
            f"{len(train)} training and {len(validation)} validation sessions remain of {days}",
            f"after an embargo of {embargo} sessions at least 2 of each must",
            "a larger data.in_sample_days, or a smaller data.sample_step",
        )
    return Split(asof=asof, train=train, validation=validation, in_sample_days=days)
