"""Refuses market settings that cannot be simulated, before anything is written."""

import numpy as np

from datamodules.base.errors import ConfigError
from datamodules.settings import MarketSettings

MIN_STOCKS, MIN_DAYS = 20, 60
MAX_RANK_IC = 0.3


def check_market(settings: MarketSettings) -> None:
    """Refuse a size too small to be a market, an impossible strength, or a start that is no date.

    Raises:
        ConfigError: Naming the setting.
    """
    for name, least in (("stocks", MIN_STOCKS), ("days", MIN_DAYS)):
        if getattr(settings, name) < least:
            given = f"a simulated market with {name}={getattr(settings, name)}"
            raise ConfigError(given, f"at least {least}", f"set data.market.{name}={least} or more")
    if not 0 <= settings.rank_ic <= MAX_RANK_IC:
        given = f"a planted RankIC of {settings.rank_ic}"
        raise ConfigError(given, f"0 to {MAX_RANK_IC}", "set data.market.rank_ic=0.11")
    try:
        np.datetime64(settings.start, "D")
    except ValueError as error:
        given = f"a simulated market that starts on {settings.start!r}"
        hint = "set data.market.start=2011-01-04"
        raise ConfigError(given, "a date, YYYY-MM-DD", hint) from error


def check_past(settings: MarketSettings, last: np.datetime64) -> None:
    """Refuse a last session after today, which every reader of tables would refuse.

    Raises:
        ConfigError: Saying where the sessions end.
    """
    if last > np.datetime64("today"):
        given = f"{settings.days} sessions from {settings.start} reach {last}"
        hint = "set an earlier data.market.start, or fewer data.market.days"
        raise ConfigError(given, "a market that ends by today", hint)
