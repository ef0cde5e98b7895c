import io
from collections.abc import Mapping

import pytest
import torch
from torch import Tensor, nn

from alphanet_pl.model.fused import FusedAlphaNet
from alphanet_pl.model.network import AlphaNet, torch_gates
from alphanet_pl.model.operators import SixOperators
from benchmarks.each_step import EachStep
from benchmarks.plain import PlainAlphaNet
from datamodules.base.errors import ConfigError, FitError
from datamodules.batches.windows import windows_of

_NAMES = {
    "lstm.kernel": "lstm.weight_ih_l0",
    "lstm.recurrent": "lstm.weight_hh_l0",
    "lstm.bias": "lstm.bias_ih_l0",
}


def to_plain(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state of `AlphaNet` that computes what this state of `FusedAlphaNet` does."""
    plain = {
        _NAMES.get(name, name): torch_gates(tensor) if name in _NAMES else tensor
        for name, tensor in state.items()
    }
    return plain | {"lstm.bias_hh_l0": torch.zeros_like(plain["lstm.bias_ih_l0"])}


def from_plain(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state of `FusedAlphaNet` that computes what this state of `AlphaNet` does."""
    ours = {theirs: name for name, theirs in _NAMES.items()}
    return {
        ours.get(name, name): _our_gates(tensor) if name in ours else tensor
        for name, tensor in state.items()
        if name != "lstm.bias_hh_l0"
    }


def _our_gates(rows: Tensor) -> Tensor:
    """From torch's input, forget, candidate, output to forget, input, output, candidate."""
    enter, forget, candidate, output = rows.chunk(4)
    return torch.cat([forget, enter, output, candidate])


def pictures(stocks: int = 60, dtype: torch.dtype = torch.float32) -> Tensor:
    generator = torch.Generator().manual_seed(stocks)
    return torch.randn(stocks, 15, 30, generator=generator).exp().to(dtype)


def peer_names(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Our parameters or gradients under the names and in the gate order of the peer."""
    renamed = {name.replace("state_", "hidden_"): part for name, part in to_plain(tensors).items()}
    del renamed["lstm.bias_hh_l0"]
    return renamed


def plain(network: FusedAlphaNet) -> PlainAlphaNet:
    """The plain PyTorch version with the weights and statistics of `network`."""
    peer = PlainAlphaNet(sample=network.sampled).to(network.head.weight.dtype)
    state = {name: tensor for name, tensor in network.state_dict().items() if name != "sample"}
    peer.load_state_dict(peer_names(state), strict=False)
    return peer


def trained_a_little(n: int | None, dtype: torch.dtype) -> FusedAlphaNet:
    """A network whose norms are no longer the identity."""
    network = FusedAlphaNet(n=n, seed=7, momentum=0.5).to(dtype)
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for norm in (network.feature_norm, network.state_norm):
            norm.weight.uniform_(0.5, 1.5, generator=generator)
            norm.bias.normal_(generator=generator)
    network(pictures(90, dtype))
    return network


TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}


def readable(network: FusedAlphaNet) -> AlphaNet:
    """The definition with the weights and statistics of `network`."""
    n = len(network.sampled)
    same = AlphaNet(n=n, seed=7, momentum=0.5).to(network.head.weight.dtype)
    same.load_state_dict(to_plain(network.state_dict()))
    return same


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("n", [None, 8])
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_predictions_equal_those_of_the_definition(n, dtype, training):
    network = trained_a_little(n, dtype).train(training)
    expected = readable(network).train(training)(pictures(60, dtype))
    atol = TOLERANCE[dtype]
    torch.testing.assert_close(network(pictures(60, dtype)), expected, rtol=atol, atol=atol)


@pytest.mark.parametrize("n", [None, 8])
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_gradients_equal_those_of_the_definition(n, dtype):
    network = trained_a_little(n, dtype)
    same, label = readable(network), torch.linspace(-1, 1, 60, dtype=dtype)
    for model in (network, same):
        (model(pictures(60, dtype)) - label).square().mean().backward()
    ours = to_plain({name: p.grad for name, p in network.named_parameters()})
    for name, parameter in same.named_parameters():
        if parameter.requires_grad:
            error = (ours[name] - parameter.grad).abs().max() / parameter.grad.abs().max()
            assert error < TOLERANCE[dtype], name


def test_twenty_steps_of_adam_end_alike():
    network = trained_a_little(8, torch.float64)
    same, label = readable(network), torch.linspace(-1, 1, 60, dtype=torch.float64)
    for model in (network, same):
        weights = [p for p in model.parameters() if p.requires_grad]
        optimiser = torch.optim.Adam(weights, lr=1e-3)
        for _ in range(20):
            optimiser.zero_grad()
            (model(pictures(60, torch.float64)) - label).square().mean().backward()
            optimiser.step()
    ours, expected = to_plain(network.state_dict()), same.state_dict()
    # Adam divides a gradient that is zero but for rounding by its own size.
    torch.testing.assert_close(ours, dict(expected), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("n", [None, 8])
def test_a_seed_gives_both_the_same_initial_weights_and_states_convert_back(n):
    fused, plain = FusedAlphaNet(n=n, seed=5).state_dict(), AlphaNet(n=n, seed=5).state_dict()
    torch.testing.assert_close(to_plain(fused), dict(plain), rtol=0, atol=0)
    torch.testing.assert_close(from_plain(plain), dict(fused), rtol=0, atol=0)


def test_the_definition_has_the_fingerprint_of_the_reports():
    assert AlphaNet().parameter_fingerprint() == (540, 36180, 31)


@pytest.mark.parametrize(("days", "stride", "windows"), [(10, 5, 5), (5, 5, 6), (15, 15, 2)])
def test_window_and_stride_are_arguments(days, stride, windows):
    operators = SixOperators(days, stride)
    networks = [kind(operators=operators, seed=1) for kind in (AlphaNet, FusedAlphaNet)]
    assert len(windows_of(pictures(), operators).values) == windows
    first, second = (network(pictures()) for network in networks)
    torch.testing.assert_close(first, second, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("n", [None, 8])
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_predictions_equal_plain_pytorch(n, dtype, training):
    network = trained_a_little(n, dtype).train(training)
    peer = plain(network).train(training)
    atol = TOLERANCE[dtype]
    expected = peer(pictures(60, dtype))
    torch.testing.assert_close(network(pictures(60, dtype)), expected, rtol=atol, atol=atol)


@pytest.mark.parametrize("n", [None, 8])
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_gradients_equal_plain_pytorch(n, dtype):
    network = trained_a_little(n, dtype)
    peer = plain(network)
    label = torch.linspace(-1, 1, 60, dtype=dtype)
    for model in (network, peer):
        (model(pictures(60, dtype)) - label).square().mean().backward()
    gradients = peer_names({name: p.grad for name, p in network.named_parameters()})
    for name, gradient in gradients.items():
        expected = peer.get_parameter(name).grad
        error = (gradient - expected).abs().max() / expected.abs().max()
        assert error < TOLERANCE[dtype], name


def test_half_precision_autocast_does_not_touch_the_prediction():
    network = FusedAlphaNet().eval()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast = network(pictures())
    assert cast.equal(network(pictures()))


def test_parameters_match_the_fingerprints_the_reports_print():
    assert FusedAlphaNet().parameter_fingerprint() == (540, 36180, 31)
    assert FusedAlphaNet(n=8).parameter_fingerprint() == (232, 17700, 31)
    assert FusedAlphaNet(channels=4, n=2).parameter_fingerprint() == (
        36,
        4 * 30 * (18 + 30 + 1) + 60,
        31,
    )


def test_the_fingerprint_counts_every_parameter():
    network = FusedAlphaNet(n=9)
    assert sum(network.parameter_fingerprint()) == sum(p.numel() for p in network.parameters())


def test_initial_weights_depend_on_the_seed_and_nothing_else():
    first = FusedAlphaNet(n=8, seed=3)
    torch.manual_seed(99)
    torch.rand(5)
    second = FusedAlphaNet(n=8, seed=3)
    assert all(a.equal(b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    assert not first.lstm.kernel.equal(FusedAlphaNet(n=8, seed=4).lstm.kernel)


def test_building_a_network_leaves_the_global_generator_alone():
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    FusedAlphaNet(seed=5)
    assert torch.rand(3).equal(expected)


def test_the_output_weights_are_a_truncated_normal_of_std_005():
    weights = torch.cat([FusedAlphaNet(n=2, seed=s).head.weight.flatten() for s in range(60)])
    assert weights.abs().max() <= 0.1
    # Cut at two sigma, a normal keeps 0.880 of its deviation.
    assert weights.std().item() == pytest.approx(0.044, abs=0.002)
    assert FusedAlphaNet().head.bias.item() == 0


@pytest.mark.parametrize("n", [None, 8])
def test_no_gradient_reaches_the_operators_but_every_parameter_has_one(n):
    network = FusedAlphaNet(n=n)
    network(pictures()).square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


def test_no_grad_and_evaluation_give_the_same_prediction():
    network = trained_a_little(8, torch.float32).eval()
    expected = network(pictures())
    with torch.no_grad():
        assert network(pictures()).equal(expected)
    with torch.inference_mode():
        assert network(pictures()).equal(expected)


def test_in_evaluation_a_stock_is_scored_alike_alone_and_in_company():
    network = trained_a_little(None, torch.float32).eval()
    company = network(pictures())
    torch.testing.assert_close(network(pictures()[5:6]), company[5:6], rtol=1e-5, atol=1e-6)


def test_two_steps_of_training_change_the_same_weights_alike():
    states = []
    for _ in range(2):
        network = FusedAlphaNet(n=8, seed=1)
        optimiser = torch.optim.Adam(network.parameters(), lr=1e-3, fused=True)
        for _ in range(2):
            optimiser.zero_grad()
            (network(pictures()) - 1).square().mean().backward()
            optimiser.step()
        states.append(network.state_dict())
    assert all(states[0][name].equal(states[1][name]) for name in states[0])


def test_a_degenerate_cross_section_trains_to_finite_weights():
    network = FusedAlphaNet()
    network(torch.zeros(10, 15, 30)).sum().backward()
    assert all(p.grad.isfinite().all() for p in network.parameters())


def test_a_checkpoint_loads_as_plain_tensors_and_predicts_the_same():
    network = trained_a_little(8, torch.float32).eval()
    file = io.BytesIO()
    torch.save(network.state_dict(), file)
    file.seek(0)
    other = FusedAlphaNet(n=8, seed=7).eval()
    other.load_state_dict(torch.load(file, weights_only=True))
    assert other(pictures()).equal(network(pictures()))


@pytest.mark.parametrize("n", [8, None])
def test_a_checkpoint_of_another_sample_is_refused(n):
    class Module(nn.Module):
        def __init__(self, network: FusedAlphaNet) -> None:
            super().__init__()
            self.network = network

    stored = Module(FusedAlphaNet(n=8, seed=1)).state_dict()
    with pytest.raises(FitError, match=r"pairs up features \[.*(.|\n)*HINT: .*model\.n"):
        Module(FusedAlphaNet(n=n, seed=2)).load_state_dict(stored)


def test_a_sample_out_of_range_is_refused():
    with pytest.raises(ConfigError, match="16 sampled features"):
        FusedAlphaNet(n=16)


def market(stocks: int, unit: float) -> Tensor:
    """Pictures at a market's own magnitudes, their volumes counted in a unit."""
    generator = torch.Generator().manual_seed(stocks)
    noise = torch.randn(stocks, 15, 30, generator=generator, dtype=torch.float64)
    level = torch.ones(15, 1, dtype=torch.float64)
    level[[5, 11]] = torch.tensor([[1e9], [1e8]], dtype=torch.float64) * unit
    return (level * (1 + 0.1 * noise)).float()


def losses(unit: float) -> Tensor:
    """Of ten steps and of one validation after each; Adam would divide rounding by its own size."""
    network, label = FusedAlphaNet(seed=2), torch.linspace(-1, 1, 80)
    optimiser, found = torch.optim.SGD(network.parameters(), lr=0.1), []
    for _ in range(10):
        network.train()
        loss = (network(market(80, unit)) - label).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        with torch.no_grad():
            found += [loss, (network.eval()(market(60, unit)) - label[:60]).square().mean()]
    return torch.stack(found)


@pytest.mark.parametrize("unit", [1e3, 1e6])
def test_volumes_in_another_unit_train_as_well(unit):
    expected = losses(1.0)
    assert expected[-2] < expected[0]
    torch.testing.assert_close(losses(unit), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("n", [15, 8])
def test_the_benchmarks_step_with_operators_in_it_is_the_same_function(n):
    ours, theirs = FusedAlphaNet(n=n, seed=5).double(), EachStep(n=n, seed=5).double()
    label = torch.linspace(-1, 1, 60, dtype=torch.float64)
    for network in (ours, theirs):
        (network(pictures(60, torch.float64)) - label).square().mean().backward()
    for name in ("kernel", "recurrent", "bias"):
        expected = ours.get_parameter(f"lstm.{name}").grad
        torch.testing.assert_close(theirs.get_parameter(name).grad, expected, rtol=1e-7, atol=1e-9)
    for name in ("feature_norm.weight", "state_norm.bias", "head.weight"):
        expected = ours.get_parameter(name).grad
        torch.testing.assert_close(theirs.get_parameter(name).grad, expected, rtol=1e-7, atol=1e-9)
