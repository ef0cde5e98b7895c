"""The session that a fit is as of."""

import pytest

from alphanet_pl.config.settings import Settings
from alphanet_pl.fit.train import asof_session
from datamodules.base.errors import ConfigError
from datamodules.settings import DataSettings


def _session(panel, asof: str | None) -> int:
    return asof_session(panel, Settings(asof=asof, data=DataSettings(panel="p")))


def test_without_a_date_it_is_the_newest_with_labels(small_panel):
    assert _session(small_panel, None) == len(small_panel.dates) - 1 - small_panel.horizon


def test_with_labels_from_the_next_session_on_it_is_one_session_earlier(small_panel):
    settings = Settings(data=DataSettings(panel="p", label="vwap_next"))
    expected = len(small_panel.dates) - 2 - small_panel.horizon
    assert asof_session(small_panel, settings) == expected


def test_a_day_without_a_session_is_the_session_before_it(small_panel):
    found = small_panel.dates[_session(small_panel, "2012-01-14")]  # a Saturday
    assert str(found) == "2012-01-13"


@pytest.mark.parametrize(
    ("asof", "said"),
    [
        ("2030-01-01", "the panel has sessions from 2011-"),
        ("1999-01-01", "the panel has sessions from 2011-"),
    ],
)
def test_a_date_outside_the_panel_is_refused(small_panel, asof, said):
    with pytest.raises(ConfigError, match=said) as refused:
        _session(small_panel, asof)
    assert refused.value.hint.startswith("asof=")
