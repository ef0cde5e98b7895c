"""When models are trained anew: calendar dates, and the sessions of a panel they fall on."""

from calendar import monthrange
from datetime import date

import numpy as np
from numpy.typing import NDArray

from alphanet_pl.config.dates import parse_date
from alphanet_pl.config.settings import RollingSettings
from datamodules.base.errors import AlphaNetError, ConfigError
from datamodules.batches.members import first_usable_session, split_of
from datamodules.panel.panel import Panel
from datamodules.settings import DataSettings


def calendar(start: date, stop: date, months: int) -> list[date]:
    """Every `months` months from `start` to `stop` at most; a month's last day stays one.

    >>> [str(day) for day in calendar(date(2011, 1, 31), date(2012, 2, 1), 6)]
    ['2011-01-31', '2011-07-31', '2012-01-31']
    """
    at_end = start.day == monthrange(start.year, start.month)[1]
    out, day, step = [], start, 0
    while day <= stop:
        out.append(day)
        step += months
        year, month = divmod(start.year * 12 + start.month - 1 + step, 12)
        length = monthrange(year, month + 1)[1]
        day = date(year, month + 1, length if at_end else min(start.day, length))
    return out


def window_sessions(panel: Panel, options: RollingSettings) -> list[int]:
    """As-of sessions of the windows, ascending: the last one on or before each date.

    Raises:
        ConfigError: No window at all, one outside the panel, or two on one session.
    """
    days = sorted(_listed(panel, options) if options.dates is not None else _every(panel, options))
    sessions: dict[int, np.datetime64] = {}
    for day in days:
        session = int(np.searchsorted(panel.dates, day, side="right")) - 1
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
    return panel.session_on_or_before(parse_date("rolling.stop", options.stop))


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
                f"window {panel.dates[session]}: {error.given}", error.needed, _mend(panel, data)
            ) from None


def _mend(panel: Panel, data: DataSettings) -> str:
    needed = data.min_in_sample_days or data.in_sample_days
    enough = first_usable_session(panel) + needed - 1
    shorter = "a smaller data.min_in_sample_days accepts a shorter history"
    if enough >= len(panel.dates):
        return shorter
    return f"{panel.dates[enough]} is the first as-of date with enough (rolling.start); {shorter}"


def _every(panel: Panel, options: RollingSettings) -> NDArray[np.datetime64]:
    start = parse_date("rolling.start", options.start)
    first, last = panel.dates[[0, last_session(panel, options)]]
    if not first <= start <= last:
        until = f" with rolling.stop={options.stop}" if options.stop else ""
        raise ConfigError(
            f"rolling.start={options.start} was given{until}",
            f"the first window's date lies between {first} and {last}",
            f"rolling.start=DATE, or prepare a longer panel than {panel.path}",
        )
    days = calendar(_date(start), _date(last), options.months)
    return np.array(days, dtype="datetime64[D]")


def _date(day: np.datetime64) -> date:
    return date.fromisoformat(str(day))


def _listed(panel: Panel, options: RollingSettings) -> NDArray[np.datetime64]:
    given = options.dates or []
    days = np.array([parse_date("rolling.dates", text) for text in given], dtype="datetime64[D]")
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
