"""Batch normalisation across ranks, on feature-major data: channels first, samples last.

The running variance is the biased one, as in Keras, where HT20b trained. With `torch.distributed`
initialised, a training batch is the union of all ranks' rows, weighted by their number, on CPU and
GPU alike (torch's own SyncBatchNorm refuses CPU tensors); otherwise nothing is communicated.

A variance is the square of its channel's scale, which float32 does not always hold: the covariance
of two volumes is near 1e16, of volumes in another unit near 1e22. Sums of squares are float64 where
float32 overflows, and the running variance always is.

    norm = BatchNorm(270)
    centred_CN, scale_C, shift_C = norm(x_CN)
"""

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from alphanet_pl.config.settings import ModelSettings
from datamodules.batches.windows import Windows


class BatchNorm(nn.Module):
    """One scale and one shift per channel, over all other axes of all ranks.

    Args:
        channels: C.
        eps: Added to the variance.
        momentum: Share of the running statistics that a training step keeps (Keras' sense).
    """

    running_mean: Tensor
    running_var: Tensor
    own = False
    """Whether a score, too, is normalised by the batch that it is asked for: one date's stocks."""

    def __init__(
        self,
        channels: int,
        eps: float = ModelSettings.batch_norm_eps,
        momentum: float = ModelSettings.batch_norm_momentum,
    ) -> None:
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels, dtype=torch.float64))

    def forward(self, x_CN: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return (centred, scale, shift): the normalised x is scale * centred + shift.

        The linear layer behind absorbs scale and shift, which saves passes over x and its gradient.
        Centring stays a pass of its own, because float32 folds it badly: a feature's mean can be a
        hundred times its deviation.

        Args:
            x_CN: (C, N); overwritten by `centred` where no gradient needs it.

        Returns:
            centred (C, N), scale (C,) and shift (C,), differentiable, through the statistics too.
        """
        if not (self.training or self.own):
            # Double also where a caller has cast the module to float32, statistics included.
            scale = self._scale(self.running_var.double())
            return self._centre(x_CN, self.running_mean), scale, self.bias
        local = x_CN.mean(1)
        centred = self._centre(x_CN, local)
        mean, var = self._joined(x_CN.shape[1], local, _sum_of_squares(centred))
        scale = self._scale(var)
        shift = self.bias if mean is local else self.bias + scale * (local - mean)
        return centred, scale, shift

    def _centre(self, x_CN: Tensor, mean: Tensor) -> Tensor:
        return x_CN - mean[:, None] if x_CN.requires_grad else x_CN.sub_(mean[:, None])

    def _scale(self, var: Tensor) -> Tensor:
        return self.weight * torch.rsqrt(var + self.eps).to(self.weight.dtype)

    def _joined(self, count: int, mean: Tensor, squares: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance of this batch; in training of all ranks, and followed."""
        if not self.training:  # one process scores, whether or not others have trained with it
            return mean, squares / count
        mean, variance = across_ranks(count, mean, squares)
        with torch.no_grad():
            self.running_mean.lerp_(mean.to(self.running_mean.dtype), 1 - self.momentum)
            self.running_var.lerp_(variance.to(self.running_var.dtype), 1 - self.momentum)
        return mean, variance


def _sum_of_squares(centred_CN: Tensor) -> Tensor:
    """(C,) in the type of the data where that holds it, else in float64.

    Reading float32 into float64 sums takes a CPU five times as long, so it is done where it must
    be. A GPU does so at the speed of its memory, and would have to be waited for to ask it.
    """
    if not (centred_CN.is_cuda or torch.compiler.is_compiling()):
        squares = torch.linalg.vector_norm(centred_CN, dim=1).square()
        if squares.isfinite().all():
            return squares
    return torch.linalg.vector_norm(centred_CN, dim=1, dtype=torch.float64).square()


class FeatureNorm(BatchNorm):
    """Batch norm of features that come with their moments: nothing of it is a pass over them.

    A date's windows and their moments are constants of the data, so the norm is a scale and a
    shift of each window, which the layer behind folds into its weights.
    """

    def forward(self, windows: Windows) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        """Return scale and shift (D, W, C): the normalised feature is scale * value + shift.

        In training the statistics are those of all dates of the step, on all ranks.
        """
        mean, variance = self.running_mean.double(), self.running_var.double()
        if self.training or self.own:
            mean, variance = self._statistics(windows)
        inverse = torch.rsqrt(variance + self.eps)
        ratio = (windows.scale * inverse).to(self.weight.dtype)
        offset = ((windows.location - mean) * inverse).to(self.weight.dtype)
        return self.weight * ratio, torch.addcmul(self.bias, self.weight, offset)

    def _statistics(self, windows: Windows) -> tuple[Tensor, Tensor]:
        count = len(windows.values) * sum(windows.counts)
        if len(windows.counts) == 1:
            mean, squares = windows.mean[0], windows.variance[0] * count
        else:
            shares = torch.tensor(windows.counts, device=windows.mean.device) / sum(windows.counts)
            mean = shares.double() @ windows.mean
            spread = windows.variance + (windows.mean - mean).square()
            squares = (shares.double() @ spread) * count
        return self._joined(count, mean, squares)


class PlainNorm(BatchNorm):
    """The same norm written as one reads it, channels last: for the readable network."""

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        """Return the normalised (..., C)."""
        mean, variance = self.running_mean, self.running_var
        if self.training or self.own:
            rows_NC = x.flatten(0, -2)
            local = rows_NC.mean(0)
            squares = (rows_NC - local).double().square().sum(0)
            mean, variance = self._joined(len(rows_NC), local, squares)
        return (x - mean) * self._scale(variance) + self.bias


def use_own_statistics(network: nn.Module) -> None:
    """Let a network score each date by the statistics of its own stocks, as a step trains it.

    Args:
        network: Is asked for one date at a time. Its norms are ours, whose running statistics stay
            as they are, or torch's, whose are gone.
    """
    for module in network.modules():
        if isinstance(module, BatchNorm):
            module.own = True
        elif isinstance(module, nn.modules.batchnorm._NormBase):  # without them torch's do so
            module.running_mean = module.running_var = None


def across_ranks(count: int, mean: Tensor, squares: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and biased variance of all ranks' rows together, differentiable.

    Of several ranks the variance is float64.

    Args:
        count: Rows of this rank.
        mean: (C,) their mean.
        squares: (C,) their summed squares about that mean. Moments about a common origin would
            cancel catastrophically where a mean is large, so ranks are combined by Chan's formula.
    """
    if not (dist.is_available() and dist.is_initialized()) or dist.get_world_size() == 1:
        return mean, squares / count
    local = torch.cat([mean.new_full((1,), count), mean, squares]).double()
    ranks = _AllGather.apply(local)
    counts, means, within = ranks.split([1, len(mean), len(mean)], dim=1)
    total = counts.sum()
    centre = (counts * means).sum(0) / total
    summed = (within + counts * (means - centre).square()).sum(0)
    return centre.to(mean.dtype), summed / total


class _AllGather(torch.autograd.Function):
    """Every rank's vector, stacked; the gradient of a rank's own is summed over all ranks."""

    @staticmethod
    def forward(ctx: Any, mine: Tensor) -> Tensor:
        ranks = [torch.empty_like(mine) for _ in range(dist.get_world_size())]
        dist.all_gather(ranks, mine)
        return torch.stack(ranks)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        grad = grad.contiguous()
        dist.all_reduce(grad)
        return grad[dist.get_rank()]
