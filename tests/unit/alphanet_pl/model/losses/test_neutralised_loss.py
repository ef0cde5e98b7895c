"""The neutralised loss: its gradient, what it does not see, and whole cross-sections."""

import textwrap

import lightning.pytorch as pl
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from alphanet_pl.model.losses import LongSide
from alphanet_pl.model.losses import neutralised as module
from alphanet_pl.model.losses.loss import Loss
from alphanet_pl.model.losses.neutralised import NeutralisedLoss, style_residual
from datamodules.base.errors import ConfigError, FitError
from datamodules.batches.cross_sections import CrossSections
from datamodules.batches.style_basis import orthonormal_basis

SIZES = (60, 45, 80)


def styles(sizes=SIZES, seed=0):
    """Exposures (S, 10) of each date, drawn anew."""
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(n, 10)) for n in sizes]


def batch_of(exposures, seed=1, dtype=torch.float32):
    """Whole cross-sections with random labels; bases padded to a common width."""
    bases = [torch.from_numpy(orthonormal_basis(x)) for x in exposures]
    width = max(basis.shape[1] for basis in bases)
    padded = [torch.nn.functional.pad(b, (0, width - b.shape[1])) for b in bases]
    sizes = [len(x) for x in exposures]
    date = torch.repeat_interleave(torch.arange(len(sizes)) * 2 + 500, torch.tensor(sizes))
    label = torch.from_numpy(np.random.default_rng(seed).normal(size=sum(sizes)))
    return CrossSections(torch.empty(0), label.to(dtype), date, torch.cat(padded).to(dtype))


def dense_projection(exposures):
    """M (S, S) in float64: block-diagonal over dates, by the normal formula."""
    blocks = []
    for x in exposures:
        design = np.column_stack([np.ones(len(x)), x])
        blocks.append(np.eye(len(x)) - design @ np.linalg.pinv(design))
    return torch.block_diag(*map(torch.from_numpy, blocks))


@pytest.fixture
def prediction():
    return torch.from_numpy(np.random.default_rng(2).normal(size=sum(SIZES)))


def test_the_residual_is_that_of_a_dense_projection_in_float64(prediction):
    found = style_residual(prediction.float(), batch_of(styles()))
    expected = dense_projection(styles()) @ prediction
    torch.testing.assert_close(found.double(), expected, rtol=0, atol=2e-6)


def test_the_loss_is_the_mean_squared_error_of_the_residual(prediction):
    batch = batch_of(styles(), dtype=torch.float64)
    expected = (batch.label - dense_projection(styles()) @ prediction).square().mean()
    torch.testing.assert_close(NeutralisedLoss()(prediction, batch), expected, rtol=1e-6, atol=0)


def test_the_gradient_is_minus_two_nths_of_the_projected_error(prediction):
    batch = batch_of(styles(), dtype=torch.float64)
    prediction.requires_grad_()
    NeutralisedLoss()(prediction, batch).backward()
    projection = dense_projection(styles())
    expected = -2 / len(prediction) * projection @ (batch.label - prediction.detach())
    torch.testing.assert_close(prediction.grad, expected, rtol=0, atol=1e-8)


def test_the_gradient_agrees_with_finite_differences(prediction):
    batch = batch_of(styles(), dtype=torch.float64)
    loss = NeutralisedLoss(LongSide(2.0))
    assert torch.autograd.gradcheck(lambda p: loss(p, batch), prediction.requires_grad_())


def test_the_gradient_is_orthogonal_to_every_style(prediction):
    prediction = prediction.float().requires_grad_()
    NeutralisedLoss()(prediction, batch_of(styles())).backward()
    start = 0
    for x in styles():
        own = prediction.grad[start : start + len(x)].double()
        assert (torch.from_numpy(x).T @ own).abs().max() < 1e-7
        start += len(x)


