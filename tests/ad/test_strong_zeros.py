"""A derivative of exactly zero passes no infinite or NaN partial: values that nobody uses have none.

Each case makes one value from a number where its derivative is infinite or NaN, and does not use it.
The derivatives of the rest must be those of the program in which that number is an ordinary one.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import special

import tapec

# name -> function of an array, a point where a derivative of it (or of its derivative) is infinite.
SINGULAR = {
    "sqrt": (np.sqrt, 0.0),
    "sqrt of a negative number": (np.sqrt, -1.0),
    "log": (np.log, 0.0),
    "log1p": (np.log1p, -1.0),
    "reciprocal": (lambda x: 1.0 / x, 0.0),
    "quotient": (lambda x: np.cos(x) / x, 0.0),
    "power": (lambda x: x**0.5, 0.0),
    "power with an infinite second derivative": (lambda x: x**1.5, 0.0),
    "negative power": (lambda x: x**-2, 0.0),
    "arcsin": (np.arcsin, 1.0),
    "arccosh": (np.arccosh, 1.0),
    "arctanh": (np.arctanh, -1.0),
    "cbrt": (np.cbrt, 0.0),
    "exp": (lambda x: np.exp(100.0 * x) * x, 9.0),
    "hypot": (lambda x: np.hypot(x, 0.0 * x), 0.0),
    "arctan2": (lambda x: np.arctan2(x, 0.0 * x), 0.0),
    "product with an infinite factor": (lambda x: x * np.log(x), 0.0),
    "composed": (lambda x: np.exp(np.sqrt(np.sin(x))) / np.sqrt(x), 0.0),
    "nan": (lambda x: x * np.log(x - 1.0) ** 2 + np.where(x > 1.0, x, 1.0), 0.5),
}


def _overwritten(y):
    y[0] = 0.0
    return y.sum()


def _placed(y):
    out = np.zeros(5)
    out[2:4] = y[1:]
    return out.sum()


def _looped(y):
    total = 0.0
    for i in range(1, 3):
        total = total + y[i] * y[i]
    return total


def _staged(y):
    total = 0.0
    for i in range(40):
        total = total + y[1 + i % 2]
    return total


def _branched(y):
    return y[1] * 2.0 if y[2] > -1e9 else y[0]


USES = {
    "index": lambda y: y[1],
    "slice": lambda y: (y[1:] ** 2).sum(),
    "product of parts": lambda y: y[1] * y[2],
    "overwritten": _overwritten,
    "placed": _placed,
    "loop": _looped,
    "staged loop": _staged,
    "branch": _branched,
    "times zero": lambda y: (y[1:] * 3.0).sum() + y[2] ** 3,
    "gathered": lambda y: y[np.array([1, 2, 1])].sum(),
    "where": lambda y: np.where(np.array([False, True, True]), y, 0.0).sum(),
    "concatenated": lambda y: np.concatenate([y[1:], y[2:]]).sum(),
    "scaled": lambda y: (np.array([5.0, 2.0, 3.0]) * y)[1:].sum(),
    "flat function after": lambda y: np.sin(y)[1:].sum() + (np.sqrt(np.abs(y))[2]),
}


def ordinary(function) -> float:
    """A point where all its derivatives are numbers."""
    return next(
        x for x in (0.7, 1.7) if np.isfinite(function(np.array([x, x + 0.01, x - 0.01]))).all()
    )


def points(name: str):
    """An ordinary point, and one with the bad number in a place that is not used."""
    function, bad = SINGULAR[name]
    a = ordinary(function)
    return np.array([a, a + 0.02, a - 0.03]), np.array([bad, a + 0.02, a - 0.03])


def every(kind: int, of: int, name: str, full: bool):
    """The uses that one kind of derivative is taken of: all, or by turns among the kinds."""
    turn = list(SINGULAR).index(name) + kind
    return [(k, use) for n, (k, use) in enumerate(USES.items()) if full or (n + turn) % of == 0]


extent = pytest.mark.parametrize("full", [False, pytest.param(True, marks=pytest.mark.slow)])


@extent
@pytest.mark.parametrize("mode", ["rev", "fwd"])
@pytest.mark.parametrize("backend", ["llvm", "numpy"])
@pytest.mark.parametrize("name", SINGULAR)
def test_what_is_not_used_has_no_derivative(name, backend, mode, full):
    function, _ = SINGULAR[name]
    good, at = points(name)
    kind = 2 * (backend == "llvm") + (mode == "rev")
    for _, use in every(kind, 4 if backend == "numpy" else 6, name, full):
        compiled = tapec.compile(lambda x, use=use: use(function(x)), backend=backend)
        slope = tapec.jacobian(compiled, mode=mode)
        want, got = slope(good), slope(at)
        assert want[0] == 0.0
        np.testing.assert_allclose(got, want, rtol=1e-12, err_msg=str(use))


@extent
@pytest.mark.parametrize("name", SINGULAR)
def test_second_derivatives_of_what_is_not_used(name, full):
    function, _ = SINGULAR[name]
    good, at = points(name)
    for kind, (outer, inner) in enumerate(itertools.product(("rev", "fwd"), repeat=2)):
        backend = "auto" if full or kind % 2 else "numpy"
        for key, use in every(kind, 4, name, full):
            f = lambda x, use=use: use(function(x))  # noqa: E731
            second = tapec.jacobian(tapec.jacobian(f, mode=inner), mode=outer)
            second = tapec.compile(second, backend=backend)
            want, got = second(good), second(at)
            np.testing.assert_allclose(got, want, rtol=1e-10, err_msg=f"{key} {outer} {inner}")


def test_a_zero_that_varies_is_no_strong_zero():
    """The cotangent vanishes at the minimum; its own derivative does not."""
    f = lambda x: np.sum((np.sqrt(x) - 1.0) ** 2)  # noqa: E731
    x = np.array([1.0, 4.0])
    np.testing.assert_allclose(tapec.hessian(f)(x), np.diag([0.5, 0.0625]), rtol=1e-14)
    np.testing.assert_allclose(tapec.grad(tapec.grad(lambda t: (np.log(t) - 0.0) ** 2))(1.0), 2.0)


def test_an_infinite_derivative_that_is_used_stays_infinite():
    assert tapec.grad(lambda x: np.sqrt(x))(0.0) == np.inf
    assert tapec.jvp(lambda x: np.sqrt(x), (0.0,), (1.0,))[1] == np.inf
    assert np.isnan(tapec.grad(lambda x: np.sqrt(x))(-1.0))


VANISHING = {
    "bump": lambda x: np.exp(-1.0 / x**2),
    "scaled": lambda x: x * np.exp(-1.0 / np.abs(x)),
    "step": lambda x: 0.5 * (1.0 + np.tanh(-1.0 / x**2)),
    "sigmoid": lambda x: special.expit(-1.0 / x**4),
}


@pytest.mark.parametrize("name", VANISHING)
@pytest.mark.parametrize("x", [1e-160, 1e-100, 1e-30, -1e-110])
def test_what_vanishes_exponentially_outdoes_infinite_derivatives(name, x):
    f = VANISHING[name]
    for inner, outer in itertools.product(("rev", "fwd"), repeat=2):
        first = tapec.jacobian(f, mode=inner)
        assert first(x) == 0.0
        assert tapec.jacobian(first, mode=outer)(x) == 0.0


def test_what_vanishes_as_a_power_is_no_zero():
    second = tapec.grad(tapec.grad(lambda x: np.exp(2.0 * np.log(x))))
    assert np.isnan(second(0.0))  # 2 would be right
