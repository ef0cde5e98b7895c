import numpy as np
import pytest
import torch
from scipy.stats import rankdata

from alphanet_pl.model.losses import LongSide
from datamodules.batches.cross_sections import CrossSections


def weights(label: list[float], date: list[int] | None = None, weight: float = 2.0) -> list[float]:
    dates = torch.tensor(date if date is not None else [7] * len(label))
    batch = CrossSections(torch.empty(0), torch.tensor(label), dates, None)
    return LongSide(weight)(batch).tolist()


def test_a_single_stock_weighs_one():
    assert weights([0.3]) == [1]


def test_a_section_of_equal_labels_weighs_one():
    assert weights([0.3] * 6) == [1] * 6


def test_the_better_half_of_an_even_section_weighs_two():
    assert weights([0.4, -0.2, 0.1, 0.9]) == [2, 1, 1, 2]


def test_the_median_of_an_odd_section_weighs_one():
    assert weights([0.4, -0.2, 0.1]) == [2, 1, 1]


def test_a_tie_across_the_middle_weighs_one():
    assert weights([0.0, 1.0, 1.0, 2.0]) == [1, 1, 1, 2]


def test_a_tie_that_is_mostly_above_the_middle_weighs_two():
    assert weights([0.0, 1.0, 2.0, 2.0, 2.0]) == [1, 1, 2, 2, 2]


def test_each_date_has_its_own_middle():
    assert weights([5.0, 6.0, 0.1, 0.2], date=[1, 1, 2, 2]) == [1, 2, 1, 2]


def test_the_weight_is_the_given_one():
    assert weights([0.0, 1.0], weight=3.5) == [1, 3.5]


@pytest.mark.parametrize("stocks", [2, 3, 10, 31])
def test_weights_follow_average_ranks_whatever_the_ties(stocks):
    rng = np.random.default_rng(stocks)
    for _ in range(50):
        label = rng.integers(0, 6, size=stocks).astype(float)
        expected = np.where(rankdata(label) > (stocks + 1) / 2, 2.0, 1.0)
        assert weights(label.tolist()) == expected.tolist()
