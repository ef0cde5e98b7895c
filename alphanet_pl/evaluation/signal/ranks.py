"""Rank correlation of whole panels at once: the arithmetic under every RankIC.

Arrays are (dates, stocks); NaN means absent. Ties share their average rank, as in
`scipy.stats.spearmanr` and alphalens. Centred ranks are multiples of one half, so that their sums
of products are exact in float64 and the result does not depend on the order of the stocks.
"""

import numpy as np
from numpy.typing import NDArray

from alphanet_pl.evaluation.types import Floats

BLOCK = 64
"""Rows ranked at a time: 64 rows of 4000 stocks stay inside a core's cache."""


def rank_correlation(left: Floats, right: Floats) -> Floats:
    """Spearman correlation of each row over the stocks that both sides have.

    Args:
        left: (D, N).
        right: (D, N).

    Returns:
        (D,) float64; NaN where fewer than two stocks are left or one side is constant.
    """
    out = np.full(left.shape[0], np.nan)
    for start in range(0, left.shape[0], BLOCK):
        rows = slice(start, start + BLOCK)
        out[rows] = _block_correlation(left[rows], right[rows])
    return out


def grouped_rank_correlation(
    left: Floats, right: Floats, group: NDArray[np.integer], groups: int
) -> Floats:
    """Spearman correlation inside each group of each row: by industry, by size bucket.

    Args:
        left: (D, N).
        right: (D, N).
        group: (D, N) in [0, groups); anything else belongs to no group.
        groups: How many groups there are.

    Returns:
        (D, groups) float64; NaN where a group has fewer than two stocks or one side is constant.
    """
    present = np.isfinite(left) & np.isfinite(right) & (group >= 0) & (group < groups)
    out = np.full((left.shape[0], groups), np.nan)
    for row, keep in enumerate(present):
        members = group[row, keep]
        first = _centred_ranks_in_groups(left[row, keep], members, groups)
        second = _centred_ranks_in_groups(right[row, keep], members, groups)
        out[row] = _correlation(
            _sums(first * second, members, groups),
            _sums(first * first, members, groups),
            _sums(second * second, members, groups),
        )
    return out


def equal_buckets(values: Floats, buckets: int) -> NDArray[np.int64]:
    """Cut each row into equal buckets, 0 holding the lowest values: floor(rank * buckets / n).

    Args:
        values: (D, N); ties are broken by column.
        buckets: How many buckets.

    Returns:
        (D, N) int64 in [0, buckets); -1 where absent.
    """
    present = np.isfinite(values)
    order = np.argsort(np.where(present, values, np.inf), axis=1, kind="stable")
    place = np.empty_like(order)
    np.put_along_axis(place, order, np.broadcast_to(np.arange(values.shape[1]), order.shape), 1)
    count = np.maximum(present.sum(axis=1, keepdims=True), 1)
    return np.where(present, place * buckets // count, -1)


def _block_correlation(left: Floats, right: Floats) -> Floats:
    both = np.isfinite(left) & np.isfinite(right)
    middle = (both.sum(axis=1, keepdims=True) + 1) / 2
    first = np.where(both, _ranks(np.where(both, left, np.inf)) - middle, 0.0)
    second = np.where(both, _ranks(np.where(both, right, np.inf)) - middle, 0.0)
    return _correlation(
        np.einsum("dn,dn->d", first, second),
        np.einsum("dn,dn->d", first, first),
        np.einsum("dn,dn->d", second, second),
    )


def _correlation(cross: Floats, left: Floats, right: Floats) -> Floats:
    """Divide a sum of products by the two sums of squares; NaN where one of them is zero."""
    scale = np.sqrt(left * right)
    return np.divide(cross, scale, out=np.full_like(scale, np.nan), where=scale > 0)


def _sums(values: Floats, members: NDArray[np.integer], groups: int) -> Floats:
    """Sum of the values of each group, (n,) to (groups,)."""
    return np.asarray(np.bincount(members, values, groups), dtype=np.float64)


def _ranks(filled: Floats) -> Floats:
    """Rank rows whose absent entries are +inf (they sort last and disturb nobody's rank)."""
    order = np.argsort(filled, axis=1)
    ordered = np.take_along_axis(filled, order, 1)
    place = np.broadcast_to(np.arange(1.0, filled.shape[1] + 1), filled.shape)
    tied = (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] < np.inf)
    if tied.any():
        place = _average_tied(place, tied)
    ranks = np.empty(filled.shape)
    np.put_along_axis(ranks, order, place, 1)
    return ranks


def _average_tied(place: Floats, tied: NDArray[np.bool_]) -> Floats:
    """Give each run of equal values the mean of its first and last place."""
    edge = np.ones((place.shape[0], 1), dtype=bool)
    starts, ends = np.hstack([edge, ~tied]), np.hstack([~tied, edge])
    first = np.maximum.accumulate(np.where(starts, place, 0.0), axis=1)
    reverse = np.where(ends, place, np.inf)[:, ::-1]
    last = np.minimum.accumulate(reverse, axis=1)[:, ::-1]
    return (first + last) / 2


def _centred_ranks_in_groups(values: Floats, members: NDArray[np.integer], groups: int) -> Floats:
    """Average ranks inside each group, less the group's mean rank; one date, (n,) to (n,)."""
    if values.size == 0:
        return np.zeros(0)
    order = np.lexsort((values, members))
    value, member = values[order], members[order]
    tied = ((value[1:] == value[:-1]) & (member[1:] == member[:-1]))[None]
    place = _average_tied(np.arange(1.0, values.size + 1)[None], tied)[0]
    size = np.bincount(members, minlength=groups)
    before = np.cumsum(size) - size
    ranks = np.empty(values.size)
    ranks[order] = place - before[member] - (size[member] + 1) / 2
    return ranks
