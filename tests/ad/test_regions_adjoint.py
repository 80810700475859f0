"""Adjoints through regions against tangents, in all orders."""

from __future__ import annotations

import numpy as np
import pytest
from support.region_programs import POINT, PROGRAMS, program

from tapec.ad import adjoint, gnvp_func, gradient, hessian_func, jacobian_func, tangent
from tapec.backends.interpreter import run
from tapec.ir.core import Func
from tapec.ir.verify import verify
from tapec.tools.differences import ridders

V = np.array([0.3, -0.8, 0.5, 0.2])
W = np.array([-0.4, 0.1, 0.9, -0.6])


def slope(f: Func, *rest: np.ndarray) -> np.ndarray:
    """The derivative of the only result along V, by differences."""
    return ridders(lambda h: run(f, [POINT + h * V, *rest])[0])[0]


def last(f: Func) -> Func:
    verify(f)
    return f.with_results(f.results[1:])


def pulled(f: Func) -> Func:
    """(x, ct) -> cotangent of x."""
    return last(adjoint(f, [True, *(False for _ in f.params[1:])]))


def pushed(f: Func) -> Func:
    """(x, ..., t) -> tangent of the result."""
    return last(tangent(f, [True, *(False for _ in f.params[1:])]))


@pytest.mark.parametrize("name", PROGRAMS)
def test_first_order(name: str) -> None:
    f = program(name)
    both = adjoint(f, [True])
    verify(both)
    value, ct = run(both, [POINT, np.float64(1.5)])
    np.testing.assert_array_equal(value, run(f, [POINT])[0])
    np.testing.assert_allclose(ct @ V, 1.5 * slope(f), rtol=1e-9)


ORDERS = {
    "forward over reverse": lambda f: (pushed(pulled(f)), (np.float64(1.0), V), W),
    "reverse over forward": lambda f: (pulled(pushed(f)), (W, np.float64(1.0)), V),
    "reverse over reverse": lambda f: (pulled(pulled(f)), (np.float64(1.0), W), V),
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_second_order(name: str, order: str) -> None:
    f = program(name)
    twice, given, along = ORDERS[order](f)
    (found,) = run(twice, [POINT, *given])
    want = slope(gradient(f, [True])) @ W
    np.testing.assert_allclose(found @ along, want, rtol=1e-8)


@pytest.mark.parametrize("name", PROGRAMS)
def test_third_order(name: str) -> None:
    f = program(name)
    twice = pulled(pulled(f))
    thrice = pulled(twice)
    one = np.float64(1.0)
    (found,) = run(thrice, [POINT, one, W, V])
    np.testing.assert_allclose(found @ V, slope(twice, one, W) @ V, rtol=1e-7)


@pytest.mark.parametrize("name", PROGRAMS)
def test_whole_derivatives(name: str) -> None:
    f = program(name)
    g = gradient(f, [True])
    want = np.array([ridders(lambda h, e=e: run(g, [POINT + h * e])[0])[0] for e in np.eye(4)])
    for made in (hessian_func(f, [True]), jacobian_func(g, [True], "rev")):
        verify(made)
        np.testing.assert_allclose(run(made, [POINT])[0], want, rtol=1e-8, atol=1e-9)
    normal = gnvp_func(f, [True])
    verify(normal)
    (slope_,) = run(g, [POINT])
    np.testing.assert_allclose(run(normal, [POINT, V])[0], slope_ * (slope_ @ V), rtol=1e-11)
