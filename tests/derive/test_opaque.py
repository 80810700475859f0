"""Python functions that compiled code calls: values, errors, lanes; derivatives by rules."""

from __future__ import annotations

import pickle
import threading
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import sqrtm
from scipy.optimize import brentq, fsolve, minimize

import tapec
from tapec.errors import NonDifferentiableError, ShapeError, TraceError

BACKENDS = ("numpy", "llvm")


def cubic(x: Any, a: Any) -> Any:
    return x**3 + x - a


def solved(a: Any) -> Any:
    return brentq(cubic, -50.0, 50.0, args=(a,), xtol=1e-14)


root = tapec.implicit(solved, cubic, like=0.0)


def slope(a: Any) -> Any:
    return 1.0 / (3.0 * solved(a) ** 2 + 1.0)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_root_of_scipys_with_derivatives_of_any_order(backend: str) -> None:
    kernel = tapec.compile(lambda a: root(a) * a, backend=backend)
    a, h = 5.0, 1e-4
    assert kernel(a) == pytest.approx(solved(a) * a, rel=1e-14)
    assert type(kernel(a)) is float
    assert kernel.grad(a) == pytest.approx(solved(a) + a * slope(a), rel=1e-12)
    second = (kernel.grad(a + h) - kernel.grad(a - h)) / (2 * h)
    assert tapec.grad(kernel.grad)(a) == pytest.approx(second, rel=1e-6)
    assert tapec.jvp(kernel, (a,), (1.0,))[1] == pytest.approx(kernel.grad(a), rel=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_in_loops_branches_and_lanes(backend: str) -> None:
    def f(a: Any) -> Any:
        total = 0.0
        for k in range(30):
            if a[k] > 0.5:
                total += root(a[k]) * k
        return total

    a = np.linspace(0.0, 1.0, 30)
    kernel = tapec.compile(f, backend=backend)
    assert kernel(a) == pytest.approx(f(a), rel=1e-13)
    wanted = [k * slope(x) if x > 0.5 else 0.0 for k, x in enumerate(a)]
    np.testing.assert_allclose(kernel.grad(a), wanted, rtol=1e-11)
    many = tapec.vmap(tapec.compile(lambda a: root(a), backend=backend))
    np.testing.assert_allclose(many(a), [solved(x) for x in a], rtol=1e-13)
    lanes = tapec.vmap(tapec.vmap(tapec.grad(root)))(a.reshape(5, 6))
    np.testing.assert_allclose(lanes, np.reshape([slope(x) for x in a], (5, 6)), rtol=1e-11)


@pytest.mark.parametrize("backend", BACKENDS)
def test_minima_and_systems(backend: str) -> None:
    def energy(x: Any, p: Any) -> Any:
        return np.sum((x - p) ** 2) + 0.5 * np.sum(x**4)

    gradient = tapec.grad(energy)

    def least(p: Any) -> Any:
        return minimize(energy, np.zeros(3), (p,), jac=gradient, method="BFGS", tol=1e-12).x

    best = tapec.implicit(least, tapec.grad(energy), like=np.zeros(3))
    p = np.array([0.5, -1.0, 2.0])
    kernel = tapec.compile(lambda p: best(p), backend=backend)
    x = least(p)
    np.testing.assert_allclose(kernel.jacobian(p), np.diag(2.0 / (2.0 + 6.0 * x**2)), atol=1e-7)


def test_structures_of_results_and_arguments() -> None:
    def run(y: Any, config: dict[str, Any]) -> Any:
        assert type(y) is np.ndarray
        found = solve_ivp(lambda t, y: -config["rate"] * y, (0.0, 1.0), y, rtol=1e-10, atol=1e-12)
        return {"last": found.y[:, -1], "count": float(len(found.t))}

    flow = tapec.opaque(run, like={"last": np.zeros(2), "count": 0.0})
    kernel = tapec.compile(lambda y, r: flow(y, {"rate": r, "name": "decay"}))
    got = kernel(np.array([1.0, 2.0]), 0.7)
    np.testing.assert_allclose(got["last"], np.exp(-0.7) * np.array([1.0, 2.0]), rtol=1e-8)
    assert got["count"] > 3
    assert flow(np.ones(2), {"rate": 1.0})["last"].shape == (2,)


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_it_raises_the_kernel_raises(backend: str) -> None:
    kernel = tapec.compile(lambda a: 2.0 * root(a), backend=backend)
    for _ in range(3):
        with pytest.raises(ValueError, match="different signs"):
            kernel(1e9)
        with pytest.raises(ValueError, match="different signs"):
            kernel.grad(1e9)
        assert kernel(2.0) == pytest.approx(2.0)

    def interrupted(x: Any) -> Any:
        raise KeyboardInterrupt

    stop = tapec.compile(tapec.opaque(interrupted, like=0.0), backend=backend)
    with pytest.raises(KeyboardInterrupt):
        stop(1.0)


@pytest.mark.parametrize("backend", BACKENDS)
def test_mistakes_are_told(backend: str) -> None:
    wrong = tapec.opaque(lambda x: x, like=np.zeros(3))
    with pytest.raises(ShapeError, match=r"returned f64\[4\], not the f64\[3\]"):
        tapec.compile(lambda x: wrong(x), backend=backend)(np.zeros(4))
    with pytest.raises(NonDifferentiableError, match="nothing is known of its derivatives"):
        tapec.grad(lambda x: np.sum(wrong(x)))(np.zeros(3))
    with pytest.raises(TraceError, match="no float64 array"):
        tapec.opaque(abs, like=3)


def test_its_arrays_are_its_own() -> None:
    seen: list[Any] = []

    def keep(x: Any) -> Any:
        seen.append(x)
        x[0] = -1.0
        return x

    kernel = tapec.compile(lambda x: tapec.opaque(keep, like=np.zeros(2))(2.0 * x) + x)
    for value in (1.0, 2.0):
        np.testing.assert_array_equal(kernel(np.full(2, value)), [value - 1.0, 3.0 * value])
    np.testing.assert_array_equal(seen, [[-1.0, 2.0], [-1.0, 4.0]])


def test_threads_have_their_own_errors() -> None:
    def raising(x: Any) -> Any:
        raise ValueError(str(x))

    kernel = tapec.compile(tapec.opaque(raising, like=0.0))
    found: dict[int, str] = {}

    def work(k: int) -> None:
        for _ in range(50):
            try:
                kernel(float(k))
            except ValueError as error:
                found[k] = str(error)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {k: str(float(k)) for k in range(4)}


def square_root(a: Any) -> Any:
    return sqrtm(a).real


def test_a_rule_around_it() -> None:
    inner = tapec.opaque(np.sinh, like=np.zeros(3))
    sinh = tapec.custom_rule(inner, jvp=lambda x, t: (inner(x[0]), t[0] * np.cosh(x[0])))
    x = np.array([0.1, 0.5, -1.0])
    np.testing.assert_allclose(tapec.grad(lambda x: np.sum(sinh(x)))(x), np.cosh(x), rtol=1e-14)


@tapec.compile
def with_a_name(a: Any) -> Any:
    return 2.0 * root(a)


def test_kernels_that_travel() -> None:
    with_a_name(2.0)
    assert pickle.loads(pickle.dumps(with_a_name))(2.0) == with_a_name(2.0)
    kernel = tapec.compile(lambda a: root(a))
    kernel(2.0)
    with pytest.raises(pickle.PicklingError, match=r"tapec\.opaque"):
        pickle.dumps(kernel)


def test_functions_of_two_matrices() -> None:
    root_of = tapec.implicit(square_root, lambda x, a: x @ x - a, like=np.zeros((2, 2)))
    a, b = np.array([[4.0, 1.0], [0.5, 3.0]]), np.array([[2.0, 0.3], [0.1, 5.0]])
    kernel = tapec.compile(lambda a, b: np.sum(root_of(a) * root_of(b)))
    h, d = 1e-6, np.array([[0.3, -0.2], [0.7, 0.1]])
    numeric = (kernel(a + h * d, b) - kernel(a - h * d, b)) / (2 * h)
    assert np.sum(kernel.grad(a, b) * d) == pytest.approx(numeric, rel=1e-7)


def test_systems_of_scipys_solver() -> None:
    def curve(x: Any, a: Any) -> Any:
        return np.array([x[0] + x[1] ** 3 - a, x[0] ** 3 - x[1]])

    point = tapec.implicit(
        lambda a: fsolve(curve, np.ones(2), (a,), xtol=1e-13), curve, like=np.ones(2)
    )
    np.testing.assert_allclose(tapec.jacobian(point)(2.0), [0.1, 0.3], rtol=1e-7)
