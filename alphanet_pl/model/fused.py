"""AlphaNet fused: the same function as `network.AlphaNet`, three times as fast; the default.

Batch norm is folded into the weights behind it, and the LSTM over a picture's windows is written
out. `nn.LSTM` spends most of its time on what is not needed here: a gradient for its inputs, a
second bias, sample-major copies, a forget gate on an empty memory. This one keeps the stocks
contiguous and takes features as they are kept: the batch norm before it, and what each window was
normalised by, arrive as a scale and a shift of every date's windows, folded into the input weights.

Shape suffixes: C features, W windows, S stocks, D dates, H units, G = 4H gate rows in the order
forget, input, output, candidate: the first window has nothing to forget and starts at row H.

    network = FusedAlphaNet(n=8, seed=3)
    prediction_S = network(pictures_SFT)
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from alphanet_pl.model.batchnorm import BatchNorm, FeatureNorm
from alphanet_pl.model.network import AlphaNet, initial_lstm
from datamodules.batches.windows import Windows

_sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input

_BLOCK = 256
"""Stocks that a product in half precision takes a multiple of: each new shape is compiled anew."""


class FusedAlphaNet(AlphaNet):
    """`AlphaNet` with batch norm folded into weights and the LSTM written out; same arguments."""

    state_norm: BatchNorm

    def _build(self, width: int, units: int, generator: torch.Generator) -> None:
        self.feature_norm = FeatureNorm(width, *self._norm)
        self.lstm = WindowLSTM(width, units, generator)
        self.state_norm = BatchNorm(units, *self._norm)

    def _predict(self, windows: Windows) -> Tensor:
        scale_DWC, shift_DWC = self.feature_norm(windows)
        state_HS = self.lstm(windows.values, windows.counts, scale_DWC, shift_DWC)
        return read_out(self.head, self.state_norm, state_HS)


def read_out(head: nn.Linear, norm: BatchNorm, state_HS: Tensor) -> Tensor:
    """Return the output (S,) of the normalised state, the norm folded into the weights."""
    centred_HS, scale, shift = norm(state_HS)
    weight = head.weight[0]
    return (weight * scale) @ centred_HS + (weight @ shift + head.bias)


class WindowLSTM(nn.Module):
    """LSTM whose inputs are data: gradients for its weights and what is folded into them only.

    Args:
        features: C.
        units: H.
        generator: Source of the initial weights.
    """

    def __init__(self, features: int, units: int, generator: torch.Generator) -> None:
        super().__init__()
        self.kernel, self.recurrent, self.bias = map(
            nn.Parameter, initial_lstm(features, units, generator)
        )

    def forward(
        self, values_WCS: Tensor, counts: Sequence[int], scale_DWC: Tensor, shift_DWC: Tensor
    ) -> Tensor:
        """Return the last state (H, S) of the features scale * values + shift.

        Args:
            values_WCS: Of the stocks of D dates, one date after another; bfloat16 values make
                the products of the inputs bfloat16, and nothing else.
            counts: Stocks of each date.
            scale_DWC: What each date's windows are multiplied by.
            shift_DWC: What is added then.
        """
        weights_DWGC = self.kernel * scale_DWC[:, :, None]
        bias_DWG = self.bias + shift_DWC @ self.kernel.T
        dates = by_date(values_WCS, counts)
        if torch.is_grad_enabled():
            return _LastState.apply(counts, weights_DWGC, bias_DWG, self.recurrent, *dates)
        doubled = (_scale_candidate(part, 2, dim) for part, dim in (
            (weights_DWGC, 2), (bias_DWG, 2), (self.recurrent, 0),
        ))  # fmt: skip
        return _run(dates, counts, *doubled)[-1]


def _scale_candidate(rows: Tensor, factor: float, dim: int) -> Tensor:
    """Multiply the candidate's rows, the last quarter of G, by a factor."""
    others = 3 * rows.shape[dim] // 4
    first, last = rows.split([others, rows.shape[dim] - others], dim)
    return torch.cat([first, factor * last], dim)


def by_date(values_WCS: Tensor, counts: Sequence[int]) -> list[Tensor]:
    """The stocks of each date; zeros fill a block, for products in half precision."""
    dates = list(values_WCS.split(list(counts), dim=2))
    if values_WCS.dtype.itemsize > 2:
        return dates
    return [nn.functional.pad(date, (0, -date.shape[2] % _BLOCK)) for date in dates]


