# mypy: disable-error-code="no-any-return, import-untyped"
"""Tables filled in place by a double loop: alignments of sequences."""

from __future__ import annotations

import numpy as np

from tapec.bench.case import Arguments, Array, Case, Task
from tapec.bench.reference import Exact

LENGTH = 500
FAR = 1e10
LETTERS = 4
ELEMENTWISE = "item by item"


def soft_dtw(a: Array, b: Array) -> Array:
    """Soft dynamic time warping of two series, gamma = 1; Cuturi and Blondel, ICML (2017)."""
    n, m = len(a), len(b)
    r = np.full((n + 1, m + 1), FAR)
    r[0, 0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            x, y, z = r[i - 1, j - 1], r[i - 1, j], r[i, j - 1]
            low = min(x, y, z)
            soft = low - np.log(np.exp(low - x) + np.exp(low - y) + np.exp(low - z))
            r[i, j] = (a[i - 1] - b[j - 1]) ** 2 + soft
    return r[n, m]


def soft_dtw_gradient(a: Array, b: Array) -> tuple[Array, Array]:
    """Their algorithm 2, diagonal by diagonal."""
    n, m = len(a), len(b)
    cost = (a[:, None] - b[None, :]) ** 2
    r = np.full((n + 2, m + 2), FAR)
    r[0, 0] = 0.0
    diagonals = []
    for d in range(2, n + m + 1):
        i = np.arange(max(1, d - m), min(n, d - 1) + 1)
        j = d - i
        diagonals.append((i, j))
        before = np.stack((r[i - 1, j - 1], r[i - 1, j], r[i, j - 1]))
        low = before.min(0)
        r[i, j] = cost[i - 1, j - 1] + low - np.log(np.exp(low - before).sum(0))
    e = np.zeros((n + 2, m + 2))
    e[n, m] = 1.0
    for i, j in reversed(diagonals[:-1]):
        total = np.zeros(i.size)
        for down, right in ((1, 0), (0, 1), (1, 1)):
            i2, j2 = i + down, j + right
            inside = (i2 <= n) & (j2 <= m)
            at = np.minimum(i2, n), np.minimum(j2, m)
            entry = cost[at[0] - 1, at[1] - 1]
            weight = np.exp(np.where(inside, r[at] - entry - r[i, j], -np.inf))
            total += e[at] * weight
        e[i, j] = total
    pull = 2.0 * e[1:-1, 1:-1] * (a[:, None] - b[None, :])
    return pull.sum(1), -pull.sum(0)


def edit_distance(gap: Array, change: Array, s: Array, t: Array) -> Array:
    """Cost of the cheapest alignment of two words; gap costs by place, change costs by letters."""
    n, m = len(s), len(t)
    d = np.zeros((n + 1, m + 1))
    for i in range(1, n + 1):
        d[i, 0] = d[i - 1, 0] + gap[0]
    for j in range(1, m + 1):
        d[0, j] = d[0, j - 1] + gap[1]
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            swap = d[i - 1, j - 1] + change[s[i - 1], t[j - 1]]
            d[i, j] = min(swap, d[i - 1, j] + gap[0], d[i, j - 1] + gap[1])
    return d[n, m]


def edit_counts(gap: Array, change: Array, s: Array, t: Array) -> tuple[Array, Array]:
    """How often each cost occurs on the cheapest way, which is the gradient."""
    n, m = len(s), len(t)
    d = np.zeros((n + 1, m + 1))
    d[:, 0], d[0, :] = gap[0] * np.arange(n + 1), gap[1] * np.arange(m + 1)
    for total in range(2, n + m + 1):
        i = np.arange(max(1, total - m), min(n, total - 1) + 1)
        j = total - i
        swap = d[i - 1, j - 1] + change[s[i - 1], t[j - 1]]
        d[i, j] = np.minimum(swap, np.minimum(d[i - 1, j] + gap[0], d[i, j - 1] + gap[1]))
    gaps, changes = np.zeros(2), np.zeros_like(change)
    at, to = n, m
    while at > 0 or to > 0:
        ways = (
            d[at - 1, to - 1] + change[s[at - 1], t[to - 1]] if at and to else np.inf,
            d[at - 1, to] + gap[0] if at else np.inf,
            d[at, to - 1] + gap[1] if to else np.inf,
        )
        way = int(np.argmin(ways))
        if way == 0:
            changes[s[at - 1], t[to - 1]] += 1.0
        else:
            gaps[way - 1] += 1.0
        at, to = at - (way != 2), to - (way != 1)
    return gaps, changes


def _series(rng: np.random.Generator) -> Arguments:
    a, b = np.cumsum(rng.standard_normal((2, LENGTH)), axis=1) * 0.3
    return a, b


def _words(rng: np.random.Generator) -> Arguments:
    s, t = rng.integers(0, LETTERS, (2, LENGTH))
    # Equal letters have a cost too, so that the cheapest alignment is unique.
    change = rng.uniform(0.8, 1.6, (LETTERS, LETTERS))
    np.fill_diagonal(change, rng.uniform(0.01, 0.1, LETTERS))
    return rng.uniform(0.6, 1.0, 2), change, s, t


UNFIT = {
    "interpreter": ELEMENTWISE,
    "fd": ELEMENTWISE,
    "torch": ELEMENTWISE,
    "autograd": "no item assignment",
    "casadi": ELEMENTWISE,
}

CASES = (
    Case(
        name="dp_table",
        about=f"soft-DTW of two series of {LENGTH}, a table filled in a double loop",
        f=soft_dtw,
        inputs=_series,
        argnums=(0, 1),
        references={Task.GRADIENT: Exact(soft_dtw_gradient)},
        family="dp_table",
        rtol=1e-9,
        skip=UNFIT,
    ),
    Case(
        name="edit_distance",
        about=f"edit distance of two words of {LENGTH} letters, differentiable costs",
        f=edit_distance,
        inputs=_words,
        argnums=(0, 1),
        references={Task.GRADIENT: Exact(edit_counts)},
        family="edit_distance",
        rtol=1e-9,
        skip={**UNFIT, "jax": ELEMENTWISE},
    ),
)
