"""Programs to export: each with arguments, and what to export of it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.special import digamma, erf, gammaln, i0, ndtr

RNG = np.random.default_rng(7)
MATRIX = RNG.normal(size=(6, 6))
POSITIVE = MATRIX @ MATRIX.T + 6.0 * np.eye(6)
VECTOR, LONG = RNG.normal(size=6), RNG.normal(size=1000)
WEIGHTS = RNG.normal(size=(120, 120))  # as large as is kept beside the text of a module


def numbers(a: float, b: float) -> Any:
    return a * np.sin(b) + np.exp(a)


def stencil(x):
    y = (3 - 2 * x) * x + 1
    y[1:] -= x[:-1]
    y[:-1] -= 2 * x[1:]
    return y


def stencil_energy(x):
    return np.sum(stencil(x) ** 2)


def gaussian(x):
    return np.sum(np.exp(-(x**2)) * np.sin(x))


def steps(x):
    y = x
    for _ in range(500):
        y = y - 0.01 * np.sin(y) * x
    return np.sum(y)


def growth(x):
    y, n = x[0], 0
    while y < 1000.0:
        y = y * 1.01 + x[1] ** 2
        n += 1
    return y * n


def branch(x):
    if np.sum(x) > 0:
        return np.sum(x**3)
    return np.sum(np.cos(x))


def log_determinant(s):
    return 2.0 * np.sum(np.log(np.diag(np.linalg.cholesky(s))))


def quadratic(s, x):
    return x @ np.linalg.solve(s, x)


def eigenvalues(s):
    return np.sum(np.linalg.eigh(s)[0] ** 2)


def singular_values(a):
    return np.sum(np.linalg.svd(a)[1])


def product(b):
    return np.sum(np.tanh(b @ b))


def weighted(x):
    return np.sum((WEIGHTS @ x) ** 2)


def picked(x, i):
    return np.sum(x[i] ** 2)


def special(x):
    return np.sum(gammaln(np.abs(x) + 1) + erf(x) + ndtr(x) + digamma(np.abs(x) + 1) + i0(x))


def several(x):
    return np.sum(x), x * 2, {"even": x[::2], "three": 3, "positive": x > 0}


def views(x):
    return x.reshape(2, 3).T, x, x[1:]


def nested(p, scale):
    return p["w"] @ p["w"] * scale + np.sum(p["b"][0])


def raising(x):
    if x[0] < -100.0:
        raise ValueError("x is too /* small */ for é")
    return np.sum(x)


def fixed(x):
    return x * WEIGHTS[0, : x.shape[0]]


class Pair(NamedTuple):
    first: Any
    second: Any


def pair(x, X, é):
    return Pair(np.sum(x) * np.sum(X), {"inner": x * é})


def nothing(x):
    return np.arange(3.0), 2, True


def far(x):
    y, n = x[0], 0
    while n < 20000:
        y = np.sin(y) + x[1]
        n += 1
    return y


def layouts(a):
    return np.asfortranarray(a) * 2, a.T @ a, a[::-1], a.T


def matching(b, x, n):
    return np.where(b, x[n], -x), b & (x > 0), ~b, n * 2, np.argsort(x)


def waves(z):
    return np.abs(np.sum(np.exp(1j * z.real) * z)), np.fft.fft(z)


# Function, arguments, products, options of `export`.
QUICK: list[tuple[Any, tuple[Any, ...], str, dict[str, Any]]] = [
    (numbers, (0.3, 0.7), "value grad hess", {"argnums": (0, 1)}),
    (stencil, (VECTOR,), "jac", {"sparse": True}),
    (growth, (np.array([1.0, 0.3]),), "value_and_grad", {}),
    (quadratic, (POSITIVE, VECTOR), "value hvp", {"argnums": 1}),
    (picked, (VECTOR, np.array([1, 1, 3], np.int8)), "value grad", {}),
    (several, (VECTOR,), "value", {}),
]
SLOW = [
    (numbers, (0.3, 0.7), "jvp vjp hess", {}),
    (stencil, (LONG,), "value jac", {"sparse": True}),
    (stencil, (VECTOR,), "jac jvp vjp gnvp", {}),
    (stencil_energy, (LONG,), "grad hess lower_hess", {"sparse": True}),
    (gaussian, (LONG,), "value grad hvp", {}),
    (gaussian, (LONG.astype(np.float32),), "value grad", {}),
    (steps, (VECTOR,), "value grad", {}),
    (branch, (VECTOR,), "value grad hess", {}),
    (branch, (-np.abs(VECTOR),), "value grad hess", {}),
    (log_determinant, (POSITIVE,), "value grad", {}),
    (quadratic, (POSITIVE, VECTOR), "grad hess", {"argnums": 1}),
    (quadratic, (POSITIVE, VECTOR), "grad", {"argnums": (0, 1)}),
    (eigenvalues, (POSITIVE,), "value grad", {}),
    (singular_values, (MATRIX,), "value grad", {}),
    (product, (RNG.normal(size=(80, 80)),), "value grad", {}),
    (weighted, (LONG[:120],), "value grad", {}),
    (picked, (VECTOR, np.array([0, 5, -1])), "value grad hess", {}),
    (special, (LONG,), "value grad", {}),
    (views, (VECTOR,), "value", {}),
    (nested, ({"w": VECTOR, "b": [VECTOR, 1.5]}, 2.0), "value grad gnvp", {}),
    (raising, (VECTOR,), "value grad", {}),
    (fixed, (VECTOR,), "value jac", {}),
    (waves, (VECTOR + 1j * VECTOR[::-1],), "value", {}),
    (pair, (VECTOR, MATRIX, 2.0), "value", {}),
    (nothing, (VECTOR,), "value", {}),
    (far, (np.array([0.1, 0.2]),), "value grad hess", {}),
    (layouts, (MATRIX[:4],), "value", {}),
    (layouts, (np.asfortranarray(MATRIX[:4]),), "value", {}),
    (matching, (VECTOR > 0, VECTOR, np.int32(2)), "value", {}),
    (gaussian, (np.zeros(0),), "value grad", {}),
    (numbers, (np.float32(0.5), np.float32(0.25)), "value grad", {}),
]
