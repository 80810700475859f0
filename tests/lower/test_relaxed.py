"""`fastmath`: what it changes, how much, and who keeps it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tapec
from tapec.backends.llvm import available

native = pytest.mark.skipif(not available()[0], reason=available()[1])
X, Y = np.linspace(1.0, 2.0, 203), np.linspace(-3.0, -1.0, 203)


def scaled(x: Any, y: Any) -> Any:
    total = 0.0
    for k in tapec.rolled(range(50)):
        total = total + x[k] / y[0] * x[k] - x[k] / y[0]
    return total


PROGRAMS: dict[str, Callable[[Any, Any], Any]] = {
    "shared": lambda x, y: np.sum(x / y + np.sin(x) / y - 3.0 * x * y),
    "loop": scaled,
    "rows": lambda x, y: np.sum(np.outer(x, y) / x[:, None] / np.sum(y)),
    "constant": lambda x, y: np.sum(x / 3.0 + y / 3.0),
    "branch": lambda x, y: np.sum(x / y) if x[0] > 1.5 else np.sum(y / x) + y[0] / x[0],
    "float32": lambda x, y: np.sum(x.astype(np.float32) / y.astype(np.float32)),
}


@native
@pytest.mark.parametrize("name", PROGRAMS)
def test_results_are_those_of_numpy_up_to_roundings(name: str) -> None:
    f = PROGRAMS[name]
    exact, relaxed = tapec.compile(f), tapec.compile(f, fastmath=True)
    tight = 2e-6 if name == "float32" else 1e-13
    np.testing.assert_allclose(relaxed(X, Y), f(X, Y), rtol=tight)
    for argnum in (0, 1):
        slopes = [tapec.grad(g, argnum)(X, Y) for g in (relaxed, exact)]
        np.testing.assert_allclose(*slopes, rtol=tight, atol=tight)
    assert "fused=true" in relaxed.ir("loops", X, Y)


@native
def test_divisions_become_products() -> None:
    relaxed = tapec.compile(PROGRAMS["shared"], fastmath=True)
    assert relaxed.ir("loops", X, Y).count(" div ") == 1
    assert tapec.compile(PROGRAMS["shared"]).ir("loops", X, Y).count(" div ") == 2


@native
def test_derivatives_and_batches_keep_the_option() -> None:
    kernel = tapec.compile(lambda x: np.sum(np.sin(x) * x / x[0]), fastmath=True)
    assert "fused=true" in kernel.grad.ir("loops", X)
    assert "fused=true" in tapec.vmap(kernel).ir("loops", np.ones((4, 9)))


@native
def test_without_it_double_roots_are_exact() -> None:
    """A fused difference is not the zero that NumPy has."""
    f = tapec.compile(lambda b, c: np.sqrt(b * b - c * c))
    b = np.random.default_rng(0).random(1000)
    assert not np.isnan(f(b, b)).any()
