"""AlphaNet-v2 and v2.1: operators, batch norm, LSTM, batch norm, one linear output.

This module is the definition, in plain modules; `fused.FusedAlphaNet` computes the same faster.

    network = AlphaNet(n=8, seed=3)
    prediction_S = network(pictures_SFT)
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from alphanet_pl.config.settings import ModelSettings
from alphanet_pl.model.batchnorm import PlainNorm
from alphanet_pl.model.operators import SixOperators, sampled_rows
from alphanet_pl.model.sampling import sample_features
from datamodules.base.errors import ConfigError, FitError
from datamodules.batches.windows import Operators, WindowInputs, Windows, windows_of


class WindowNetwork(nn.Module):
    """What every AlphaNet is: a network on the features of windows, of a sample of the pairs.

    Args:
        channels: F, rows of a picture.
        n: Rows whose pairs are traversed; None for all.
        seed: The model's seed; draws the sample.
        operators: Make the features of a window; the six unless others are given.
    """

    sample: Tensor
    head: nn.Linear
    draws: bool = False
    """Whether a training step draws random numbers."""

    def __init__(
        self, channels: int, n: int | None, seed: int, operators: Operators | None
    ) -> None:
        super().__init__()
        self.sampled = sample_features(seed, channels if n is None else n, channels)
        self.register_buffer("sample", torch.tensor(self.sampled))
        self.takes = _inputs(operators or SixOperators(), channels, self.sampled)
        rows = self.takes.rows
        self.width = self.takes.operators.width(channels) if rows is None else len(rows)
        """C, features of a window that it takes."""

    def _predict(self, windows: Windows) -> Tensor:
        """Return the prediction (S,)."""
        raise NotImplementedError

    def _parts(self) -> tuple[Sequence[nn.Module], ...]:
        """The parts whose parameters a fingerprint counts."""
        raise NotImplementedError

    def forward(self, inputs: Windows | Tensor) -> Tensor:
        """Return the prediction (S,) of windows of features, or of pictures (S, F, T)."""
        # What is half precision, and what is not, is said by the windows' own type.
        with torch.autocast(self.sample.device.type, enabled=False):
            if isinstance(inputs, Tensor):
                takes = self.takes
                inputs = windows_of(inputs, takes.operators, takes.rows, takes.also)
            return self._predict(inputs)

    def parameter_fingerprint(self) -> tuple[int, ...]:
        """Trainable parameters of the norms of features, of the core, of the output.

        Source: HT20b prints 540, 36180, 31 for v2; n = 8 gives 232, 17700, 31. HT20a prints
        234 + 702, 21090, 31 for v1.
        """
        return tuple(
            sum(p.numel() for part in group for p in part.parameters() if p.requires_grad)
            for group in self._parts()
        )

    def _load_from_state_dict(self, state: dict[str, Any], prefix: str, *rest: Any) -> None:
        stored = state.get(f"{prefix}sample")
        if stored is not None and tuple(stored.tolist()) != self.sampled:
            raise FitError(
                f"a checkpoint whose model pairs up features {stored.tolist()}",
                f"one of this model's sample {list(self.sampled)}",
                "build the model with the seed and model.n that its fit's config.yaml names",
            )
        super()._load_from_state_dict(state, prefix, *rest)


class AlphaNet(WindowNetwork):
    """The network of HT20b (v2) and, with n below `channels`, of HT21 (v2.1).

    Sample and initial weights are a function of `seed` alone, whatever torch's global state.

    Args:
        channels: F, rows of a picture.
        n: Rows whose pairs are traversed; None for all.
        seed: The model's seed.
        units: LSTM units.
        eps: Batch norm's addition to the variance.
        momentum: Share of the running statistics that batch norm keeps (Keras' sense).
        operators: Make the features of a window.
    """

    feature_norm: nn.Module
    lstm: nn.Module
    state_norm: nn.Module

    def __init__(
        self,
        channels: int = 15,
        n: int | None = None,
        seed: int = 0,
        units: int = ModelSettings.units,
        eps: float = ModelSettings.batch_norm_eps,
        momentum: float = ModelSettings.batch_norm_momentum,
        operators: Operators | None = None,
    ) -> None:
        super().__init__(channels, n, seed, operators)
        self._norm = eps, momentum
        generator = torch.Generator().manual_seed(seed)
        self._build(self.width, units, generator)
        self.head = output_layer(units, generator)

    def _build(self, width: int, units: int, generator: torch.Generator) -> None:
        self.feature_norm = PlainNorm(width, *self._norm)
        self.lstm = nn.LSTM(width, units, batch_first=True)
        kernel, recurrent, bias = map(torch_gates, initial_lstm(width, units, generator))
        self.lstm.weight_ih_l0 = nn.Parameter(kernel)
        self.lstm.weight_hh_l0 = nn.Parameter(recurrent)
        self.lstm.bias_ih_l0 = nn.Parameter(bias)
        # One bias, as in Keras.
        self.lstm.bias_hh_l0 = nn.Parameter(torch.zeros_like(bias), requires_grad=False)
        self.state_norm = PlainNorm(units, *self._norm)

    def _predict(self, windows: Windows) -> Tensor:
        features_SWC = windows.features().to(self.head.weight.dtype)
        state_SH = self.lstm(self.feature_norm(features_SWC))[1][0][-1]
        prediction: Tensor = self.head(self.state_norm(state_SH)).squeeze(-1)
        return prediction

    def _parts(self) -> tuple[Sequence[nn.Module], ...]:
        return (self.feature_norm,), (self.lstm, self.state_norm), (self.head,)


def _inputs(operators: Operators, channels: int, sampled: tuple[int, ...]) -> WindowInputs:
    """What of the windows a sample of the channels takes."""
    if len(sampled) == channels:
        return WindowInputs(operators)
    if not isinstance(operators, SixOperators):
        raise ConfigError(
            f"model.n={len(sampled)} was given with model.operators of your own",
            "it samples the pairs of the six operators",
            f"model.n={channels}",
        )
    return WindowInputs(operators, sampled_rows(channels, sampled, operators.singles))


def output_layer(units: int, generator: torch.Generator) -> nn.Linear:
    """Return the linear layer to one number: truncated normal weights, as the reports say."""
    head = nn.utils.skip_init(nn.Linear, units, 1)
    nn.init.trunc_normal_(head.weight, std=0.05, a=-0.1, b=0.1, generator=generator)
    nn.init.zeros_(head.bias)
    return head


def initial_lstm(
    features: int, units: int, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Return kernel (G, C), recurrent (G, H) and bias (G,), G = 4H gates of `fused.WindowLSTM`.

    As Keras: glorot uniform, orthogonal recurrent, zero bias, forget bias one.
    """
    kernel, recurrent = torch.empty(4 * units, features), torch.empty(4 * units, units)
    nn.init.xavier_uniform_(kernel, generator=generator)
    nn.init.orthogonal_(recurrent, generator=generator)
    return kernel, recurrent, torch.cat([torch.ones(units), torch.zeros(3 * units)])


def torch_gates(rows: Tensor) -> Tensor:
    """From forget, input, output, candidate to torch's input, forget, candidate, output."""
    forget, enter, output, candidate = rows.chunk(4)
    return torch.cat([enter, forget, candidate, output])
