"""implicit: roots, fixed points and minima against closed forms, both modes, second order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapec
from tapec.errors import NonDifferentiableError, ShapeError, TraceError

BACKENDS = ("numpy", "llvm")


def newton(a: Any) -> Any:
    x = 1.0
    for _ in range(60):
        x = x - (x * x - a) / (2.0 * x)
    return x


def tolerant(a: Any) -> Any:
    """As many steps as it takes."""
    x = a + 1.0
    while np.abs(x * x - a) > 1e-14 * a:
        x = x - (x * x - a) / (2.0 * x)
    return x


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("solver", [newton, tolerant], ids=["for", "while"])
def test_square_root(solver: Any, backend: Any) -> None:
    root = tapec.implicit(solver, lambda x, a: x * x - a)
    f = tapec.compile(lambda a: root(a), backend=backend)
    a = 3.7
    np.testing.assert_allclose(f(a), a**0.5, rtol=1e-12)
    first, second, third = 0.5 * a**-0.5, -0.25 * a**-1.5, 0.375 * a**-2.5
    np.testing.assert_allclose(tapec.grad(f)(a), first, rtol=1e-10)
    np.testing.assert_allclose(tapec.jvp(f, (a,), (1.0,))[1], first, rtol=1e-10)
    np.testing.assert_allclose(tapec.hessian(f)(a), second, rtol=1e-10)
    np.testing.assert_allclose(tapec.grad(tapec.grad(f))(a), second, rtol=1e-10)
    np.testing.assert_allclose(tapec.grad(tapec.grad(tapec.grad(f)))(a), third, rtol=1e-10)


def kepler(e: Any, m: Any) -> Any:
    x = m + e * np.sin(m)
    for _ in range(50):
        x = x - (x - e * np.sin(x) - m) / (1.0 - e * np.cos(x))
    return x


@pytest.mark.parametrize("backend", BACKENDS)
def test_kepler_over_many_points(backend: Any) -> None:
    """A map of gradients, and the gradient of a map."""
    anomaly = tapec.implicit(kepler, lambda x, e, m: x - e * np.sin(x) - m)
    f = tapec.compile(lambda e, m: anomaly(e, m), backend=backend)
    e, m = np.array([0.1, 0.5, 0.8]), np.array([0.4, 1.0, 2.5])
    x = np.array([kepler(*p) for p in zip(e, m, strict=True)])
    slope = 1.0 - e * np.cos(x)
    to_e, to_m = tapec.vmap(tapec.grad(f, argnums=(0, 1)))(e, m)
    np.testing.assert_allclose(to_e, np.sin(x) / slope, rtol=1e-10)
    np.testing.assert_allclose(to_m, 1.0 / slope, rtol=1e-10)
    mapped = tapec.vmap(f)
    total = tapec.compile(lambda e, m: np.sum(mapped(e, m)), backend=backend)
    np.testing.assert_allclose(tapec.grad(total)(e, m), np.sin(x) / slope, rtol=1e-10)


A = np.array([[4.0, 1.0, 0.0], [1.0, 3.0, -1.0], [0.0, -1.0, 5.0]])


def iterate(p: Any) -> Any:
    x = np.zeros(3)
    for _ in range(200):
        x = 0.3 * np.tanh(A @ x / 5.0) + p
    return x


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("mode", ["fwd", "rev"])
def test_fixed_point(mode: Any, backend: Any) -> None:
    def step(x: Any, p: Any) -> Any:
        return 0.3 * np.tanh(A @ x / 5.0) + p

    fixed = tapec.implicit(iterate, lambda x, p: x - step(x, p))
    p = np.array([0.2, -0.4, 1.0])
    x = iterate(p)
    inner = 0.3 * (1 - np.tanh(A @ x / 5.0) ** 2)[:, None] * A / 5.0
    wanted = np.linalg.inv(np.eye(3) - inner)
    f = tapec.compile(lambda p: fixed(p), backend=backend)
    np.testing.assert_allclose(tapec.jacobian(f, mode=mode)(p), wanted, rtol=1e-10)


@pytest.mark.parametrize("backend", BACKENDS)
def test_minimum_of_an_objective(backend: Any) -> None:
    """argmin: the residual is a gradient taken by tapec; ridge regression has a closed form."""
    rng = np.random.default_rng(4)
    data, y = rng.standard_normal((8, 3)), rng.standard_normal(8)

    def loss(w: Any, s: Any) -> Any:
        return np.sum((data @ w - y) ** 2) + np.exp(s) * np.sum(w**2)

    def descend(s: Any) -> Any:
        w = np.zeros(3)
        for _ in range(2000):
            w = w - 0.02 * tapec.grad(loss)(w, s)
        return w

    best = tapec.implicit(descend, tapec.grad(loss))
    f = tapec.compile(lambda s: best(s), backend=backend)
    s = 0.3
    left = data.T @ data + np.exp(s) * np.eye(3)
    w = np.linalg.solve(left, data.T @ y)
    first = -np.linalg.solve(left, np.exp(s) * w)
    second = -np.linalg.solve(left, np.exp(s) * (w + 2 * first))
    np.testing.assert_allclose(f(s), w, rtol=1e-10)
    np.testing.assert_allclose(tapec.jacobian(f, mode="fwd")(s), first, rtol=1e-10)
    np.testing.assert_allclose(tapec.jacobian(f, mode="rev")(s), first, rtol=1e-10)
    np.testing.assert_allclose(tapec.hessian(f)(s), second, rtol=1e-10)


@pytest.mark.parametrize("backend", BACKENDS)
def test_second_order_of_several_parameters(backend: Any) -> None:
    """x^3 + a x = b: the whole Hessian, forward over reverse and reverse over reverse."""

    def cardano(p: Any) -> Any:
        x = p[1] / p[0]
        for _ in range(60):
            x = x - (x**3 + p[0] * x - p[1]) / (3 * x**2 + p[0])
        return x

    root = tapec.implicit(cardano, lambda x, p: x**3 + p[0] * x - p[1])
    f = tapec.compile(lambda p: root(p), backend=backend)
    p = np.array([2.0, 1.5])
    x = cardano(p)
    d = 3 * x**2 + p[0]
    xa, xb = -x / d, 1 / d
    xaa = -(2 * xa + 6 * x * xa * xa) / d
    xab = -(xb + 6 * x * xa * xb) / d
    xbb = -6 * x * xb * xb / d
    np.testing.assert_allclose(tapec.grad(f)(p), [xa, xb], rtol=1e-10)
    wanted = [[xaa, xab], [xab, xbb]]
    np.testing.assert_allclose(tapec.hessian(f)(p), wanted, rtol=1e-10)
    twice = tapec.jacobian(tapec.grad(f), mode="rev")
    np.testing.assert_allclose(twice(p), wanted, rtol=1e-10)


@pytest.mark.parametrize("backend", BACKENDS)
def test_structured_solutions_and_parameters(backend: Any) -> None:
    """Two linear equations, their unknowns in a dictionary, one parameter an integer array."""

    def solver(p: Any, k: Any) -> Any:
        a, b = p["a"], p["b"]
        det = a[0] * a[3] - a[1] * a[2]
        x = (b[0] * a[3] - a[1] * b[1]) / det
        return {"x": x * k[1], "y": np.stack([(a[0] * b[1] - a[2] * b[0]) / det])}

    def residual(s: Any, p: Any, k: Any) -> Any:
        a, b = p["a"], p["b"]
        x, y = s["x"] / k[1], s["y"][0]
        return [a[0] * x + a[1] * y - b[0], (a[2] * x + a[3] * y - b[1],)]

    made = tapec.implicit(solver, residual)

    def f(a: Any, b: Any, k: Any) -> Any:
        s = made({"a": a, "b": b}, k)
        return s["x"] + 3.0 * s["y"][0]

    a, b, k = np.array([2.0, 1.0, -1.0, 4.0]), np.array([1.0, 5.0]), np.array([1, 2])
    to_a, to_b = tapec.grad(tapec.compile(f, backend=backend), argnums=(0, 1))(a, b, k)
    m = a.reshape(2, 2)
    z, u = np.linalg.solve(m, b), np.linalg.solve(m.T, [2.0, 3.0])
    np.testing.assert_allclose(to_b, u, rtol=1e-10)
    np.testing.assert_allclose(to_a, -np.outer(u, z).ravel(), rtol=1e-10)


def test_plain_calls_run_the_solver() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    root = tapec.implicit(
        lambda a: optimize.brentq(lambda x: x * x - a, 0.0, 10.0), lambda x, a: x * x - a
    )
    np.testing.assert_allclose(root(4.0), 2.0)


def test_the_solver_is_never_differentiated() -> None:
    """Its own code has no derivative at all: it rounds the result."""
    root = tapec.implicit(
        lambda a: np.round(np.sqrt(a) * 2.0**40) / 2.0**40, lambda x, a: x * x - a
    )
    np.testing.assert_allclose(tapec.grad(root)(9.0), 1.0 / 6.0, rtol=1e-10)


def test_refusals() -> None:
    two = tapec.implicit(lambda a: np.stack([a, a]), lambda x, a: x[0] - a)
    with pytest.raises(ShapeError, match="2 unknowns and 1 equations"):
        tapec.jacobian(two)(1.0)
    counted = tapec.implicit(lambda a: (a, np.zeros(2, int)), lambda x, a: (x[0] - a, x[1]))
    with pytest.raises(TraceError, match="must consist of floats"):
        tapec.jacobian(lambda a: counted(a)[0])(1.0)
    flat = tapec.implicit(lambda a: a * 0.0, lambda x, a: x * x - 0.0 * a)
    with pytest.raises(np.linalg.LinAlgError):
        tapec.grad(flat)(1.0)

    def outer(a: Any, b: Any) -> Any:
        return tapec.implicit(lambda a: a * b, lambda x, a: x - a * b)(a)

    assert tapec.grad(outer)(2.0, 3.0) == 3.0
    with pytest.raises(NonDifferentiableError, match="pass it as an argument"):
        tapec.grad(outer, argnums=1)(2.0, 3.0)
