"""The branch of a `select` that is not taken leaks no NaN and no inf, in any mode and order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tapec.ad import adjoint, gradient, hessian_func, hvp_func, jacobian_func, tangent
from tapec.backends.interpreter import run
from tapec.ir import PRIMITIVES, Builder, Expr, Func, Type

P = PRIMITIVES
sqrt, log, where = P["sqrt"], P["log"], P["select"]
X = np.array([-1.5, 0.0, 0.25, 4.0])
ON = X > 0
SAFE = np.where(ON, X, 1.0)


def func_of(body: Callable[[Expr], Any], shape: tuple[int, ...] = (4,)) -> Func:
    builder = Builder()
    x = Expr(builder, builder.param(Type("f64", shape), "x"))
    return builder.func("f", [body(x).value])


def total(x: Expr) -> Any:
    return P["reduce_sum"](x, axes=tuple(range(len(x.shape))))


def shared(x: Expr) -> Any:
    y = x * x * x
    return where(x > 0.0, sqrt(y), 0.0) + y


def nested(x: Expr) -> Any:
    inner = where(x < 1.0, sqrt(1.0 - x), log(x))
    return where(x > 0.0, sqrt(x) * inner, x * 2.0)


def through_movement(x: Expr) -> Any:
    y = P["reshape"](sqrt(x), shape=(2, 2))
    y = P["transpose"](y, perm=(1, 0))
    return where(P["transpose"](P["reshape"](x > 0.0, shape=(2, 2)), perm=(1, 0)), y, 0.0)


def through_view(x: Expr) -> Any:
    y = P["index"](sqrt(x), at=((3, 4, -1),))
    return where(P["index"](x, at=((3, 4, -1),)) > 0.0, y, 0.0)


def single_elements(x: Expr) -> Any:
    y = sqrt(x)
    terms = [where(at(x, i) > 0.0, at(y, i), 0.0) for i in range(4)]
    return terms[0] + terms[1] + terms[2] + terms[3]


def at(x: Expr, i: int) -> Any:
    return P["index"](x, at=(i,))


def product_of_two(x: Expr) -> Any:
    # The tainted cotangent of y passes a constant partial before it meets x.
    y = x * 2.0
    return where(x > 0.0, sqrt(y) * sqrt(0.25 * y), 0.0)


def on(values: Any) -> Any:
    return np.where(ON, values, 0.0)


def joined(x: Expr) -> Any:
    head, tail = P["index"](x, at=((0, 2, 1),)), P["index"](x, at=((2, 2, 1),))
    y = P["concatenate"](sqrt(head), sqrt(tail), axis=0)
    return where(x > 0.0, y, 0.0)


def gathered(x: Expr) -> Any:
    order = Expr(x.builder, x.builder.const(np.array([2, 0, 3, 1])))
    picked = P["gather"](x, order)
    return where(picked > 0.0, P["gather"](sqrt(x), order), 0.0)


def stretched(x: Expr) -> Any:
    terms = []
    for i in range(4):
        y = sqrt(at(x, i))
        flag = P["broadcast_to"](at(x, i) > 0.0, shape=(2,))
        terms.append(total(where(flag, y, 0.0)) * 0.5)
    return P["stack"](*terms, axis=0)


# body, gradient of the sum, second derivative (all functions here act elementwise)
CASES: dict[str, tuple[Callable[[Expr], Any], Any, Any]] = {
    "sqrt": (
        lambda x: where(x > 0.0, sqrt(x), 0.0),
        on(0.5 * SAFE**-0.5),
        on(-0.25 * SAFE**-1.5),
    ),
    "entropy": (lambda x: where(x > 0.0, x * log(x), 0.0), on(np.log(SAFE) + 1), on(1 / SAFE)),
    "other_branch": (
        lambda x: where(x <= 0.0, 0.0, sqrt(x)),
        on(0.5 * SAFE**-0.5),
        on(-0.25 * SAFE**-1.5),
    ),
    "shared": (
        shared,
        on(1.5 * SAFE**0.5) + 3 * X**2,
        on(0.75 * SAFE**-0.5) + 6 * X,
    ),
    "movement": (through_movement, on(0.5 * SAFE**-0.5), on(-0.25 * SAFE**-1.5)),
    "view": (through_view, on(0.5 * SAFE**-0.5), on(-0.25 * SAFE**-1.5)),
    "elements": (single_elements, on(0.5 * SAFE**-0.5), on(-0.25 * SAFE**-1.5)),
    "joined": (joined, on(0.5 * SAFE**-0.5), on(-0.25 * SAFE**-1.5)),
    "gathered": (gathered, on(0.5 * SAFE**-0.5), on(-0.25 * SAFE**-1.5)),
    "stretched": (stretched, on(0.5 * SAFE**-0.5), on(-0.25 * SAFE**-1.5)),
    "chain": (product_of_two, on(np.ones(4)), np.zeros(4)),
    "power": (
        lambda x: where(x > 0.0, P["power"](x, 1.5), 0.0),
        on(1.5 * SAFE**0.5),
        on(0.75 * SAFE**-0.5),
    ),
}


def summed(name: str) -> Func:
    body = CASES[name][0]
    return func_of(lambda x: total(body(x)))


@pytest.mark.parametrize("name", CASES)
def test_gradient(name: str) -> None:
    (found,) = run(gradient(summed(name), [True]), [X])
    np.testing.assert_allclose(found, CASES[name][1], rtol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_forward(name: str) -> None:
    found = run(tangent(summed(name), [True]), [X, np.ones(4)])
    np.testing.assert_allclose(found[1], np.sum(CASES[name][1]), rtol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_second_order_forward_over_reverse(name: str) -> None:
    (found,) = run(hvp_func(summed(name), [True]), [X, np.ones(4)])
    np.testing.assert_allclose(found, CASES[name][2], rtol=1e-12, atol=1e-12)
    (full,) = run(hessian_func(summed(name), [True]), [X])
    np.testing.assert_allclose(full, np.diag(CASES[name][2]), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_second_order_reverse_over_reverse(name: str) -> None:
    (found,) = run(jacobian_func(gradient(summed(name), [True]), [True], "rev"), [X])
    np.testing.assert_allclose(found, np.diag(CASES[name][2]), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_second_order_reverse_over_forward(name: str) -> None:
    rates = tangent(summed(name), [True])
    rates = rates.with_results(rates.results[1:])
    found = run(adjoint(rates, [True, False]), [X, np.ones(4), np.array(1.0)])[1]
    np.testing.assert_allclose(found, CASES[name][2], rtol=1e-12, atol=1e-12)


def test_nested_conditions() -> None:
    (found,) = run(gradient(func_of(lambda x: total(nested(x))), [True]), [X])
    assert np.all(np.isfinite(found))
    np.testing.assert_allclose(found[:2], 2.0)
    h = 1e-6
    func = func_of(nested)
    slope = (run(func, [X + h])[0] - run(func, [X - h])[0]) / (2 * h)
    np.testing.assert_allclose(found[2:], slope[2:], rtol=1e-6)


def test_nan_inputs_behind_isnan() -> None:
    func = func_of(lambda x: total(where(P["isnan"](x), 0.0, x * x)))
    (found,) = run(gradient(func, [True]), [np.array([np.nan, 1.0, 2.0, 3.0])])
    np.testing.assert_array_equal(found, [0.0, 2.0, 4.0, 6.0])


def test_norm_guarded_at_zero() -> None:
    def norm(x: Expr) -> Any:
        s = total(x * x)
        return where(s > 0.0, sqrt(s), 0.0)

    grad = gradient(func_of(norm), [True])
    np.testing.assert_array_equal(run(grad, [np.zeros(4)])[0], np.zeros(4))
    np.testing.assert_allclose(run(grad, [X])[0], X / np.linalg.norm(X))


def test_scalar_condition_over_a_product_with_nan() -> None:
    def body(x: Expr) -> Any:
        y = log(x)
        d = P["dot"](y, y, contract=((0, 0),), batch=())
        return where(at(x, 0) > 0.0, d, at(x, 3))

    (found,) = run(gradient(func_of(body), [True]), [X])
    np.testing.assert_array_equal(found, [0.0, 0.0, 0.0, 1.0])


def test_one_mask_per_guarded_branch() -> None:
    grad = gradient(summed("sqrt"), [True])
    assert [op.name for op in grad.ops].count("select") == 2
