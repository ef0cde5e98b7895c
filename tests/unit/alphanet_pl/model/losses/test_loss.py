import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from alphanet_pl.config.settings import LossSettings
from alphanet_pl.model.losses import LongSide, Loss, build_loss
from alphanet_pl.model.losses.neutralised import style_residual
from datamodules.batches.cross_sections import CrossSections
from datamodules.batches.style_basis import orthonormal_basis


def batch(label: list[float], date: list[int]) -> CrossSections:
    return CrossSections(torch.empty(0), torch.tensor(label), torch.tensor(date), None)


@pytest.fixture
def two_dates() -> CrossSections:
    return batch([0.1, -1.0, 2.0, 0.5, -0.5], [4, 4, 4, 9, 9])


PREDICTION = torch.tensor([0.0, 0.5, 1.0, 0.0, -1.5])


def minus_date_mean(values: Tensor, batch: CrossSections) -> Tensor:
    """A residual that can be checked by eye."""
    means = {int(d): values[batch.date == d].mean() for d in batch.date.unique()}
    return values - torch.stack([means[int(d)] for d in batch.date])


def test_a_plain_loss_is_the_mean_squared_error(two_dates):
    expected = torch.nn.functional.mse_loss(PREDICTION, two_dates.label)
    assert Loss()(PREDICTION, two_dates).equal(expected)


def test_weighted_errors_are_divided_by_the_stocks_not_by_the_weights(two_dates):
    errors = (PREDICTION - two_dates.label).square()
    expected = (errors * torch.tensor([1.0, 1.0, 2.0, 2.0, 1.0])).sum() / 5
    torch.testing.assert_close(Loss(weights=LongSide(2.0))(PREDICTION, two_dates), expected)


def test_a_residual_and_weights_combine(two_dates):
    loss = Loss(weights=LongSide(3.0), residual=minus_date_mean)
    errors = (minus_date_mean(PREDICTION, two_dates) - two_dates.label).square()
    expected = (errors * torch.tensor([1.0, 1.0, 3.0, 3.0, 1.0])).sum() / 5
    torch.testing.assert_close(loss(PREDICTION, two_dates), expected)


def test_selection_is_unweighted_and_compares_residual_with_residual(two_dates):
    loss = Loss(weights=LongSide(2.0), residual=minus_date_mean)
    shifted = two_dates._replace(label=two_dates.label + torch.tensor([5.0, 5.0, 5.0, -7.0, -7.0]))
    expected = (
        minus_date_mean(PREDICTION, two_dates) - minus_date_mean(two_dates.label, two_dates)
    ).square()
    torch.testing.assert_close(loss.selection(PREDICTION, shifted), expected.mean())


def test_without_a_residual_the_prediction_is_published_as_it_is(two_dates):
    assert Loss().published(PREDICTION, two_dates) is PREDICTION


def test_with_a_residual_the_residual_is_published(two_dates):
    published = Loss(residual=minus_date_mean).published(PREDICTION, two_dates)
    assert published.equal(minus_date_mean(PREDICTION, two_dates))


def test_the_gradient_is_two_over_n_times_weight_times_error(two_dates):
    prediction = PREDICTION.clone().requires_grad_()
    Loss(weights=LongSide(2.0))(prediction, two_dates).backward()
    weights = torch.tensor([1.0, 1.0, 2.0, 2.0, 1.0])
    torch.testing.assert_close(prediction.grad, 2 / 5 * weights * (PREDICTION - two_dates.label))


def test_settings_choose_weights_only_where_they_differ_from_one():
    assert build_loss(LossSettings()) == Loss()
    assert build_loss(LossSettings(long_weight=2.0)) == Loss(weights=LongSide(2.0))


LOSSES = [
    LossSettings(long_weight=weight, neutralise=neutralise)
    for weight in (1.0, 2.0)
    for neutralise in (False, True)
]


def scored(sizes: list[int], seed: int) -> tuple[Tensor, CrossSections]:
    """A prediction and its batch: dates of these sizes, each with a basis that has an intercept."""
    made = np.random.default_rng(seed)
    bases = [orthonormal_basis(made.normal(size=(n, 2))) for n in sizes]
    prediction, label = (torch.tensor(made.normal(size=sum(sizes))).float() for _ in range(2))
    date = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    basis = torch.cat([torch.from_numpy(basis) for basis in bases])
    return prediction, CrossSections(torch.empty(0), label, date, basis)


levels = st.lists(st.tuples(st.integers(5, 40), st.floats(-10, 10)), min_size=1, max_size=5)


@pytest.mark.parametrize("settings", LOSSES, ids=str)
@given(dates=levels, seed=st.integers(0, 2**16))
def test_a_constant_added_on_a_date_leaves_selection_as_it_is(settings, dates, seed):
    sizes, constants = [n for n, _ in dates], torch.tensor([c for _, c in dates])
    prediction, batch = scored(sizes, seed)
    loss, level = build_loss(settings), constants.repeat_interleave(torch.tensor(sizes))
    expected = loss.selection(prediction, batch)
    torch.testing.assert_close(
        loss.selection(prediction + level, batch), expected, rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("settings", LOSSES, ids=str)
def test_selection_is_the_squared_error_of_centred_values_over_stocks(settings):
    prediction, batch = scored([5, 23, 40], seed=1)
    published = build_loss(settings).published(prediction, batch)
    truth = style_residual(batch.label, batch) if settings.neutralise else batch.label
    squares = 0.0
    for date in range(3):
        one, other = (v[batch.date == date].double().numpy() for v in (published, truth))
        squares += (((one - one.mean()) - (other - other.mean())) ** 2).sum()
    selected = build_loss(settings).selection(prediction, batch).item()
    assert selected == pytest.approx(squares / 68, rel=1e-5)
