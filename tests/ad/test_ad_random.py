"""Random programs full of expressions that are NaN or inf outside their guard."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tapec.ad import gradient, jacobian_func
from tapec.backends.interpreter import run
from tapec.ir import PRIMITIVES, Builder, Expr, Func, Type

P = PRIMITIVES
sqrt, log, where = P["sqrt"], P["log"], P["select"]
POINT = np.array([-1.3, -0.0, 0.0, 0.21, 0.9, 2.2])


def _reversed(v: Any) -> Any:
    return P["index"](v, at=((5, 6, -1),))


def _transposed_twice(v: Any) -> Any:
    there = P["transpose"](P["reshape"](v, shape=(2, 3)), perm=(1, 0))
    return P["reshape"](P["transpose"](there, perm=(1, 0)), shape=(6,))


# Each keeps what is positive exactly where x is, so that the guard x > 0 covers all of it.
STEPS: list[Callable[[Any, Any, Any], Any]] = [
    lambda x, v, w: sqrt(v),
    lambda x, v, w: v * w,
    lambda x, v, w: v + w,
    lambda x, v, w: P["expm1"](v * 0.3),
    lambda x, v, w: P["power"](v, 1.7),
    lambda x, v, w: where(x > 0.0, sqrt(v) * v, v),
    lambda x, v, w: _reversed(_reversed(v)),
    lambda x, v, w: v / (1.0 + v),
    lambda x, v, w: _transposed_twice(v),
]
GUARDED: list[Callable[[Any, Any], Any]] = [
    lambda y, z: y * log(y),
    lambda y, z: sqrt(y) + log(z),
    lambda y, z: z / y,
    lambda y, z: where(y < 0.5, log(y) * z, sqrt(z) / y),
]


def program(seed: int) -> Func:
    """The sum of a guarded expression, 0 or x*x outside the guard."""
    choose = random.Random(seed)
    builder = Builder()
    x = Expr(builder, builder.param(Type("f64", (6,)), "x"))
    pool: list[Any] = [x]
    for _ in range(choose.randrange(2, 7)):
        pool.append(choose.choice(STEPS)(x, choose.choice(pool), choose.choice(pool)))
    inner = choose.choice(GUARDED)(pool[-1], choose.choice(pool))
    other = x * x if choose.random() < 0.5 else 0.0
    if choose.random() < 0.5:
        result = where(x > 0.0, inner, other)
    else:
        result = where(x <= 0.0, other, inner)
    return builder.func("f", [P["reduce_sum"](result, axes=(0,)).value])


@pytest.mark.parametrize("seed", range(60))
def test_all_modes_of_two_orders_agree_and_are_finite(seed: int) -> None:
    func = program(seed)
    reverse, forward = gradient(func, [True]), jacobian_func(func, [True], "fwd")
    (slope,) = run(reverse, [POINT])
    assert np.all(np.isfinite(slope))
    np.testing.assert_allclose(run(forward, [POINT])[0], slope, rtol=1e-10)
    curvatures = [
        run(jacobian_func(first, [True], mode), [POINT])[0]
        for first in (reverse, forward)
        for mode in ("fwd", "rev")
    ]
    assert np.all(np.isfinite(curvatures[0]))
    for curvature in curvatures[1:]:
        np.testing.assert_allclose(curvature, curvatures[0], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_third_order(seed: int) -> None:
    func = program(seed)
    by_reverse, by_forward = gradient(func, [True]), jacobian_func(func, [True], "fwd")
    for _ in range(2):
        by_reverse = jacobian_func(by_reverse, [True], "rev")
        by_forward = jacobian_func(by_forward, [True], "fwd")
    (third,) = run(by_reverse, [POINT])
    assert np.all(np.isfinite(third))
    np.testing.assert_allclose(run(by_forward, [POINT])[0], third, rtol=1e-8, atol=1e-8)
