import pytest
from hypothesis import given
from hypothesis import strategies as st

from datamodules.base.errors import ConfigError
from datamodules.batches.sampler import CrossSectionSampler


@given(count=st.integers(4, 60), share=st.integers(1, 3), ranks=st.integers(1, 4))
def test_ranks_together_deal_what_one_process_deals(count, share, ranks):
    dates = share * ranks
    if count < dates:
        return
    alone = list(CrossSectionSampler(count, 7, dates))
    dealt = [list(CrossSectionSampler(count, 7, dates, rank, ranks)) for rank in range(ranks)]
    assert {len(steps) for steps in dealt} == {len(alone)}
    for step, positions in enumerate(alone):
        assert [p for steps in dealt for p in steps[step]] == positions


def test_an_epoch_deals_every_session_once():
    assert sorted(p for step in CrossSectionSampler(11, 0, 1) for p in step) == list(range(11))


def test_a_last_short_step_is_dropped():
    assert [len(step) for step in CrossSectionSampler(11, 0, 3)] == [3, 3, 3]


def test_the_order_follows_from_seed_and_epoch_alone():
    first, second = CrossSectionSampler(50, 3, 1), CrossSectionSampler(50, 3, 1)
    list(first)
    first.set_epoch(4)
    second.set_epoch(4)
    assert list(first) == list(second)
    second.set_epoch(5)
    assert list(first) != list(second)
    assert list(first) != list(CrossSectionSampler(50, 4, 1))


def test_dates_that_ranks_cannot_share_alike_are_refused_with_a_hint():
    with pytest.raises(ConfigError, match=r"HINT: data\.dates_per_step=4"):
        CrossSectionSampler(50, 0, 2, rank=0, ranks=4)


def test_a_step_larger_than_the_training_set_is_refused():
    with pytest.raises(ConfigError, match="only 3 training sessions"):
        CrossSectionSampler(3, 0, 4)


def test_a_resumed_epoch_deals_the_steps_that_were_left_and_the_next_one_all():
    whole, resumed = CrossSectionSampler(20, 3, 2), CrossSectionSampler(20, 3, 2)
    resumed.skip(4)
    assert list(resumed) == list(whole)[4:]
    assert list(resumed) == list(whole)
