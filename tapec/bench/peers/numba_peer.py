"""numba: derivatives written by hand and compiled by ``njit``, the alternative to AD."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.bench.case import Arguments, Array, Case, Task
from tapec.bench.contender import Prepared
from tapec.bench.peers import numba_loops
from tapec.bench.peers.rebind import imported


def make() -> Numba:
    """The contender."""
    return Numba()


class Numba:
    """``numba.njit`` of the loops below."""

    name = "numba"
    subject = False

    def prepare(self, case: Case, task: Task, args: Arguments) -> Prepared | None:
        """The compiled loop, where one was written."""
        numba = imported("numba")

        loop = VARIANTS.get((case.family, task))
        return None if loop is None else Prepared(numba.njit(loop), args)


def rosen_value(x: Array) -> float:
    """Rosenbrock in one loop."""
    total = 0.0
    for i in range(x.size - 1):
        total += 100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2
    return total


def rosen_gradient(x: Array) -> Array:
    """Gradient of Rosenbrock in one loop."""
    g = np.zeros_like(x)
    for i in range(x.size - 1):
        inner = x[i + 1] - x[i] * x[i]
        g[i] += -400.0 * x[i] * inner - 2.0 * (1.0 - x[i])
        g[i + 1] += 200.0 * inner
    return g


def rosen_hessian(x: Array) -> Array:
    """Tridiagonal Hessian of Rosenbrock in one loop."""
    h = np.zeros((x.size, x.size))
    for i in range(x.size - 1):
        h[i, i] += 1200.0 * x[i] * x[i] - 400.0 * x[i + 1] + 2.0
        h[i + 1, i + 1] += 200.0
        h[i, i + 1] = h[i + 1, i] = -400.0 * x[i]
    return h


def logsumexp_gradient(x: Array) -> Array:
    """Softmax in three loops."""
    g = np.empty_like(x)
    shift, total = x.max(), 0.0
    for i in range(x.size):
        g[i] = math.exp(x[i] - shift)
        total += g[i]
    for i in range(x.size):
        g[i] /= total
    return g


def expsin_value(x: Array) -> float:
    """sum(exp(-x^2) sin(x)) in one loop."""
    total = 0.0
    for i in range(x.size):
        total += math.exp(-x[i] * x[i]) * math.sin(x[i])
    return total


def expsin_gradient(x: Array) -> Array:
    """exp(-x^2) (cos x - 2 x sin x) in one loop."""
    g = np.empty_like(x)
    for i in range(x.size):
        g[i] = math.exp(-x[i] * x[i]) * (math.cos(x[i]) - 2.0 * x[i] * math.sin(x[i]))
    return g


def broyden_jacobian(x: Array) -> Array:
    """The tridiagonal Jacobian in one loop."""
    n = x.size
    j = np.zeros((n, n))
    for i in range(n):
        j[i, i] = 3.0 - 4.0 * x[i]
        if i > 0:
            j[i, i - 1] = -1.0
        if i < n - 1:
            j[i, i + 1] = -2.0
    return j


VARIANTS: dict[tuple[str, Task], Callable[..., Any]] = {
    ("rosen", Task.VALUE): rosen_value,
    ("rosen", Task.GRADIENT): rosen_gradient,
    ("rosen", Task.HESSIAN): rosen_hessian,
    ("logsumexp", Task.GRADIENT): logsumexp_gradient,
    ("expsin", Task.VALUE): expsin_value,
    ("expsin", Task.GRADIENT): expsin_gradient,
    ("broyden", Task.JACOBIAN): broyden_jacobian,
    **numba_loops.VARIANTS,
}
