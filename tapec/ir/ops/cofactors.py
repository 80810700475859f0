"""Cofactors, the gradient of a determinant: of singular matrices, too, which have no inverse."""

from __future__ import annotations

import numpy as np

from tapec.ir.build import Expr
from tapec.ir.ops.matrices import eye, matrix_transpose, per_matrix
from tapec.ir.ops.shape import Array, array, call, transposed
from tapec.ir.tuning import MINORS


def cofactors(a: Expr) -> Expr:
    """d det(a) / da of every matrix of a stack (..., n, n)."""
    return _minors(a) if a.shape[-1] <= MINORS else _bordered(a)


def _minors(a: Expr) -> Expr:
    """Every cofactor is the determinant of its minor: right whatever the rank is."""
    n, lead = a.shape[-1], len(a.shape) - 2
    if n == 1:
        return eye(a)
    left = np.array([[k for k in range(n) if k != i] for i in range(n)])
    rows = np.broadcast_to(left[:, None, :, None], (n, n, n - 1, n - 1))
    columns = np.broadcast_to(left[None, :, None, :], (n, n, n - 1, n - 1))
    front = transposed(a, (lead, lead + 1, *range(lead)))
    picked = call("gather", front, array(a, rows), array(a, columns))
    found = transposed(picked, (*range(4, 4 + lead), 0, 1, 2, 3))
    signs = (-1.0) ** np.add.outer(np.arange(n), np.arange(n))
    return call("determinant", found) * _alike(a, signs)


def _bordered(a: Expr) -> Expr:
    """From the inverse of m = [[a, u], [v^T, 0]], regular where a lacks one rank at most.

    With its inverse [[b, p], [q^T, w]], adj(a) = det(m) (w b - p q^T), whatever u and v are.
    """
    n, lead = a.shape[-1], a.shape[:-2]
    scale = call(
        "stop_gradient", call("reduce_max", call("abs", a), axes=(len(lead), len(lead) + 1))
    )
    scale = call("select", scale.equals(0.0), 1.0, scale)
    leading = tuple((0, k, 1) for k in lead)
    inner, edge = (0, n, 1), (n, 1, 1)
    rng = np.random.default_rng(n)
    u, v = (_scaled(a, scale, rng.choice([-1.0, 1.0], s), s) for s in ((n, 1), (1, n)))
    at = ((*leading, inner, inner), (*leading, inner, edge), (*leading, edge, inner))
    m = call("place", a, u, v, at=at, shape=(*lead, n + 1, n + 1))
    inverse = call("solve", m, eye(m))
    b, p, q, w = (
        call("index", inverse, at=(*leading, *part))
        for part in ((inner, inner), (inner, edge), (edge, inner), (edge, edge))
    )
    determinant = per_matrix(call("determinant", m), a.shape)
    return matrix_transpose((w * b - p * q) * determinant)


def _scaled(a: Expr, scale: Expr, signs: Array, shape: tuple[int, int]) -> Expr:
    """Signs times a number per matrix."""
    return per_matrix(scale, (*a.shape[:-2], *shape)) * _alike(a, signs)


def _alike(a: Expr, values: Array) -> Expr:
    """An array in the element type of `a`."""
    return array(a, values.astype(a.type.numpy))
