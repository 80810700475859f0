# mypy: disable-error-code="no-any-return, import-untyped"
"""Systems of More, Garbow, Hillstrom, ACM TOMS 7 (1981): item assignment, strided slices."""

from __future__ import annotations

import numpy as np

from tapec.bench.case import Arguments, Array, Case, Task
from tapec.bench.reference import Exact

BROYDEN_N, POWELL_N = 200, 200


def broyden_tridiagonal(x: Array) -> Array:
    """(3 - 2 x_i) x_i - x_{i-1} - 2 x_{i+1} + 1, problem 30."""
    r = (3.0 - 2.0 * x) * x + 1.0
    r[1:] -= x[:-1]
    r[:-1] -= 2.0 * x[1:]
    return r


def broyden_functional(x: Array) -> Array:
    """``broyden_tridiagonal`` without item assignment."""
    zero = np.zeros(1)
    before, after = np.concatenate((zero, x[:-1])), np.concatenate((x[1:], zero))
    return (3.0 - 2.0 * x) * x + 1.0 - before - 2.0 * after


def broyden_jacobian(x: Array) -> Array:
    """Tridiagonal: 3 - 4 x_i, with -1 below and -2 above."""
    n = x.size
    return np.diag(3.0 - 4.0 * x) - np.eye(n, k=-1) - 2.0 * np.eye(n, k=1)


def powell_singular(x: Array) -> Array:
    """The extended Powell singular function, problem 22, four variables a block."""
    r = np.empty(x.size)
    r[0::4] = x[0::4] + 10.0 * x[1::4]
    r[1::4] = np.sqrt(5.0) * (x[2::4] - x[3::4])
    r[2::4] = (x[1::4] - 2.0 * x[2::4]) ** 2
    r[3::4] = np.sqrt(10.0) * (x[0::4] - x[3::4]) ** 2
    return r


def powell_functional(x: Array) -> Array:
    """``powell_singular`` without item assignment."""
    a, b, c, d = x[0::4], x[1::4], x[2::4], x[3::4]
    rows = (a + 10.0 * b, np.sqrt(5.0) * (c - d), (b - 2.0 * c) ** 2, np.sqrt(10.0) * (a - d) ** 2)
    return np.ravel(np.stack(rows, axis=1))


def powell_jacobian(x: Array) -> Array:
    """Block diagonal, 4 x 4 blocks."""
    jacobian = np.zeros((x.size, x.size))
    for k in range(0, x.size, 4):
        a, b, c, d = x[k : k + 4]
        s, q = 2.0 * (b - 2.0 * c), 2.0 * np.sqrt(10.0) * (a - d)
        jacobian[k, k : k + 2] = 1.0, 10.0
        jacobian[k + 1, k + 2 : k + 4] = np.sqrt(5.0), -np.sqrt(5.0)
        jacobian[k + 2, k + 1 : k + 3] = s, -2.0 * s
        jacobian[k + 3, k], jacobian[k + 3, k + 3] = q, -q
    return jacobian


def _powell_inputs(rng: np.random.Generator) -> Arguments:
    start = np.tile([3.0, -1.0, 0.0, 1.0], POWELL_N // 4)
    return (start + 0.1 * rng.standard_normal(POWELL_N),)


CASES = (
    Case(
        name="broyden",
        about=f"Broyden tridiagonal system, n = {BROYDEN_N}, updates of slices in place",
        f=broyden_tridiagonal,
        functional=broyden_functional,
        inputs=lambda rng: (rng.uniform(-1.5, 0.5, BROYDEN_N),),
        references={Task.JACOBIAN: Exact(broyden_jacobian)},
        family="broyden",
    ),
    Case(
        name="powell",
        about=f"extended Powell singular system, n = {POWELL_N}, strided item assignment",
        f=powell_singular,
        functional=powell_functional,
        inputs=_powell_inputs,
        references={Task.JACOBIAN: Exact(powell_jacobian)},
        family="powell",
    ),
)
