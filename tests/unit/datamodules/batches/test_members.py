import numpy as np
import pytest

from datamodules.batches.members import first_usable_session, read_filter, read_sections
from datamodules.settings import DataSettings


@pytest.mark.parametrize("mode", ["report", "realistic", "none"])
@pytest.mark.parametrize("label", ["close", "vwap_next"])
def test_members_are_scorable_labelled_and_kept_by_the_filter(small_panel, mode, label):
    sessions = np.arange(60, 300, 20)
    found = read_sections(small_panel, DataSettings(label=label, filter=mode), sessions)
    forward = small_panel.read({"close": "forward_close", "vwap_next": "forward_vwap_next"}[label])
    expected = small_panel.read("scorable") & np.isfinite(forward) & read_filter(small_panel, mode)
    np.testing.assert_array_equal(found.members, expected[sessions])


def test_a_session_without_labels_is_left_out(small_panel):
    last = len(small_panel.dates) - 1
    found = read_sections(small_panel, DataSettings(), np.array([last - 20, last]))
    assert found.sessions.tolist() == [last - 20]


def test_the_report_filter_drops_more_than_none(small_panel):
    kept = {mode: read_filter(small_panel, mode).sum() for mode in ("report", "realistic", "none")}
    assert kept["report"] < kept["realistic"] < kept["none"]


def test_the_first_usable_session_is_the_first_with_a_complete_picture(small_panel):
    scorable = small_panel.read("scorable").any(axis=1)
    assert first_usable_session(small_panel) == int(np.flatnonzero(scorable)[0])
