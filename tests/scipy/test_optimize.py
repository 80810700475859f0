"""Roots, minima and fits inside traced code, against solutions in closed form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import optimize
from support.kernel_support import close, without_fallback
from support.sampling import sampled
from support.scipy_cases import differences

import tapec

Array = Any


def agrees(f: Callable[[Array], Array], exact: Callable[[Array], Array], x: Array) -> None:
    """Values, first derivatives of both modes and second ones are those of the exact solution."""
    x = np.asarray(x, float)[()]
    with without_fallback():
        close(tapec.compile(f)(x), np.asarray(exact(x)), 1e-8)
        want = differences(exact, x)
        close(tapec.jacobian(f, mode="fwd")(x), want, 1e-7)
        close(tapec.jacobian(f, mode="rev")(x), want, 1e-7)
        slope = tapec.jacobian(exact)
        second = tapec.jacobian(tapec.jacobian(f, mode="rev"), mode="fwd")
        close(second(x), differences(slope, x), 1e-5)


def cube(x: Any, k: Any) -> Any:
    return x**3 - k


ROOTS: dict[str, Callable[[Any], Any]] = {
    **{
        name: lambda k, name=name: getattr(optimize, name)(cube, 0.0, 10.0, args=(k,))
        for name in ("brentq", "brenth", "bisect", "ridder", "toms748")
    },
    "closure": lambda k: optimize.brentq(lambda x: x**3 - k, 0.0, 10.0),
    "traced bracket": lambda k: optimize.brentq(lambda x: x**3 - k, 0.0, k + 1.0),
    "full output": lambda k: optimize.brentq(cube, 0, 10, (k,), full_output=True)[1].root,
    "newton": lambda k: optimize.newton(cube, 1.0, lambda x, k: 3 * x**2, (k,)),
    "secant": lambda k: optimize.newton(cube, 1.0, args=(k,)),
    "halley": lambda k: optimize.newton(
        cube, 1.0, lambda x, k: 3 * x**2, (k,), fprime2=lambda x, k: 6 * x
    ),
    "root_scalar": lambda k: optimize.root_scalar(cube, args=(k,), bracket=[0.0, 10.0]).root,
    "root_scalar newton": lambda k: (
        optimize.root_scalar(
            cube, args=k, x0=1.0, method="newton", fprime=lambda x, k: 3.0 * x**2
        ).root
    ),
    "root_scalar secant": lambda k: (
        optimize.root_scalar(lambda x: x**3 - k, x0=1.0, x1=2.0, method="secant").root
    ),
    "fixed point": lambda k: optimize.fixed_point(lambda x: (2.0 * x + k / x**2) / 3.0, 1.0),
    "fsolve": lambda k: optimize.fsolve(cube, 1.0, args=k)[0],
    "root": lambda k: optimize.root(cube, [1.0], args=(k,)).x[0],
    "minimize_scalar": lambda k: optimize.minimize_scalar(lambda x: x**4 / 4.0 - k * x).x,
    "bounded": lambda k: (
        optimize.minimize_scalar(
            lambda x: x**4 / 4.0 - k * x, bounds=(0.0, 9.0), method="bounded"
        ).x
    ),
    "bracketed": lambda k: (
        optimize.minimize_scalar(lambda x: x**4 / 4.0 - k * x, bracket=(0.5, 3.0)).x
    ),
    "fminbound": lambda k: optimize.fminbound(lambda x: x**4 / 4.0 - k * x, 0.0, 9.0),
}


@pytest.mark.parametrize("name", sampled(ROOTS, 11))
def test_roots_of_one_number(name: str) -> None:
    agrees(ROOTS[name], lambda k: k ** (1.0 / 3.0), 2.7)


def test_many_roots_at_once() -> None:
    k = np.array([0.5, 2.0, 5.0])
    agrees(
        lambda k: optimize.newton(lambda x: x**3 - k, np.ones(3), lambda x: 3.0 * x**2),
        lambda k: k ** (1.0 / 3.0), k,
    )  # fmt: skip
    root = tapec.vmap(lambda k: optimize.brentq(lambda x: x**3 - k, 0.0, 10.0))
    close(tapec.compile(root)(k), k ** (1.0 / 3.0), 1e-10)
    slope = tapec.grad(lambda k: np.sum(root(k)))
    close(slope(k), k ** (-2.0 / 3.0) / 3.0, 1e-9)
    close(tapec.vmap(tapec.grad(ROOTS["brentq"]))(k), k ** (-2.0 / 3.0) / 3.0, 1e-9)


MATRIX = np.array([[3.0, 1.0, 0.2], [1.0, 2.5, -0.4], [0.2, -0.4, 2.0]])
POINT = np.array([0.4, -0.7, 1.1])


def exact_system(p: Array) -> Array:
    """The root of A x + x^3 / 10 = p by Newton's method."""
    x = np.linalg.solve(MATRIX, p)
    for _ in range(30):
        x = x - np.linalg.solve(MATRIX + np.diag(0.3 * x * x), MATRIX @ x + 0.1 * x**3 - p)
    return x


