"""Quadrature and differential equations inside traced code, against closed forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import integrate, special
from support.kernel_support import close, without_fallback
from support.sampling import sampled
from support.scipy_cases import check, differences

import tapec

Array = Any


def agrees(f: Any, exact: Any, x: Array, tolerance: float = 1e-7) -> None:
    x = np.asarray(x, float)[()]
    with without_fallback():
        close(tapec.compile(f)(x), np.asarray(exact(x)), tolerance)
        want = differences(exact, x)
        close(tapec.jacobian(f, mode="fwd")(x), want, tolerance)
        close(tapec.jacobian(f, mode="rev")(x), want, tolerance)
        second = tapec.jacobian(tapec.jacobian(f, mode="rev"), mode="fwd")
        close(second(x), differences(lambda x: differences(exact, x), x, 3e-3), 1e-5)


INTEGRALS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any], Any]] = {
    "closure": (
        lambda a: integrate.quad(lambda t: np.exp(-a * t), 0.0, 1.0)[0],
        lambda a: -np.expm1(-a) / a,
        1.3,
    ),
    "args": (
        lambda p: integrate.quad(lambda t, a, b: a * np.cos(b * t), 0.0, 2.0, args=(p[0], p[1]))[0],
        lambda p: p[0] * np.sin(2.0 * p[1]) / p[1],
        [0.7, 1.6],
    ),
    "one argument": (
        lambda a: integrate.quad(lambda t, a: t**a, 0.0, 1.0, args=a)[0],
        lambda a: 1.0 / (a + 1.0),
        0.5,
    ),
    "singular": (
        lambda a: integrate.quad(lambda t: t ** (a - 1.0), 0.0, 1.0)[0],
        lambda a: 1.0 / a,
        0.6,
    ),
    "ends": (
        lambda e: integrate.quad(lambda t: np.sin(t) * t, e[0], e[1])[0],
        lambda e: (np.sin(e[1]) - e[1] * np.cos(e[1])) - (np.sin(e[0]) - e[0] * np.cos(e[0])),
        [0.2, 1.9],
    ),
    "half a line": (
        lambda a: integrate.quad(lambda t: np.exp(-a * t * t), 0.0, np.inf)[0],
        lambda a: 0.5 * np.sqrt(np.pi / a),
        1.4,
    ),
    "whole line": (
        lambda p: integrate.quad(lambda t: np.exp(-p[0] * (t - p[1]) ** 2), -np.inf, np.inf)[0],
        lambda p: np.sqrt(np.pi / p[0]) + 0.0 * p[1],
        [1.4, 0.3],
    ),
    "elliptic": (
        lambda m: integrate.quad(lambda t: 1.0 / np.sqrt(1.0 - m * np.sin(t) ** 2), 0, np.pi / 2)[0],
        special.ellipk,
        0.4,
    ),
    "array parameter": (
        lambda c: integrate.quad(lambda t: c @ t ** np.arange(3), 0.0, 2.0)[0],
        lambda c: c @ np.array([2.0, 2.0, 8.0 / 3.0]),
        [0.3, -1.0, 0.8],
    ),
    "double": (
        lambda a: integrate.dblquad(lambda y, x: a * x * y**2, 0.0, 2.0, 0.0, lambda x: a * x)[0],
        lambda a: a**4 * 32.0 / 15.0,
        1.2,
    ),
    "box": (
        lambda a: integrate.nquad(lambda x, y: np.exp(-a * x * y), [[0.0, 1.0], [1.0, 2.0]])[0],
        lambda a: integrate.quad(lambda y: -np.expm1(-a * y) / (a * y), 1.0, 2.0, epsabs=1e-13)[0],
        0.8,
    ),
    "vector": (
        lambda a: integrate.quad_vec(lambda t: np.array([np.exp(a * t), a * t]), 0.0, 1.0)[0],
        lambda a: np.array([np.expm1(a) / a, a / 2.0]),
        0.9,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", sampled(INTEGRALS, 12))
def test_integrals(name: str) -> None:
    agrees(*INTEGRALS[name])


def test_integrals_in_lanes() -> None:
    a = np.array([0.5, 1.0, 2.0])
    f = tapec.vmap(lambda a: integrate.quad(lambda t: np.exp(-a * t), 0.0, 1.0)[0])
    close(tapec.compile(f)(a), -np.expm1(-a) / a, 1e-10)
    want = (np.exp(-a) * (a + 1.0) - 1.0) / a**2
    close(tapec.grad(lambda a: np.sum(f(a)))(a), want, 1e-9)


Y = np.sin(np.linspace(0.0, 2.0, 9)) + 0.5
X = np.linspace(0.0, 1.0, 9) ** 1.3
SAMPLES: dict[str, Callable[[Any], Any]] = {
    "trapezoid": lambda y: integrate.trapezoid(y, X),
    "simpson": lambda y: integrate.simpson(y, x=X),
    "simpson even": lambda y: integrate.simpson(y[:-1], dx=0.1),
    "cumulative_trapezoid": lambda y: integrate.cumulative_trapezoid(y, X, initial=0),
    "cumulative_simpson": lambda y: integrate.cumulative_simpson(y, x=X),
    "romb": lambda y: integrate.romb(y, 0.2),
    "fixed_quad": lambda y: integrate.fixed_quad(lambda t: np.exp(-y[1] * t), 0.0, y[2], n=6)[0],
}


@pytest.mark.parametrize("name", sampled(SAMPLES, 7))
def test_samples(name: str) -> None:
    check(SAMPLES[name], Y, second=False)


TIGHT = {"rtol": 1e-11, "atol": 1e-12}


def oscillator(p: Array, t: Any) -> Array:
    """y'' = -p0 y with y(0) = p1, y'(0) = 0: position and velocity."""
    w = np.sqrt(p[0])
    return np.array([p[1] * np.cos(w * t), -p[1] * w * np.sin(w * t)])