def test_adding_any_mixture_of_styles_changes_nothing(prediction):
    batch = batch_of(styles(), dtype=torch.float64)
    rng = np.random.default_rng(3)
    mixture = np.concatenate([x @ rng.normal(size=10) + rng.normal() for x in styles()])
    before = NeutralisedLoss()(prediction, batch)
    after = NeutralisedLoss()(prediction + torch.from_numpy(mixture), batch)
    torch.testing.assert_close(before, after, rtol=1e-5, atol=0)


def test_the_published_factor_is_orthogonal_to_the_styles_of_each_date(prediction):
    published = NeutralisedLoss().published(prediction.float(), batch_of(styles()))
    for x, own in zip(styles(), published.split(SIZES), strict=True):
        for column in (*x.T, np.ones(len(x))):
            assert abs(own.double().numpy() @ column) / np.linalg.norm(column) < 1e-5


def test_dates_in_one_batch_or_one_by_one_leave_the_same(prediction):
    batch = batch_of(styles(), dtype=torch.float64)
    together = style_residual(prediction, batch)
    alone, start = [], 0
    for n in SIZES:
        rows = slice(start, start + n)
        part = CrossSections(torch.empty(0), batch.label[rows], batch.date[rows], batch.basis[rows])
        alone.append(style_residual(prediction[rows], part))
        start += n
    torch.testing.assert_close(together, torch.cat(alone), rtol=0, atol=0)


def test_early_stopping_compares_residual_with_residual(prediction):
    batch = batch_of(styles(), dtype=torch.float64)
    projection = dense_projection(styles())
    expected = (projection @ (batch.label - prediction)).square().mean()
    loss = NeutralisedLoss(LongSide(2.0))
    torch.testing.assert_close(loss.selection(prediction, batch), expected, rtol=1e-6, atol=0)


def test_the_loss_exceeds_what_selection_compares_by_a_floor_no_model_moves(prediction):
    batch = batch_of(styles(), dtype=torch.float64)
    loss = NeutralisedLoss()
    gaps = [loss(p, batch) - loss.selection(p, batch) for p in (prediction, prediction * 3)]
    torch.testing.assert_close(gaps[0], gaps[1], rtol=0, atol=1e-7)


def test_long_side_weights_enter_the_squared_error_and_not_the_projection(prediction):
    batch = batch_of(styles(), dtype=torch.float64)
    loss = NeutralisedLoss(LongSide(2.0))
    weights, projection = LongSide(2.0)(batch), dense_projection(styles())
    error = batch.label - projection @ prediction
    prediction.requires_grad_()
    value = loss(prediction, batch)
    value.backward()
    torch.testing.assert_close(value, (weights * error.square()).mean(), rtol=1e-6, atol=0)
    expected = -2 / len(prediction) * projection @ (weights * error)
    torch.testing.assert_close(prediction.grad, expected, rtol=0, atol=1e-8)
    torch.testing.assert_close(
        loss.published(prediction, batch), NeutralisedLoss().published(prediction, batch)
    )


def test_a_plain_loss_with_this_residual_is_the_neutralised_loss(prediction):
    batch = batch_of(styles(), dtype=torch.float64)
    assert Loss(LongSide(2.0), style_residual) == Loss(**vars(NeutralisedLoss(LongSide(2.0))))
    assert Loss(None, style_residual)(prediction, batch) == NeutralisedLoss()(prediction, batch)


def test_missing_styles_and_twin_columns_give_finite_gradients(prediction):
    exposures = styles()
    exposures[0][:, [2, 7]] = np.nan
    exposures[1][:, 4] = exposures[1][:, 5]
    exposures[2][3, 0] = np.nan
    prediction = prediction.float().requires_grad_()
    NeutralisedLoss()(prediction, batch_of(exposures)).backward()
    assert prediction.grad.isfinite().all()
    own = prediction.grad[:60].double().numpy()
    assert np.abs(own @ np.delete(exposures[0], [2, 7], axis=1)).max() < 1e-6
    assert np.abs(own @ exposures[0][:, [2, 7]]).max() != 0