def _run(
    dates: Sequence[Tensor],
    counts: Sequence[int],
    weights_DWGC: Tensor,
    bias_DWG: Tensor,
    recurrent_GH: Tensor,
) -> list[Tensor]:
    """Run all windows.

    No tanh, which costs three times a sigmoid: the candidate's rows come doubled, so that its
    tanh(x) = 2 sigmoid(2x) - 1 is one more sigmoid s. The memory c is kept as its negative, and
    tanh(c) as q = sigmoid(-2c) = (1 - tanh(c)) / 2; each step is then one fused multiply-add.

    Returns:
        Per window the gates after their sigmoid (G, S; without forget gate in the first), then q,
        the negated memory and the state, each (H, S).
    """
    units = recurrent_GH.shape[1]
    trace: list[Tensor] = []
    for window, values_DCS in enumerate(zip(*dates, strict=True)):
        start = 0 if window else units
        gates = project(
            values_DCS, counts, weights_DWGC[:, window, start:], bias_DWG[:, window, start:]
        )
        if window:
            gates.addmm_(recurrent_GH, trace[-1])
        gates.sigmoid_()
        enter, output, candidate = gates[-3 * units :].chunk(3)
        memory = torch.addcmul(enter, enter, candidate, value=-2)
        if window:
            memory.addcmul_(gates[:units], trace[-2])
        q = torch.mul(memory, 2).sigmoid_()
        trace += [gates, q, memory, torch.addcmul(output, output, q, value=-2)]
    return trace


def project(
    values_DCS: Sequence[Tensor], counts: Sequence[int], weights_DGC: Tensor, bias_DG: Tensor
) -> Tensor:
    """Return weights @ values + bias (G, S), each date by its own; see `by_date`."""
    parts = []
    for values, count, weights, bias in zip(values_DCS, counts, weights_DGC, bias_DG, strict=True):
        if values.dtype == bias.dtype:
            parts.append(torch.addmm(bias[:, None], weights, values))
        else:
            product = weights.to(values.dtype) @ values
            parts.append(product[:, :count].to(bias.dtype).add_(bias[:, None]))
    return parts[0] if len(parts) == 1 else torch.cat(parts, 1)


class _LastState(torch.autograd.Function):
    """The last state with its gradient written out; see `_run` for the arithmetic."""

    @staticmethod
    def forward(
        ctx: Any,
        counts: Sequence[int],
        weights: Tensor,
        bias: Tensor,
        recurrent: Tensor,
        *dates: Tensor,
    ) -> Tensor:
        doubled = _scale_candidate(recurrent, 2, 0)
        trace = _run(
            dates,
            counts,
            _scale_candidate(weights, 2, 2),
            _scale_candidate(bias, 2, 2),
            doubled,
        )
        ctx.counts = counts
        ctx.save_for_backward(doubled, *dates, *trace)
        return trace[-1]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_state: Tensor) -> tuple[Tensor | None, ...]:
        doubled, *saved = ctx.saved_tensors
        dates, trace = saved[: len(ctx.counts)], saved[len(ctx.counts) :]
        units, stocks = d_state.shape
        windows, channels, _ = dates[0].shape
        # A window's gradient is written without the candidate's factor: -2, and 2 for its doubling.
        recurrent_HG = _scale_candidate(doubled, -2, 0).T
        d_weights = d_state.new_zeros(len(dates), windows, 4 * units, channels)
        d_bias = d_state.new_zeros(len(dates), windows, 4 * units)
        d_recurrent = torch.zeros_like(doubled)
        d_memory = None
        for window in reversed(range(windows)):
            start = 0 if window else units
            gates, q = trace[4 * window : 4 * window + 2]
            before = trace[4 * window - 2] if window else None
            out = d_state.new_empty(4 * units - start, stocks)
            d_memory = _through_window(d_state, d_memory, gates, q, before, out)
            if window:
                d_recurrent.addmm_(out, trace[4 * window - 1].T)
                d_state = recurrent_HG @ out
            low = by_date(out[None].to(dates[0].dtype), ctx.counts)
            for date, own in enumerate(out.split(list(ctx.counts), dim=1)):
                d_weights[date, window, start:] = low[date][0] @ dates[date][window].T
                d_bias[date, window, start:] = own.sum(1)
        return (
            None,
            _scale_candidate(d_weights, -4, 2),
            _scale_candidate(d_bias, -4, 2),
            _scale_candidate(d_recurrent, -4, 0),
            *[None] * len(dates),
        )


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