def energy(x: Any, p: Any) -> Any:
    return 0.5 * x @ MATRIX @ x + np.sum(x**4) / 40.0 - p @ x


VECTORS: dict[str, Callable[[Any], Any]] = {
    "fsolve": lambda p: optimize.fsolve(lambda x: MATRIX @ x + 0.1 * x**3 - p, np.ones(3)),
    "list": lambda p: optimize.fsolve(
        lambda x, p: [MATRIX[k] @ x + 0.1 * x[k] ** 3 - p[k] for k in range(3)], np.ones(3), (p,)
    ),
    "root": lambda p: optimize.root(lambda x: MATRIX @ x + 0.1 * x**3 - p, np.ones(3)).x,
    "root lm": lambda p: optimize.root(
        lambda x: MATRIX @ x + 0.1 * x**3 - p, np.ones(3), method="lm"
    ).x,
    "root krylov": lambda p: optimize.root(
        lambda x: MATRIX @ x + 0.1 * x**3 - p, np.ones(3), method="krylov"
    ).x,
    "jac=True": lambda p: optimize.root(
        lambda x: (MATRIX @ x + 0.1 * x**3 - p, MATRIX), np.ones(3), jac=True
    ).x,
    "fixed point": lambda p: optimize.fixed_point(
        lambda x: np.linalg.solve(MATRIX, p - 0.1 * x**3), np.zeros(3)
    ),
    **{
        method: lambda p, method=method: optimize.minimize(
            energy, np.zeros(3), (p,), method=method
        ).x
        for method in (None, "BFGS", "L-BFGS-B", "CG", "Nelder-Mead", "Newton-CG", "trust-ncg", "SLSQP")
    },
    "value and slope": lambda p: optimize.minimize(
        lambda x: (energy(x, p), MATRIX @ x + 0.1 * x**3 - p), np.zeros(3), jac=True
    ).x,
    "wide bounds": lambda p: optimize.minimize(
        energy, np.zeros(3), (p,), bounds=[(-5.0, 5.0), (None, None), (-9.0, None)]
    ).x,
    "fmin_bfgs": lambda p: optimize.fmin_bfgs(energy, np.zeros(3), args=(p,)),
}  # fmt: skip


@pytest.mark.parametrize("name", sampled(VECTORS, 12))
def test_systems_and_minima(name: str) -> None:
    agrees(VECTORS[name], exact_system, POINT)


@pytest.mark.slow
def test_what_is_told() -> None:
    def f(p: Any) -> Any:
        found = optimize.minimize(lambda x: energy(x, p), np.zeros(3))
        if not found.success:
            raise RuntimeError(found.message)
        return found.fun + 0.0 * found.nit

    exact = lambda p: energy(exact_system(p), p)  # noqa: E731
    agrees(f, exact, POINT)
    close(tapec.grad(f)(POINT), -exact_system(POINT), 1e-9)


def test_bounds_that_hold() -> None:
    """Where a bound is active the unknown moves with it, and the others are solved for."""

    def f(q: Any) -> Any:
        return optimize.minimize(
            lambda x: energy(x, q[:3]), np.zeros(3),
            bounds=[(-1.0, 1.0), (q[3], 1.0), (-1.0, 0.1)],
        ).x  # fmt: skip

    x = tapec.compile(f)(q := np.array([*POINT, -0.1]))
    assert x[1] == -0.1
    assert x[2] == 0.1
    slope = tapec.jacobian(f)(q)
    curvature = MATRIX[0, 0] + 0.3 * x[0] ** 2
    close(slope[0], np.array([1.0, 0.0, 0.0, -MATRIX[0, 1]]) / curvature, 1e-8)
    close(slope[1:], np.array([[0.0, 0.0, 0.0, 1.0], [0.0] * 4]), 1e-8)


TIMES = np.linspace(0.0, 2.0, 8)
DATA = 1.3 * np.exp(-0.7 * TIMES) + 0.05 * np.cos(5.0 * TIMES)


def exact_fit(y: Array) -> Array:
    """The least squares fit of a exp(-b t) by Newton's method on the normal equations."""
    a, b = 1.3, 0.7
    for _ in range(40):
        e = np.exp(-b * TIMES)
        r, j = a * e - y, np.stack([e, -a * TIMES * e], axis=-1)
        h = j.T @ j + np.array(
            [[0.0, -np.sum(r * TIMES * e)], [-np.sum(r * TIMES * e), np.sum(r * a * TIMES**2 * e)]]
        )
        a, b = np.array([a, b]) - np.linalg.solve(h, j.T @ r)
    return np.array([a, b])


