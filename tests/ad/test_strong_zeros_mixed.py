"""Elements with infinite derivatives that no result depends on, behind ops that mix elements.

One element of an array is made where its derivative (or the next one) is infinite or NaN; products,
systems, scans and reductions then compute with all of them, and what depends on that element is left
out. Derivatives must be those of the same program at a point where all is finite.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special

import tapec

Function = Callable[[Any], Any]

# name -> function, a point where it or a derivative of it is infinite, one where all are finite.
SINGULAR: dict[str, tuple[Function, float, float]] = {
    "sqrt": (np.sqrt, 0.0, 0.7),
    "sqrt of a negative number": (np.sqrt, -1.0, 0.7),
    "log": (np.log, 0.0, 0.7),
    "reciprocal": (lambda x: 1 / x, 0.0, 0.7),
    "power": (lambda x: x**0.5, 0.0, 0.7),
    "power with an infinite second derivative": (lambda x: x**1.5, 0.0, 0.7),
    "hypot": (lambda x: np.hypot(x, 0.0 * x), 0.0, 0.7),
    "arctan2": (lambda x: np.arctan2(x, 0 * x), 0.0, 0.7),
    "norm": (lambda x: np.sqrt(x * x + x**4) + x, 0.0, 0.7),
    "x log x": (lambda x: x * np.log(x), 0.0, 0.7),
    "arccosh": (np.arccosh, 1.0, 1.7),
    "arcsin": (np.arcsin, 1.0, 0.7),
    "quotient of zeros": (lambda x: np.sin(x) / x, 0.0, 0.7),
}
A = np.array([[1.0, 2, 3, 4], [0.5, 1, -1, 2], [2, 0, 1, 1], [1, 1, 1, 3.0]])
REST = np.arange(4) > 0


def rows(y: Any) -> Any:
    """A matrix with the element that is not used in its first row only."""
    return y[:, None] * A[:, :3]


def systems(y: Any) -> Any:
    """A stack of matrices, of which the first is not used."""
    return A[None, 1:3, 1:3] * y[:, None, None] + 3.0 * np.eye(2)


def definite(y: Any) -> Any:
    return 2.0 * np.eye(2) + (0.1 * np.tanh(y) ** 2)[:, None, None] * np.ones((2, 2))


def overwritten(y: Any) -> Any:
    z = y * y
    z[0] = 1.0
    z = z * z
    z[1:3] = z[1:3] @ A[:2, :2]
    return z.sum()


def scattered(y: Any) -> Any:
    z = np.zeros(5)
    z[np.array([0, 1, 2, 3])] = y * y
    z[0] = 0.0
    np.add.at(z, np.array([1, 1, 2]), y[1:])
    return (z * z).sum()


def iterated(y: Any) -> Any:
    v = np.ones(4)
    for _ in range(30):
        v = np.where(REST, 0.1 * (np.diag(y) @ np.where(REST, v, 0.0)), 0.0) + 1.0
    return v[1:].sum()


# What is done with four elements, of which the first one is not used.
USES: dict[str, Function] = {
    "matrix times vector": lambda y: (rows(y) @ np.array([1.0, 2.0, 3.0]))[1:].sum(),
    "matrix times vector of the rest": lambda y: (rows(y) @ y[1:])[1:].sum(),
    "product": lambda y: (rows(y) @ np.outer(np.ones(3), y[1:3]))[1:].sum(),
    "stack of products": lambda y: (systems(y) @ systems(y[::-1])[:1])[1:].sum(),
    "einsum": lambda y: np.einsum("ij,j->i", rows(y), y[1:])[1:].sum(),
    "inner": lambda y: np.inner(rows(y), rows(y))[1:, 1:].sum(),
    "outer": lambda y: (np.outer(y, y)[1:, 1:] ** 2).sum(),
    "convolution": lambda y: np.convolve(y, y[1:3])[2:].sum(),
    "covariance": lambda y: np.cov(rows(y))[1:, 1:].sum(),
    "quadratic form": lambda y: np.dot(y[1:], A[:3, :3] @ y[1:]),
    "cumsum": lambda y: (np.cumsum(y[::-1])[:3] ** 2).sum(),
    "cumprod": lambda y: (np.cumprod(y[::-1])[:3] ** 2).sum(),
    "running maximum": lambda y: np.maximum.accumulate(y[::-1])[:3].sum(),
    "prod": lambda y: (np.prod(rows(y), axis=1)[1:] ** 2).sum(),
    "masked prod": lambda y: np.prod(y, where=REST),
    "norm": lambda y: np.linalg.norm(rows(y), axis=1)[1:].sum(),
    "norm of order 3": lambda y: np.linalg.norm(rows(y), 3, axis=1)[1:].sum(),
    "max": lambda y: (np.max(rows(y), axis=1)[1:] ** 2).sum(),
    "masked max": lambda y: np.max(y, where=REST, initial=-9.0) ** 2,
    "variance": lambda y: np.var(rows(y), axis=1)[1:].sum(),
    "deviation": lambda y: np.std(rows(y), axis=1)[1:].sum(),
    "sort": lambda y: (np.sort(rows(y), axis=1) ** 2 * np.arange(3.0))[1:].sum(),
    "median": lambda y: (np.median(rows(y), axis=1)[1:] ** 2).sum(),
    "quantile": lambda y: (np.quantile(rows(y), 0.3, axis=1)[1:] ** 2).sum(),
    "logsumexp": lambda y: special.logsumexp(rows(y), axis=1)[1:].sum(),
    "softmax": lambda y: (special.softmax(rows(y), axis=1) * np.arange(3.0))[1:].sum(),
    "solve": lambda y: np.linalg.solve(systems(y), np.ones((4, 2, 1)))[1:].sum(),
    "columns solved for": lambda y: np.linalg.solve(
        3 * np.eye(2) + np.outer(y[1:3], y[2:]), np.stack([y, y * y])
    )[:, 1:].sum(),
    "inverse": lambda y: np.linalg.inv(systems(y))[1:].sum(),
    "determinant": lambda y: np.linalg.det(systems(y))[1:].sum(),
    "slogdet": lambda y: np.linalg.slogdet(systems(y))[1][1:].sum(),
    "cholesky": lambda y: np.linalg.cholesky(definite(np.where(REST, y, 0.5)))[1:].sum(),
    "where": lambda y: np.where(REST, y * y, 0.0).sum(),
    "select": lambda y: np.select([~REST, np.arange(4) > 1], [np.ones(4), y * y], 3.0 * y).sum(),
    "clip": lambda y: (np.clip(y, 0.1, 1.9)[1:] ** 2).sum(),
    "quotient": lambda y: (y / y[::-1])[1:3].sum(),
    "power": lambda y: (np.abs(y) ** np.array([0.5, 2.0, 3.0, 1.0]))[1:].sum(),
    "overwritten": overwritten,
    "scattered": scattered,
    "iterated": iterated,
}
MODES = list(itertools.product(("rev", "fwd"), repeat=2))


def mismatches(
    f: Function, good: Any, bad: Any, backend: Any, orders: Any = (("rev", "fwd"), MODES)
) -> list[str]:
    """The derivatives that differ between a finite point and one where what is not used is not."""
    found = []
    for mode in orders[0]:
        slope = tapec.compile(tapec.jacobian(f, mode=mode), backend=backend)
        if not np.allclose(slope(bad), slope(good), rtol=1e-9):
            found.append(mode)
    for outer, inner in orders[1]:
        second = tapec.jacobian(tapec.jacobian(f, mode=inner), mode=outer)
        second = tapec.compile(second, backend=backend)
        if not np.allclose(second(bad), second(good), rtol=1e-9):
            found.append(f"{outer} of {inner}")
    return found


def points(at: float, ordinary: float) -> tuple[Any, Any]:
    good = ordinary + np.array([0.0, 0.02, -0.03, 0.05])
    bad = good.copy()
    bad[0] = at
    return good, bad


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("use", USES)
def test_what_is_left_out_has_no_derivative(use: str) -> None:
    turn = list(USES).index(use) % 2
    for k, name in enumerate(("sqrt", "log")):
        function, at, ordinary = SINGULAR[name]
        f = lambda x, function=function: USES[use](function(x))  # noqa: E731
        good, bad = points(at, ordinary)
        half = [("rev", "fwd")[k]], [MODES[2 * k + turn]]
        assert not mismatches(f, good, bad, "numpy", half), name


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("backend", ["numpy", "llvm"])
@pytest.mark.parametrize("name", SINGULAR)
def test_every_function_and_every_use(name: str, backend: Any) -> None:
    function, at, ordinary = SINGULAR[name]
    good, bad = points(at, ordinary)
    for use, step in USES.items():
        f = lambda x, step=step: step(function(x))  # noqa: E731
        assert not mismatches(f, good, bad, backend), use


# Steps of random programs: elementwise ones, and those that mix what is left.
STEPS: tuple[Function, ...] = (
    lambda y: y * 1.3 + 0.2, lambda y: y * y, np.sin, np.exp, np.tanh, lambda y: 1.0 / (1.0 + y * y),
    lambda y: y - 0.5 * y**3, lambda y: y * A[0], lambda y: np.where(y > 0.9, y, 2.0 * y),
    lambda y: np.maximum(y, 0.2), lambda y: np.logaddexp(y, 0.3),
)  # fmt: skip


def random_program(seed: int) -> tuple[Function, Any, Any]:
    """A program, a finite point, and one where an element that is left out is singular."""
    rng = np.random.default_rng(seed)
    names, uses = list(SINGULAR), list(USES.values())
    function, at, ordinary = SINGULAR[names[rng.integers(len(names))]]
    chain = [STEPS[k] for k in rng.integers(len(STEPS), size=rng.integers(0, 3))]
    use, other = (uses[k] for k in rng.integers(len(uses), size=2))
    turn = int(rng.integers(4))

    def f(x: Any) -> Any:
        y = function(np.roll(x, turn))
        for step in chain:
            y = step(y)
        return use(y) * np.sin(other(0.5 * y))

    good, bad = points(at, ordinary)
    return f, np.roll(good, -turn), np.roll(bad, -turn)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("first", range(0, 300, 30))
def test_random_programs(first: int) -> None:
    for seed in range(first, first + 30):
        f, good, bad = random_program(seed)
        with np.errstate(all="ignore"):
            assert np.isclose(f(good), f(bad)), f"seed {seed} is no program of the kind"
        assert not mismatches(f, good, bad, "numpy"), f"seed {seed}"
