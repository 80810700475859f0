"""Differential equations: solvers with Jacobians of ours, and derivatives of solutions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.integrate as si

from tapec.errors import ShapeError
from tapec.interop import integrate
from tapec.interop.sensitivities import adjoint_gradient, sensitivities


def brusselator(t: Any, y: Any, a: Any = 1.0, b: Any = 3.0) -> Any:
    """In one dimension, by finite differences (Hairer, Wanner: Solving ODE II, section IV.10)."""
    n = y.shape[0] // 2
    u, v, d = y[:n], y[n:], 0.02 * (n + 1) ** 2
    left, right = np.pad(u, 1, constant_values=a), np.pad(v, 1, constant_values=b)
    du = a + u**2 * v - (b + 1) * u + d * (left[2:] - 2 * u + left[:-2])
    dv = b * u - u**2 * v + d * (right[2:] - 2 * v + right[:-2])
    return np.concatenate([du, dv])


def slowly(names: list[str]) -> list[Any]:
    return [pytest.param(name, marks=pytest.mark.slow) for name in names]


N = 40
GRID = np.linspace(0, 1, N + 2)[1:-1]
START = np.concatenate([1 + np.sin(2 * np.pi * GRID), np.full(N, 3.0)])


@pytest.mark.parametrize("method", ["Radau", *slowly(["BDF", "LSODA", "RK45"])])
def test_initial_values(method: str) -> None:
    found = integrate.solve_ivp(brusselator, (0, 0.5), START, method, args=(1.0, 3.0))
    wanted = si.solve_ivp(brusselator, (0, 0.5), START, method)
    np.testing.assert_allclose(found.y[:, -1], wanted.y[:, -1], rtol=1e-5)
    assert found.nfev <= wanted.nfev


def test_boundary_values() -> None:
    x = np.linspace(0, 1, 5)
    f = lambda x, y: (y[1], -np.exp(y[0]))  # noqa: E731
    g = lambda x, y: np.stack(f(x, y))  # noqa: E731
    ends = lambda a, b: np.array([a[0], b[0]])  # noqa: E731
    found = integrate.solve_bvp(g, ends, x, np.zeros((2, 5)), tol=1e-8)
    wanted = si.solve_bvp(g, ends, x, np.zeros((2, 5)), tol=1e-8)
    np.testing.assert_allclose(found.sol(GRID), wanted.sol(GRID), rtol=1e-7, atol=1e-9)
    assert found.niter == wanted.niter


def test_boundary_values_with_parameters() -> None:
    x, y = np.linspace(0, 1, 5), np.zeros((2, 5))
    y[0, 1], y[0, 3] = 1, -1
    f = lambda x, y, p: np.stack([y[1], -(p[0] ** 2) * y[0]])  # noqa: E731
    ends = lambda a, b, p: np.array([a[0], b[0], a[1] - p[0]])  # noqa: E731
    found = integrate.solve_bvp(f, ends, x, y, [6.0], tol=1e-6)
    np.testing.assert_allclose(found.p, 2 * np.pi, rtol=1e-6)


def prey(t: Any, y: Any, p: Any) -> Any:
    return p[0] * y[0] - p[1] * y[0] * y[1], p[3] * y[0] * y[1] - p[2] * y[1]


P, Y = np.array([1.5, 1.0, 3.0, 1.0]), np.array([1.0, 1.0])
TIMES = np.array([1.0, 2.5, 4.0])


def solved(p: Any, y: Any) -> Any:
    """At the times, as accurately as can be."""
    f = lambda t, y: np.array(prey(t, y, p))  # noqa: E731
    return si.solve_ivp(f, (0, 4), y, "DOP853", rtol=1e-12, atol=1e-13, t_eval=TIMES).y


def differences(f: Callable[[Any], Any], x: Any) -> Any:
    h = 1e-5
    return np.stack([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(x.size)], axis=1)


@pytest.mark.parametrize("method", ["LSODA", *slowly(["RK45", "Radau"])])
def test_forward_sensitivities(method: str) -> None:
    found = sensitivities(prey, (0, 4), Y, P, method, t_eval=TIMES)
    by_p = differences(lambda p: solved(p, Y), P)
    by_y = differences(lambda y: solved(P, y), Y)
    np.testing.assert_allclose(found.by_parameters, by_p, rtol=2e-6, atol=2e-6)
    np.testing.assert_allclose(found.by_initial, by_y, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("method", ["DOP853", *slowly(["Radau"])])
def test_adjoint_gradients(method: str) -> None:
    def loss(y: Any) -> Any:
        return np.sum(np.sin(y) * np.arange(6.0).reshape(2, 3))

    found = adjoint_gradient(prey, (0, 4), Y, P, loss, TIMES, method)
    every = sensitivities(prey, (0, 4), Y, P, "DOP853", t_eval=TIMES)
    weight = np.cos(every.y) * np.arange(6.0).reshape(2, 3)
    by_p = np.einsum("nt,nkt->k", weight, every.by_parameters)
    by_y = np.einsum("nt,nkt->k", weight, every.by_initial)
    np.testing.assert_allclose(found.by_parameters, by_p, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(found.by_initial, by_y, rtol=1e-5, atol=1e-5)


def test_a_closed_form() -> None:
    decay = lambda t, y, p: -p[0] * y  # noqa: E731
    found = sensitivities(decay, (0, 2), [3.0], [0.7])
    np.testing.assert_allclose(found.by_parameters[0, 0], -found.t * found.y[0], atol=1e-7)
    np.testing.assert_allclose(found.by_initial[0, 0], np.exp(-0.7 * found.t), atol=1e-7)
    last = adjoint_gradient(decay, (0, 2), [3.0], [0.7], lambda y: y[0, -1])
    np.testing.assert_allclose(last.by_parameters, -6 * np.exp(-1.4), rtol=1e-5)
    with pytest.raises(ShapeError, match="increasing"):
        adjoint_gradient(decay, (0, 2), [3.0], [0.7], lambda y: y[0, 0], [2.0, 1.0])


@pytest.mark.parametrize("method", ["RK45", "BDF"])
def test_complex_states(method: str) -> None:
    found = integrate.solve_ivp(
        lambda t, y, a: a * y * y[::-1], (0, 1), [1.0 + 0.5j, 0.5], method, args=(0.5j,)
    )
    wanted = si.solve_ivp(lambda t, y: 0.5j * y * y[::-1], (0, 1), [1.0 + 0.5j, 0.5], method)
    np.testing.assert_allclose(found.y[:, -1], wanted.y[:, -1], rtol=1e-6)


def test_numbers_are_no_vectors_of_parameters() -> None:
    def decay(t: Any, y: Any, p: Any) -> Any:
        return -p * y

    with pytest.raises(ShapeError, match=r"p of shape \[\] is no vector"):
        sensitivities(decay, (0, 1), [2.0], 0.5)
    with pytest.raises(ShapeError, match=r"y0 of shape \[\] is no vector"):
        adjoint_gradient(decay, (0, 1), 2.0, [0.5], lambda y: y[0, -1])
