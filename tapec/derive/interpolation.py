"""All derivatives up to an order from Taylor coefficients along few directions.

Griewank, Utke, Walther, Evaluating higher derivative tensors by forward propagation of univariate
Taylor series, Mathematics of Computation 69, 2000. The directions are those with whole numbers that
add up to the order; each distinct derivative is a combination of the coefficients along them, with
weights that are rational numbers.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping
from fractions import Fraction
from math import comb, factorial, prod

import numpy as np

Index = tuple[int, ...]
Places = np.ndarray[tuple[int, ...], np.dtype[np.int64]]
Weights = np.ndarray[tuple[int, int], np.dtype[np.float64]]


def indices(n: int, order: int) -> list[Index]:
    """The multi-indices of n numbers with this sum, the largest first numbers first."""
    if n == 0:
        return [()] if order == 0 else []
    if n == 1:
        return [(order,)]
    return [(k, *rest) for k in range(order, -1, -1) for rest in indices(n - 1, order - k)]


@functools.lru_cache(64)
def directions(n: int, order: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """One row for each direction."""
    return np.array(indices(n, order), float).reshape(-1, n)


@functools.lru_cache(64)
def weights(n: int, order: int, k: int) -> tuple[Places, Weights]:
    """Row i: the directions that count in derivative i of order k, and their weights.

    They are those along which nothing moves but what the derivative is by: few, whatever n is.
    """
    if k == 0:
        return np.zeros((1, 1), np.int64), np.ones((1, 1))
    column = {j: c for c, j in enumerate(indices(n, order))}
    rows = [_row(i, order, column) for i in indices(n, k)]
    width = max(map(len, rows))
    filled = [[*row, *[(0, 0.0)] * (width - len(row))] for row in rows]
    return (
        np.array([[c for c, _ in row] for row in filled]),
        np.array([[w for _, w in row] for row in filled]),
    )


def _row(i: Index, order: int, column: Mapping[Index, int]) -> list[tuple[int, float]]:
    moving = [a for a, exponent in enumerate(i) if exponent]
    inner = tuple(i[a] for a in moving)
    found = []
    for part in indices(len(moving), order):
        j = dict(zip(moving, part, strict=True))
        place = column[tuple(j.get(a, 0) for a in range(len(i)))]
        found.append((place, _weight(inner, part, order)))
    return found


@functools.lru_cache(10_000)
def _weight(i: Index, j: Index, order: int) -> float:
    """By differences of the homogeneous polynomial through its values at the directions."""
    total, k = Fraction(0), sum(i)
    for m in itertools.product(*(range(n + 1) for n in i)):
        if size := sum(m):
            sign = (-1) ** (k - size) * prod(map(comb, i, m))
            places = (Fraction(order * a, size) for a in m)
            base = prod(map(_binomial, places, j), start=Fraction(1))
            total += sign * base * Fraction(size, order) ** k
    return float(total)


def _binomial(x: Fraction, k: int) -> Fraction:
    """x (x - 1) ... (x - k + 1) / k!"""
    return prod((x - a for a in range(k)), start=Fraction(1)) / factorial(k)


@functools.lru_cache(64)
def places(n: int, k: int) -> Places:
    """Which of the distinct derivatives of order k each entry of the full tensor is."""
    number = {index: p for p, index in enumerate(indices(n, k))}
    found = np.empty((n,) * k, np.int64)
    for at in np.ndindex(found.shape):
        found[at] = number[tuple(at.count(a) for a in range(n))]
    return found
