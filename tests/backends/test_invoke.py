"""Functions that are called, not inlined: compiled once, with work memory and tapes of their own."""

from __future__ import annotations

import numpy as np
import pytest
from support.loop_support import Loops, agree, compiled, run_native

from tapec.backends.llvm import available
from tapec.ir import Block, Dense, Func, Type, Value

pytestmark = pytest.mark.skipif(not available()[0], reason=available()[1])

ROW = 5


def function(build) -> Block:  # type: ignore[no-untyped-def]
    """A closed region that writes its second row of ROW numbers from the first."""
    p = Loops()
    build(p, p.buffer("f64", ROW), p.buffer("f64", ROW))
    return p.func().block


def squares(p: Loops, x: Value, y: Value) -> None:
    """y = weights * x * x through work memory and a constant."""
    kind = Type("f64", (ROW,))
    work = p("alloc", type=kind)
    weights = p("alloc", type=kind, data=Dense(np.arange(1.0, ROW + 1)))

    def first(i: Value) -> list[Value]:
        p.store(p("mul", p.load(x, i), p.load(x, i)), work, i)
        return []

    def second(i: Value) -> list[Value]:
        p.store(p("mul", p.load(work, i), p.load(weights, i)), y, i)
        return []

    p.loop(0, ROW, [], first, kind="vector")
    p.loop(0, ROW, [], second, kind="vector")


def backwards(p: Loops, x: Value, y: Value) -> None:
    """y = reversed(x), over a tape; fails with an index error for x[0] > 4."""
    tape = p("tape_open")
    start = p("convert", p.load(x, 0), dtype="index")
    p.load(x, p("check_index", start, size=ROW))

    def push(i: Value) -> list[Value]:
        at = p("tape_push", tape, slots=1)
        p.op("tape_store", p.load(x, i), tape, at, offset=0, strides=(1,))
        return []

    def pop(i: Value) -> list[Value]:
        at = p("tape_pop", tape, slots=1)
        p.store(p("tape_load", tape, at, dtype="f64", offset=0, strides=(1,)), y, i)
        return []

    p.loop(0, ROW, [], push)
    p.loop(0, ROW, [], pop)


def rows(count: int, *blocks: Block) -> Func:
    """Every function in turn on every row, the next one on the results of the last."""
    p = Loops()
    x, out = p.buffer("f64", count, ROW), p.buffer("f64", count, ROW)
    middle = p("alloc", type=Type("f64", (count, ROW)))

    def body(i: Value) -> list[Value]:
        source = x
        for k, block in enumerate(blocks):
            target = out if k == len(blocks) - 1 else middle
            attrs = {"name": "g", "offsets": (0, 0), "strides": ((ROW,), (ROW,))}
            p.op("invoke", source, target, i, regions=[block], **attrs)
            source = target
        return []

    p.loop(0, count, [], body)
    return p.func()


def test_one_function_for_many_calls() -> None:
    block = function(squares)
    p = Loops()
    x, out = p.buffer("f64", 20, ROW), p.buffer("f64", 20, ROW)
    for k in range(20):
        attrs = {"name": "g", "offsets": (k * ROW, k * ROW), "strides": ((), ())}
        p.op("invoke", x, out, regions=[block], **attrs)
    assert compiled(p.func(), 1).llvm_text.count("define") == 2
    agree(p.func(), 1, np.random.default_rng(0).normal(size=(20, ROW)))


def test_functions_with_memory_constants_and_tapes_in_a_loop() -> None:
    func = rows(7, function(squares), function(backwards))
    agree(func, 1, np.random.default_rng(1).uniform(0, 1, (7, ROW)))


def test_a_function_calls_another() -> None:
    inner = function(squares)

    def outer(p: Loops, x: Value, y: Value) -> None:
        work = p("alloc", type=Type("f64", (ROW,)))
        attrs = {"name": "g", "offsets": (0, 0), "strides": ((), ())}
        p.op("invoke", x, work, regions=[inner], **attrs)
        p.op("invoke", work, y, regions=[inner], **attrs)

    func = rows(3, function(outer))
    assert compiled(func, 1).llvm_text.count("define internal") == 2
    agree(func, 1, np.random.default_rng(2).normal(size=(3, ROW)))


def test_failure_in_a_function_ends_the_kernel() -> None:
    kernel = compiled(rows(2, function(backwards)), 1)
    good = np.ones((2, ROW))
    bad = good * 1.0
    bad[1, 0] = 9.0
    for _ in range(10):
        run_native(kernel, good)
        with pytest.raises(IndexError):
            run_native(kernel, bad)
