"""What a rolling study consists of: when models are trained anew, and a fit a window and seed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alphanet_pl.config.refusals import as_typed
from alphanet_pl.config.settings import RollingSettings, Settings
from alphanet_pl.factor.blend import members
from alphanet_pl.fit.folder import Fit, done_fit, earlier_fits, fit_folder
from alphanet_pl.fit.train import check_model, check_panel
from datamodules.base.errors import AlphaNetError, ConfigError, FitError
from datamodules.base.words import SHOWN
from datamodules.batches.split import first_usable_session, split_of
from datamodules.panel import Panel
from datamodules.settings import DataSettings

Item = TypeVar("Item")


@dataclass(frozen=True)
class Task:
    """One fit of the study.

    Attributes:
        settings: Those of the fit, with its as-of date and seed.
        session: As-of session.
        folder: Where it is, or will be.
        size: Stock-days it trains and validates on: what its time is proportional to.
    """

    settings: Settings
    session: int
    folder: Path
    size: int

    def __str__(self) -> str:
        return f"{self.settings.variant} {self.settings.asof} seed {self.settings.seed}"

    def done(self) -> Fit | None:
        """The fit, if it is finished."""
        return done_fit(self.folder)

    def earlier(self) -> list[Fit]:
        """What it would be under another protocol, where that is trained and this is not."""
        return [] if self.done() else earlier_fits(self.settings, self.folder.parent.name)


@dataclass(frozen=True)
class Study:
    """A rolling study on a panel.

    Attributes:
        panel: One panel for every fit and score.
        windows: (W,) as-of sessions, ascending.
        last: Last session that is scored.
        tasks: A fit for every window and seed, windows first; of a blend those of its members.
    """

    panel: Panel
    windows: Sequence[int]
    last: int
    tasks: Sequence[Task]

    @property
    def period(self) -> tuple[np.datetime64, np.datetime64]:
        """The first and the last date that are scored."""
        first, last = self.panel.dates[[self.windows[0], self.last]]
        return first, last

    def ensembles(self) -> list[list[list[Fit]]]:
        """The finished fits of each window: of each variant that scores, by seed.

        Raises:
            FitError: One is missing: fewer seeds are never averaged silently.
        """
        found = [(task, task.done()) for task in self.tasks]
        missing = [task for task, fit in found if fit is None]
        if missing:
            raise FitError(
                f"{len(missing)} of {len(found)} fits are not trained: {name_tasks(missing)}",
                "every window's factor is the mean of all its seeds",
                "alphanet roll with the same settings trains them; parts=i/n shares them out",
            )
        ours = [(task.session, task.settings.variant, fit) for task, fit in found if fit]
        variants = list(dict.fromkeys(variant for _, variant, _ in ours))
        return [
            [
                [fit for session, variant, fit in ours if (session, variant) == (window, name)]
                for name in variants
            ]
            for window in self.windows
        ]


def plan_study(settings: Settings, panel: Panel) -> Study:
    """List the fits of a rolling study, and refuse what cannot work before any is trained.

    Raises:
        AlphaNetError: No window, no seed, too short a history, a panel prepared otherwise.
    """
    _check_seeds(settings)
    windows = window_sessions(panel, settings.rolling)
    seeds, scoring = sorted(settings.rolling.seeds), members(settings)
    for each in scoring:
        check_panel(panel, each)
        check_model(panel, each)
        check_history(panel, each.data, windows)
    tasks = []
    for window in windows:
        for place, each in enumerate(scoring):
            tasks += _fits_of(each, window, seeds[:1] if place else seeds, panel)
    return Study(panel, windows, last_session(panel, settings.rolling), tasks)


def _fits_of(settings: Settings, window: int, seeds: Sequence[int], panel: Panel) -> list[Task]:
    split = split_of(panel, settings.data, window)
    size = int(panel.read("scorable", int(split.train[0]), window + 1).sum())
    asof = str(panel.dates[window])
    each = [replace(settings, asof=asof, seed=seed, parts=None) for seed in seeds]
    return [Task(one, window, fit_folder(one, asof, panel.fingerprint), size) for one in each]


def name_tasks(tasks: Sequence[Task]) -> str:
    """The first few fits by name."""
    rest = f" and {len(tasks) - SHOWN} more" if len(tasks) > SHOWN else ""
    return ", ".join(map(str, tasks[:SHOWN])) + rest


def take_part(items: Sequence[Item], parts: str | None) -> list[Item]:
    """The i-th of n shares: every item is in exactly one, and their sizes differ by one at most.

    Dealt like cards, so that neighbours, which cost alike, spread over the parts.

    Args:
        items: All the work.
        parts: `i/n`, 1 <= i <= n; None for everything.

    Raises:
        ConfigError: `parts` is nothing of that kind.
    """
    if parts is None:
        return list(items)
    found = re.fullmatch(r"(\d+)/(\d+)", parts)
    part, count = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= part <= count:
        raise ConfigError(
            f"parts={parts} was given",
            "it reads i/n, the i-th of n shares, i from 1 to n",
            f"parts={count}/{count}" if count else "parts=1/4",
        )
    return list(items[part - 1 :: count])


def calendar(start: np.datetime64, stop: np.datetime64, months: int) -> NDArray[np.datetime64]:
    """Every `months` months from `start` to `stop` at most; a month's last day stays one.

    >>> calendar(np.datetime64("2011-01-31"), np.datetime64("2012-02-01"), 6).tolist()
    [datetime.date(2011, 1, 31), datetime.date(2011, 7, 31), datetime.date(2012, 1, 31)]
    """
    first, last = pd.Timestamp(start), pd.Timestamp(stop)
    steps = range(0, (last.year - first.year) * 12 + last.month - first.month + 1, months)
    days = pd.DatetimeIndex([first + pd.DateOffset(months=step) for step in steps])
    if first.is_month_end:
        days += pd.offsets.MonthEnd(0)
    return days[days <= last].to_numpy().astype("datetime64[D]")


def window_sessions(panel: Panel, options: RollingSettings) -> list[int]:
    """As-of sessions of the windows, ascending: the last one on or before each date.

    Raises:
        ConfigError: No window at all, one outside the panel, or two on one session.
    """
    days = sorted(_listed(panel, options) if options.dates is not None else _every(panel, options))
    sessions: dict[int, np.datetime64] = {}
    for day in days:
        session = panel.session_on_or_before(day)
        if session in sessions:
            raise ConfigError(
                f"the as-of dates {sessions[session]} and {day} were given",
                f"the last session on or before either is {panel.dates[session]}",
                "leave one of them out of rolling.dates, or a larger rolling.months",
            )
        sessions[session] = day
    return list(sessions)


def last_session(panel: Panel, options: RollingSettings) -> int:
    """The last session that is scored: none is after `rolling.stop`."""
    if options.stop is None:
        return len(panel.dates) - 1
    return panel.session_on_or_before(np.datetime64(options.stop))


def check_history(panel: Panel, data: DataSettings, sessions: list[int]) -> None:
    """Refuse, before anything is trained, a window whose in-sample history is too short.

    Raises:
        ConfigError: Naming the first such window, and the first session that has enough.
    """
    for session in sessions:
        try:
            split_of(panel, data, session)
        except AlphaNetError as error:
            raise ConfigError(
                f"window {panel.dates[session]}: {error.given}",
                error.needed,
                _enough_history(panel, data),
            ) from None


def _enough_history(panel: Panel, data: DataSettings) -> str:
    needed = data.min_in_sample_days or data.in_sample_days
    enough = first_usable_session(panel) + needed - 1
    shorter = "a smaller data.min_in_sample_days accepts a shorter history"
    if enough >= len(panel.dates):
        return shorter
    return f"{panel.dates[enough]} is the first as-of date with enough (rolling.start); {shorter}"


def _every(panel: Panel, options: RollingSettings) -> NDArray[np.datetime64]:
    start = np.datetime64(options.start)
    first, last = panel.dates[[0, last_session(panel, options)]]
    if not first <= start <= last:
        until = f" with rolling.stop={options.stop}" if options.stop else ""
        raise ConfigError(
            f"rolling.start={options.start} was given{until}",
            f"the first window's date lies between {first} and {last}",
            f"rolling.start=DATE, or prepare a longer panel than {panel.path}",
        )
    return calendar(start, last, options.months)


def _listed(panel: Panel, options: RollingSettings) -> NDArray[np.datetime64]:
    given = options.dates or []
    days = np.array(given, dtype="datetime64[D]")
    if not len(days):
        raise ConfigError(
            "rolling.dates=[] was given",
            "it names at least one as-of date",
            "rolling.dates=null takes every rolling.months months from rolling.start",
        )
    last = panel.dates[last_session(panel, options)]
    outside = days[(days < panel.dates[0]) | (days > last)]
    if len(outside):
        raise ConfigError(
            f"rolling.dates holds {outside[0]}",
            f"an as-of date lies between {panel.dates[0]} and {last}",
            "leave it out, or prepare a longer panel",
        )
    return days


def _check_seeds(settings: Settings) -> None:
    seeds = settings.rolling.seeds
    if not seeds or len(set(seeds)) < len(seeds):
        raise ConfigError(
            f"rolling.seeds={seeds} was given",
            "it holds one or more different integers from 0",
            f"rolling.seeds={as_typed(sorted({*seeds}) or [0, 1, 2])}",
        )
    for key, value, idle in (("seed", settings.seed, 0), ("asof", settings.asof, None)):
        if value != idle:
            listed = "seeds" if key == "seed" else "dates"
            raise ConfigError(
                f"{key}={value} was given",
                f"roll trains every window and seed; rolling.{listed} names them",
                f"rolling.{listed}=[{value}]",
            )
