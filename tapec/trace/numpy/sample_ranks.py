"""Ranks of samples and statistics of them, of scipy.stats: step functions, with derivative 0.

Every element is compared with every other: the work is the square of the sample's size.
"""

from __future__ import annotations

import math
from collections import namedtuple
from typing import Any

import numpy as np

from tapec.errors import UnsupportedOperation
from tapec.trace.arrays.operands import as_array
from tapec.trace.arrays.session import where as user_line
from tapec.trace.arrays.table import TABLE
from tapec.trace.numpy.continuous import sc
from tapec.trace.numpy.select import where
from tapec.trace.numpy.shape import moveaxis
from tapec.trace.numpy.summaries import along, of_stats


class SignificanceResult(namedtuple("SignificanceResult", ["statistic", "pvalue"])):
    """Two numbers; `correlation` is the first."""

    @property
    def correlation(self) -> Any:
        """The statistic."""
        return self.statistic


@of_stats("rankdata")
def rankdata(a: Any, method: str = "average", *, axis: Any = None) -> Any:
    """The places of elements in order, from 1 on; ties as `method` says."""
    if not isinstance(axis, int | None):
        raise TypeError(f"axis is an integer or None, not {axis!r}")
    x, axis = along(a, axis)
    rows = moveaxis(x, axis, -1)
    mine, other = rows[..., :, None], rows[..., None, :]
    less, same = np.sum(other < mine, axis=-1), np.sum(other == mine, axis=-1)
    if method == "average":
        made = less + 0.5 * (same + 1)
    elif method == "min":
        made = less + 1
    elif method == "max":
        made = less + same
    elif method == "dense":
        lower = where(other < mine, 1.0 / same[..., None, :], 0.0)
        made = np.rint(np.sum(lower, axis=-1)) + 1.0
    elif method == "ordinal":
        before = np.tri(rows.shape[-1], k=-1, dtype=bool)
        made = less + np.sum(where(before, other == mine, False), axis=-1) + 1
    else:
        raise ValueError(f'unknown method "{method}"')
    kind = np.float64 if method == "average" else np.int64
    return moveaxis(TABLE["astype"](made, kind), -1, axis)


@of_stats("spearmanr")
def spearmanr(a: Any, b: Any = None, axis: Any = 0) -> Any:
    """Pearson's correlation of ranks, of two samples or of the variables of arrays."""
    if axis not in (0, 1, None):
        raise ValueError(f"spearmanr takes the axis 0, 1 or None, not {axis!r}")
    parts = [as_array(x) for x in ((a,) if b is None else (a, b))]
    if axis is None:
        parts = [np.ravel(x) for x in parts]
    columns = [x[:, None] if x.ndim == 1 else x if axis == 0 else x.T for x in parts]
    joined = np.concatenate(columns, axis=1)
    ranks = rankdata(joined, axis=0)
    found = np.corrcoef(ranks, rowvar=False)
    count = float(joined.shape[0] - 2)
    if joined.shape[1] == 2:
        found = found[0, 1]
    rest = np.maximum((1.0 + found) * (1.0 - found), 0.0)
    t = found * np.sqrt(count / where(rest > 0.0, rest, 1.0))
    tails = sc.betainc(0.5 * count, 0.5, count / (count + t * t))
    return SignificanceResult(found, where(rest > 0.0, tails, 0.0))


@of_stats("kendalltau")
def kendalltau(x: Any, y: Any, *, variant: str = "b") -> Any:
    """The share of pairs in the same order, less that of those in the opposite one."""
    x, y = (np.ravel(as_array(v)) for v in (x, y))
    size = x.shape[0]
    if y.shape[0] != size:
        raise ValueError("All inputs to `kendalltau` must be of the same size")
    if variant != "b":
        raise UnsupportedOperation(
            f"scipy.stats.kendalltau with variant={variant!r}",
            where=user_line(),
            hint="variant 'b' has a translation",
        )
    above = np.triu_indices(size, 1)
    order = (np.sign(v[above[0]] - v[above[1]]) for v in (x, y))
    first, second = (TABLE["astype"](s, np.float64) for s in order)
    total = 0.5 * size * (size - 1)
    balance = np.sum(first * second)
    ties = [total - np.sum(np.abs(s)) for s in (first, second)]
    tau = np.clip(balance / np.sqrt(total - ties[0]) / np.sqrt(total - ties[1]), -1.0, 1.0)
    together = np.sum(np.abs(first * second))
    discordant = 0.5 * (together - balance)
    return SignificanceResult(tau, _probability(x, y, balance, discordant, ties, size))


def _probability(x: Any, y: Any, balance: Any, discordant: Any, ties: Any, size: int) -> Any:
    """That of a tau at least as far from 0: of all permutations, or of the normal distribution."""
    (x0, x1), (y0, y1) = (_tied(v) for v in (x, y))
    pairs = float(size * (size - 1))
    variance = (pairs * (2.0 * size + 5.0) - x1 - y1) / 18.0
    variance = variance + 2.0 * ties[0] * ties[1] / pairs
    if size > 2:
        variance = variance + x0 * y0 / (9.0 * pairs * (size - 2.0))
    far = 2.0 * sc.ndtr(-np.abs(balance) / np.sqrt(variance))
    exact = _exact_tails(size)
    most = len(exact) - 1
    less = np.minimum(discordant, 0.5 * pairs - discordant)
    known = np.logical_and(ties[0] + ties[1] == 0.0, less <= most)
    place = TABLE["astype"](np.clip(less, 0, most), np.int64)
    return where(known, TABLE["take"](exact, place), far)


def _exact_tails(size: int) -> Any:
    """Twice the share of permutations with at most 0, 1, 2, ... pairs out of order."""
    if size > 33:  # SciPy counts permutations of larger samples in the farthest tail only
        return np.exp(math.log(2.0) - np.array([math.lgamma(size + 1.0), math.lgamma(size)]))
    counts = np.ones(1)
    for n in range(2, size + 1):
        counts = np.convolve(counts, np.ones(n))
    most = size * (size - 1) // 4
    return np.minimum(2.0 * np.cumsum(counts)[: most + 1] / math.factorial(size), 1.0)


def _tied(v: Any) -> tuple[Any, Any]:
    """Sums over groups of ties, of sizes n: n (n - 1) (n - 2), and n (n - 1) (2 n + 5)."""
    n = np.sum(v[:, None] == v[None, :], axis=1) * 1.0  # each group is counted n times
    return np.sum((n - 1.0) * (n - 2.0)), np.sum((n - 1.0) * (2.0 * n + 5.0))
