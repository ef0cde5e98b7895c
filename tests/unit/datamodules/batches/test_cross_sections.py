import numpy as np
import pytest
import torch

from datamodules.batches.cross_sections import CrossSectionDataset, read_filter, read_membership
from datamodules.batches.pictures import ResidentSlice, StreamedSlice
from datamodules.panel import Panel
from datamodules.settings import DataSettings

SESSIONS = np.arange(100, 160, 7)


def _dataset(panel: Panel, source: object) -> CrossSectionDataset:
    found = read_membership(panel, DataSettings(), SESSIONS)
    return CrossSectionDataset(found.sessions, found.members, found.labels, source)


def _resident(panel: Panel) -> ResidentSlice:
    stocks = np.flatnonzero(panel.read("scorable", 100, 160).any(axis=0))
    return ResidentSlice(panel, 100, 159, stocks, torch.device("cpu"))


def test_a_picture_holds_the_last_thirty_sessions_of_its_stock(small_panel):
    dataset = _dataset(small_panel, _resident(small_panel))
    features = small_panel.read("features")
    for position in (0, 4, len(dataset) - 1):
        batch, session = dataset[position], dataset.sessions[position]
        for row, stock in enumerate(dataset.stocks[position]):
            expected = features[session - 29 : session + 1, stock].T
            np.testing.assert_array_equal(batch.pictures[row].numpy(), expected)


def test_streamed_and_resident_slices_give_the_same_batches(small_panel):
    resident = _dataset(small_panel, _resident(small_panel))
    streamed = _dataset(small_panel, StreamedSlice(small_panel))
    for position in range(len(resident)):
        for one, other in zip(resident[position], streamed[position], strict=True):
            if one is not None:
                torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_pictures_lie_feature_major_in_memory(small_panel):
    for source in (_resident(small_panel), StreamedSlice(small_panel)):
        dataset = _dataset(small_panel, source)
        for positions in (0, [0, 1]):
            assert dataset[positions].pictures.permute(1, 2, 0).is_contiguous()


def test_no_picture_holds_a_missing_value(small_panel):
    dataset = _dataset(small_panel, _resident(small_panel))
    assert all(torch.isfinite(dataset[p].pictures).all() for p in range(len(dataset)))


def test_several_dates_follow_one_another_whole(small_panel):
    dataset = _dataset(small_panel, _resident(small_panel))
    both = dataset[[3, 1]]
    first, second = dataset[3], dataset[1]
    count = len(first.label)
    torch.testing.assert_close(both.pictures[:count], first.pictures)
    torch.testing.assert_close(both.label[count:], second.label)
    assert both.date.unique_consecutive().tolist() == [SESSIONS[3], SESSIONS[1]]


def test_bases_of_different_width_are_padded_with_zero_columns(small_panel):
    found = read_membership(small_panel, DataSettings(), SESSIONS)
    dataset = CrossSectionDataset(
        found.sessions,
        found.members,
        found.labels,
        _resident(small_panel),
        basis=lambda session, stocks: torch.ones(len(stocks), 2 + int(session) % 2),
    )
    basis = dataset[[0, 1]].basis
    assert basis is not None
    assert basis.shape[1] == 3
    narrow = 0 if SESSIONS[0] % 2 == 0 else len(dataset.stocks[0])
    assert (basis[narrow, 2] == 0).all()


def test_labels_are_standardised_within_each_date(small_panel):
    dataset = _dataset(small_panel, _resident(small_panel))
    for position in range(len(dataset)):
        label = dataset[position].label.double()
        assert float(label.mean()) == pytest.approx(0, abs=1e-6)
        assert float(label.std()) == pytest.approx(1, abs=1e-6)


def test_scoring_needs_no_label(small_panel):
    members = small_panel.read("scorable")[SESSIONS]
    dataset = CrossSectionDataset(SESSIONS, members, None, _resident(small_panel))
    assert torch.isnan(dataset[0].label).all()


@pytest.mark.parametrize("mode", ["report", "realistic", "none"])
@pytest.mark.parametrize("label", ["close", "vwap_next"])
def test_members_are_scorable_labelled_and_kept_by_the_filter(small_panel, mode, label):
    sessions = np.arange(60, 300, 20)
    found = read_membership(small_panel, DataSettings(label=label, filter=mode), sessions)
    forward = small_panel.read({"close": "forward_close", "vwap_next": "forward_vwap_next"}[label])
    expected = small_panel.read("scorable") & np.isfinite(forward) & read_filter(small_panel, mode)
    np.testing.assert_array_equal(found.members, expected[sessions])


def test_a_session_without_labels_is_left_out(small_panel):
    last = len(small_panel.dates) - 1
    found = read_membership(small_panel, DataSettings(), np.array([last - 20, last]))
    assert found.sessions.tolist() == [last - 20]


def test_the_report_filter_drops_more_than_none(small_panel):
    kept = {mode: read_filter(small_panel, mode).sum() for mode in ("report", "realistic", "none")}
    assert kept["report"] < kept["realistic"] < kept["none"]
