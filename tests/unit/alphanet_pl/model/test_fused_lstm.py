import pytest
import torch
from torch import Tensor, nn

from alphanet_pl.model.fused import WindowLSTM
from alphanet_pl.model.network import torch_gates

FEATURES, UNITS, STOCKS = 4, 3, 6


@pytest.fixture
def lstm() -> WindowLSTM:
    lstm = WindowLSTM(FEATURES, UNITS, torch.Generator().manual_seed(0)).double()
    with torch.no_grad():
        lstm.bias.add_(torch.linspace(-0.5, 0.5, 4 * UNITS))
    return lstm


def inputs(windows: int = 3) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn((windows, FEATURES, STOCKS), generator=generator, dtype=torch.float64)


def norm(dates: int, windows: int) -> tuple[Tensor, Tensor]:
    """Scale and shift (D, W, C), different for each date, window and feature."""
    shape = (dates, windows, FEATURES)
    count = dates * windows * FEATURES
    scale = torch.linspace(0.5, 2, count, dtype=torch.float64).view(shape).requires_grad_()
    shift = torch.linspace(-1, 1, count, dtype=torch.float64).view(shape).requires_grad_()
    return scale, shift


def reference(
    lstm: WindowLSTM, values: Tensor, counts: tuple[int, ...], scale: Tensor, shift: Tensor
) -> Tensor:
    """The last state (H, S) by nn.LSTM with the same weights and scaled, shifted inputs."""
    peer = nn.LSTM(FEATURES, UNITS).double()
    weights = {
        "weight_ih_l0": torch_gates(lstm.kernel),
        "weight_hh_l0": torch_gates(lstm.recurrent),
        "bias_ih_l0": torch_gates(lstm.bias),
        "bias_hh_l0": torch.zeros(4 * UNITS, dtype=torch.float64),
    }
    dates = zip(values.split(counts, 2), scale, shift, strict=True)
    features = torch.cat([part * a[:, :, None] + b[:, :, None] for part, a, b in dates], 2)
    series = features.transpose(1, 2)
    return torch.func.functional_call(peer, weights, (series,))[0][-1].T


@pytest.mark.parametrize("counts", [(6,), (4, 2)])
@pytest.mark.parametrize("windows", [1, 2, 3, 5])
def test_state_and_gradients_equal_nn_lstm(lstm, windows, counts):
    values = inputs(windows)
    scale, shift = norm(len(counts), windows)
    wanted = [lstm.kernel, lstm.recurrent, lstm.bias, scale, shift]
    state = lstm(values, counts, scale, shift)
    expected = reference(lstm, values, counts, scale, shift)
    torch.testing.assert_close(state, expected, rtol=1e-12, atol=1e-14)
    target = torch.randn_like(state)
    torch.testing.assert_close(
        torch.autograd.grad((state * target).sum(), wanted, materialize_grads=True),
        torch.autograd.grad((expected * target).sum(), wanted, materialize_grads=True),
        rtol=1e-11,
        atol=1e-13,
    )


def test_the_written_gradient_passes_gradcheck(lstm):
    def state(kernel: Tensor, recurrent: Tensor, bias: Tensor, *norm: Tensor) -> Tensor:
        weights = {"kernel": kernel, "recurrent": recurrent, "bias": bias}
        return torch.func.functional_call(lstm, weights, (inputs(), (4, 2), *norm))

    parameters = (lstm.kernel, lstm.recurrent, lstm.bias, *norm(2, 3))
    assert torch.autograd.gradcheck(state, parameters)


def test_without_gradient_the_state_is_the_same(lstm):
    with torch.no_grad():
        quiet = lstm(inputs(), (6,), *norm(1, 3))
    assert quiet.equal(lstm(inputs(), (6,), *norm(1, 3)))


def test_saturated_gates_give_finite_gradients(lstm):
    lstm(1e6 * inputs(), (6,), *norm(1, 3)).sum().backward()
    assert all(p.grad.isfinite().all() for p in lstm.parameters())


@pytest.mark.parametrize("counts", [(6,), (4, 2)])
def test_bfloat16_values_make_the_products_alone_bfloat16(lstm, counts):
    lstm, values = lstm.float(), inputs().bfloat16()
    scale, shift = (part.float() for part in norm(len(counts), 3))
    rough = lstm(values, counts, scale, shift)
    exact = lstm(values.float(), counts, scale, shift)
    assert rough.dtype == torch.float32
    torch.testing.assert_close(rough, exact, rtol=0.05, atol=0.02)
    weights = list(lstm.parameters())
    of_rough, of_exact = (torch.autograd.grad(s.square().sum(), weights) for s in (rough, exact))
    for one, other in zip(of_rough, of_exact, strict=True):
        assert one.dtype == torch.float32
        torch.testing.assert_close(one, other, rtol=0.1, atol=0.02 * float(other.abs().max()))


def test_initial_weights_are_those_of_keras():
    lstm = WindowLSTM(270, 30, torch.Generator().manual_seed(0))
    limit = (6 / (270 + 120)) ** 0.5
    assert 0.99 * limit < lstm.kernel.abs().max() <= limit
    torch.testing.assert_close(lstm.recurrent.T @ lstm.recurrent, torch.eye(30))
    assert lstm.bias.equal(torch.cat([torch.ones(30), torch.zeros(90)]))
