"""Which sessions a fit trains and validates on, as of one session."""

from dataclasses import dataclass

import numpy as np

from datamodules.base.errors import ConfigError, PanelError
from datamodules.panel import Panel
from datamodules.settings import FEWEST_DAYS, DataSettings


@dataclass(frozen=True)
class Split:
    """Sessions of one fit, as ascending indices into the panel's dates."""

    asof: int
    train: np.ndarray
    validation: np.ndarray
    in_sample_days: int
    """Real number of usable sessions in the window, at most what was asked for."""


def split_of(panel: Panel, settings: DataSettings, asof: int) -> Split:
    """The sessions of a fit as of a session of this panel; see `split_sessions`."""
    return split_sessions(asof, first_usable_session(panel), settings)


def split_sessions(asof: int, first_usable: int, settings: DataSettings) -> Split:
    """Divide the in-sample window ending at `asof` into training and validation sessions.

    Every `sample_step`-th session of the window is drawn; the first `train_share` of them train,
    the rest validate. A session is left out when its label could reach what follows: training
    sessions less than `embargo` before the first validation session, validation sessions less
    than `embargo` before `asof`.

    Args:
        asof: Session index of the fit; its close is the last thing the fit may know.
        first_usable: First session with complete pictures.
        settings: Length of the window, least length, step, share of training, embargo.

    Raises:
        PanelError: The history before `asof` is too short.
        ConfigError: The embargo leaves nothing to train or validate on.
    """
    embargo = settings.embargo
    available = asof - first_usable + 1
    days = min(settings.in_sample_days, available)
    needed = settings.min_in_sample_days or settings.in_sample_days
    if days < needed:
        raise PanelError(
            f"the panel has {max(available, 0)} usable sessions up to the as-of session",
            f"data.in_sample_days={settings.in_sample_days} asks for at least {needed}",
            f"data.min_in_sample_days={available} accepts what there is, or choose a later asof"
            if available >= FEWEST_DAYS
            else "choose a later asof",
        )
    drawn = np.arange(asof - days + 1, asof + 1, settings.sample_step)
    cut = int(len(drawn) * settings.train_share)
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


def first_usable_session(panel: Panel) -> int:
    """First session at which any stock has a complete picture.

    Raises:
        PanelError: There is none.
    """
    step = 240
    for start in range(0, len(panel.dates), step):
        rows = panel.read("scorable", start, min(start + step, len(panel.dates))).any(axis=1)
        if rows.any():
            return start + int(rows.argmax())
    raise PanelError(
        f"{panel.path} has no stock with a complete picture",
        f"a picture needs {panel.picture_days} traded sessions in a row",
        "see the drop ledger in data_report.json beside the panel",
    )
