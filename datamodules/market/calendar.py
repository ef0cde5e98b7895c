"""Trading sessions: weekdays without Chinese-like holidays."""

import numpy as np

_SYNODIC_MONTH = 29.530588
_NEW_MOON = np.datetime64("2000-01-06")  # a new moon, 18:14 UTC


def lunar_new_year(year: int) -> np.datetime64:
    """Return the new moon between 21 January and 20 February, a day off at worst."""
    earliest = (np.datetime64(f"{year}-01-21") - _NEW_MOON).astype(int)
    months = np.ceil((earliest - 0.76) / _SYNODIC_MONTH)
    return _NEW_MOON + np.timedelta64(int(months * _SYNODIC_MONTH + 0.76 + 1 / 3), "D")


def holidays(year: int) -> np.ndarray:
    """Return a year's closed days, weekends among them (datetime64[D])."""
    spring = lunar_new_year(year)
    spans = [
        (np.datetime64(f"{year}-01-01"), 1),
        (spring - 1, 7),
        (np.datetime64(f"{year}-04-04"), 2),
        (np.datetime64(f"{year}-05-01"), 3),
        (spring + 122, 1),  # dragon boat, fifth day of the fifth month
        (spring + 221, 1),  # mid-autumn, fifteenth day of the eighth month
        (np.datetime64(f"{year}-10-01"), 7),
    ]
    return np.concatenate([first + np.arange(length) for first, length in spans])


def sessions(start: str, count: int) -> np.ndarray:
    """Return the first `count` sessions on or after `start` (datetime64[D])."""
    first = np.datetime64(start, "D")
    days = first + np.arange(int(count * 1.6) + 60)  # 366 / 240 calendar days a session
    year = first.astype("datetime64[Y]").astype(int) + 1970
    last = days[-1].astype("datetime64[Y]").astype(int) + 1970
    closed = np.concatenate([holidays(y) for y in range(year, last + 1)])
    return days[np.is_busday(days) & ~np.isin(days, closed)][:count]
