"""Calls that stay calls: lowered once, the same values as inlined."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.lowering_regions import at, check, cond, count, emit, inside, region, scan, types

from tapec.ir import PRIMITIVES as P
from tapec.ir.core import Block, Func

X = np.random.default_rng(3).normal(size=(6, 30))


def mixing(x: Any, s: Any) -> Any:
    """Much arithmetic on an array and a number; returns both again, and a flag."""
    for k in range(12):
        x = P["tanh"](x * 0.7 + s) + P["reduce_sum"](x, axes=(0,)) * 0.01
        s = P["sin"](s) + k
    return x, s, P["less"](s, 3.0)


def called(block: Block, *operands: Any) -> Any:
    return emit("call", operands, (block,), name="mixing")


def functions(func: Func) -> int:
    return len({id(op.regions[0]) for op in inside(func, "invoke")})


def test_one_function_for_rows_and_numbers() -> None:
    def body(x: Any, s: Any) -> Any:
        row = P["index"](x, at=(0, (0, 30, 1)))
        block = region(types(row, s), mixing)
        for k in range(6):
            row = row + P["index"](x, at=(k, (0, 30, 1)))
            row, s, small = called(block, row, s)
            s = P["select"](small, s, s * 0.5)
        return row, s

    loops = check(body, X, 0.3)
    assert count(loops, "invoke") == 6
    assert functions(loops) == 1


def test_in_loops_and_branches_with_places_in_arrays() -> None:
    def body(x: Any, s: Any) -> Any:
        block = region([x.type.with_shape((30,)), s.type], mixing)

        def step(i: Any, s: Any, row: Any) -> Any:
            row, s, _ = called(block, row, s)
            side = (lambda row, s: called(block, row * 2.0, s)[:2], lambda row, s: (row, s))
            row, s = cond(P["less"](s, 2.0), *side, row, s)
            return s * 0.1, row + at(row, 3)

        return scan(step, (s,), 6, xs=(x,))

    loops = check(body, X, 0.3)
    assert count(loops, "invoke") == 2
    assert functions(loops) == 1


def test_functions_that_call_functions_and_loop() -> None:
    def body(x: Any, s: Any) -> Any:
        row = P["index"](x, at=(0, (0, 30, 1)))
        inner = region(types(row, s), mixing)

        def outer(row: Any, s: Any) -> Any:
            a, s, _ = called(inner, row, s)
            b, s, _ = called(inner, a + row, s)
            (row,) = (scan(lambda i, b, row: row * 0.5 + b, (row,), 5, consts=(b,)),)
            return row, s, P["less"](s, 1.0)

        block = region(types(row, s), outer)
        row, s, _ = called(block, row, s)
        return called(block, row, s)

    loops = check(body, X, 0.3)
    assert functions(loops) == 2


@pytest.mark.parametrize("times", [1, 5])
def test_small_functions_and_single_calls_are_inlined(times: int) -> None:
    def body(x: Any, s: Any) -> Any:
        row = P["index"](x, at=(0, (0, 30, 1)))
        step = mixing if times == 1 else lambda x, s: (x + s, s * 2.0, P["less"](s, 1.0))
        block = region(types(row, s), step)
        for _ in range(times):
            row, s, _ = called(block, row, s)
        return row, s

    assert count(check(body, X, 0.3), "invoke") == 0


def test_elements_count_and_what_functions_hand_on_stays_in_memory() -> None:
    def first(v: Any) -> Any:
        for _ in range(4):
            v = P["sin"](v) * P["cos"](v) * 0.9
        return v, P["exp"](v)

    def second(v: Any, e: Any) -> Any:
        for _ in range(4):
            v = P["tanh"](v * e) + P["sin"](e)
        return v

    def body(x: Any, s: Any) -> Any:
        v = P["index"](x, at=(0, (0, 4, 1))) * s
        one = region(types(v), first)
        two = region(types(v, v), second)
        for _ in range(3):
            v = emit("call", (emit("call", (v,), (one,), name="first")), (two,), name="second")
        return v

    loops = check(body, X, 0.3)
    assert count(loops, "invoke") == 6
    assert functions(loops) == 2
    # The four elements at the start and at the end; nothing between the functions.
    assert sum(op.name == "load" for op in loops.ops) <= 2 * 4 + 1