METHODS = ["RK45", "DOP853", "Radau", "BDF", "LSODA"]


@pytest.mark.parametrize("method", sampled(METHODS, 5))
def test_initial_value_problems(method: str) -> None:
    def last(p: Any) -> Any:
        found = integrate.solve_ivp(
            lambda t, y: [y[1], -p[0] * y[0]], (0.0, 1.5), [p[1], 0.0], method, **TIGHT
        )
        return found.y[:, -1]

    def sampled_states(p: Any) -> Any:
        return integrate.solve_ivp(
            lambda t, y, k: np.array([y[1], -k * y[0]]), (0.0, 1.5), np.array([p[1], 0.0]), method,
            t_eval=[0.0, 0.5, 1.5], args=(p[0],), **TIGHT,
        ).y  # fmt: skip

    p = np.array([2.3, 0.8])
    tolerance = 1e-6 if method in ("Radau", "BDF") else 1e-7
    with without_fallback():
        for f, t in ((last, 1.5), (sampled_states, np.array([0.0, 0.5, 1.5]))):
            exact = lambda p, t=t: oscillator(p, t)  # noqa: E731
            close(tapec.compile(f)(p), exact(p), tolerance)
            want = differences(exact, p)
            close(tapec.jacobian(f, mode="fwd")(p), want, tolerance)
            close(tapec.jacobian(f, mode="rev")(p), want, tolerance)


@pytest.mark.slow
def test_second_derivatives_and_times() -> None:
    def f(p: Any) -> Any:
        return integrate.solve_ivp(
            lambda t, y: [y[1], -p[0] * y[0]], (0.0, p[2]), [p[1], 0.0], **TIGHT
        ).y[0, -1]

    p = np.array([2.3, 0.8, 1.2])
    exact = lambda p: oscillator(p, p[2])[0]  # noqa: E731
    close(tapec.grad(f)(p), differences(exact, p), 1e-8)
    close(tapec.hessian(f)(p), differences(lambda p: differences(exact, p), p, 3e-3), 1e-6)


def test_derivatives_are_those_of_the_exact_solution() -> None:
    f = lambda k: integrate.solve_ivp(lambda t, y: -k * y, (0.0, 2.0), [1.0]).y[0, -1]  # noqa: E731
    close(tapec.grad(f)(0.7), np.float64(-2.0 * np.exp(-1.4)), 1e-7)


def test_odeint() -> None:
    t = np.array([0.0, 0.4, 1.1])

    def f(p: Any) -> Any:
        return integrate.odeint(lambda y, t, k: [y[1], -k * y[0]], [p[1], 0.0], t, args=(p[0],))

    p = np.array([2.3, 0.8])
    exact = lambda p: oscillator(p, t).T  # noqa: E731
    close(tapec.compile(f)(p), exact(p), 1e-6)
    close(tapec.jacobian(f, mode="rev")(p), differences(exact, p), 1e-6)


def test_a_fit_of_a_differential_equation() -> None:
    """A loss of a solution, as such fits are written."""
    t = np.linspace(0.0, 1.0, 6)
    data = np.exp(-1.1 * t)

    def loss(p: Any) -> Any:
        y = integrate.solve_ivp(lambda t, y: -p * y, (0.0, 1.0), [1.0], t_eval=t, **TIGHT).y[0]
        return np.sum((y - data) ** 2)

    want = np.sum(2.0 * (np.exp(-0.8 * t) - data) * -t * np.exp(-0.8 * t))
    close(tapec.grad(loss)(0.8), want, 1e-7)


def test_all_steps_are_refused() -> None:
    with pytest.raises(tapec.TapecError, match=r"t_eval"):
        tapec.compile(
            lambda k: np.sum(integrate.solve_ivp(lambda t, y: -k * y, (0.0, 2.0), [1.0]).y)
        )(0.5)
    with pytest.raises(tapec.TapecError, match=r"solve_bvp"):
        tapec.compile(
            lambda k: integrate.solve_bvp(lambda x, y: -k * y, lambda a, b: a, [0, 1], k * np.ones((1, 2))).y
        )(0.5)  # fmt: skip
