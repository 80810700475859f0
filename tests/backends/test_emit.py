"""The emitted text: chunks, work memory, levels, refusals."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from support.loop_support import Loops, agree
from support.lowering_support import compare

from tapec.backends.llvm import ArrayArg, KernelAbi, Output, available
from tapec.backends.llvm.compile import compile_func
from tapec.backends.llvm.constants import constant_text
from tapec.backends.llvm.emit import emit_kernel
from tapec.ir import PRIMITIVES as P
from tapec.ir import Builder, Dense, Expr, Func, Type, Value
from tapec.lower import lower

pytestmark = pytest.mark.skipif(not available()[0], reason=available()[1])


def chain(length: int, size: int) -> Func:
    """x -> x * x + 1 again and again; beyond one element as prefix sums, so that all are stored."""
    b = Builder()
    x = Expr(b, b.param(Type("f64", (size,))))
    y = x
    for _ in range(length):
        y = P["cumsum"](y * 0.001, axis=0, reverse=False)
    return b.func("f", [y.value])


def scalars(length: int) -> Func:
    b = Builder()
    x = Expr(b, b.param(Type("f64")))
    y = x
    for _ in range(length):
        y = y * x + 1.0
    return b.func("f", [y.value])


def test_short_program_is_one_function() -> None:
    text = emit_kernel(lower(scalars(20))).text
    assert text.count("define") == 1
    assert "define i32 @kernel(" in text


def test_long_program_is_cut_into_chunks() -> None:
    emitted = emit_kernel(lower(scalars(2000)))
    assert emitted.text.count("define internal") >= 10
    assert emitted.work_bytes < 2000


def test_buffers_are_reused() -> None:
    func = chain(12, 3000)
    emitted = emit_kernel(lower(func))
    assert emitted.work_bytes <= 3 * 3000 * 8 + 64
    compare(func, np.linspace(0, 1, 3000))


def test_level_depends_on_size() -> None:
    def level(func: Func) -> int:
        sig = KernelAbi((ArrayArg("f64", ()),), (Output("f64", ()),))
        return compile_func(func, sig).opt

    assert level(scalars(10)) == 1
    assert level(scalars(15_000)) == 0


@pytest.mark.parametrize("dtype", ["f64", "f32", "i64", "i32", "bool"])
def test_constant_arrays_of_every_dtype_and_filling(dtype: str) -> None:
    rng = np.random.default_rng(0)
    dense = rng.integers(-3, 4, 700)
    sparse = np.where(rng.random(700) < 0.01, dense, 0)
    kind = Type(dtype, (700,))
    for values in (dense, sparse, 0 * dense):
        p = Loops()
        out = p.buffer(dtype, 700)
        data = p("alloc", type=kind, data=Dense(values.astype(kind.numpy)))
        body = functools.partial(copy_element, p, data, out)
        p.loop(0, 700, [], body, kind="vector")
        (got,) = agree(p.func(), 1)
        np.testing.assert_array_equal(got, values.astype(kind.numpy))


def copy_element(p: Loops, source: Value, target: Value, i: Value) -> list[Value]:
    p.store(p.load(source, i), target, i)
    return []


def test_large_constant_arrays_are_short_where_they_are_zero() -> None:
    array = np.zeros((500, 500))
    array[0] = np.arange(500)
    array[:, 0] = np.inf
    assert len(constant_text("x", array)) < 60_000