FITS: dict[str, Callable[[Any], Any]] = {
    "least_squares": lambda y: optimize.least_squares(
        lambda x: x[0] * np.exp(-x[1] * TIMES) - y, [1.0, 1.0]
    ).x,
    "args": lambda y: optimize.least_squares(
        lambda x, y: x[0] * np.exp(-x[1] * TIMES) - y, [1.0, 1.0], args=(y,), method="lm"
    ).x,
    "bounds": lambda y: optimize.least_squares(
        lambda x: x[0] * np.exp(-x[1] * TIMES) - y, [1.0, 1.0], bounds=([0.0, 0.0], [5.0, np.inf])
    ).x,
    "curve_fit": lambda y: optimize.curve_fit(lambda t, a, b: a * np.exp(-b * t), TIMES, y)[0],
    "leastsq": lambda y: optimize.leastsq(
        lambda x: x[0] * np.exp(-x[1] * TIMES) - y, [1.0, 1.0]
    )[0],
}  # fmt: skip


@pytest.mark.parametrize("name", sampled(FITS, 5))
def test_fits(name: str) -> None:
    agrees(FITS[name], exact_fit, DATA)


@pytest.mark.slow
def test_a_linear_fit_with_weights() -> None:
    sigma = 0.1 + 0.05 * TIMES

    def f(y: Any) -> Any:
        best, spread = optimize.curve_fit(
            lambda t, a, b: a + b * t, TIMES, y, sigma=sigma, absolute_sigma=True
        )
        return np.concatenate([best, spread[0]])

    design = np.stack([np.ones(8), TIMES], axis=-1) / sigma[:, None]
    inverse = np.linalg.inv(design.T @ design)
    exact = lambda y: np.concatenate([inverse @ design.T @ (y / sigma), inverse[0]])  # noqa: E731
    agrees(f, exact, DATA)


@pytest.mark.slow
@pytest.mark.parametrize("loss", sampled(["cauchy", "soft_l1", "huber", "arctan"], 4))
def test_robust_losses(loss: Any) -> None:
    def f(y: Any) -> Any:
        return optimize.least_squares(lambda x: x[0] * TIMES + x[1] - y, [0.0, 1.0], loss=loss).x

    noisy = DATA.copy()
    noisy[2] += 2.0
    tight = {"ftol": 1e-15, "xtol": 1e-15, "gtol": 1e-15}

    def exact(y: Any) -> Any:
        return optimize.least_squares(
            lambda x: x[0] * TIMES + x[1] - y, [0.0, 1.0], loss=loss, **tight
        ).x

    close(tapec.compile(f)(noisy), exact(noisy), 1e-7)
    close(tapec.jacobian(f)(noisy), differences(exact, noisy), 1e-5)


def test_nonnegative_least_squares() -> None:
    a = np.array([[1.0, 0.3, 0.2], [0.1, 1.0, 0.4], [0.2, 0.1, 1.0], [0.5, 0.5, 0.5]])
    b = np.array([1.0, -2.0, 1.5, 0.3])
    close(tapec.compile(lambda b: optimize.nnls(a, b)[0])(b), optimize.nnls(a, b)[0], 1e-10)
    exact = lambda b: optimize.nnls(a, b)[0]  # noqa: E731
    close(tapec.jacobian(exact)(b), differences(exact, b), 1e-7)


@pytest.mark.slow
def test_inside_a_loop() -> None:
    def path(k: Any) -> Any:
        x = k
        for _ in range(50):
            x = optimize.brentq(lambda z: z + 0.1 * z**3 - x, -5.0, 5.0)  # noqa: B023
        return x

    slope = tapec.grad(path)(1.5)
    close(tapec.compile(path)(1.5), path(1.5), 1e-9)
    close(slope, differences(path, 1.5).reshape(()), 1e-6)


def test_errors_of_scipy_are_raised() -> None:
    f = tapec.compile(lambda k: optimize.brentq(lambda x: x * x + k, 0.0, 1.0))
    with pytest.raises(ValueError, match="different signs"):
        f(1.0)


def test_refusals_have_a_cure() -> None:
    flat = {"type": "eq", "fun": lambda x: x[0]}
    with pytest.raises(tapec.TapecError, match=r"minimize with constraints[\s\S]*SLSQP"):
        tapec.compile(
            lambda p: optimize.minimize(energy, np.ones(3), (p,), "BFGS", constraints=flat).x
        )(POINT)
    with pytest.raises(tapec.TapecError, match="linprog"):
        tapec.compile(lambda p: optimize.linprog(p, A_ub=[[1.0] * 3], b_ub=[1.0]).x)(POINT)
