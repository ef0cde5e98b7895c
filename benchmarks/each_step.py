"""The step of commit d289773, kept as the slow reference: operators and their norm in every step.

Features of a date's pictures are made anew each time they are asked for, and their batch statistics
with them. It computes what `alphanet_pl.model.fused.FusedAlphaNet` computes; tests compare the two.

    alphanet train model.network=benchmarks.each_step.EachStep
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from alphanet_pl.model.batchnorm import BatchNorm
from alphanet_pl.model.fused import _scale_candidate, _through_window
from alphanet_pl.model.network import initial_lstm, output_layer
from alphanet_pl.model.operators import extract_features, feature_count
from alphanet_pl.model.sampling import sample_features


class EachStep(nn.Module):
    """AlphaNet-v2 and v2.1 on pictures; arguments as `alphanet_pl.model.network.AlphaNet`."""

    takes = "pictures"

    def __init__(
        self,
        channels: int = 15,
        n: int | None = None,
        seed: int = 0,
        units: int = 30,
        eps: float = 1e-3,
        momentum: float = 0.99,
    ) -> None:
        super().__init__()
        self._sample = sample_features(seed, n or channels, channels)
        generator = torch.Generator().manual_seed(seed)
        width = feature_count(channels, len(self._sample))
        self.feature_norm = BatchNorm(width, eps, momentum)
        weights = initial_lstm(width, units, generator)
        self.kernel, self.recurrent, self.bias = map(nn.Parameter, weights)
        self.state_norm = BatchNorm(units, eps, momentum)
        self.head = output_layer(units, generator)

    def forward(self, pictures: Tensor) -> Tensor:
        """Prediction (S,) of pictures (S, F, T)."""
        features_CWS = extract_features(pictures, self._sample)
        width, windows, stocks = features_CWS.shape
        units = self.recurrent.shape[1]
        inputs_RWS = features_CWS.new_empty(width + 1 + units, windows, stocks)
        inputs_RWS[:width] = features_CWS
        _, scale, shift = self.feature_norm(inputs_RWS[:width].flatten(1))
        bias = self.bias + self.kernel @ shift
        weights_GR = torch.cat([self.kernel * scale, bias[:, None], self.recurrent], 1)
        state_HS = _LastState.apply(inputs_RWS, weights_GR)
        centred_HS, scale, shift = self.state_norm(state_HS)
        weight = self.head.weight[0]
        return (weight * scale) @ centred_HS + (weight @ shift + self.head.bias)


class _LastState(torch.autograd.Function):
    """The LSTM's last state (H, S): features, a row of ones and the state before in one memory."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, weights: Tensor) -> Tensor:
        weights = _scale_candidate(weights, 2, 0)
        units = len(weights) // 4
        inputs[-units - 1] = 1
        trace: list[Tensor] = []
        for window in range(inputs.shape[1]):
            if window:
                inputs[-units:, window] = trace[-1]
                gates = (weights @ inputs[:, window]).sigmoid_()
            else:
                gates = (weights[units:, :-units] @ inputs[:-units, 0]).sigmoid_()
            enter, output, candidate = gates[-3 * units :].chunk(3)
            memory = torch.addcmul(enter, enter, candidate, value=-2)
            if window:
                memory.addcmul_(gates[:units], trace[-2])
            q = torch.mul(memory, 2).sigmoid_()
            trace += [gates, q, memory, torch.addcmul(output, output, q, value=-2)]
        ctx.save_for_backward(inputs, weights, *trace)
        return trace[-1]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_state: Tensor) -> tuple[None, Tensor]:
        inputs, weights, *trace = ctx.saved_tensors
        units, (_, windows, stocks) = len(d_state), inputs.shape
        recurrent_HG = _scale_candidate(weights[:, -units:], -2, 0).T
        rest = d_state.new_empty(4 * units, windows - 1, stocks)
        first = d_state.new_empty(3 * units, stocks)
        d_memory = None
        for window in reversed(range(windows)):
            gates, q = trace[4 * window : 4 * window + 2]
            out = rest[:, window - 1] if window else first
            before = trace[4 * window - 2] if window else None
            d_memory = _through_window(d_state, d_memory, gates, q, before, out)
            if window:
                d_state = recurrent_HG @ out
        d_weights_RG = inputs[:, 1:].flatten(1) @ rest.flatten(1).T
        d_weights_RG[:-units, units:].addmm_(inputs[:-units, 0], first.T)
        return None, _scale_candidate(d_weights_RG.T, -4, 0)
