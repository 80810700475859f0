"""Loops and branches lowered: the same values as the array program."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.lowering_regions import (
    at,
    check,
    cond,
    count,
    emit,
    fori,
    put,
    region,
    scan,
    types,
    while_loop,
)

from tapec.ir import PRIMITIVES as P

RNG = np.random.default_rng(5)
X = RNG.normal(size=40)
A = RNG.normal(size=(20, 20)) * 0.1


def test_scalar_loop_is_registers() -> None:
    def lotka(x: Any, y: Any, p: Any) -> Any:
        def step(i: Any, p: Any, x: Any, y: Any) -> Any:
            dx = x * P["index"](p, at=(0,)) - x * y
            return x + dx * 0.01, y - y * 0.01 * P["index"](p, at=(1,)), x

        return scan(step, (x, y), 100, consts=(p,))

    loops = check(lotka, 1.0, 0.5, np.array([0.3, 0.2]))
    (loop,) = [op for op in loops.ops if op.name == "for"]
    assert {op.name for op in loop.regions[0].ops} <= {"mul", "sub", "add", "store", "convert"}
    assert len(loop.operands) == 2


@pytest.mark.parametrize("reverse", [False, True])
def test_scan_slices(reverse: bool) -> None:
    def body(x: Any, m: Any) -> Any:
        def step(i: Any, s: Any, row: Any, col: Any) -> Any:
            return s * 0.5 + row * col, P["sin"](s), P["reduce_sum"](row, axes=(0,))

        return scan(step, (x,), 20, xs=(m, P["transpose"](m, perm=(1, 0))), reverse=reverse)

    check(body, X[:20], A)


def test_run_time_counts() -> None:
    def body(n: Any, x: Any, s: Any) -> Any:
        def step(i: Any, x: Any, s: Any) -> Any:
            return s + at(x, i)

        back = fori(step, n, (s,), consts=(x,), reverse=True)
        return fori(step, n, (s,), consts=(x,)), back * 2.0

    for n in (7, 0, -3):
        check(body, n, X, 0.5)


def test_while() -> None:
    def body(x: Any, a: Any) -> Any:
        def test(a: Any, x: Any, v: Any) -> Any:
            return P["greater"](P["abs"](x * x - a), 1e-12)

        def step(a: Any, x: Any, v: Any) -> Any:
            return (x + a / x) * 0.5, v * 0.9

        return while_loop(test, step, (a, x), consts=(a,))

    check(body, X, 3.0)


def test_branches() -> None:
    def body(p: Any, x: Any, s: Any) -> Any:
        big = cond(p, lambda x, s: x * s, lambda x, s: P["exp"](x), x, s)
        small = cond(p, lambda s: s * 2.0, lambda s: s + 1.0, s)
        both = cond(p, lambda x, s: (x, s), lambda x, s: (x + 1.0, P["sin"](P["exp"](s))), x, s)
        return big, small, *both

    for p in (True, False):
        loops = check(body, p, X, 0.3)
        assert count(loops, "if") == 2
        assert count(loops, "select") == 1


def test_switch() -> None:
    def body(k: Any, x: Any) -> Any:
        sides = [lambda x: x * 2.0, lambda x: P["exp"](x), lambda x: x, lambda x: x - 1.0]
        return emit("switch", (k, x), tuple(region(types(x), f) for f in sides))

    for k in (-1, 0, 1, 2, 3, 9):
        check(body, k, X)
        check(body, k, 0.5)


def test_nothing_leaves_a_branch() -> None:
    """Index checks and costly ops of a side run only when the side is taken."""

    def body(i: Any, x: Any, y: Any) -> Any:
        safe = P["less"](i, P["add"](i * 0, 40))
        return cond(safe, lambda i, x, y: at(x, i) + P["exp"](y), lambda i, x, y: y, i, x, y)

    loops = check(body, 39, X, 0.5)
    assert not {"check_index", "exp"} & {op.name for op in loops.ops}
    check(body, 40, X, 0.5)


def test_tape() -> None:
    def body(n: Any, x: Any, s: Any) -> Any:
        tape = emit_tape(n)

        def forth(i: Any, x: Any, s: Any, tape: Any) -> Any:
            tape = emit("push", (tape, s, x * s, P["less"](s, 0.5)), ())
            return P["sin"](s) + at(x, i), tape

        s, tape = fori(forth, n, (s, tape), consts=(x,))

        def back(i: Any, c: Any, total: Any, tape: Any) -> Any:
            kinds = (s.type, x.type, P["less"](s, 0.5).type)
            tape, old, row, flag = emit("pop", (tape,), (), types=kinds)
            c = P["select"](flag, c * P["cos"](old), c)
            return c, total + row, tape

        c, total, _ = fori(back, n, (s * 0.0 + 1.0, x * 0.0, tape), reverse=True)
        return s, c, total

    for n in (9, 0):
        check(body, n, X, 0.2)


def emit_tape(like: Any) -> Any:
    from tapec.ir import Expr

    return Expr(like.builder, like.builder.emit(P["tape"], ()).result)


def test_small_arrays_at_run_time_places() -> None:
    def body(x: Any, n: Any) -> Any:
        def step(i: Any, n: Any, y: Any) -> Any:
            return put(y, at(y, i) + at(y, n - i), i)

        return scan(step, (x,), 4, consts=(n,)), x * 2.0

    check(body, X[:5], 3)


def test_nested_loops() -> None:
    def body(m: Any) -> Any:
        def outer(i: Any, m: Any) -> Any:
            def inner(j: Any, i: Any, m: Any) -> Any:
                return put(m, at(m, i, j) * 0.5 + at(m, j, i), i, j)

            return fori(inner, i, (m,), consts=(i,))

        return scan(outer, (m,), 20)

    loops = check(body, A)
    assert count(loops, "alloc") == 0
    assert count(loops, "store") == 2  # one copy of the input, one element


def test_swapped_and_shifted_carries() -> None:
    def body(a: Any, b: Any, c: Any) -> Any:
        return scan(lambda i, a, b, c: (b, c, a), (a, b, c), 4)

    check(body, X, X * 2, X + 1)
    check(lambda a, b: scan(lambda i, a, b: (b, P["add"](a, b)), (a, b), 6), X, X * 2)
    check(lambda a, b: scan(lambda i, a, b: (b, b), (a, b), 6), X, X * 2)


def test_calls_and_custom_rules_are_inlined() -> None:
    def body(x: Any) -> Any:
        block = region(types(x), lambda x: P["sin"](x) * 2.0)
        y = emit("call", (x,), (block,), name="g")
        return emit("custom", (y,), (block,), rules=())

    assert count(check(body, X), "call", "custom") == 0
