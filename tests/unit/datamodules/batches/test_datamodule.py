import gc
import weakref
from dataclasses import replace

import numpy as np
import pytest
import torch

from alphanet_pl.model.operators import SixOperators, sampled_rows
from datamodules.batches.datamodule import CrossSectionDataModule, LastRead
from datamodules.batches.windows import WindowBank, WindowInputs
from datamodules.panel import Panel
from datamodules.settings import DataSettings

SETTINGS = DataSettings(panel="", in_sample_days=100)


def sampled_of_all(channels: tuple[int, ...]) -> list[int]:
    """Places of the six operators' features of some channels among those of all 15."""
    pair = sampled_rows(15, channels)[: len(channels) * (len(channels) - 1)].tolist()
    return [*pair, *(210 + 15 * operator + row for operator in range(4) for row in channels)]


def _module(panel, settings=SETTINGS, asof=280, seed=0, **options) -> CrossSectionDataModule:
    made = CrossSectionDataModule(panel, settings, asof, seed, **options)
    made.setup("fit")
    return made


def test_another_seed_of_the_same_window_reads_nothing(small_panel):
    last = LastRead()
    first, second = (_module(small_panel, seed=seed, last=last) for seed in (0, 1))
    assert second.train._source is first.train._source
    for ours, theirs in zip(second.train.labels, first.train.labels, strict=True):
        assert np.shares_memory(ours, theirs) or np.array_equal(ours, theirs)


def test_models_of_other_samples_share_one_bank_of_windows(small_panel):
    last, operators = LastRead(), SixOperators()
    modules = [
        _module(small_panel, windows=WindowInputs(operators, sampled_rows(15, sample)), last=last)
        for sample in ((0, 3, 5), (1, 2))
    ]
    first, second = (module.train._source for module in modules)
    assert first is not second
    assert first._store is second._store


def test_two_kinds_of_windows_are_both_kept_and_shared_with_who_takes_one(small_panel):
    last, six = LastRead(), SixOperators()
    both = WindowInputs(six, also=WindowInputs(SixOperators(5, 5)))
    first, alone, again = (
        _module(small_panel, windows=takes, last=last).train._source
        for takes in (both, WindowInputs(six), both)
    )
    assert first._store is alone._store is again._store
    assert first._also._store is again._also._store
    found = _module(small_panel, windows=both, last=last).train[0].windows
    assert (len(found.values), len(found.also.values)) == (3, 6)
    assert found.counts == found.also.counts


def test_fits_on_other_channels_of_one_panel_do_not_share_windows(small_panel):
    last, takes = LastRead(), WindowInputs(SixOperators())
    few = small_panel.with_features(small_panel.features[3:5])
    whole, some = (
        _module(one, windows=takes, last=last).train[0].windows.features()
        for one in (small_panel, few)
    )
    expected = whole[:, :, sampled_of_all((3, 4))]
    torch.testing.assert_close(some, expected, rtol=1e-4, atol=1e-5)


def test_without_it_every_fit_reads_for_itself(small_panel):
    assert _module(small_panel).train._source is not _module(small_panel).train._source


@pytest.mark.parametrize(
    "other",
    [
        {"asof": 281},
        {"with_styles": True},
        {"settings": replace(SETTINGS, sample_step=1)},
        {"settings": replace(SETTINGS, filter="none")},
        {"settings": replace(SETTINGS, label="vwap_next")},
    ],
    ids=["window", "styles", "step", "filter", "label"],
)
def test_what_differs_in_more_than_the_seed_is_read_anew(small_panel, other):
    last = LastRead()
    _module(small_panel, last=last)
    taken, alone = (_module(small_panel, **other, last=one) for one in (last, None))
    for got, wanted in zip(taken.validation, alone.validation, strict=True):
        assert torch.equal(got.pictures, wanted.pictures)
        assert torch.equal(got.label, wanted.label)
        assert (got.basis is None) == (wanted.basis is None)
    assert len(taken.train) == len(alone.train)


def test_the_windows_before_are_gone_before_the_next_are_worked_out(small_panel, monkeypatch):
    alive, held, plain = weakref.WeakSet(), [], WindowBank.__init__

    def counted(self, *given):
        held.append(len(alive))
        alive.add(self)
        plain(self, *given)

    monkeypatch.setattr(WindowBank, "__init__", counted)
    last, takes = LastRead(), WindowInputs(SixOperators())
    for asof in (270, 280, 290):
        made = _module(small_panel, asof=asof, windows=takes, last=last)
        made.once("rests on them", None, lambda made=made: made.train._source)
        del made
        gc.collect()
    assert held == [0, 0, 0]


def test_only_one_window_is_held(small_panel):
    last = LastRead()
    first = _module(small_panel, last=last)
    _module(small_panel, asof=281, last=last)
    assert _module(small_panel, last=last).train._source is not first.train._source


def test_a_date_too_thin_for_its_styles_trains_no_neutralised_fit(small_panel):
    panel = Panel.open(small_panel.path)
    whole, least = panel.read, len(panel.styles) + 2
    thin, enough = _module(panel).train.sessions[:2]

    def read(name: str, start: int = 0, stop: int | None = None) -> np.ndarray:
        rows = whole(name, start, stop)
        if name == "scorable":
            for session, left in ((thin, least - 1), (enough, least)):
                if start <= session < start + len(rows):
                    row = rows[session - start]
                    known = np.isfinite(whole("forward_close", session, session + 1)[0])
                    row[np.flatnonzero(row & known)[left:]] = False
                    row[~known] = False
        return rows

    panel.read = read
    free = replace(SETTINGS, filter="none")
    neutral, plain = (
        _module(panel, free, with_styles=styles).train.sessions for styles in (True, False)
    )
    assert thin not in neutral
    assert {thin, enough} <= set(plain)
    assert enough in neutral
