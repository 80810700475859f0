# mypy: disable-error-code="no-any-return, import-untyped"
"""Grids stepped in time, whole slices and single items updated in place (PolyBench kernels)."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.bench.case import Arguments, Array, Case, Task
from tapec.bench.reference import Exact

JACOBI_N, JACOBI_STEPS = 120, 50
WAVE_N, WAVE_M, WAVE_STEPS = 100, 120, 60
SEIDEL_N, SEIDEL_SWEEPS = 60, 10


def jacobi2d(a: Array, b: Array, weights: Array) -> Any:
    """Two grids averaged into each other in place; a weighted sum of the last."""
    a, b = a.copy(), b.copy()
    for _ in range(JACOBI_STEPS):
        b[1:-1, 1:-1] = 0.2 * (
            a[1:-1, 1:-1] + a[1:-1, :-2] + a[1:-1, 2:] + a[2:, 1:-1] + a[:-2, 1:-1]
        )
        a[1:-1, 1:-1] = 0.2 * (
            b[1:-1, 1:-1] + b[1:-1, :-2] + b[1:-1, 2:] + b[2:, 1:-1] + b[:-2, 1:-1]
        )
    return np.sum(weights * a)


def jacobi2d_gradient(a: Array, b: Array, weights: Array) -> tuple[Array, Array]:
    """The steps transposed, in reverse."""

    def transposed(target: Array, source: Array) -> None:
        inner = 0.2 * target[1:-1, 1:-1]
        target[1:-1, 1:-1] = 0.0
        for rows, columns in (
            (slice(1, -1), slice(1, -1)),
            (slice(1, -1), slice(None, -2)),
            (slice(1, -1), slice(2, None)),
            (slice(2, None), slice(1, -1)),
            (slice(None, -2), slice(1, -1)),
        ):
            source[rows, columns] += inner

    a_ct, b_ct = weights.copy(), np.zeros_like(b)
    for _ in range(JACOBI_STEPS):
        transposed(a_ct, b_ct)
        transposed(b_ct, a_ct)
    return a_ct, b_ct


def fdtd(ex: Array, ey: Array, hz: Array) -> Array:
    """Maxwell's equations on a staggered grid; the magnetic field at the end."""
    ex, ey, hz = ex.copy(), ey.copy(), hz.copy()
    for t in range(WAVE_STEPS):
        ey[0, :] = np.sin(0.2 * t)
        ey[1:, :] -= 0.5 * (hz[1:, :] - hz[:-1, :])
        ex[:, 1:] -= 0.5 * (hz[:, 1:] - hz[:, :-1])
        hz[:-1, :-1] -= 0.7 * (ex[:-1, 1:] - ex[:-1, :-1] + ey[1:, :-1] - ey[:-1, :-1])
    return hz


def magnetic_energy(ex: Array, ey: Array, hz: Array) -> Any:
    """Of the last step."""
    return np.sum(fdtd(ex, ey, hz) ** 2)


def fdtd_gradient(ex: Array, ey: Array, hz: Array) -> tuple[Array, Array, Array]:
    """The steps transposed, in reverse; the field itself is needed only at the end."""
    x, y, h = np.zeros_like(ex), np.zeros_like(ey), 2.0 * fdtd(ex, ey, hz)
    for _ in range(WAVE_STEPS):
        pull = 0.7 * h[:-1, :-1]
        x[:-1, 1:] -= pull
        x[:-1, :-1] += pull
        y[1:, :-1] -= pull
        y[:-1, :-1] += pull
        h[:, 1:] -= 0.5 * x[:, 1:]
        h[:, :-1] += 0.5 * x[:, 1:]
        h[1:, :] -= 0.5 * y[1:, :]
        h[:-1, :] += 0.5 * y[1:, :]
        y[0, :] = 0.0
    return x, y, h


def seidel(a: Array) -> Array:
    """Sweeps of Gauss and Seidel, item by item in place."""
    a = a.copy()
    n, m = a.shape
    for _ in range(SEIDEL_SWEEPS):
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                a[i, j] = 0.2 * (a[i, j] + a[i - 1, j] + a[i + 1, j] + a[i, j - 1] + a[i, j + 1])
    return a


def smoothed_energy(a: Array) -> Any:
    """The sum of squares after the sweeps."""
    return np.sum(seidel(a) ** 2)


def seidel_gradient(a: Array) -> Array:
    """Every update transposed, in reverse."""
    ct = 2.0 * seidel(a)
    n, m = a.shape
    for _ in range(SEIDEL_SWEEPS):
        for i in range(n - 2, 0, -1):
            for j in range(m - 2, 0, -1):
                pull = 0.2 * ct[i, j]
                ct[i, j] = pull
                ct[i - 1, j] += pull
                ct[i + 1, j] += pull
                ct[i, j - 1] += pull
                ct[i, j + 1] += pull
    return ct


def _fields(rng: np.random.Generator) -> Arguments:
    return tuple(rng.standard_normal((3, WAVE_N, WAVE_M)))


def _grids(rng: np.random.Generator) -> Arguments:
    return tuple(rng.standard_normal((3, JACOBI_N, JACOBI_N)))


IN_PLACE = "updates in place"
NO_ITEMS = {"torch": IN_PLACE, "autograd": IN_PLACE, "casadi": IN_PLACE}

CASES = (
    Case(
        name="jacobi2d",
        about=f"Jacobi stencil {JACOBI_N} x {JACOBI_N}, {2 * JACOBI_STEPS} updates in place",
        f=jacobi2d,
        inputs=_grids,
        argnums=(0, 1),
        references={Task.GRADIENT: Exact(jacobi2d_gradient)},
        family="jacobi2d",
        skip=NO_ITEMS,
    ),
    Case(
        name="fdtd",
        about=f"finite differences in time, {WAVE_N} x {WAVE_M}, {WAVE_STEPS} steps in place",
        f=magnetic_energy,
        inputs=_fields,
        argnums=(0, 1, 2),
        references={Task.GRADIENT: Exact(fdtd_gradient)},
        family="fdtd",
        skip=NO_ITEMS,
    ),
    Case(
        name="seidel",
        about=f"Gauss-Seidel {SEIDEL_N} x {SEIDEL_N}, {SEIDEL_SWEEPS} sweeps item by item",
        f=smoothed_energy,
        inputs=lambda rng: (rng.standard_normal((SEIDEL_N, SEIDEL_N)),),
        references={Task.GRADIENT: Exact(seidel_gradient)},
        family="seidel",
        skip={**NO_ITEMS, "jax": "item by item", "interpreter": "item by item"},
    ),
)
