"""v1 and v3 against loops over stocks, windows and features, in float64."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from alphanet_pl.config.compose import load_settings
from alphanet_pl.model.ancestors import AlphaNetV1, AlphaNetV3
from alphanet_pl.model.module import AlphaNetModule
from alphanet_pl.model.operators import SevenOperators, SixOperators, sampled_rows
from datamodules.base.errors import ConfigError
from datamodules.batches.windows import Windows, WindowSource, windows_of

CHANNELS, STOCKS, EPS = 3, 7, 1e-3


def pictures(stocks: int = STOCKS) -> Tensor:
    generator = torch.Generator().manual_seed(stocks)
    return torch.randn(stocks, CHANNELS, 30, generator=generator, dtype=torch.float64).exp()


def of(network: AlphaNetV1 | AlphaNetV3, stocks: int = STOCKS) -> Windows:
    takes = network.takes
    return windows_of(pictures(stocks), takes.operators, takes.rows, takes.also)


def unsettled(network):
    """The network in float64, its norms and biases no longer the identity."""
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for name, parameter in network.double().named_parameters():
            if "bias" in name or "norm" in name:
                parameter.add_(torch.rand(parameter.shape, generator=generator) - 0.5)
    return network


def loop_norm(x: np.ndarray, norm: torch.nn.Module, training: bool) -> np.ndarray:
    """Batch norm of (rows, channels), a channel after the other."""
    out = np.empty_like(x)
    weight, bias = norm.weight.tolist(), norm.bias.tolist()
    for c in range(x.shape[1]):
        mean, var = float(norm.running_mean[c]), float(norm.running_var[c])
        if training:
            mean = sum(x[:, c]) / len(x)
            var = sum((value - mean) ** 2 for value in x[:, c]) / len(x)
        for row in range(len(x)):
            scaled = (x[row, c] - mean) / math.sqrt(var + EPS)
            out[row, c] = weight[c] * scaled + bias[c]
    return out


def loop_features(windows: Windows, norm: torch.nn.Module, training: bool) -> np.ndarray:
    """Normalised features (S, W, C)."""
    features = windows.features().numpy()
    stocks, count, width = features.shape
    return loop_norm(features.reshape(-1, width), norm, training).reshape(stocks, count, width)


def loop_v1(network: AlphaNetV1, windows: Windows, training: bool) -> list[float]:
    x = loop_features(windows, network.feature_norm, training)
    stocks, count, width = x.shape
    pools = np.empty((stocks, 3 * width))
    for s in range(stocks):
        for c in range(width):
            series = [x[s, w, c] for w in range(count)]
            for place, value in enumerate((sum(series) / count, max(series), min(series))):
                pools[s, place * width + c] = value
    pools = loop_norm(pools, network.pool_norm, training)
    weight, bias = network.dense.weight.detach().numpy(), network.dense.bias.detach().numpy()
    out = []
    for s in range(stocks):
        flat = [x[s, w, c] for w in range(count) for c in range(width)] + list(pools[s])
        hidden = [
            max(0.0, sum(a * b for a, b in zip(weight[unit], flat, strict=True)) + bias[unit])
            for unit in range(len(bias))
        ]
        head = network.head.weight[0].tolist()
        out.append(sum(map(np.prod, zip(head, hidden, strict=True))) + network.head.bias.item())
    return out


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def loop_gru(x: np.ndarray, gru: torch.nn.Module) -> np.ndarray:
    """The last state (H,) of one stock's series (W, C), a unit after the other."""
    kernel, recurrent = gru.kernel.detach().numpy(), gru.recurrent.detach().numpy()
    bias, own = gru.bias.detach().numpy(), gru.recurrent_bias.detach().numpy()
    units = recurrent.shape[1]
    state = np.zeros(units)
    for step in x:
        before = state.copy()
        for u in range(units):
            entering = [kernel[u + g * units] @ step + bias[u + g * units] for g in range(3)]
            kept = [recurrent[u + g * units] @ before + own[u + g * units] for g in range(3)]
            update = sigmoid(entering[0] + kept[0])
            reset = sigmoid(entering[1] + kept[1])
            candidate = math.tanh(entering[2] + reset * kept[2])
            state[u] = update * before[u] + (1 - update) * candidate
    return state