def test_a_date_with_hardly_more_stocks_than_styles_is_refused_by_name():
    with pytest.raises(FitError, match=r"session 502 has 11 stocks: .* at least 12"):
        style_residual(torch.ones(71), batch_of(styles((60, 11))))


def test_a_batch_without_bases_is_refused_with_the_setting():
    bare = CrossSections(torch.empty(0), torch.ones(5), torch.zeros(5, dtype=torch.int64), None)
    with pytest.raises(ConfigError, match=r"data\.styles=available"):
        NeutralisedLoss()(torch.ones(5), bare)


def shuffled(batch, order):
    return CrossSections(batch.pictures, batch.label[order], batch.date[order], batch.basis[order])


def test_a_batch_of_shuffled_rows_is_refused(prediction):
    order = torch.randperm(len(prediction), generator=torch.Generator().manual_seed(0))
    with pytest.raises(ConfigError, match="whole cross-sections"):
        style_residual(prediction[order], shuffled(batch_of(styles()), order))


def test_a_few_rows_of_each_date_are_refused_too(prediction):
    batch = batch_of(styles())
    order = torch.cat([torch.arange(3), torch.arange(60, 63), torch.arange(105, 108)])
    with pytest.raises(FitError, match="batch whole cross-sections instead of rows"):
        style_residual(prediction[order], shuffled(batch, order))


def test_pooled_over_shuffled_dates_a_projection_leaves_the_styles_in():
    """What the refusal spares: 600 dates in batches of 2000 shuffled rows, about 3 a date."""
    rng = np.random.default_rng(4)
    dates, stocks, styles_n = 600, 40, 10
    x = rng.normal(size=(dates, stocks, styles_n))
    slopes = rng.normal(size=(dates, styles_n)) * 0.1
    y = np.einsum("dsk,dk->ds", x, slopes) + rng.normal(size=(dates, stocks)) * 0.2
    pooled, order = np.empty(dates * stocks), rng.permutation(dates * stocks)
    rows = x.reshape(-1, styles_n)
    for part in np.split(order, 12):
        batch = CrossSections(torch.empty(0), torch.empty(0), torch.zeros(2000),
                              torch.from_numpy(orthonormal_basis(rows[part])))  # fmt: skip
        pooled[part] = style_residual(torch.from_numpy(y.ravel()[part]), batch)
    own = [style_residual(torch.from_numpy(y[d]), batch_of([x[d]])).numpy() for d in range(dates)]
    raw, mixed, proper = (exposure(x, values) for values in
                          (y, pooled.reshape(dates, stocks), np.stack(own)))  # fmt: skip
    assert mixed > 0.9 * raw > 0.1
    assert proper < 1e-6


def exposure(x, values):
    """Mean absolute correlation with the styles, date by date."""
    return np.mean([np.abs(np.corrcoef(v, own.T)[0, 1:]) for v, own in zip(values, x, strict=True)])


def test_the_ten_lines_of_the_documentation_train_a_users_own_module():
    lines = module.__doc__.split("ten lines:\n\n")[1].split("\n\nThe rows")[0]
    assert len([line for line in lines.splitlines() if line.strip()]) == 10
    scope = {"pl": pl, "torch": torch}
    exec(textwrap.dedent(lines), scope)
    torch.manual_seed(0)
    user = scope["MyModule"]()
    before = user.net.weight.detach().clone()
    batch = batch_of(styles())
    rows = [(torch.randn(185, 8), batch.label, batch.date, batch.basis)] * 3
    trainer = pl.Trainer(max_epochs=1, accelerator="cpu", logger=False, barebones=True)
    trainer.fit(user, DataLoader(rows, batch_size=None))
    assert user.net.weight.isfinite().all()
    assert not torch.equal(user.net.weight, before)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an accelerator")
def test_the_accelerator_leaves_the_same_residual(prediction):
    batch = batch_of(styles())
    on_gpu = CrossSections(*(part.cuda() for part in batch))
    found = style_residual(prediction.float().cuda(), on_gpu).cpu()
    torch.testing.assert_close(found, style_residual(prediction.float(), batch), rtol=0, atol=2e-6)
