# mypy: disable-error-code="no-any-return, import-untyped"
"""Energies: the Dirichlet energy of a heat problem on a grid, and ADOL-C's Helmholtz energy."""

from __future__ import annotations

import numpy as np

from tapec.bench.case import Arguments, Array, Case, Task
from tapec.bench.reference import ComplexStep, Exact

GRID = 256
SPECIES = 100
GAS = 1.3625e-3


def heat_energy(u: Array, source: Array) -> Array:
    """Dirichlet and bending energy by differences, a quartic loss and a source inside."""
    h = 1.0 / (u.shape[0] - 1)
    dx = (u[1:, :] - u[:-1, :]) / h
    dy = (u[:, 1:] - u[:, :-1]) / h
    core = u[1:-1, 1:-1]
    laplace = u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4.0 * core
    elastic = 0.5 * (np.sum(dx * dx) + np.sum(dy * dy)) + 0.5 * np.sum(laplace * laplace)
    return h * h * (elastic + np.sum(0.25 * core**4 - source * core))


def heat_gradient(u: Array, source: Array) -> Array:
    """Divergence of the differences, transposed stencil of the Laplacian, and the local terms."""
    h = 1.0 / (u.shape[0] - 1)
    g = np.zeros_like(u)
    for axis in (0, 1):
        step = np.diff(u, axis=axis) / h**2
        pads = [(1, 0) if axis == 0 else (0, 0), (1, 0) if axis == 1 else (0, 0)]
        g += np.pad(step, pads) - np.pad(step, [p[::-1] for p in pads])
    core = u[1:-1, 1:-1]
    laplace = u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4.0 * core
    full = np.pad(laplace, 2)
    spread = (
        full[2:, 1:-1] + full[:-2, 1:-1] + full[1:-1, 2:] + full[1:-1, :-2] - 4.0 * full[1:-1, 1:-1]
    )
    g += spread
    g[1:-1, 1:-1] += core**3 - source
    return h * h * g


def helmholtz(x: Array, b: Array, a: Array) -> Array:
    """Helmholtz energy of a mixed fluid (Peng-Robinson), the ADOL-C example.

    Griewank, Walther, Evaluating Derivatives, SIAM 2008.
    """
    bx = np.dot(b, x)
    log_term = np.sum(x * np.log(x / (1.0 - bx)))
    root = np.sqrt(2.0)
    ratio = (1.0 + (1.0 + root) * bx) / (1.0 + (1.0 - root) * bx)
    return GAS * log_term - np.dot(x, a @ x) * np.log(ratio) / (np.sqrt(8.0) * bx)


def helmholtz_gradient(x: Array, b: Array, a: Array) -> Array:
    """Closed form; valid for complex x, so that one complex step more gives the Hessian."""
    bx, root = b @ x, np.sqrt(2.0)
    numerator, denominator = 1.0 + (1.0 + root) * bx, 1.0 + (1.0 - root) * bx
    log_ratio = np.log(numerator / denominator)
    d_log = (1.0 + root) / numerator - (1.0 - root) / denominator
    quadratic, d_quadratic = x @ a @ x, (a + a.T) @ x
    mixing = np.log(x / (1.0 - bx)) + 1.0 + np.sum(x) / (1.0 - bx) * b
    energy = d_quadratic * log_ratio / bx + quadratic * b * (d_log / bx - log_ratio / bx**2)
    return GAS * mixing - energy / np.sqrt(8.0)


def _helmholtz_inputs(rng: np.random.Generator) -> Arguments:
    i = np.arange(1.0, SPECIES + 1.0)
    b = (0.5 + rng.uniform(0.0, 1.0, SPECIES)) / SPECIES
    a = np.outer(i, i) / (i[:, None] + i) ** 2
    return rng.uniform(0.3, 0.6, SPECIES) / SPECIES, b, a


CASES = (
    Case(
        name="heat",
        about=f"heat and plate energy on a {GRID} x {GRID} grid, stencils by slices",
        f=heat_energy,
        inputs=lambda rng: (
            rng.standard_normal((GRID, GRID)),
            rng.standard_normal((GRID - 2, GRID - 2)),
        ),
        references={Task.GRADIENT: Exact(heat_gradient)},
        family="heat",
    ),
    Case(
        name="helmholtz",
        about=f"Helmholtz energy of a mixed fluid (ADOL-C), n = {SPECIES}, dense Hessian",
        f=helmholtz,
        inputs=_helmholtz_inputs,
        references={
            Task.GRADIENT: Exact(helmholtz_gradient),
            Task.HESSIAN: ComplexStep(helmholtz_gradient),
        },
        family="helmholtz",
    ),
)