def loop_v3(network: AlphaNetV3, windows: Windows, training: bool) -> list[float]:
    parts = []
    both = (windows, windows.also)
    for part, norm, gru in zip(both, network.feature_norms, network.grus, strict=True):
        x = loop_features(part, norm, training)
        parts.append(np.stack([loop_gru(series, gru) for series in x]))
    states = loop_norm(np.concatenate(parts, axis=1), network.state_norm, training)
    head = network.head.weight[0].detach().numpy()
    return [float(head @ state) + network.head.bias.item() for state in states]


MAKERS = {
    "v1": (lambda n: AlphaNetV1(CHANNELS, n=n, units=4, dropout=0.0, momentum=0.5), loop_v1),
    "v3": (lambda n: AlphaNetV3(CHANNELS, n=n, units=4, momentum=0.5), loop_v3),
}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("n", [None, 2])
@pytest.mark.parametrize("name", MAKERS)
def test_predictions_are_those_of_loops(name, n, training):
    make, loop = MAKERS[name]
    network = unsettled(make(n))
    network(of(network, 90))
    network.train(training)
    expected = loop(network, of(network), training)
    found = network(pictures())
    torch.testing.assert_close(
        found, torch.tensor(expected, dtype=torch.float64), rtol=1e-9, atol=1e-10
    )


@pytest.mark.parametrize("name", MAKERS)
def test_each_date_of_a_batch_keeps_its_own_constants(name, small_panel):
    network = unsettled(MAKERS[name][0](None)).eval()
    one, other = of(network, 6), of(network, 9)

    def source(part: Windows) -> WindowSource:
        return WindowSource(None, None, part.also and source(part.also))

    both = network(source(one).stack([one, other]))
    torch.testing.assert_close(both, torch.cat([network(one), network(other)]))


@pytest.mark.parametrize(
    ("variant", "words", "expected"),
    [
        ("v1", (), (234 + 702, 21090, 31)),
        ("v3", (), (2 * 540, 2 * (27180 + 60), 61)),
        ("v3", ("model.n=8",), (2 * 232, 2 * (13320 + 60), 61)),
    ],
)
def test_parameters_are_as_many_as_the_reports_print(variant, words, expected):
    settings = load_settings("train", ["data.panel=p", f"variant={variant}", *words])
    module = AlphaNetModule.create(settings)
    assert module.parameter_fingerprint() == expected
    assert len(module.sampled) == settings.model.n


def test_the_seventh_operator_is_the_mean_and_a_sample_keeps_it_of_every_row():
    days = pictures()[:, :, :10].permute(1, 2, 0).contiguous()
    seven, six = SevenOperators(), SixOperators()
    found = seven(days)
    assert len(found) == seven.width(CHANNELS) == six.width(CHANNELS) + CHANNELS
    assert found[: six.width(CHANNELS)].equal(six(days))
    for row in range(CHANNELS):
        for stock in range(STOCKS):
            expected = sum(days[row, :, stock].tolist()) / 10
            assert float(found[-CHANNELS + row, stock]) == pytest.approx(expected, rel=1e-12)
    rows = sampled_rows(CHANNELS, (0, 2), seven.singles)
    assert rows.tolist() == [1, 4, *range(6, 6 + 5 * CHANNELS)]
    assert seven != six  # else two variants would share one store of windows


def test_units_left_out_follow_from_seed_and_step():
    def module(seed: int) -> AlphaNetModule:
        words = ["data.panel=p", "variant=v1", f"seed={seed}"]
        return AlphaNetModule.create(load_settings("train", words)).train()

    generator = torch.Generator().manual_seed(0)
    seen = torch.randn(40, 9, 30, generator=generator).exp()
    predictions = []
    for seed, disturbed in ((1, False), (1, True), (2, False)):
        one = module(seed)
        one.network.load_state_dict(module(1).network.state_dict())
        if disturbed:
            torch.rand(3)
        one.on_train_batch_start(None, 0)
        predictions.append(one(seen))
    assert predictions[0].equal(predictions[1])
    assert not predictions[0].equal(predictions[2])


def test_v3_needs_operators_that_have_shorter_windows():
    class Own:
        days, stride = 10, 10

        def width(self, channels: int) -> int:
            return channels

    with pytest.raises(ConfigError, match=r"HINT: model\.operators=six"):
        AlphaNetV3(CHANNELS, operators=Own())


@pytest.mark.parametrize("short", [1, 7, 31, 5.5])
def test_v3_needs_short_windows_that_fill_a_picture(short):
    with pytest.raises(ConfigError, match=r"HINT: model\.arguments\.short=5"):
        AlphaNetV3(CHANNELS, short=short)
