from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datamodules.base.errors import ConfigError, PanelError
from datamodules.batches.split import first_usable_session, split_sessions
from datamodules.settings import DataSettings

PAPER = DataSettings()


def test_the_reports_protocol_leaves_about_590_and_145_sessions():
    split = split_sessions(2000, 29, PAPER)
    assert len(split.train) == 595
    assert len(split.validation) == 145
    assert split.in_sample_days == 1500


@given(
    asof=st.integers(300, 3000),
    days=st.integers(250, 1500),  # 50 validate: two of five apart outlast any embargo here
    step=st.integers(1, 5),
    horizon=st.integers(1, 15),
)
def test_no_label_reaches_the_next_split_or_the_retraining_date(asof, days, step, horizon):
    settings = replace(
        PAPER, in_sample_days=days, min_in_sample_days=60, sample_step=step, embargo=horizon + 1
    )
    split = split_sessions(asof, 29, settings)
    assert split.train.max() + horizon + 1 <= split.validation.min()
    assert split.validation.max() + horizon + 1 <= asof
    assert split.train.min() > asof - days
    assert split.train.min() >= 29
    assert set(np.diff(split.train)) <= {step}


def test_a_short_history_is_refused_with_the_number_there_is():
    with pytest.raises(PanelError, match=r"1448 usable sessions") as refused:
        split_sessions(1476, 29, PAPER)
    assert "data.min_in_sample_days=1448" in str(refused.value)


def test_a_short_history_is_used_when_it_is_asked_for():
    split = split_sessions(1476, 29, replace(PAPER, min_in_sample_days=1400))
    assert split.in_sample_days == 1448
    assert split.train[0] == 29


def test_an_asof_before_any_picture_says_to_choose_a_later_one():
    for asof in (10, 70):  # one has no picture, one fewer than a fit may ever have
        with pytest.raises(PanelError, match="HINT: choose a later asof"):
            split_sessions(asof, 29, replace(PAPER, min_in_sample_days=60))


def test_an_embargo_that_leaves_nothing_is_refused():
    with pytest.raises(ConfigError, match="after an embargo of 40 sessions"):
        split_sessions(500, 29, replace(PAPER, in_sample_days=60, embargo=40))


def test_the_first_usable_session_is_the_first_with_a_complete_picture(small_panel):
    scorable = small_panel.read("scorable").any(axis=1)
    assert first_usable_session(small_panel) == int(np.flatnonzero(scorable)[0])
