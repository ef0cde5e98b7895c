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

_sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input


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
        return _run(inputs_RWS, _with_candidate(weights, 2))[-1]


def _with_candidate(rows_G: Tensor, factor: float) -> Tensor:
    """Multiply the candidate's rows, the last quarter, by a factor."""
    others = 3 * len(rows_G) // 4
    return torch.cat([rows_G[:others], factor * rows_G[others:]])


def _run(inputs_RWS: Tensor, weights_GR: Tensor) -> list[Tensor]:
    """Run all windows, writing each state into the next window's inputs.

    No tanh, which costs three times a sigmoid: the candidate's rows come doubled, so that its
    tanh(x) = 2 sigmoid(2x) - 1 is one more sigmoid s. The memory c is kept as its negative, and
    tanh(c) as q = sigmoid(-2c) = (1 - tanh(c)) / 2; each step is then one fused multiply-add.

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
        weights = _with_candidate(weights, 2)
        trace = _run(inputs, weights)
        ctx.save_for_backward(inputs, weights, *trace)
        return trace[-1]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_state: Tensor) -> tuple[None, Tensor]:
        inputs, weights, *trace = ctx.saved_tensors
        units, (_, windows, stocks) = len(d_state), inputs.shape
        recurrent_HG = _with_candidate(weights[:, -units:], -2).T
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
        return None, _with_candidate(d_weights_RG.T, -2 * 2)


def _through_window(
    d_state: Tensor,
    d_memory: Tensor | None,
    gates: Tensor,
    q: Tensor,
    before: Tensor | None,
    out: Tensor,
) -> Tensor:
    """Write the gradient of one window's gates, return that of the memory before it.

    From state = o (1 - 2q), q = sigmoid(2 memory), memory = forget * before + i (1 - 2s). The
    candidate's rows are written without their factor -2, cheaper put into the weights they meet.
    """
    *forget, enter, output, candidate = gates.split(len(q))
    *d_forget, d_enter, d_output, d_candidate = out.split(len(q))
    d_q = d_state * output
    _sigmoid_backward(d_q, q, grad_input=d_q)
    d_memory = d_q.mul_(-4) if d_memory is None else d_memory.add_(d_q, alpha=-4)
    torch.addcmul(d_state, d_state, q, value=-2, out=d_output)
    torch.addcmul(d_memory, d_memory, candidate, value=-2, out=d_enter)
    torch.mul(d_memory, enter, out=d_candidate)
    if before is not None:
        torch.mul(d_memory, before, out=d_forget[0])
        d_memory.mul_(forget[0])
    _sigmoid_backward(out, gates, grad_input=out)
    return d_memory
