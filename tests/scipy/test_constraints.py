"""Minima under constraints, events of differential equations, against solutions that are known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import integrate, optimize
from support.sampling import sampled
from support.scipy_cases import differences

import tapec

P = np.array([0.4, 1.3])
START = np.full(2, 0.1)


def near(z: Any, p: Any) -> Any:
    return np.sum((z - p) ** 2)


def on_line(p: Any) -> Any:
    """The point of z_0 + z_1 = 1 that is nearest to p."""
    return p - 0.5 * (np.sum(p) - 1.0)


LINE = {"type": "ineq", "fun": lambda z: 1.0 - z[0] - z[1]}
DISC = optimize.NonlinearConstraint(lambda z: np.sum(z**2), -np.inf, 1.0)
Case = tuple[Callable[[Any], Any], Callable[[Any], Any]]
CASES: dict[str, Case] = {
    "equation": (lambda p: solved(p, {"type": "eq", "fun": lambda z: z[0] + z[1] - 1.0}), on_line),
    "equation with arguments": (
        lambda p: solved(p, {"type": "eq", "fun": lambda z, a: z[0] - a * z[1], "args": (p[0],)}),
        lambda p: np.stack([p[0], np.ones_like(p[0])]) * (p[0] ** 2 + p[1]) / (1.0 + p[0] ** 2)),
    "inequality": (lambda p: solved(p, [LINE]), on_line),
    "idle inequality": (lambda p: solved(0.2 * p, [LINE]), lambda p: 0.2 * p),
    "matrix": (
        lambda p: solved(p, optimize.LinearConstraint(np.ones((1, 2)), -np.inf, 1.0)), on_line),
    "matrix with a traced side": (
        lambda p: solved(p, optimize.LinearConstraint(np.ones((1, 2)), -np.inf, p[0])),
        lambda p: p - 0.5 * p[1]),
    "disc": (lambda p: solved(p, DISC), lambda p: p / np.sqrt(np.sum(p**2))),
    "disc by trust-constr": (
        lambda p: solved(p, DISC, method="trust-constr"), lambda p: p / np.sqrt(np.sum(p**2))),
    "bounds, too": (
        lambda p: solved(p, LINE, bounds=[(0.0, None), (None, 0.7)]),
        lambda p: np.stack([np.minimum(p[0], 0.3), 0.7 + 0.0 * p[1]])),
    "value": (
        lambda p: optimize.minimize(near, START, (p,), constraints=LINE).fun,
        lambda p: 0.5 * (np.sum(p) - 1.0) ** 2),
    "fmin_slsqp": (lambda p: optimize.fmin_slsqp(near, START, args=(p,), iprint=0), lambda p: p),
    "fmin_cobyla": (
        lambda p: optimize.fmin_cobyla(lambda z: near(z, p), START, LINE["fun"]), on_line),
    "golden": (lambda p: optimize.golden(lambda z: (z - p[0]) ** 2), lambda p: p[0]),
    "brent": (lambda p: optimize.brent(lambda z: (z - p[1]) ** 2), lambda p: p[1]),
}  # fmt: skip


def solved(p: Any, constraints: Any, **options: Any) -> Any:
    return optimize.minimize(near, START, (p,), constraints=constraints, **options).x


@pytest.mark.parametrize("name", sampled(CASES, 20))
def test_minima(name: str) -> None:
    f, known = CASES[name]
    np.testing.assert_allclose(tapec.compile(f)(P), known(P), rtol=1e-8, atol=1e-8)
    want = differences(known, P)
    np.testing.assert_allclose(tapec.jacobian(f, mode="rev")(P), want, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(tapec.jacobian(f, mode="fwd")(P), want, rtol=1e-6, atol=1e-7)


# -- events ----------------------------------------------------------------------------------------

G = 9.81
STRICT = {"rtol": 1e-10, "atol": 1e-10}


def falling(t: Any, y: Any) -> Any:
    return [y[1], -G]


def ground(t: Any, y: Any) -> Any:
    return y[0]


ground.terminal, ground.direction = True, -1  # type: ignore[attr-defined]


def level(t: Any, y: Any) -> Any:
    return y[0] - 2.0


def thrown(v: Any, **options: Any) -> Any:
    return integrate.solve_ivp(
        falling, (0.0, 9.0), [1.0, v], events=[ground, level], **STRICT, **options
    )


def landing(v: Any) -> Any:
    return (v + np.sqrt(v * v + 2.0 * G)) / G


EVENTS: dict[str, Case] = {
    "time": (lambda v: thrown(v).t_events[0][0], landing),
    "end": (lambda v: thrown(v).t[-1], landing),
    "speed": (lambda v: thrown(v).y[1, -1], lambda v: v - G * landing(v)),
    "state": (lambda v: thrown(v).y_events[0][0], lambda v: np.stack([0.0 * v, v - G * landing(v)])),
    "others": (
        lambda v: thrown(v).t_events[1][1] - thrown(v).t_events[1][0],
        lambda v: 2.0 * np.sqrt(v * v - 2.0 * G) / G),
    "between": (
        lambda v: thrown(v, dense_output=True).sol(np.array([0.3, 0.1]))[0],
        lambda v: 1.0 + v * np.array([0.3, 0.1]) - 0.5 * G * np.array([0.09, 0.01])),
    "at a traced time": (
        lambda v: thrown(v, dense_output=True).sol(0.1 * v)[0],
        lambda v: 1.0 + 0.1 * v * v - 0.5 * G * (0.1 * v) ** 2),
}  # fmt: skip


@pytest.mark.parametrize("name", sampled(EVENTS, 7))
def test_events(name: str) -> None:
    f, known = EVENTS[name]
    v = np.array(6.0)
    np.testing.assert_allclose(tapec.compile(f)(v), known(v), rtol=1e-8, atol=1e-8)
    want = differences(known, v)
    np.testing.assert_allclose(tapec.jacobian(f, mode="fwd")(v), want, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(tapec.jacobian(f, mode="rev")(v), want, rtol=1e-6, atol=1e-7)


@pytest.mark.slow
def test_second_derivatives_of_an_event() -> None:
    f = lambda v: thrown(v).t_events[0][0]  # noqa: E731
    made = tapec.grad(tapec.grad(f))(6.0)
    assert made == pytest.approx(differences(tapec.grad(f), np.array(6.0)), rel=1e-5)


def test_events_that_do_not_happen() -> None:
    with pytest.raises(IndexError, match="event 1"):
        tapec.compile(lambda v: thrown(v).t_events[1][0])(0.5)
    with pytest.raises(tapec.TapecError, match="run time only"):
        tapec.compile(lambda v: len(thrown(v).t_events[1]))(6.0)
