"""Windows of features against pictures, wherever they are kept."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from alphanet_pl.model.operators import SixOperators, extract_features, sampled_rows
from datamodules.batches.pictures import StreamedSlice
from datamodules.batches.windows import (
    WindowBank,
    WindowSource,
    WindowStream,
    window_ends,
    windows_of,
    work_out,
)

OPERATORS = SixOperators()
SESSIONS = np.array([120, 122, 130, 150])
SAMPLE = (0, 3, 5, 8)


@pytest.fixture(scope="module")
def bank(small_panel) -> WindowBank:
    return WindowBank(small_panel, OPERATORS, SESSIONS)


def scorable(panel, session: int) -> np.ndarray:
    return np.flatnonzero(panel.read("scorable", session, session + 1)[0])


def features_of_pictures(panel, session: int, stocks: np.ndarray, sample=tuple(range(15))):
    """(S, W, C) by the operators on whole pictures, in float64."""
    pictures = StreamedSlice(panel).inputs(session, stocks).double()
    return extract_features(pictures, sample).permute(2, 1, 0)


def assert_features(found, expected):
    """Features span twenty orders of magnitude: each is held against its own spread."""
    spread = expected.std((0, 1)).clamp(min=1e-12)
    assert_close(
        (found.double() / spread).float(), (expected / spread).float(), rtol=2e-4, atol=2e-3
    )


@pytest.mark.parametrize("session", SESSIONS)
def test_windows_are_those_of_the_pictures(small_panel, bank, session):
    stocks = scorable(small_panel, session)
    found = WindowSource(bank).inputs(int(session), stocks).features()
    assert_features(found, features_of_pictures(small_panel, session, stocks))


def test_a_model_takes_the_features_of_its_sample_in_their_order(small_panel, bank):
    stocks = scorable(small_panel, 130)
    found = WindowSource(bank, sampled_rows(15, SAMPLE)).inputs(130, stocks).features()
    assert_features(found, features_of_pictures(small_panel, 130, stocks, SAMPLE))


@pytest.mark.parametrize("rows", [None, sampled_rows(15, SAMPLE)], ids=["all", "sampled"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_is_kept_and_what_is_streamed_are_the_same_bits(small_panel, rows, dtype, tmp_path):
    stores = (
        WindowBank(small_panel, OPERATORS, SESSIONS, dtype),
        WindowBank(small_panel, OPERATORS, SESSIONS, dtype, folder=tmp_path),
        WindowBank(small_panel, OPERATORS, SESSIONS, dtype, folder=tmp_path),  # written already
        WindowStream(small_panel, OPERATORS, dtype),
    )
    kept, *others = (WindowSource(store, rows) for store in stores)
    for session in map(int, SESSIONS):
        stocks = scorable(small_panel, session)
        ours = kept.inputs(session, stocks)
        for other in others:
            theirs = other.inputs(session, stocks)
            assert all(torch.equal(a, b) for a, b in zip(ours[:5], theirs[:5], strict=True))


def test_each_window_is_worked_out_once(small_panel, monkeypatch):
    asked = []

    def counted(days, operators):
        asked.append(days)
        return work_out(days, operators)

    monkeypatch.setattr("datamodules.batches.windows.work_out", counted)
    bank = WindowBank(small_panel, OPERATORS, SESSIONS)
    source = WindowSource(bank)
    for session in map(int, SESSIONS):
        source.inputs(session, scorable(small_panel, session))
    ends = {end for s in SESSIONS for end in window_ends(int(s), 30, OPERATORS)}
    assert len(ends) == 9  # of twelve: windows that end at 120, 130, 110 serve two dates each
    assert len(asked) == len(ends)


def test_a_window_is_kept_where_its_ten_days_are_traded_scorable_or_not(small_panel, bank):
    end = 130
    channels = small_panel.read("features", end - 9, end + 1)
    traded = np.flatnonzero(np.isfinite(channels).all(axis=(0, 2)))
    assert set(scorable(small_panel, end)) < set(traded)
    (values,), constants = bank.take([end], traded, None)
    pictures = torch.from_numpy(channels[:, traded]).permute(1, 2, 0).double()
    location, scale = constants[:, 0, :, None]
    found = (location + scale * values.double()).T[:, None]
    assert_features(found, extract_features(pictures, tuple(range(15))).permute(2, 1, 0))


def test_values_are_normalised_by_the_window_s_own_cross_section(small_panel, bank):
    channels = small_panel.read("features", 121, 131)
    traded = np.flatnonzero(np.isfinite(channels).all(axis=(0, 2)))
    (values,), ((location,), (scale,)) = bank.take([130], traded, None)
    moving = scale > 1e-5 * location.abs()  # else float32 says little but rounding
    assert moving.float().mean() > 0.9
    assert_close(values[moving].mean(1), torch.zeros(int(moving.sum())), atol=1e-4, rtol=0)
    assert_close(
        values[moving].std(1, correction=0), torch.ones(int(moving.sum())), atol=1e-3, rtol=0
    )


def test_moments_are_those_of_the_cross_section_s_features(small_panel, bank):
    stocks = scorable(small_panel, 150)
    windows = WindowSource(bank).inputs(150, stocks)
    features = features_of_pictures(small_panel, 150, stocks).flatten(0, 1)
    assert_close(windows.mean[0], features.mean(0), rtol=1e-4, atol=1e-6)
    assert_close(windows.variance[0], features.var(0, correction=0), rtol=1e-3, atol=1e-9)


def test_several_dates_keep_their_own_constants(small_panel, bank):
    source = WindowSource(bank)
    parts = [source.inputs(s, scorable(small_panel, s)) for s in (120, 150)]
    both = source.stack(parts)
    assert both.counts == parts[0].counts + parts[1].counts
    expected = torch.cat([part.features() for part in parts])
    assert torch.equal(both.features(), expected)


def test_pictures_of_one_cross_section_become_windows(small_panel):
    stocks = scorable(small_panel, 130)
    pictures = StreamedSlice(small_panel).inputs(130, stocks)
    found = windows_of(pictures, OPERATORS).features()
    assert_features(found, features_of_pictures(small_panel, 130, stocks))


def test_volumes_whose_covariance_float32_cannot_square_are_normalised():
    days = np.random.default_rng(0).lognormal(size=(10, 40, 2)).astype(np.float32)
    days[:, :, 0] *= 1e15
    _, values, _ = work_out(days, OPERATORS)
    assert values.isfinite().all()
    assert values.abs().max() < 40
