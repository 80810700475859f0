"""Jacobians and Hessians of few variables: zeros and ones of their seeds cost nothing."""

from __future__ import annotations

import numpy as np
import pytest

import tapec


def rosen(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def mixed(x):
    return np.exp(x[0] * x[1]) + np.sum(np.sin(x)) * x[2] + np.prod(x[1:])


def separable(x):
    return np.sum(x**4)


@pytest.mark.parametrize("f", [rosen, mixed, separable])
def test_hessians_are_those_of_the_interpreter(f, rng):
    x = rng.uniform(0.5, 1.5, 5)
    slow = tapec.compile(tapec.hessian(f), backend="numpy")(x)
    np.testing.assert_allclose(tapec.hessian(f)(x), slow, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(slow, slow.T, rtol=1e-12, atol=1e-12)


def lines(kernel, *args):
    return [line for line in str(kernel.ir("loops", *args)).splitlines() if " = " in line]


def test_the_zeros_of_a_diagonal_cost_nothing():
    x = np.linspace(1.0, 2.0, 6)
    arithmetic = [s for s in lines(tapec.hessian(separable), x) if "const" not in s]
    assert len(arithmetic) <= 6 * 8


def test_no_factor_is_a_one_or_a_zero():
    text = lines(tapec.hessian(rosen), np.linspace(0.5, 1.5, 5))
    units = {s.split()[0] for s in text if "value=1.0}" in s or "value=0.0}" in s}
    factors = {v.strip(",") for s in text if " = mul " in s for v in s.split()[3:5]}
    assert units.isdisjoint(factors)


def test_the_jacobian_of_a_product_is_the_matrix(rng):
    a, x = rng.normal(size=(4, 4)), rng.normal(size=4)
    jacobian = tapec.jacobian(lambda x, a: a @ x, 0)
    np.testing.assert_array_equal(jacobian(x, a), a)
    assert not [s for s in lines(jacobian, x, a) if " mul " in s or " add " in s]


def test_zeros_of_the_user_are_numbers():
    c = np.array([0.0, 1.0, 0.0])
    found = tapec.compile(lambda x: c * x)(np.array([np.inf, 2.0, 3.0]))
    np.testing.assert_array_equal(found, [np.nan, 2.0, 0.0])
