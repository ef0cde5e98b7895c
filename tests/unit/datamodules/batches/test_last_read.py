from dataclasses import replace

import pytest
import torch

from datamodules.batches.datamodule import CrossSectionDataModule, LastRead
from datamodules.settings import DataSettings

SETTINGS = DataSettings(panel="", in_sample_days=100)


def _module(panel, settings=SETTINGS, asof=280, seed=0, **options) -> CrossSectionDataModule:
    made = CrossSectionDataModule(panel, settings, asof, seed, **options)
    made.setup("fit")
    return made


def test_another_seed_of_the_same_window_reads_nothing(small_panel):
    last = LastRead()
    first, second = (_module(small_panel, seed=seed, last=last) for seed in (0, 1))
    assert second.train is first.train
    assert second.validation is first.validation


def test_without_it_every_fit_reads_for_itself(small_panel):
    assert _module(small_panel).train is not _module(small_panel).train


@pytest.mark.parametrize(
    "other",
    [
        {"asof": 281},
        {"with_styles": True},
        {"settings": replace(SETTINGS, sample_step=1)},
        {"settings": replace(SETTINGS, filter="none")},
    ],
    ids=["window", "styles", "step", "filter"],
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


def test_only_one_window_is_held(small_panel):
    last = LastRead()
    first = _module(small_panel, last=last)
    _module(small_panel, asof=281, last=last)
    assert _module(small_panel, last=last).train is not first.train
