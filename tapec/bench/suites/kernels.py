# mypy: disable-error-code="no-any-return, import-untyped"
"""Programs of NPBench's kind: linear algebra, stencils and statistics on arrays.

Those that PolyBench and NPBench write to arrays in place do so here as well; `functional` is the
same without item assignment, for peers that have none. What is derived is a sum of the results.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.bench.case import Arguments, Array, Case, Function, Task
from tapec.bench.reference import ComplexDirectional, Directional

Draw = np.random.Generator


def kernel(
    name: str, about: str, f: Function, inputs: Any, *, kinks: bool = False, **options: Any
) -> Case:
    """A case whose gradient in all arrays is checked along random directions."""
    return Case(
        name=name,
        about=about,
        f=f,
        inputs=inputs,
        references={Task.GRADIENT: ComplexDirectional() if kinks else Directional(2)},
        rtol=1e-6,
        **options,
    )


# ---- products ----


def k2mm(a: Array, b: Array, c: Array, d: Array) -> Any:
    """D := alpha A B C + beta D."""
    return np.sum((1.5 * (a @ b) @ c + 1.2 * d) ** 2)


def atax(a: Array, x: Array) -> Any:
    """A^T A x."""
    return np.sum(np.sin((a @ x) @ a))


def bicg(a: Array, p: Array, r: Array) -> Any:
    """A^T r and A p."""
    return np.sum((r @ a) ** 2) + np.sum((a @ p) ** 2)


def gesummv(a: Array, b: Array, x: Array) -> Any:
    """alpha A x + beta B x."""
    return np.sum(np.tanh(0.01 * (1.5 * a @ x + 1.2 * b @ x)))


def gemver(a: Array, u: Array, v: Array, y: Array, z: Array) -> Any:
    """A rank-1 update, and products with it and its transpose."""
    updated = a + np.outer(u, v)
    x = 1.2 * y @ updated + z
    return np.sum((1.5 * updated @ x) ** 2) / len(x)


def doitgen(a: Array, c: Array) -> Any:
    """A product along the last of three axes."""
    return np.sum(np.sin(np.reshape(np.reshape(a, (-1, c.shape[0])) @ c, a.shape)))


def contraction(h: Array, g: Array, d: Array) -> Any:
    """A contraction of three tensors, as in self-energies."""
    return np.sum(np.einsum("iab,jbc,ijcd->iad", h, g, d) ** 2)


# ---- statistics ----


def covariance(data: Array) -> Any:
    """Of columns, squared and summed up."""
    centred = data - np.mean(data, axis=0)
    return np.sum((centred.T @ centred / (len(data) - 1.0)) ** 2)


def correlation(data: Array) -> Any:
    """Of columns, squared and summed up."""
    centred = data - np.mean(data, axis=0)
    scaled = centred / (np.sqrt(len(data)) * np.std(data, axis=0))
    return np.sum((scaled.T @ scaled) ** 3)


def radial_means(data: Array, radius: Array) -> Any:
    """Means over rings."""
    total, count = 0.0, 16
    top = np.max(radius)
    for k in range(count):
        inside = (top * k / count <= radius) & (radius < top * (k + 1) / count)
        total = total + (np.sum(np.where(inside, data, 0.0)) / np.sum(inside)) ** 2
    return total


# ---- elementwise ----


def arc_distance(theta_1: Array, phi_1: Array, theta_2: Array, phi_2: Array) -> Any:
    """Between points on a sphere."""
    temp = (
        np.sin((theta_2 - theta_1) / 2) ** 2
        + np.cos(theta_1) * np.cos(theta_2) * np.sin((phi_2 - phi_1) / 2) ** 2
    )
    return np.sum(2 * np.arctan2(np.sqrt(temp), np.sqrt(1 - temp)))


def go_fast(a: Array) -> Any:
    """A sum over the diagonal, added to all elements."""
    return np.sum((a + np.sum(np.tanh(np.diag(a)))) ** 2)


def compute(x: Array, y: Array) -> Any:
    """Clipped and scaled."""
    return np.sum((np.clip(x, -0.5, 0.7) * 4.0 + y * 3.0 + 9.0) ** 2)


# ---- stencils ----

STEPS = 20


def jacobi_1d(a: Array, b: Array) -> Any:
    """Two lines averaged into each other in place."""
    a, b = a.copy(), b.copy()
    for _ in range(STEPS):
        b[1:-1] = 0.33333 * (a[:-2] + a[1:-1] + a[2:])
        a[1:-1] = 0.33333 * (b[:-2] + b[1:-1] + b[2:])
    return np.sum(a**2)


def jacobi_1d_functional(a: Array, b: Array) -> Any:
    """The same of new lines."""
    for _ in range(STEPS):
        b = np.concatenate([b[:1], 0.33333 * (a[:-2] + a[1:-1] + a[2:]), b[-1:]])
        a = np.concatenate([a[:1], 0.33333 * (b[:-2] + b[1:-1] + b[2:]), a[-1:]])
    return np.sum(a**2)


def heat_step(a: Array) -> Array:
    """The inner points of a grid of three axes, one step later."""
    inner = a[1:-1, 1:-1, 1:-1]
    return (
        0.125 * (a[2:, 1:-1, 1:-1] - 2.0 * inner + a[:-2, 1:-1, 1:-1])
        + 0.125 * (a[1:-1, 2:, 1:-1] - 2.0 * inner + a[1:-1, :-2, 1:-1])
        + 0.125 * (a[1:-1, 1:-1, 2:] - 2.0 * inner + a[1:-1, 1:-1, :-2])
        + inner
    )


def heat_3d(a: Array) -> Any:
    """Heat in a box with fixed walls."""
    a = a.copy()
    for _ in range(STEPS):
        a[1:-1, 1:-1, 1:-1] = heat_step(a)
    return np.sum(a**2)


def heat_3d_functional(a: Array) -> Any:
    """The same of new boxes: the change of inner points, with zeros around it."""
    for _ in range(STEPS):
        a = a + np.pad(heat_step(a) - a[1:-1, 1:-1, 1:-1], 1)
    return np.sum(a**2)


def hdiff(field: Array, coefficient: Array) -> Any:
    """Horizontal diffusion with limited fluxes, as in weather models."""
    lap = 4.0 * field[1:-1, 1:-1, :] - (
        field[2:, 1:-1, :] + field[:-2, 1:-1, :] + field[1:-1, 2:, :] + field[1:-1, :-2, :]
    )
    across = lap[1:, 1:-1, :] - lap[:-1, 1:-1, :]
    slope = field[2:-1, 2:-2, :] - field[1:-2, 2:-2, :]
    x = np.where(across * slope > 0, 0.0, across)
    along = lap[1:-1, 1:, :] - lap[1:-1, :-1, :]
    slope = field[2:-2, 2:-1, :] - field[2:-2, 1:-2, :]
    y = np.where(along * slope > 0, 0.0, along)
    change = x[1:, :, :] - x[:-1, :, :] + y[:, 1:, :] - y[:, :-1, :]
    return np.sum((field[2:-2, 2:-2, :] - coefficient * change) ** 2)


def _normal(*shapes: tuple[int, ...]) -> Any:
    def inputs(rng: Draw) -> Arguments:
        return tuple(rng.normal(size=shape) for shape in shapes)

    return inputs


def _uniform(*shapes: tuple[int, ...]) -> Any:
    def inputs(rng: Draw) -> Arguments:
        return tuple(rng.random(shape) for shape in shapes)

    return inputs


N, M = 300, 120

CASES = (
    kernel("k2mm", "two products of matrices", k2mm,
           _uniform((M, M), (M, M), (M, M), (M, M)), argnums=(0, 1, 2, 3)),
    kernel("atax", "A^T A x", atax, _uniform((N, N), (N,)), argnums=(0, 1)),
    kernel("bicg", "A^T r and A p", bicg, _uniform((N, N), (N,), (N,)), argnums=(0, 1, 2)),
    kernel("gesummv", "two products of a matrix and a vector", gesummv,
           _uniform((N, N), (N, N), (N,)), argnums=(0, 1, 2)),
    kernel("gemver", "a rank-1 update and products with it", gemver,
           _uniform((N, N), (N,), (N,), (N,), (N,)), argnums=(0, 1, 2, 3, 4)),
    kernel("doitgen", "a product along one of three axes", doitgen,
           _uniform((30, 30, 40), (40, 40)), argnums=(0, 1)),
    kernel("contraction", "three tensors contracted", contraction,
           _normal((6, 12, 12), (6, 12, 12), (6, 6, 12, 12)), argnums=(0, 1, 2)),
    kernel("covariance", "of 100 columns", covariance, _normal((300, 100))),
    kernel("correlation", "of 100 columns", correlation, _normal((300, 100))),
    kernel("radial_means", "means over rings, by masks", radial_means,
           _uniform((20_000,), (20_000,))),
    kernel("arc_distance", "between points on a sphere", arc_distance,
           _uniform((20_000,), (20_000,), (20_000,), (20_000,)), argnums=(0, 1, 2, 3)),
    kernel("go_fast", "tanh of a diagonal, added to a matrix", go_fast, _normal((N, N))),
    kernel("compute", "clipped and scaled", compute, _normal((200, 300), (200, 300)),
           argnums=(0, 1), kinks=True),
    kernel("jacobi_1d", "a line averaged in place, 20 steps", jacobi_1d,
           _uniform((4000,), (4000,)), argnums=(0, 1), functional=jacobi_1d_functional),
    kernel("heat_3d", "heat in a box of 24^3, 20 steps", heat_3d, _uniform((24, 24, 24)),
           functional=heat_3d_functional),
    kernel("hdiff", "diffusion with limited fluxes", hdiff,
           _uniform((68, 68, 20), (64, 64, 20)), argnums=(0, 1), kinks=True),
)  # fmt: skip
