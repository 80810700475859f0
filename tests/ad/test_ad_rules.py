"""Every differentiable rule through both modes: dot tests and the complex-step or Ridders value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tapec.ad import adjoint, gradient, hessian_func, jacobian_func, tangent
from tapec.backends.interpreter import run
from tapec.ir import PRIMITIVES, Builder, Expr, Func, Loc, Type

Body = Callable[..., Any]
P = PRIMITIVES


def build(body: Body, *shapes: tuple[int, ...]) -> Func:
    """A Func of f64 parameters from a function on expressions."""
    builder = Builder()
    params = [Expr(builder, builder.param(Type("f64", s), f"x{i}")) for i, s in enumerate(shapes)]
    found = body(*params)
    outs = found if isinstance(found, tuple) else (found,)
    return builder.func("f", [e.value for e in outs])


def central(func: Func, args: list[Any], direction: list[Any]) -> list[Any]:
    """Directional derivative by central differences extrapolated once (error ~ h^4)."""

    def slope(h: float) -> list[Any]:
        up = run(func, [a + h * d for a, d in zip(args, direction, strict=True)])
        down = run(func, [a - h * d for a, d in zip(args, direction, strict=True)])
        return [(u - v) / (2 * h) for u, v in zip(up, down, strict=True)]

    fine, coarse = slope(1e-4), slope(2e-4)
    return [(4 * a - b) / 3 for a, b in zip(fine, coarse, strict=True)]


def check(func: Func, seed: int = 0, low: float = 0.2, high: float = 0.9) -> None:
    """Tangent against differences, adjoint against tangent; then the same for both of them."""
    rng = np.random.default_rng(seed)
    args = [rng.uniform(low, high, p.type.shape) for p in func.params]
    direction = [rng.normal(size=p.type.shape) for p in func.params]
    flags = [True] * len(args)
    n = len(func.results)
    forward = run(tangent(func, flags), [*args, *direction])[n:]
    for got, want in zip(forward, central(func, args, direction), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-8)
    cotangents = [rng.normal(size=r.type.shape) for r in func.results]
    backward = run(adjoint(func, flags), [*args, *cotangents])[n:]
    left = sum(float(np.sum(a * b)) for a, b in zip(cotangents, forward, strict=True))
    right = sum(float(np.sum(a * b)) for a, b in zip(backward, direction, strict=True))
    np.testing.assert_allclose(left, right, rtol=1e-10, atol=1e-12)


def check_twice(func: Func) -> None:
    """`check`, also of the tangent and of the adjoint: all four second-order combinations."""
    check(func)
    flags = [True] * len(func.params)
    check(tangent(func, flags))
    check(adjoint(func, flags))


X2, X23, S, V3 = (2,), (2, 3), (), (3,)
CASES: dict[str, tuple[Body, tuple[tuple[int, ...], ...]]] = {
    "broadcast": (lambda a, b: a * b + b, (X23, V3)),
    "broadcast_ones": (lambda a, b: a / b, (X23, (2, 1))),
    "scalar": (lambda a, b: P["exp"](a * b) - b, (S, V3)),
    "transcendental": (lambda x: P["sin"](x) * P["log"](x) + P["tanh"](x), (X23,)),
    "power": (lambda x, y: P["power"](x, y), (V3, V3)),
    "floor": (lambda x: x * P["floor"](x) + P["floor"](x), (V3,)),
    "select": (lambda x, y: P["select"](x < y, x * y, P["exp"](x)), (V3, V3)),
    "select_broadcast": (lambda x, y: P["select"](x < y, x, y * y), (X23, S)),
    "index": (lambda x: x_at(x, 0) * x_at(x, 1) + x_at(x, 0), (V3,)),
    "slice": (
        lambda x: P["index"](x, at=((0, 2, 1),)) * P["index"](x, at=((2, 2, -1),)),
        (V3,),
    ),
    "whole_and_parts": (lambda x: x * x_at(x, 1), (V3,)),
    "update": (lambda x, y: P["update"](x * x, y * y, at=((1, 2, 1),)), (V3, X2)),
    "shape": (
        lambda x: P["transpose"](P["reshape"](x * x, shape=(3, 2)), perm=(1, 0)),
        (X23,),
    ),
    "broadcast_to": (lambda x: P["broadcast_to"](x * x, shape=(2, 3)), (V3,)),
    "concatenate": (lambda x, y: P["concatenate"](x * x, y, x, axis=0), (V3, X2)),
    "stack": (lambda x, y: P["stack"](x * y, x, axis=1), (V3, V3)),
    "reduce_sum": (lambda x: P["reduce_sum"](x * x, axes=(1,)), (X23,)),
    "reduce_prod": (lambda x: P["reduce_prod"](x, axes=(0, 1)), (X23,)),
    "reduce_max": (lambda x: P["reduce_max"](x * x, axes=(1,)), (X23,)),
    "cumsum": (lambda x: P["cumsum"](x * x, axis=0, reverse=False), (V3,)),
    "recurrence": (lambda x, y: P["recurrence"](x, y, axis=0, reverse=False), (V3, V3)),
    "matvec": (lambda a, b: P["dot"](a, b, contract=((1, 0),), batch=()), (X23, V3)),
    "gram": (lambda a: P["dot"](a, a, contract=((1, 1),), batch=()), (X23,)),
    "gather": (lambda x: P["gather"](x * x, integers(x, [2, 0, -1, 0])), (V3,)),
    "scatter": (lambda x, y: P["scatter"](x * x, y * y, integers(x, [2, 0])), (V3, X2)),
    "scatter_add": (lambda x, y: P["scatter_add"](x * x, y * y, integers(x, [1, 1])), (V3, X2)),
    "several_results": (lambda x, y: (x * y, P["reduce_sum"](x, axes=(0,))), (V3, V3)),
}


def integers(x: Expr, values: list[int]) -> Expr:
    return Expr(x.builder, x.builder.const(np.array(values)))


def x_at(x: Expr, i: int) -> Expr:
    found: Expr = P["index"](x, at=(i,))
    return found


@pytest.mark.parametrize("name", CASES)
def test_first_and_second_order(name: str) -> None:
    body, shapes = CASES[name]
    func = build(body, *shapes)
    if "floor" in name:
        return check(func)
    return check_twice(func)


def test_inactive_inputs_cost_nothing() -> None:
    func = build(lambda x, y: P["exp"](x) * P["sin"](y), V3, V3)
    ops = [op.name for op in adjoint(func, [True, False]).ops]
    assert "cos" not in ops
    assert len(tangent(func, [True, False]).params) == 3


def test_an_input_no_result_depends_on_has_zeros() -> None:
    func = build(lambda x, y: x * 2.0, V3, V3)
    found = run(adjoint(func, [True, True]), [np.ones(3), np.ones(3), np.ones(3)])
    np.testing.assert_array_equal(found[2], np.zeros(3))


def test_parts_of_one_array_are_placed_together() -> None:
    func = build(lambda x: x_at(x, 0) * x_at(x, 1) + P["exp"](x_at(x, 2)), V3)
    places = [op for op in adjoint(func, [True]).ops if op.name == "place"]
    assert [len(op.operands) for op in places] == [3]


def test_stop_gradient_is_a_constant_to_both_modes() -> None:
    func = build(lambda x: x * P["stop_gradient"](P["exp"](x)), V3)
    x, one = np.array([0.1, 0.2, 0.3]), np.ones(3)
    np.testing.assert_array_equal(run(tangent(func, [True]), [x, one])[1], np.exp(x))
    np.testing.assert_array_equal(run(adjoint(func, [True]), [x, one])[1], np.exp(x))


def test_derived_ops_carry_the_line_of_their_primal() -> None:
    builder = Builder()
    x = builder.param(Type("f64", V3), "x")
    builder.loc = Loc("model.py", 14)
    y = builder.emit(P["exp"], (x,)).result
    builder.loc = Loc("model.py", 15)
    func = builder.func("f", [builder.emit(P["sin"], (y,)).result])
    lines = {op.loc.line for op in adjoint(func, [True]).ops if op.loc}
    assert all(op.loc for op in adjoint(func, [True]).ops)
    assert lines == {14, 15}


def test_derived_values_are_named_after_the_primal() -> None:
    func = build(lambda x: P["exp"](x), V3)
    assert adjoint(func, [True]).results[1].hint == "x0.ct"
    assert tangent(func, [True]).params[1].hint == "x0.t"


def arguments(func: Func) -> list[Any]:
    rng = np.random.default_rng(3)
    return [rng.uniform(0.2, 0.9, p.type.shape) for p in func.params]


@pytest.mark.parametrize("name", CASES)
def test_jacobians_of_both_modes_agree_through_batching(name: str) -> None:
    func = build(*_case(name))
    flags = [True] * len(func.params)
    forward = run(jacobian_func(func, flags, "fwd"), arguments(func))
    backward = run(jacobian_func(func, flags, "rev"), arguments(func))
    for a, b in zip(forward, backward, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("name", CASES)
def test_second_derivatives_are_symmetric(name: str) -> None:
    func = build(*_case(name))
    first = jacobian_func(func, [True] + [False] * (len(func.params) - 1), "rev")
    axes = func.params[0].type.ndim
    flags = [True] + [False] * (len(func.params) - 1)
    for mode in ("fwd", "rev"):
        (full, *_) = run(jacobian_func(first, flags, mode), arguments(func))
        lead = full.ndim - 2 * axes
        perm = (*range(lead), *range(lead + axes, full.ndim), *range(lead, lead + axes))
        np.testing.assert_allclose(full, full.transpose(perm), rtol=1e-11, atol=1e-12)


def _case(name: str) -> Any:
    body, shapes = CASES[name]
    return (body, *shapes)


def test_element_types_are_kept() -> None:
    builder = Builder()
    x = Expr(builder, builder.param(Type("f32", (3,)), "x"))
    wide = P["convert"](P["exp"](x) * 2.0, dtype="f64")
    func = builder.func("f", [P["reduce_sum"](wide * wide, axes=(0,)).value])
    grad = gradient(func, [True])
    assert str(grad.results[0].type) == "f32[3]"
    values = np.array([0.1, 0.2, 0.3], np.float32)
    np.testing.assert_allclose(run(grad, [values])[0], 8 * np.exp(2 * values), rtol=1e-6)
    assert str(hessian_func(func, [True]).results[0].type) == "f32[3,3]"
