"""The LSTM over a picture's three windows, written out: only the last state, one bias, Keras style.

`nn.LSTM` spends most of its time on what is not needed here: a gradient for its inputs, a second
bias, sample-major copies, a forget gate on an empty memory. This one keeps the stocks contiguous,
takes the batch norm before it as a scale and a shift folded into its input weights, and makes one
product a window by keeping features, a row of ones and the state before in one memory.

Shape suffixes: C features, W windows, S stocks, H units, R = C + 1 + H input rows, G = 4H gate rows
in the order forget, input, output, candidate: the first window has nothing to forget and starts at
row H.

    inputs_RWS = torch.empty(lstm.input_rows, 3, stocks)
    inputs_RWS[: lstm.features] = features_CWS
    state_HS = lstm(inputs_RWS, scale_C, shift_C)
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


class WindowLSTM(nn.Module):
    """LSTM whose inputs are data: gradients for its weights and the folded norm only.

    Initial weights as Keras: glorot uniform, orthogonal recurrent, zero bias, forget bias one.

    Args:
        features: C.
        units: H.
        generator: Source of the initial weights.
    """

    def __init__(self, features: int, units: int, generator: torch.Generator) -> None:
        super().__init__()
        self.features, self.input_rows = features, features + 1 + units
        self.kernel = nn.Parameter(torch.empty(4 * units, features))
        self.recurrent = nn.Parameter(torch.empty(4 * units, units))
        self.bias = nn.Parameter(torch.zeros(4 * units))
        nn.init.xavier_uniform_(self.kernel, generator=generator)
        nn.init.orthogonal_(self.recurrent, generator=generator)
        nn.init.ones_(self.bias[:units].detach())

    def forward(self, inputs_RWS: Tensor, scale_C: Tensor, shift_C: Tensor) -> Tensor:
        """Return the last state (H, S) of the features scale * inputs[:C] + shift.

        Args:
            inputs_RWS: Features in the first C rows; the other rows are written here.
            scale_C: The folded norm's scale.
            shift_C: The folded norm's shift.
        """
        bias = self.bias + self.kernel @ shift_C
        weights = torch.cat([self.kernel * scale_C, bias[:, None], self.recurrent], 1)
        if torch.is_grad_enabled():
            return _LastState.apply(inputs_RWS, weights)
        return _run(inputs_RWS, _doubled(weights))[-1]


def _doubled(weights_GR: Tensor) -> Tensor:
    """Double the candidate's rows, so that its tanh(x) = 2 sigmoid(2x) - 1 is one more sigmoid.

    A vectorised tanh costs three times a sigmoid.
    """
    others = 3 * len(weights_GR) // 4
    return torch.cat([weights_GR[:others], 2 * weights_GR[others:]])


def _run(inputs_RWS: Tensor, weights_GR: Tensor) -> list[Tensor]:
    """Run all windows with doubled weights, writing each state into the next window's inputs.

    The memory c is kept as its negative, and tanh(c) as q = sigmoid(-2c) = (1 - tanh(c)) / 2, so
    that each step is one fused multiply-add.

    Returns:
        Per window the gates after their sigmoid (G, S; without forget gate in the first), then q,
        the negated memory and the state, each (H, S).
    """
    units = len(weights_GR) // 4
    inputs_RWS[-units - 1] = 1
    trace: list[Tensor] = []
    for window in range(inputs_RWS.shape[1]):
        if window:
            inputs_RWS[-units:, window] = trace[-1]
            gates = (weights_GR @ inputs_RWS[:, window]).sigmoid_()
        else:
            gates = (weights_GR[units:, :-units] @ inputs_RWS[:-units, 0]).sigmoid_()
        enter, output, candidate = gates[-3 * units :].chunk(3)
        memory = torch.addcmul(enter, enter, candidate, value=-2)
        if window:
            memory.addcmul_(gates[:units], trace[-2])
        q = torch.mul(memory, 2).sigmoid_()
        trace += [gates, q, memory, torch.addcmul(output, output, q, value=-2)]
    return trace


class _LastState(torch.autograd.Function):
    """The last state with its gradient written out; see `_run` for the arithmetic."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, weights: Tensor) -> Tensor:
        weights = _doubled(weights)
        trace = _run(inputs, weights)
        ctx.save_for_backward(inputs, weights, *trace)
        return trace[-1]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_state: Tensor) -> tuple[None, Tensor]:
        inputs, weights, *trace = ctx.saved_tensors
        units, (_, windows, stocks) = len(d_state), inputs.shape
        recurrent = weights[:, -units:]
        rest = d_state.new_empty(4 * units, windows - 1, stocks)
        first = d_state.new_empty(3 * units, stocks)
        d_memory = None
        for window in reversed(range(windows)):
            gates, q, _, state = trace[4 * window : 4 * window + 4]
            out = rest[:, window - 1] if window else first
            d_memory = _through_output(d_state, d_memory, gates, q, state, out)
            _through_memory(d_memory, gates, out)
            if window:
                forget, before = gates[:units], trace[4 * window - 2]
                _through_sigmoid(d_memory * before, forget, out[:units])
                d_memory.mul_(forget)
                d_state = recurrent.T @ out
        d_weights_RG = inputs[:, 1:].flatten(1) @ rest.flatten(1).T
        d_weights_RG[:-units, units:].addmm_(inputs[:-units, 0], first.T)
        return None, _doubled(d_weights_RG.T)


def _through_sigmoid(grad: Tensor, value: Tensor, out: Tensor) -> None:
    """Write the gradient before a sigmoid from the one behind it and its value."""
    torch.ops.aten.sigmoid_backward(grad, value, grad_input=out)


def _through_output(
    d_state: Tensor, d_memory: Tensor | None, gates: Tensor, q: Tensor, state: Tensor, out: Tensor
) -> Tensor:
    """From state = o (1 - 2q): write the output gate's gradient, return the memory's."""
    units = len(state)
    output = gates[-2 * units : -units]
    d_output = d_state * state
    torch.addcmul(d_output, d_output, output, value=-1, out=out[-2 * units : -units])
    d_q = d_state * output
    _through_sigmoid(d_q, q, d_q)
    return d_q.mul_(-4) if d_memory is None else d_memory.add_(d_q, alpha=-4)


def _through_memory(d_memory: Tensor, gates: Tensor, out: Tensor) -> None:
    """From memory = forget * before + i - 2 i s: write the gradients of input and candidate."""
    units = len(d_memory)
    enter, candidate = gates[-3 * units : -2 * units], gates[-units:]
    d_enter = d_memory * enter
    _through_sigmoid(d_enter, candidate, out[-units:])
    out[-units:].mul_(-2)
    d_enter.addcmul_(d_enter, enter, value=-1)
    torch.addcmul(d_enter, d_enter, candidate, value=-2, out=out[-3 * units : -2 * units])
