import pytest
import torch
from torch import Tensor, nn

from alphanet_pl.model.recurrence import WindowLSTM

FEATURES, UNITS, STOCKS = 4, 3, 6


@pytest.fixture
def lstm() -> WindowLSTM:
    lstm = WindowLSTM(FEATURES, UNITS, torch.Generator().manual_seed(0)).double()
    with torch.no_grad():
        lstm.bias.add_(torch.linspace(-0.5, 0.5, 4 * UNITS))
    return lstm


def inputs(lstm: WindowLSTM, windows: int = 3) -> Tensor:
    memory = torch.full((lstm.input_rows, windows, STOCKS), torch.nan, dtype=torch.float64)
    generator = torch.Generator().manual_seed(1)
    shape = (FEATURES, windows, STOCKS)
    memory[:FEATURES] = torch.randn(shape, generator=generator, dtype=torch.float64)
    return memory


def torch_order(rows: Tensor) -> Tensor:
    """From forget, input, output, candidate to torch's input, forget, candidate, output."""
    forget, enter, output, candidate = rows.chunk(4)
    return torch.cat([enter, forget, candidate, output])


def reference(lstm: WindowLSTM, features: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """The last state (H, S) by nn.LSTM with the same weights and scaled, shifted inputs."""
    peer = nn.LSTM(FEATURES, UNITS).double()
    weights = {
        "weight_ih_l0": torch_order(lstm.kernel),
        "weight_hh_l0": torch_order(lstm.recurrent),
        "bias_ih_l0": torch_order(lstm.bias),
        "bias_hh_l0": torch.zeros(4 * UNITS, dtype=torch.float64),
    }
    series = (features * scale[:, None, None] + shift[:, None, None]).permute(1, 2, 0)
    return torch.func.functional_call(peer, weights, (series,))[0][-1].T


@pytest.mark.parametrize("windows", [1, 2, 3, 5])
def test_state_and_gradients_equal_nn_lstm(lstm, windows):
    memory = inputs(lstm, windows)
    features = memory[:FEATURES].clone()
    scale = torch.linspace(0.5, 2, FEATURES, dtype=torch.float64).requires_grad_()
    shift = torch.linspace(-1, 1, FEATURES, dtype=torch.float64).requires_grad_()
    wanted = [lstm.kernel, lstm.recurrent, lstm.bias, scale, shift]
    state, expected = lstm(memory, scale, shift), reference(lstm, features, scale, shift)
    torch.testing.assert_close(state, expected, rtol=1e-12, atol=1e-14)
    target = torch.randn_like(state)
    torch.testing.assert_close(
        torch.autograd.grad((state * target).sum(), wanted, materialize_grads=True),
        torch.autograd.grad((expected * target).sum(), wanted, materialize_grads=True),
        rtol=1e-11,
        atol=1e-13,
    )


def test_the_written_gradient_passes_gradcheck(lstm):
    scale, shift = (torch.rand(FEATURES, dtype=torch.float64, requires_grad=True) for _ in "ab")

    def state(kernel: Tensor, recurrent: Tensor, bias: Tensor, *norm: Tensor) -> Tensor:
        weights = {"kernel": kernel, "recurrent": recurrent, "bias": bias}
        return torch.func.functional_call(lstm, weights, (inputs(lstm), *norm))

    parameters = (lstm.kernel, lstm.recurrent, lstm.bias, scale, shift)
    assert torch.autograd.gradcheck(state, parameters)


def test_without_gradient_the_state_is_the_same(lstm):
    scale, shift = torch.ones(FEATURES).double(), torch.zeros(FEATURES).double()
    with torch.no_grad():
        quiet = lstm(inputs(lstm), scale, shift)
    assert quiet.equal(lstm(inputs(lstm), scale, shift))


def test_saturated_gates_give_finite_gradients(lstm):
    memory = inputs(lstm)
    memory[:FEATURES] *= 1e6
    lstm(memory, torch.ones(FEATURES).double(), torch.zeros(FEATURES).double()).sum().backward()
    assert all(p.grad.isfinite().all() for p in lstm.parameters())


def test_initial_weights_are_those_of_keras():
    lstm = WindowLSTM(270, 30, torch.Generator().manual_seed(0))
    limit = (6 / (270 + 120)) ** 0.5
    assert 0.99 * limit < lstm.kernel.abs().max() <= limit
    torch.testing.assert_close(lstm.recurrent.T @ lstm.recurrent, torch.eye(30))
    assert lstm.bias.equal(torch.cat([torch.ones(30), torch.zeros(90)]))
