"""The LSTM over a picture's three windows, written out: only the last state, one bias, Keras style.

`nn.LSTM` spends half of its time on what is not needed here: a gradient for its inputs, a second
bias, sample-major copies, a forget gate on an empty memory. This one keeps the stocks contiguous
and takes the batch norm before it as a scale and a shift folded into its input weights.

Shape suffixes: C features, W windows, S stocks, H units, G = 4H gate rows in the order forget,
input, output, candidate, so that the first window, whose memory is empty, is rows H: onwards.

    state_HS = lstm(features_CWS, scale_C, shift_C)
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


class WindowLSTM(nn.Module):
    """LSTM whose inputs are data: gradients for its weights and the folded norm only.

    Initial weights as Keras: glorot uniform, orthogonal recurrent, zero bias, forget bias one.

    Args:
        inputs: C.
        units: H.
        generator: Source of the initial weights.
    """

    def __init__(self, inputs: int, units: int, generator: torch.Generator) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.empty(4 * units, inputs))
        self.recurrent = nn.Parameter(torch.empty(4 * units, units))
        self.bias = nn.Parameter(torch.zeros(4 * units))
        nn.init.xavier_uniform_(self.kernel, generator=generator)
        nn.init.orthogonal_(self.recurrent, generator=generator)
        nn.init.ones_(self.bias[:units].detach())

    def forward(self, features_CWS: Tensor, scale_C: Tensor, shift_C: Tensor) -> Tensor:
        """Return the last state (H, S) of inputs scale * features + shift."""
        kernel = self.kernel * scale_C
        bias = self.bias + self.kernel @ shift_C
        if torch.is_grad_enabled():
            return _LastState.apply(features_CWS, kernel, bias, self.recurrent)
        return _run(features_CWS, *_doubled(kernel, bias, self.recurrent))[0]


def _doubled(*weights: Tensor) -> list[Tensor]:
    """Double the candidate's rows, so that its tanh(x) = 2 sigmoid(2x) - 1 is one more sigmoid.

    A vectorised tanh costs three times a sigmoid.
    """
    units = len(weights[0]) // 4
    return [torch.cat([w[: 3 * units], 2 * w[3 * units :]]) for w in weights]


def _run(features_CWS: Tensor, kernel: Tensor, bias: Tensor, recurrent: Tensor) -> list[Tensor]:
    """Run all windows with doubled weights.

    The memory c is kept as its negative, and tanh(c) as q = sigmoid(-2c) = (1 - tanh(c)) / 2, so
    that each step is one fused multiply-add.

    Returns:
        Per window the gates after their sigmoid (G, S; without forget gate in the first), then q,
        the negated memory and the state, each (H, S).
    """
    units, (_, windows, stocks) = recurrent.shape[1], features_CWS.shape
    first = torch.addmm(bias[units:, None], kernel[units:], features_CWS[:, 0])
    rest = torch.addmm(bias[:, None], kernel, features_CWS[:, 1:].flatten(1))
    trace: list[Tensor] = []
    for step, gates in enumerate([first, *rest.unflatten(1, (windows - 1, stocks)).unbind(1)]):
        if step:
            gates.addmm_(recurrent, trace[-1])
        gates.sigmoid_()
        enter, output, candidate = gates[-3 * units :].chunk(3)
        memory = torch.addcmul(enter, enter, candidate, value=-2)
        if step:
            memory.addcmul_(gates[:units], trace[-2])
        q = torch.mul(memory, 2).sigmoid_()
        trace += [gates, q, memory, torch.addcmul(output, output, q, value=-2)]
    return trace


class _LastState(torch.autograd.Function):
    """The last state with its gradient written out; see `_run` for the arithmetic."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, *weights: Tensor) -> Tensor:
        kernel, bias, recurrent = _doubled(*weights)
        trace = _run(features, kernel, bias, recurrent)
        ctx.save_for_backward(features, recurrent, *trace)
        return trace[-1]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        features, recurrent, *trace = ctx.saved_tensors
        units, (_, windows, stocks) = recurrent.shape[1], features.shape
        rest = grad.new_empty(4 * units, windows - 1, stocks)
        first = grad.new_empty(3 * units, stocks)
        d_recurrent = torch.zeros_like(recurrent)
        d_state, d_memory = grad, None
        for step in reversed(range(windows)):
            gates, q, _, state = trace[4 * step : 4 * step + 4]
            out = rest[:, step - 1] if step else first
            d_memory = _through_output(d_state, d_memory, gates, q, state, out)
            _through_memory(d_memory, gates, out)
            if step:
                before_memory, before_state = trace[4 * step - 2 : 4 * step]
                forget = gates[:units]
                torch.ops.aten.sigmoid_backward(
                    d_memory * before_memory, forget, grad_input=out[:units]
                )
                d_memory = d_memory * forget
                d_state = recurrent.T @ out
                d_recurrent.addmm_(out, before_state.T)
        d_kernel = rest.flatten(1) @ features[:, 1:].flatten(1).T
        d_kernel[units:].addmm_(first, features[:, 0].T)
        d_bias = rest.sum((1, 2))
        d_bias[units:] += first.sum(1)
        return None, *_doubled(d_kernel, d_bias, d_recurrent)


def _through_output(
    d_state: Tensor, d_memory: Tensor | None, gates: Tensor, q: Tensor, state: Tensor, out: Tensor
) -> Tensor:
    """From state = o (1 - 2q): write the output gate's gradient, return the memory's."""
    units = len(state)
    output = gates[-2 * units : -units]
    d_output = d_state * state
    torch.addcmul(d_output, d_output, output, value=-1, out=out[-2 * units : -units])
    through_q = torch.ops.aten.sigmoid_backward(d_state * output, q).mul_(-4)
    return through_q if d_memory is None else through_q.add_(d_memory)


def _through_memory(d_memory: Tensor, gates: Tensor, out: Tensor) -> None:
    """From memory = forget * before + i - 2 i s: write the gradients of input and candidate."""
    units = len(d_memory)
    enter, candidate = gates[-3 * units : -2 * units], gates[-units:]
    scaled = d_memory * enter
    d_candidate = torch.ops.aten.sigmoid_backward(scaled, candidate)
    torch.mul(d_candidate, -2, out=out[-units:])
    scaled.addcmul_(scaled, enter, value=-1)
    torch.addcmul(scaled, scaled, candidate, value=-2, out=out[-3 * units : -2 * units])
