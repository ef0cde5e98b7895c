import numpy as np
import pytest
import torch
from scipy.stats import rankdata, spearmanr

from alphanet_pl.model.metrics import RankIC, average_ranks, rank_correlation


def mean_ic(*batches: tuple[list[float], list[float], list[int]]) -> float:
    metric = RankIC()
    for prediction, label, date in batches:
        metric.update(torch.tensor(prediction), torch.tensor(label), torch.tensor(date))
    return metric.compute().item()


pytestmark = pytest.mark.filterwarnings("ignore:The ``compute`` method of metric RankIC was called")


def test_before_any_date_it_is_nan():
    assert np.isnan(mean_ic())


def test_a_constant_prediction_has_no_rank_correlation():
    assert mean_ic(([1.0] * 4, [0.1, 0.2, 0.3, 0.4], [3] * 4)) == 0


def test_the_label_itself_has_rank_correlation_one():
    assert mean_ic(([1.0, 8.0, 3.0], [0.1, 0.9, 0.2], [3] * 3)) == pytest.approx(1)


def test_a_reversed_factor_has_rank_correlation_minus_one():
    assert mean_ic(([3.0, 2.0, 1.0], [0.1, 0.2, 0.9], [3] * 3)) == pytest.approx(-1)


def test_rows_without_a_value_are_dropped():
    nan = float("nan")
    padded = ([1.0, nan, 2.0, 3.0, 9.0], [0.3, 0.2, 0.1, 0.4, nan], [3] * 5)
    assert mean_ic(padded) == pytest.approx(spearmanr([1, 2, 3], [0.3, 0.1, 0.4]).statistic)


def test_a_date_with_one_row_is_no_date():
    assert mean_ic(([1.0, 2.0, 5.0], [0.1, 0.2, 0.7], [3, 3, 4])) == pytest.approx(1)


def test_a_batch_without_any_label_adds_no_date():
    nan = float("nan")
    assert np.isnan(mean_ic(([1.0, 2.0], [nan, nan], [3, 3])))


def test_dates_are_averaged_with_equal_weight():
    small = ([1.0, 2.0], [0.1, 0.2], [3, 3])
    large = ([4.0, 3.0, 2.0, 1.0], [0.1, 0.2, 0.3, 0.4], [5] * 4)
    assert mean_ic(small, large) == pytest.approx(0)


def test_a_date_that_comes_twice_counts_once():
    good, bad = ([1.0, 2.0], [0.1, 0.2], [3, 3]), ([2.0, 1.0], [0.1, 0.2], [4, 4])
    assert mean_ic(good, bad, bad) == pytest.approx(0)


def test_several_dates_in_a_batch_equal_one_batch_each():
    first = ([1.0, 2.0, 3.0], [0.3, 0.1, 0.2], [3] * 3)
    second = ([1.0, 2.0], [0.2, 0.1], [4] * 2)
    both = tuple(a + b for a, b in zip(first, second, strict=True))
    assert mean_ic(both) == pytest.approx(mean_ic(first, second))


def test_reset_forgets_all_dates():
    metric = RankIC()
    metric.update(torch.tensor([1.0, 2.0]), torch.tensor([0.1, 0.2]), torch.tensor([3, 3]))
    metric.reset()
    assert metric.compute().isnan()


def test_rank_correlation_equals_scipy_with_ties():
    rng = np.random.default_rng(0)
    for _ in range(20):
        x, y = rng.integers(0, 40, size=(2, 300)).astype(np.float32)
        ours = rank_correlation(torch.from_numpy(x), torch.from_numpy(y)).item()
        assert ours == pytest.approx(spearmanr(x, y).statistic, abs=1e-12)


def test_average_ranks_equal_scipy():
    values = np.array([3.0, 1.0, 3.0, 2.0, 3.0], dtype=np.float32)
    assert average_ranks(torch.from_numpy(values)).tolist() == rankdata(values).tolist()


def test_a_monotone_transform_changes_nothing():
    x, y = torch.randn(2, 500, generator=torch.Generator().manual_seed(0))
    assert rank_correlation(x, y).equal(rank_correlation(x.exp(), 3 * y - 1))


def test_rows_are_ranked_each_by_itself():
    x = torch.tensor([[3.0, 1.0, 3.0, 3.0, -0.0, 0.0], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]])
    expected = [[5.0, 3.0, 5.0, 5.0, 1.5, 1.5], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]
    assert average_ranks(x).tolist() == expected
