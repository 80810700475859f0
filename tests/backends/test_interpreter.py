"""The interpreter: values, fresh results, dead values, long programs, loops over memory."""

from __future__ import annotations

import time
import weakref

import numpy as np
import pytest

from tapec.backends import interpreter
from tapec.errors import DTypeError, ShapeError
from tapec.ir import PRIMITIVES as P
from tapec.ir import Block, Builder, Expr, Func, Type, Value
from tapec.ir.primitive import Primitive, same_type

VECTOR = Type("f64", (3,))


def build(formula, *types: Type) -> Func:
    """The program of a formula on expressions."""
    builder = Builder()
    args = [Expr(builder, builder.param(t)) for t in types]
    found = formula(*args)
    results = found if isinstance(found, tuple) else (found,)
    return builder.func("f", [r.value for r in results])


def test_values_of_a_formula():
    func = build(lambda x, y: (P["sin"](x * y) + 2.0 * x, x < y), VECTOR, Type("f64"))
    x, y = np.array([0.5, -1.0, 2.0]), np.array(0.7)
    value, mask = interpreter.run(func, [x, y])
    np.testing.assert_array_equal(value, np.sin(x * y) + 2.0 * x)
    np.testing.assert_array_equal(mask, x < y)
    assert mask.dtype == np.bool_


def test_scalars_stay_arrays():
    (value,) = interpreter.run(build(lambda x: x * x, Type("f32")), [np.float32(3)])
    assert isinstance(value, np.ndarray)
    assert value.shape == ()
    assert value.dtype == np.float32
    assert value == 9


def test_no_warning_for_special_values():
    func = build(lambda x: P["log"](x) / (x - x), VECTOR)
    with np.errstate(all="raise"):
        (value,) = interpreter.run(func, [np.array([0.0, -1.0, 1.0])])
    assert np.isinf(value[0])
    assert np.isnan(value[1:]).all()


def test_results_share_no_memory():
    func = build(lambda x: (x, x, P["reshape"](x, shape=(3, 1)), P["stop_gradient"](x)), VECTOR)
    x = np.arange(3.0)
    results = interpreter.run(func, [x])
    for k, a in enumerate(results):
        assert a.flags.writeable
        assert a.flags.c_contiguous
        assert not np.shares_memory(a, x)
        assert all(not np.shares_memory(a, b) for b in results[:k])


def test_constants_are_not_handed_out():
    builder = Builder()
    c = builder.const(np.arange(3.0))
    func = builder.func("f", [c])
    interpreter.run(func, [])[0][:] = 7.0
    np.testing.assert_array_equal(interpreter.run(func, [])[0], np.arange(3.0))


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ([], ShapeError),
        ([np.zeros(4)], ShapeError),
        ([np.zeros(3, np.float32)], DTypeError),
    ],
)
def test_arguments_must_fit(args, error):
    with pytest.raises(error):
        interpreter.run(build(lambda x: x + 1.0, VECTOR), args)


def test_dead_values_are_freed():
    alive: list[weakref.ref] = []
    most = 0

    def evaluate(x):
        nonlocal most
        out = x + 1.0
        alive.append(weakref.ref(out))
        most = max(most, sum(r() is not None for r in alive))
        return out

    step = Primitive(name="step", kind="elementwise", infer=same_type, evaluate=evaluate)

    def formula(x):
        for _ in range(20):
            x = step(x)
        return x

    (value,) = interpreter.run(build(formula, Type("f64", (1000,))), [np.zeros(1000)])
    assert value[0] == 20.0
    # The operand, the result and one about to die.
    assert most <= 3


def test_long_programs():
    def formula(x):
        for _ in range(10_000):
            x = x * 0.5 + 1.0
        return x

    func = build(formula, Type("f64"))
    start = time.perf_counter()
    (value,) = interpreter.run(func, [np.array(3.0)])
    assert value == 2.0
    assert time.perf_counter() - start < 8.0


def loop_func() -> Func:
    """sum += x[i]; y[i] = sum, over buffers."""
    x, y = (Value(Type("f64", (4,), buffer=True), n) for n in "xy")
    outer = Builder()
    start = outer.const(0.0)
    i, carried = Value(Type("index"), "i"), Value(Type("f64"), "s")
    inner = Builder()
    item = inner.emit(P["load"], (x, i), {"offset": 0, "strides": (1,)}).result
    total = inner.emit(P["add"], (carried, item)).result
    inner.emit(P["store"], (total, y, i), {"offset": 0, "strides": (1,)})
    body = Block((i, carried), tuple(inner.ops), (total,))
    attrs = {"lower": 0, "upper": 4, "step": 1, "kind": "serial", "reduce": ("",)}
    done = outer.emit(P["for"], (start,), attrs, (body,)).result
    return Func("scan", Block((x, y), tuple(outer.ops), (done,)))


def test_loops_over_memory():
    x, y = np.array([1.0, 2.0, 3.0, 4.0]), np.zeros(4)
    (total,) = interpreter.run(loop_func(), [x, y])
    np.testing.assert_array_equal(y, np.cumsum(x))
    assert total == 10.0


def test_buffers_must_be_contiguous():
    with pytest.raises(ShapeError):
        interpreter.run(loop_func(), [np.zeros(4), np.zeros(8)[::2]])


@pytest.mark.parametrize(("given", "want"), [(-1, 4), (2, 2)])
def test_checked_index(given, want):
    builder = Builder()
    index = builder.param(Type("i64"))
    found = builder.emit(P["check_index"], (index,), {"size": 5}).result
    (value,) = interpreter.run(builder.func("f", [found]), [np.array(given)])
    assert value == want
    assert value.dtype == np.int64


def test_checked_index_out_of_range():
    builder = Builder()
    index = builder.param(Type("i64"))
    found = builder.emit(P["check_index"], (index,), {"size": 5}).result
    with pytest.raises(IndexError):
        interpreter.run(builder.func("f", [found]), [np.array(5)])
