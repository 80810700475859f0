"""Functions that stay functions, called by each other: gradients of calls in calls, and their size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.sampling import sampled

import tapec
from tapec.ir.nested import count

Array = Any


def step(x: Array, terms: int) -> Array:
    """Many values that a reverse sweep needs, each from the one before."""
    for k in range(terms):
        x = np.sin(x + 0.1 * k) + 0.2 * np.cos(x[::-1]) * x
    return x


def tower(inline: bool, depth: int, terms: int, calls: int) -> Any:
    """`depth` functions, each of which calls the one below a few times."""
    f: Any = tapec.compile(lambda x: step(x, terms), inline=inline)
    for _ in range(depth):

        def above(x: Array, below: Any = f) -> Array:
            for k in range(calls):
                x = below(x * 0.9) + 0.01 * k
            return x

        f = tapec.compile(above, inline=inline)
    return f


def repeated(f: Any, x: Array, n: Array) -> Array:
    """Calls in a loop that stays one, whose number an argument tells."""
    for _ in range(n[0]):
        x = f(x)
    return np.sum(x**2)


@pytest.mark.parametrize("terms", sampled([24, 3], 2))
@pytest.mark.parametrize("depth", sampled([1, 2], 2))
def test_gradients_are_those_of_inlined_calls(depth: int, terms: int) -> None:
    x, n = np.array([0.3, -0.5, 0.7]), np.array([2])
    apart, inlined = (tower(inline, depth, terms, 2) for inline in (False, True))
    got, want = (tapec.grad(lambda x, n, f=f: repeated(f, x, n))(x, n) for f in (apart, inlined))  # type: ignore[misc]
    np.testing.assert_allclose(got, want, rtol=1e-13)
    got, want = (tapec.hessian(lambda x, f=f: np.sum(f(x)))(x) for f in (apart, inlined))  # type: ignore[misc]
    np.testing.assert_allclose(got, want, rtol=1e-11, atol=1e-13)


@tapec.compile(inline=False)
def determinant(a: Array) -> Any:
    """By expansion: n! terms, n functions."""
    if len(a) == 1:
        return a[0, 0]
    minors = [np.delete(a[1:], j, axis=1) for j in range(len(a))]
    return sum((-1) ** j * a[0, j] * determinant(minor) for j, minor in enumerate(minors))


@pytest.mark.parametrize("kind", ["value", "grad"])
def test_programs_of_recursive_functions_grow_slowly(kind: str) -> None:
    """One more row adds a function, not a factor."""
    f = determinant if kind == "value" else determinant.grad
    sizes = []
    for n in (6, 7, 8):
        found = f.specialization(np.eye(n))
        sizes.append(count(found.func.ops))
    assert sizes[2] - sizes[1] < 2 * (sizes[1] - sizes[0]) + 100
    assert sizes[2] < 2_000


def test_deep_recursion_is_right() -> None:
    a = np.random.default_rng(3).normal(size=(8, 8))
    assert determinant(a) == pytest.approx(np.linalg.det(a), rel=1e-12)
    cofactors = np.linalg.det(a) * np.linalg.inv(a).T
    np.testing.assert_allclose(determinant.grad(a), cofactors, rtol=1e-9)
