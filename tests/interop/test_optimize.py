"""SciPy's optimisers with derivatives of ours, beside derivatives by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.optimize as so
import scipy.sparse as sp
from support.nonlinear_programs import PROGRAMS, Program

from tapec.errors import UnsupportedOperation
from tapec.interop import optimize

START = np.array([1.3, 0.7, 0.8, 1.9, 1.2])
BY_HAND = {"jac": so.rosen_der}
PRODUCTS, MATRIX = {"hessp": so.rosen_hess_prod}, {"hess": so.rosen_hess}
METHODS: dict[Any, dict[str, Any]] = {
    **{m: BY_HAND for m in (None, "CG", "BFGS", "L-BFGS-B", "TNC", "SLSQP")},
    **{m: BY_HAND | PRODUCTS for m in ("Newton-CG", "trust-ncg", "trust-krylov")},
    **{m: BY_HAND | MATRIX for m in ("trust-exact", "trust-constr")},
    "Nelder-Mead": {},
}


@pytest.mark.parametrize(
    "method",
    [
        m if m in ("trust-constr", "Newton-CG", None) else pytest.param(m, marks=pytest.mark.slow)
        for m in METHODS
    ],
)
def test_as_many_steps_as_with_derivatives_by_hand(method: Any) -> None:
    found = optimize.minimize(so.rosen, START, method=method)
    wanted = so.minimize(so.rosen, START, method=method, **METHODS[method])
    assert found.success
    assert (found.nit, found.nfev) == (wanted.nit, wanted.nfev)
    np.testing.assert_allclose(found.x, wanted.x, rtol=1e-5)


@pytest.mark.parametrize(
    "program", [p if p.number == 71 else pytest.param(p, marks=pytest.mark.slow)
                for p in PROGRAMS], ids=str
)  # fmt: skip
@pytest.mark.parametrize("method", ["SLSQP", "trust-constr"])
def test_published_optima(program: Program, method: str) -> None:
    limits = so.NonlinearConstraint(program.constraints, *program.constraint_bounds)
    n = len(program.start)
    low, high = (np.broadcast_to(b, n) for b in program.bounds)
    found = optimize.minimize(
        program.objective, program.start, method=method, constraints=limits,
        bounds=so.Bounds(low, high), options={"maxiter": 3000},
    )  # fmt: skip
    if program.number not in ELSEWHERE[method]:
        assert found.fun - program.optimum < 1e-3 * max(1.0, abs(program.optimum))


# Where a method ends elsewhere, with whatever derivatives.
ELSEWHERE: dict[str, tuple[int, ...]] = {"SLSQP": (16,), "trust-constr": (15, 16, 34)}


def test_constraints_as_dictionaries() -> None:
    f = lambda x: x[0] * x[3] * (x[0] + x[1] + x[2]) + x[2]  # noqa: E731
    limits = [
        {"type": "ineq", "fun": lambda x, a: np.prod(x) - a, "args": (25,)},
        {"type": "eq", "fun": lambda x: np.sum(x**2) - 40},
    ]
    found = optimize.minimize(f, [1, 5, 5, 1], constraints=limits, bounds=[(1, 5)] * 4)
    assert found.fun == pytest.approx(17.0140173, rel=1e-7)


def test_arguments_and_linear_constraints() -> None:
    def f(x: Any, a: Any, b: Any) -> Any:
        return np.sum(a * (x - b) ** 2)

    line = so.LinearConstraint(np.ones(3), 1.0, 1.0)
    found = optimize.minimize(f, np.zeros(3), (np.array([1.0, 2.0, 4.0]), 1.0),
                              method="trust-constr", constraints=line)  # fmt: skip
    np.testing.assert_allclose(found.x.sum(), 1.0)
    with pytest.raises(UnsupportedOperation, match="'bogus'"):
        optimize.minimize(f, np.zeros(3), method="bogus")


def tridiagonal(x: Any) -> Any:
    y = (3 - 2 * x) * x + 1
    y[1:] -= x[:-1]
    y[:-1] -= 2 * x[1:]
    return y


def test_jacobians_are_sparse_where_the_pattern_is() -> None:
    found = optimize.least_squares(tridiagonal, -np.ones(100))
    assert sp.issparse(found.jac)
    assert found.cost < 1e-15
    assert not sp.issparse(optimize.least_squares(tridiagonal, -np.ones(10)).jac)
    assert not sp.issparse(optimize.least_squares(np.cumsum, np.ones(100)).jac)
    assert optimize.least_squares(tridiagonal, -np.ones(60), method="lm").cost < 1e-15


@pytest.mark.slow
def test_hessians_are_sparse_where_the_pattern_is() -> None:
    def total(x: Any) -> Any:
        return np.sum(tridiagonal(x) ** 2)

    found = optimize.minimize(total, -np.ones(60), method="trust-constr")
    assert found.fun < 1e-12


def test_roots_and_fits() -> None:
    for method in ("hybr", "lm", "krylov"):
        found = optimize.root(tridiagonal, -np.ones(20), method=method)
        assert np.abs(tridiagonal(found.x)).max() < 1e-5
    x = np.linspace(0.0, 2.0, 30)
    f = lambda x, a, b, c: a * np.exp(-b * x) + c  # noqa: E731
    y = f(x, 2.5, 1.3, 0.5) + 0.01 * np.sin(20 * x)
    for p0 in (None, [2.0, 1.0, 1.0]):
        found, covariance = optimize.curve_fit(f, x, y, p0)
        wanted, other = so.curve_fit(f, x, y, p0)
        np.testing.assert_allclose(found, wanted, rtol=1e-5)
        np.testing.assert_allclose(covariance, other, rtol=1e-3, atol=1e-9)


def test_keywords_and_nested_residuals() -> None:
    def f(x: Any, a: Any, *, shift: Any = 0.0) -> Any:
        return x[0] - a, [x[1:] - shift]

    found = optimize.least_squares(f, np.zeros(4), args=(3.0,), kwargs={"shift": 2.0})
    np.testing.assert_allclose(found.x, [3.0, 2.0, 2.0, 2.0])


def test_a_solver_of_the_user() -> None:
    def newton(fun: Any, x0: Any, args: Any, **given: Any) -> Any:
        x = x0
        for _ in range(20):
            x = x - np.linalg.solve(given["hess"](x, *args), given["jac"](x, *args))
        products = given["hessp"](x, np.ones(5), *args)
        np.testing.assert_allclose(products, given["hess"](x, *args).sum(axis=0))
        return so.OptimizeResult(x=x, fun=fun(x, *args), success=True)

    def shifted(x: Any, a: Any) -> Any:
        return so.rosen(x - a)

    found = optimize.minimize(shifted, np.full(5, 1.9), (1.0,), newton)
    np.testing.assert_allclose(found.x, 2.0, rtol=1e-9)


@pytest.mark.parametrize("method", [None, "Newton-CG", "trust-exact", "trust-constr"])
def test_an_array_of_one_number_is_a_number(method: Any) -> None:
    found = optimize.minimize(lambda x: (x - 2.0) ** 2, 0.5, method=method)
    np.testing.assert_allclose(found.x, 2.0, rtol=1e-6)
