import pytest
import torch
from torch import Tensor, nn

from alphanet_pl.model.ancestors import AlphaNetV3
from alphanet_pl.model.batchnorm import BatchNorm, use_own_statistics
from alphanet_pl.model.fused import FusedAlphaNet
from alphanet_pl.model.network import AlphaNet


def normalised(norm: BatchNorm, x: Tensor) -> Tensor:
    """What the layer behind `norm` sees."""
    centred, scale, shift = norm(x)
    return centred * scale[:, None] + shift[:, None]


def pair(channels: int) -> tuple[BatchNorm, nn.BatchNorm1d]:
    """Ours and torch's with the same weights, in float64."""
    ours = BatchNorm(channels, eps=1e-3, momentum=0.9).double()
    theirs = nn.BatchNorm1d(channels, eps=1e-3, momentum=0.1).double()
    with torch.no_grad():
        ours.weight.copy_(torch.linspace(0.5, 2, channels))
        ours.bias.copy_(torch.linspace(-1, 1, channels))
    theirs.load_state_dict(ours.state_dict(), strict=False)
    return ours, theirs


def test_a_constant_channel_normalises_to_the_shift():
    norm = BatchNorm(2)
    with torch.no_grad():
        norm.bias.copy_(torch.tensor([3.0, 4.0]))
    assert normalised(norm, torch.full((2, 9), 7.0)).equal(norm.bias[:, None].expand(2, 9))


@pytest.mark.parametrize("training", [True, False])
def test_values_and_gradients_equal_torch(training):
    ours, theirs = pair(5)
    ours.train(training), theirs.train(training)
    x = (torch.randn(5, 40, dtype=torch.float64) * 3 + 2).requires_grad_()
    target = torch.randn(5, 40, dtype=torch.float64)
    inputs = (x, ours.weight, ours.bias)
    gradients = torch.autograd.grad((normalised(ours, x) * target).sum(), inputs)
    y = theirs(x.T).T
    expected = torch.autograd.grad((y * target).sum(), (x, theirs.weight, theirs.bias))
    torch.testing.assert_close(normalised(ours, x), y)
    torch.testing.assert_close(gradients, expected)


def test_running_statistics_follow_mean_and_biased_variance():
    norm = BatchNorm(3, momentum=0.75)
    x = torch.randn(3, 8) + 5
    mean, var = x.mean(1), x.var(1, correction=0)
    norm(x)
    torch.testing.assert_close(norm.running_mean, 0.25 * mean)
    torch.testing.assert_close(norm.running_var, (0.75 + 0.25 * var).double())


def test_evaluation_leaves_the_running_statistics_alone():
    norm = BatchNorm(3).eval()
    norm(torch.randn(3, 8) + 5)
    assert norm.running_mean.eq(0).all()
    assert norm.running_var.eq(1).all()


def test_a_mean_a_million_times_the_deviation_survives_float32():
    x = torch.tensor([[1e6, 1e6 + 1, 1e6 + 2, 1e6 + 3]])
    expected = (x.double() - x.double().mean()) / x.double().std(correction=0)
    result = normalised(BatchNorm(1, eps=0.0), x.clone())
    torch.testing.assert_close(result, expected.float())


def test_centred_values_near_1e15_stay_finite():
    x = torch.randn(1, 3000) * 7.5e15
    assert normalised(BatchNorm(1), x).std().item() == pytest.approx(1, rel=1e-3)


def test_data_is_centred_in_place_but_an_input_with_gradient_is_not():
    data = torch.ones(2, 4)
    assert BatchNorm(2)(data)[0].data_ptr() == data.data_ptr()
    state = torch.ones(2, 4, requires_grad=True)
    BatchNorm(2)(state)
    assert state.eq(1).all()


@pytest.mark.parametrize("power", [40, 60, 100])
def test_a_channel_is_normalised_alike_at_any_scale(power):
    x, scale = torch.randn(2, 500), torch.tensor([[1.0], [2.0**power]])
    small, large = BatchNorm(2, eps=0.0), BatchNorm(2, eps=0.0)
    for training in (True, False):
        small.train(training), large.train(training)
        expected = normalised(small, x.clone())
        torch.testing.assert_close(normalised(large, x * scale), expected, rtol=1e-5, atol=1e-6)
        # What initial statistics weigh is seen by the small one alone.
        small.running_var.copy_(large.running_var / scale.double()[:, 0].square())
    assert large.running_var.isfinite().all()


def test_an_overflow_in_one_channel_leaves_the_others_their_gradients():
    x = torch.randn(2, 50)
    x[0] *= 1e30
    x.requires_grad_()
    norm = BatchNorm(2)
    normalised(norm, x).square().sum().backward()
    assert all(found.isfinite().all() for found in (x.grad, norm.weight.grad, norm.bias.grad))


def pictures(stocks: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(stocks, 15, 30, generator=generator).exp()


@pytest.mark.parametrize("kind", [FusedAlphaNet, AlphaNet, AlphaNetV3])
def test_by_its_own_statistics_a_date_is_scored_as_it_is_trained(kind):
    network = kind(seed=1)
    seen = pictures(60)
    trained = network(seen).detach()
    network(pictures(60, 7) * 9)
    kept = {name: values.clone() for name, values in network.state_dict().items()}
    use_own_statistics(network.eval())
    with torch.inference_mode():
        torch.testing.assert_close(network(seen), trained, rtol=1e-4, atol=1e-5)
    assert all(values.equal(kept[name]) for name, values in network.state_dict().items())


def test_by_its_own_statistics_a_score_follows_from_no_other_date():
    network = FusedAlphaNet(seed=1).eval()
    use_own_statistics(network)
    before = network(pictures(60))
    network(pictures(60, 7) * 9)
    assert network(pictures(60)).equal(before)


def test_torchs_own_norm_too_scores_a_date_by_its_own_stocks():
    network = nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 1))
    x = torch.randn(30, 4, generator=torch.Generator().manual_seed(0)) * 5 + 2
    trained = network(x)
    use_own_statistics(network.eval())
    torch.testing.assert_close(network(x), trained)
