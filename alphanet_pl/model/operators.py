"""The six operators: a picture of raw prices and volumes becomes the features of three windows.

They have no parameters, and features need no gradient, so everything here runs without one. All
memory is feature-major: the stocks are the last, contiguous axis, as the panel's gather leaves
them, so every pass is a long vectorised row and nothing is transposed.

Shape suffixes: S stocks, F rows of a picture, T days, W windows, D days of a window, C features,
N rows sampled for the pairs, P their pairs.

    features_CWS = extract_features(pictures_SFT, sample=(0, 3, 5))
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from alphanet_pl.config.settings import ModelSettings
from datamodules.base.errors import ConfigError
from datamodules.batches.windows import Operators

CONSTANT = 1e-6
"""A window whose standard deviation is below this share of its level counts as constant.

A float32 price that never moves keeps a deviation of about 1e-7 of its level from rounding.
"""


def feature_count(rows: int, sampled: int, singles: int = 4) -> int:
    """Return C: correlation and covariance of each sampled pair, other operators of each row."""
    return sampled * (sampled - 1) + singles * rows


@torch.no_grad()
def extract_features(
    pictures: Tensor, sample: Sequence[int], window: int = ModelSettings.days
) -> Tensor:
    """Return the features of every window, pairs outside `sample` never computed.

    Order of the C axis: ts_corr of the pairs (i, j), i before j, in the order of `sample`; ts_cov
    of the same pairs; then ts_stddev, ts_zscore, ts_return, ts_decaylinear, each of all F rows.

    Args:
        pictures: (S, F, T), float32 or float64, finite; fastest as a view of (F, T, S) memory.
        sample: Rows whose pairs are traversed.
        window: Days of a window, and its stride.

    Returns:
        (C, W, S) contiguous, W = T / window.

    Raises:
        ConfigError: T is not a whole number of windows.

    Source: HT20a chart 7, HT20b figure 5 (ts_zscore is mean / std, ddof is 1 throughout).
    """
    days = pictures.shape[-1]
    if days == 0 or days % window:
        raise ConfigError(
            f"pictures of {days} days",
            f"a whole number of windows of {window} days",
            f"set data.picture_days={3 * window}",
        )
    x_FTS = pictures.permute(1, 2, 0).contiguous()
    x_DFWS = x_FTS.unflatten(1, (-1, window)).permute(2, 0, 1, 3)
    rows, pairs = len(x_FTS), len(sample) * (len(sample) - 1) // 2
    shape = feature_count(rows, len(sample)), *x_DFWS.shape[2:]
    features = x_FTS.new_empty(shape)
    singles = features[2 * pairs :].unflatten(0, (4, rows))
    centred, inverse = _write_singles(x_DFWS, singles)
    if pairs:
        unit = x_FTS.new_empty(window, len(sample), *x_DFWS.shape[2:])
        inverse.mul_((window - 1) ** -0.5)
        sources, scales = centred.unbind(1), inverse.unbind()
        for place, row in enumerate(sample):
            torch.mul(sources[row], scales[row], out=unit[:, place])
        deviations = singles[0].unbind()
        std = torch.stack([deviations[row] for row in sample])
        _write_pairs(unit, std, *features[: 2 * pairs].chunk(2))
    return features


def sampled_rows(rows: int, sample: Sequence[int], singles: int = 4) -> Tensor:
    """Return the places, among the features of all F rows, of those that a sample has.

    Args:
        rows: F.
        sample: Rows whose pairs are traversed.
        singles: Operators of one row.
    """
    pairs = rows * (rows - 1) // 2
    chosen = set(sample)
    places = [
        place
        for place, (i, j) in enumerate(itertools.combinations(range(rows), 2))
        if i in chosen and j in chosen
    ]
    correlations = torch.tensor(places, dtype=torch.int64)
    others = torch.arange(2 * pairs, feature_count(rows, rows, singles))
    return torch.cat([correlations, pairs + correlations, others])


@dataclass(frozen=True)
class SixOperators(Operators):
    """The report's operators over all pairs of a picture's rows, one window at a time.

    Attributes:
        days: Of a window (HT20b figure 5).
        stride: Sessions between the ends of a picture's windows.
    """

    singles: ClassVar[int] = 4
    """Operators of one row; the others are of pairs."""
    days: int = ModelSettings.days
    stride: int = ModelSettings.stride

    def width(self, channels: int) -> int:
        """C of so many channels."""
        return feature_count(channels, channels, self.singles)

    def __call__(self, days_FTN: Tensor) -> Tensor:
        """Features (C, N) of one window (F, days, N)."""
        sample = tuple(range(len(days_FTN)))
        pictures = days_FTN.permute(2, 0, 1)
        return extract_features(pictures, sample, window=self.days).squeeze(1)


class SevenOperators(SixOperators):
    """The six and, last, ts_mean of each row: those of AlphaNet-v1 (HT20a chart 7)."""

    singles = 5

    def __call__(self, days_FTN: Tensor) -> Tensor:
        """Features (C, N) of one window (F, days, N)."""
        return torch.cat([super().__call__(days_FTN), days_FTN.mean(1)])


def _write_singles(x_DFWS: Tensor, out_4FWS: Tensor) -> tuple[Tensor, Tensor]:
    """Write std, mean / std, return and decay of each row; return the centred days and 1 / std.

    Centring comes before every product: of values near 1e9, a float32 square keeps no variation.
    Guards are arithmetic, not boolean masks, which cost ten times a plain pass over the row.
    """
    std, zscore, change, decay = out_4FWS
    mean = x_DFWS.mean(0)
    centred = torch.sub(x_DFWS, mean, out=x_DFWS.new_empty(x_DFWS.shape))
    torch.mul(centred[0], centred[0], out=std)
    for day in centred[1:]:
        std.addcmul_(day, day)
    std.mul_(1 / (len(x_DFWS) - 1)).sqrt_()
    std.mul_(mean.abs().mul_(CONSTANT).lt_(std))
    inverse = std.reciprocal().nan_to_num_(nan=torch.nan, posinf=0.0)
    torch.mul(mean, inverse, out=zscore)
    torch.div(x_DFWS[-1], x_DFWS[0], out=change)
    change.sub_(1).nan_to_num_(nan=0.0, posinf=0.0, neginf=0.0)
    weights = torch.arange(1, len(x_DFWS) + 1, dtype=std.dtype, device=std.device)
    weights /= weights.sum()
    torch.addmv(mean.flatten(), centred.flatten(1).T, weights, out=decay.flatten())
    return centred, inverse


def _write_pairs(unit_DNWS: Tensor, std_NWS: Tensor, corr_PWS: Tensor, cov_PWS: Tensor) -> None:
    """Write correlation and covariance of every pair of rows.

    Args:
        unit_DNWS: Centred rows of length 1 (0 where constant), so that a product is a correlation.
        std_NWS: Their standard deviations.
        corr_PWS: Where to write the correlations.
        cov_PWS: Where to write the covariances.
    """
    if unit_DNWS.is_cuda or torch.compiler.is_compiling():
        _write_pairs_at_once(unit_DNWS, std_NWS, corr_PWS, cov_PWS)
    else:
        _write_pairs_by_row(unit_DNWS, std_NWS, corr_PWS, cov_PWS)
    corr_PWS.clamp_(-1, 1)
    cov_PWS.mul_(corr_PWS)


def _write_pairs_by_row(unit: Tensor, std: Tensor, corr: Tensor, products: Tensor) -> None:
    """One row times all later rows, day by day: no memory but the result, all rows contiguous."""
    rows, start = len(std), 0
    for i in range(rows - 1):
        block = corr[start : start + rows - 1 - i]
        heads, tails = unit[:, i].unbind(), unit[:, i + 1 :].unbind()
        torch.mul(tails[0], heads[0], out=block)
        for head, tail in zip(heads[1:], tails[1:], strict=True):
            block.addcmul_(tail, head)
        torch.mul(std[i + 1 :], std[i], out=products[start : start + len(block)])
        start += len(block)


def _write_pairs_at_once(unit: Tensor, std: Tensor, corr: Tensor, products: Tensor) -> None:
    """All pairs in a handful of kernels, for a device where a launch costs more than memory."""
    first, second = torch.triu_indices(len(std), len(std), 1, device=std.device)
    torch.sum(unit[:, first] * unit[:, second], 0, out=corr)
    torch.mul(std[first], std[second], out=products)
