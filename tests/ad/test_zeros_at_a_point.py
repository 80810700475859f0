"""Derivatives that are zero at one point only: what they multiply still counts one order later."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg as sl
from support.sampling import sampled, sampled_tuples

import tapec

M = np.array([[1.0, 2.0], [3.0, 4.0]])
# Factors of which the compiler cannot tell that they are finite, at x = 0.
FACTORS: dict[str, Callable[[Any], Any]] = {
    "log": lambda x: np.log(M + x + 1.0),
    "quotient": lambda x: M / (M + x),
    "root": lambda x: np.sqrt(M + x),
    "power": lambda x: (M + x) ** (M + 0.5),
    "inverse": lambda x: np.linalg.inv(M + x * M.T),
}
PRODUCTS: dict[str, Callable[[Any, Any], Any]] = {
    "matmul": lambda a, b: a @ b,
    "from the right": lambda a, b: b @ a,
    "vector": lambda a, b: b @ a[0],
    "einsum": lambda a, b: np.einsum("ij,kj->ik", a, b),
    "stack": lambda a, b: np.stack([a, b]) @ np.stack([b, a]),
    "outer": lambda a, b: np.outer(a, b),
}


def forward(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The derivative by one number."""
    return lambda x: tapec.jvp(f, (x,), (1.0,))[1]


@pytest.mark.parametrize(
    ("factor", "product"), sampled_tuples(itertools.product(FACTORS, PRODUCTS), 5)
)
def test_second_derivative_of_a_product_with_a_square(factor: str, product: str) -> None:
    def f(x: Any) -> Any:
        return PRODUCTS[product](x**2 * M, FACTORS[factor](x))

    want = PRODUCTS[product](2.0 * M, FACTORS[factor](0.0))
    np.testing.assert_allclose(forward(forward(f))(0.0), want, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("factor", sampled(["log", "quotient"], 2))
def test_third_derivative_of_a_number_by_every_order_of_modes(factor: str) -> None:
    def f(x: Any) -> Any:
        made = (x**3 * M) @ FACTORS[factor](x)
        return np.sum(made + np.cos(x) * made @ made)

    want = 6.0 * np.sum(M @ FACTORS[factor](0.0))
    for modes in itertools.product((tapec.grad, forward), repeat=3):
        g: Callable[[Any], Any] = f
        for mode in modes:
            g = mode(g)
        np.testing.assert_allclose(g(0.0), want, rtol=1e-12)


R = np.array([[4.0, 1.0, 0.5], [1.0, 5.0, 2.0], [0.3, 1.5, 6.0]])
S = R @ R.T
B = np.array([1.0, -2.0, 0.5])
# What a number moves, through systems and factors.
FOUND: dict[str, Callable[[Any], Any]] = {
    "solve": lambda x: np.linalg.solve(R + x * R.T, B + x),
    "inv": lambda x: np.linalg.inv(R + x * R.T),
    "triangular": lambda x: sl.solve_triangular(R + x * R.T, B + x),
    "transposed": lambda x: sl.solve_triangular(R + x * R.T, B + x, lower=True, trans=1),
    "qr": lambda x: np.concatenate(np.linalg.qr(R + x * R.T)),
    "lu": lambda x: np.concatenate(sl.lu(R + x * R.T)[1:]),
    "cholesky": lambda x: np.linalg.cholesky(S + x * np.eye(3)),
    "cho_solve": lambda x: sl.cho_solve(sl.cho_factor(S + x * np.eye(3)), B),
    "det": lambda x: np.linalg.det(R + x * R.T),
    "slogdet": lambda x: np.linalg.slogdet(R + x * R.T)[1],
    "eigh": lambda x: np.linalg.eigh(S + x * (R + R.T))[1] ** 2,
    "svd": lambda x: np.linalg.svd(R + x * R.T)[0] ** 2,
}


@pytest.mark.parametrize("name", FOUND)
def test_squares_of_residuals_that_are_zero(name: str) -> None:
    """Their second derivative is twice the square of the first one of the residuals."""
    found = FOUND[name]
    target = found(0.0)
    slope = forward(found)(0.0)
    second = forward(tapec.grad(lambda x: np.sum((found(x) - target) ** 2)))(0.0)
    np.testing.assert_allclose(second, 2.0 * np.sum(slope**2), rtol=1e-8)
    second = tapec.grad(tapec.grad(lambda x: np.sum((found(x) - target) ** 2)))(0.0)
    np.testing.assert_allclose(second, 2.0 * np.sum(slope**2), rtol=1e-8)


@pytest.mark.parametrize("name", FOUND)
def test_mixed_derivative_where_a_scale_is_zero(name: str) -> None:
    found = FOUND[name]
    w = np.arange(1.0, 1.0 + np.size(found(0.0))).reshape(np.shape(found(0.0)))
    slope = np.sum(w * forward(found)(0.0))
    for f in (lambda t, x: t * np.sum(w * found(x)), lambda t, x: np.sum(w * found(x) * t)):
        mixed = tapec.hessian(f, argnums=(0, 1))(0.0, 0.0)
        np.testing.assert_allclose([mixed[0][1], mixed[1][0]], slope, rtol=1e-9, atol=1e-14)
