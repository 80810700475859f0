"""Taylor coefficients of high degree against mpmath: a right-hand side, a map, a solution."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import mpmath as mp
import numpy as np
import pytest

import tapec

MASSES = (1.0, 0.8, 0.6)
STATE = np.array([1, 0, 0, -0.5, 0.8, 0, -0.5, -0.8, 0.1, 0, 0.5, 0, -0.4, -0.2, 0, 0.4, -0.3, 0.1])
DIRECTION = np.random.default_rng(1).normal(size=18)


def accelerations(s: Sequence[Any]) -> list[Any]:
    """Of three bodies: positions, then velocities."""
    force = [[0.0] * 3 for _ in range(3)]
    for i in range(3):
        for j in range(i + 1, 3):
            apart = [s[3 * j + c] - s[3 * i + c] for c in range(3)]
            square = apart[0] ** 2 + apart[1] ** 2 + apart[2] ** 2
            pull = square**-1.5
            for c in range(3):
                force[i][c] = force[i][c] + MASSES[j] * (apart[c] * pull)
                force[j][c] = force[j][c] - MASSES[i] * (apart[c] * pull)
    return [*s[9:], *force[0], *force[1], *force[2]]


def bodies(s: Any) -> Any:
    return np.array(accelerations(s))


def runge_kutta(x: Any, v: Any, lib: Any, steps: int) -> tuple[Any, Any]:
    """The state of a damped pendulum after some steps of the classical method."""
    h = 0.1

    def rate(x: Any, v: Any) -> tuple[Any, Any]:
        return v, -lib.sin(x) - 0.1 * v

    for _ in range(steps):
        a, b = rate(x, v)
        c, d = rate(x + h / 2 * a, v + h / 2 * b)
        e, f = rate(x + h / 2 * c, v + h / 2 * d)
        g, k = rate(x + h * e, v + h * f)
        x, v = x + h / 6 * (a + 2 * c + 2 * e + g), v + h / 6 * (b + 2 * d + 2 * f + k)
    return x, v


def pendulum_map(s: Any) -> Any:
    return np.stack(runge_kutta(s[0], s[1], np, 10))


def exact(
    f: Callable[[list[Any]], Sequence[Any]], x: np.ndarray, v: np.ndarray, degree: int
) -> np.ndarray:
    """Coefficients of f(x + t v), from differences with many digits."""
    with mp.workdps(30):

        def along(t: Any) -> Sequence[Any]:
            return f([mp.mpf(float(a)) + t * mp.mpf(float(b)) for a, b in zip(x, v, strict=True)])

        count = len(along(mp.mpf(0)))
        columns = [mp.taylor(lambda t, k=k: along(t)[k], 0, degree) for k in range(count)]
        return np.array([[float(c) for c in column] for column in columns]).T


def agree(found: np.ndarray, wanted: np.ndarray) -> None:
    """Every coefficient to 1e-12, relative to the largest of its order and kind."""
    size = np.abs(wanted) + 1e-2 * np.max(np.abs(wanted), axis=1, keepdims=True)
    assert np.max(np.abs(found - wanted) / np.where(size, size, 1.0)) < 1e-12


def test_three_bodies_to_degree_20() -> None:
    agree(tapec.taylor(bodies, 20)(STATE, DIRECTION), exact(accelerations, STATE, DIRECTION, 20))


@pytest.mark.slow
def test_three_bodies_to_degree_20_interpreted() -> None:
    wanted = exact(accelerations, STATE, DIRECTION, 20)
    interpreted = tapec.compile(bodies, backend="numpy")
    agree(tapec.taylor(interpreted, 20)(STATE, DIRECTION), wanted)


def test_a_map_of_runge_and_kutta_to_degree_10() -> None:
    def f(s: list[Any]) -> Sequence[Any]:
        return runge_kutta(s[0], s[1], SimpleNamespace(sin=mp.sin), 10)

    x, v = np.array([1.0, 0.3]), np.array([0.7, -0.4])
    agree(tapec.taylor(pendulum_map, 10)(x, v), exact(f, x, v, 10))


def test_a_solution_to_degree_20() -> None:
    """Of y'' = -sin y: mpmath's own integrator is one of Taylor's method."""
    found = tapec.ode_series(lambda t, y: np.array([y[1], -np.sin(y[0])]), 20)(
        0.0, np.array([1.0, 0.3])
    )
    with mp.workdps(30):
        y = [mp.mpf(1), mp.mpf(3) / 10]
        solved = mp.odefun(lambda t, y: [y[1], -mp.sin(y[0])], 0, y)
        h = mp.mpf(1) / 4
        wanted = [float(c) for c in solved(h)]
    polynomial = np.polynomial.polynomial.polyval(0.25, found)
    np.testing.assert_allclose(polynomial, wanted, rtol=1e-13)
