"""Gradients, Jacobians, Hessians, products; batching; size and depth."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tapec.ad import (
    adjoint,
    batch,
    gnvp_func,
    gradient,
    hessian_func,
    hvp_func,
    jacobian_func,
    tangent,
    value_and_gradient,
)
from tapec.backends.interpreter import run
from tapec.errors import DTypeError, NonDifferentiableError, ShapeError, VerifyError
from tapec.ir import PRIMITIVES, Builder, Expr, Func, Type
from tapec.ir.rewrite import copy_func, map_ops, replay, substitute

P = PRIMITIVES
RNG = np.random.default_rng(7)


def build(body: Callable[..., Any], *shapes: tuple[int, ...]) -> Func:
    builder = Builder()
    params = [Expr(builder, builder.param(Type("f64", s), f"x{i}")) for i, s in enumerate(shapes)]
    found = body(*params)
    outs = found if isinstance(found, tuple) else (found,)
    return builder.func("f", [e.value for e in outs])


def matvec(a: Expr, x: Expr) -> Any:
    return P["dot"](a, x, contract=((1, 0),), batch=())


def quartic(x: Expr) -> Any:
    return P["reduce_sum"](x * x * x * x, axes=(0,))


def test_value_and_gradient() -> None:
    x = RNG.normal(size=5)
    value, grad = run(value_and_gradient(build(quartic, (5,)), [True]), [x])
    np.testing.assert_allclose(value, np.sum(x**4))
    np.testing.assert_allclose(grad, 4 * x**3)


@pytest.mark.parametrize("mode", ["fwd", "rev", "auto"])
def test_jacobian_by_blocks(mode: Any) -> None:
    func = build(lambda a, x: (P["sin"](matvec(a, x)), x * x), (2, 3), (3,))
    a, x = RNG.normal(size=(2, 3)), RNG.normal(size=3)
    ya, yx, za, zx = run(jacobian_func(func, [True, True], mode), [a, x])
    slope = np.cos(a @ x)
    np.testing.assert_allclose(yx, slope[:, None] * a)
    np.testing.assert_allclose(ya, slope[:, None, None] * np.eye(2)[:, :, None] * x)
    np.testing.assert_allclose(za, np.zeros((3, 2, 3)))
    np.testing.assert_allclose(zx, np.diag(2 * x))


@pytest.mark.parametrize("mode", ["fwd", "rev"])
@pytest.mark.parametrize("n", [1, 3, 70])
def test_jacobian_of_any_size(mode: Any, n: int) -> None:
    x = RNG.normal(size=n)
    (found,) = run(jacobian_func(build(lambda x: P["exp"](x), (n,)), [True], mode), [x])
    np.testing.assert_allclose(found, np.diag(np.exp(x)))


def test_hessian_of_a_number() -> None:
    x = RNG.normal(size=4)
    (found,) = run(hessian_func(build(quartic, (4,)), [True]), [x])
    np.testing.assert_allclose(found, np.diag(12 * x**2))


def test_hessian_blocks_are_symmetric() -> None:
    func = build(lambda x, y: P["reduce_sum"](x * x * y, axes=(0,)), (3,), (3,))
    x, y = RNG.normal(size=3), RNG.normal(size=3)
    xx, xy, yx, yy = run(hessian_func(func, [True, True]), [x, y])
    np.testing.assert_allclose(xx, np.diag(2 * y))
    np.testing.assert_allclose(xy, np.diag(2 * x))
    np.testing.assert_allclose(yx, xy.T)
    np.testing.assert_allclose(yy, np.zeros((3, 3)))


def test_hessian_of_a_vector_function() -> None:
    a, x = RNG.normal(size=(2, 3)), RNG.normal(size=3)
    func = build(lambda a, x: P["sin"](matvec(a, x)), (2, 3), (3,))
    (found,) = run(hessian_func(func, [False, True]), [a, x])
    want = -np.sin(a @ x)[:, None, None] * a[:, :, None] * a[:, None, :]
    np.testing.assert_allclose(found, want, atol=1e-12)


def test_products() -> None:
    a, x, v = RNG.normal(size=(2, 3)), RNG.normal(size=3), RNG.normal(size=3)
    func = build(lambda a, x: P["sin"](matvec(a, x)), (2, 3), (3,))
    (found,) = run(gnvp_func(func, [False, True]), [a, x, v])
    jacobian = np.cos(a @ x)[:, None] * a
    np.testing.assert_allclose(found, jacobian.T @ jacobian @ v)
    (found,) = run(hvp_func(build(quartic, (3,)), [True]), [x, v])
    np.testing.assert_allclose(found, 12 * x**2 * v)


def test_batch_is_a_loop_over_points() -> None:
    def body(a: Expr, x: Expr, s: Expr) -> Any:
        y = P["reduce_max"](matvec(a, x) * s, axes=(0,))
        return y, P["concatenate"](x, x * y, axis=0), a * 2.0

    func = build(body, (2, 3), (3,), ())
    a, xs, ss = RNG.normal(size=(2, 3)), RNG.normal(size=(5, 3)), RNG.normal(size=5)
    found = run(batch(func, [False, True, True], 5), [a, xs, ss])
    points = [run(func, [a, x, np.array(s)]) for x, s in zip(xs, ss, strict=True)]
    for got, want in zip(found, zip(*points, strict=True), strict=True):
        np.testing.assert_allclose(got, np.stack(want))


def test_batch_of_a_gradient() -> None:
    xs = RNG.normal(size=(6, 4))
    (found,) = run(batch(gradient(build(quartic, (4,)), [True]), [True], 6), [xs])
    np.testing.assert_allclose(found, 4 * xs**3)


def test_unbatched_work_is_done_once() -> None:
    func = build(lambda a, x: P["exp"](a) + x, (3,), ())
    exps = [op for op in batch(func, [False, True], 7).ops if op.name == "exp"]
    assert [op.result.type.shape for op in exps] == [(3,)]


def test_refusals() -> None:
    builder = Builder()
    n = builder.param(Type("i64", (3,)), "n")
    integers = builder.func("f", [n])
    with pytest.raises(DTypeError, match="i64"):
        tangent(integers, [True])
    with pytest.raises(DTypeError):
        jacobian_func(integers, [True])
    with pytest.raises(NonDifferentiableError, match="single number"):
        gradient(build(lambda x: x * x, (3,)), [True])
    with pytest.raises(ShapeError):
        adjoint(integers, [])


def chain(n: int) -> Func:
    builder = Builder()
    x = builder.param(Type("f64"), "x")
    value = x
    for i in range(n):
        value = builder.emit(P["sin" if i % 2 else "mul"], (value,) if i % 2 else (value, x)).result
    return builder.func("f", [value])


@pytest.mark.parametrize("size", [15_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_a_long_chain_is_linear_and_needs_no_stack(size: int) -> None:
    func = chain(size)
    started = time.process_time()
    reverse, forward = gradient(func, [True]), tangent(func, [True])
    assert time.process_time() - started < 200e-6 * size
    assert max(len(reverse.ops), len(forward.ops)) < 6 * size


def test_chain_values_agree_between_modes() -> None:
    func = chain(2001)
    x = np.array(0.8)
    (reverse,) = run(gradient(func, [True]), [x])
    np.testing.assert_allclose(reverse, run(tangent(func, [True]), [x, np.array(1.0)])[1])


def test_many_elements_of_one_array_stay_linear() -> None:
    def body(x: Expr) -> Any:
        total = P["index"](x, at=(0,))
        for i in range(1, 3000):
            total = total + P["index"](x, at=(i % 1000,)) * P["index"](x, at=(i // 3,))
        return total

    grad = gradient(build(body, (1000,)), [True])
    assert [op.name for op in grad.ops].count("place") == 1


def test_replay_copies_and_checks() -> None:
    func = build(quartic, (4,))
    copied = copy_func(func)
    x = RNG.normal(size=4)
    np.testing.assert_array_equal(run(copied, [x])[0], run(func, [x])[0])
    assert not set(copied.ops) & set(func.ops)
    builder = Builder()
    with pytest.raises(VerifyError):
        replay(func, builder, [builder.param(Type("f64", (3,)))])


def test_substitute_and_map() -> None:
    func = build(lambda x, y: x * x + y, (3,), (3,))
    x, y = func.params
    (found,) = run(substitute(func, {x: y}), [np.full(3, 9.0), np.full(3, 2.0)])
    np.testing.assert_array_equal(found, np.full(3, 6.0))

    def square(builder: Builder, op: Any, operands: Any) -> Any:
        if op.name != "mul":
            return None
        return builder.emit(P["integer_pow"], operands[:1], {"n": 2}).results

    mapped = map_ops(func, square)
    assert [op.name for op in mapped.ops] == ["integer_pow", "add"]


def test_results_may_be_inputs_and_repeat() -> None:
    builder = Builder()
    x = builder.param(Type("f64", (2,)), "x")
    func = builder.func("f", [x, x])
    one = np.ones(2)
    np.testing.assert_array_equal(run(adjoint(func, [True]), [one, one, 2 * one])[2], 3 * one)
    np.testing.assert_array_equal(run(tangent(func, [True]), [one, 5 * one])[3], 5 * one)
    for mode in ("fwd", "rev"):
        for block in run(jacobian_func(func, [True], mode), [one]):
            np.testing.assert_array_equal(block, np.eye(2))


def test_constant_functions_have_zero_derivatives() -> None:
    builder = Builder()
    builder.param(Type("f64", (2,)), "x")
    func = builder.func("f", [builder.const(3.0)])
    np.testing.assert_array_equal(run(gradient(func, [True]), [np.ones(2)])[0], np.zeros(2))
    np.testing.assert_array_equal(
        run(hessian_func(func, [True]), [np.ones(2)])[0], np.zeros((2, 2))
    )


@pytest.mark.parametrize("mode", ["fwd", "rev"])
def test_empty_arrays(mode: Any) -> None:
    func = build(lambda x: P["exp"](x), (0,))
    (found,) = run(jacobian_func(func, [True], mode), [np.zeros(0)])
    assert found.shape == (0, 0)
    total = build(lambda x: P["reduce_sum"](P["exp"](x), axes=(0,)), (0,))
    assert run(gradient(total, [True]), [np.zeros(0)])[0].shape == (0,)


def test_mixed_element_types_beside_the_derivative() -> None:
    builder = Builder()
    x, n = builder.param(Type("f64", (3,)), "x"), builder.param(Type("i64", (3,)), "n")
    y = Expr(builder, x) * P["convert"](Expr(builder, n), dtype="f64")
    count = P["reduce_sum"](Expr(builder, n), axes=(0,))
    func = builder.func("f", [P["reduce_sum"](y, axes=(0,)).value, count.value])
    args = [np.ones(3), np.array([1, 2, 3])]
    value, total, grad = run(value_and_gradient(func, [True, False]), args)
    assert [float(value), int(total)] == [6.0, 6]
    np.testing.assert_array_equal(grad, [1.0, 2.0, 3.0])
    assert len(adjoint(func, [True, False]).params) == 3


def test_scalars_give_scalars() -> None:
    func = build(lambda x: x * x * x, ())
    assert run(gradient(func, [True]), [np.array(2.0)])[0] == 12.0
    for mode in ("fwd", "rev"):
        (found,) = run(jacobian_func(func, [True], mode), [np.array(2.0)])
        assert found.shape == ()
        assert found == 12.0
    (second,) = run(hessian_func(func, [True]), [np.array(2.0)])
    assert second.shape == ()
    assert second == 12.0
