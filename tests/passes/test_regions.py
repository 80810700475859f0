"""Passes in and on branches and loops: cost, sharing, errors, what depends on what."""

from __future__ import annotations

import time

import numpy as np
import pytest

from tapec.backends import interpreter
from tapec.ir import Block, Builder, Func, Type, Value, lookup
from tapec.ir.dependence import Dependence
from tapec.ir.parser import parse
from tapec.ir.printer import print_func
from tapec.passes import CLEAN, clean, run

SCALAR, INDEX = Type("f64"), Type("i64")


def loop(b: Builder, count: Value, consts: list[Value], carry: list[Value], body: Block) -> list:
    attrs = {"consts": len(consts), "carry": len(carry), "reverse": False}
    return list(b.emit(lookup("fori_loop"), [count, *consts, *carry], attrs, (body,)).results)


def nest(ops: int, carries: int, depth: int) -> Block:
    """Loops in loops, each with something for every pass to do."""
    b = Builder()
    count, fixed = b.param(INDEX), b.param(SCALAR)
    values = [b.param(SCALAR) for _ in range(carries)]
    if depth:
        inner = nest(ops, carries, depth - 1)
        values = loop(b, count, [fixed], values, inner)
    for k in range(ops):
        source = fixed if k % 5 == 0 else values[k % carries]
        sine = b.emit(lookup("sin"), [source]).result
        one = b.const(1.0)
        scaled = b.emit(lookup("mul"), [values[(7 * k + 1) % carries], one]).result
        values[k % carries] = b.emit(lookup("add"), [sine, scaled]).result
    return b.block(values)


def nested(ops: int, carries: int, depth: int) -> Func:
    b = Builder()
    count, x = b.param(INDEX, "n"), b.param(SCALAR, "x")
    results = loop(b, count, [x], [x] * carries, nest(ops, carries, depth))
    return b.func("f", results[:1])


@pytest.mark.parametrize(("ops", "carries", "depth"), [(4000, 5, 0), (60, 5, 60), (400, 400, 0)])
def test_cost_is_linear(ops: int, carries: int, depth: int) -> None:
    """In the ops of one body, in the depth of nesting, and bearable in the carried values."""
    func = nested(ops, carries, depth)
    start = time.perf_counter()
    clean(func)
    # About 20 us per op in all rounds on an idle machine; the bound only catches a change of order.
    assert (time.perf_counter() - start) / (4 * ops * (depth + 1)) < 400e-6


def test_clean_comes_to_rest() -> None:
    after = clean(nested(20, 3, 4))
    assert run(CLEAN, after) is after
    assert clean(after) is after


def test_calls_go_on_sharing_their_function() -> None:
    inner = Builder()
    x = inner.param(SCALAR, "x")
    twice = inner.emit(lookup("add"), [inner.emit(lookup("sin"), [x]).result] * 2).result
    inner.emit(lookup("cos"), [x])
    body = inner.block([inner.emit(lookup("mul"), [twice, inner.const(1.0)]).result])
    outer = Builder()
    y = outer.param(SCALAR, "y")
    for _ in range(3):
        y = outer.emit(lookup("call"), [y], {"name": "g"}, (body,)).result
    after = clean(outer.func("f", [y]))
    (shared,) = {region for op in after.ops for region in op.regions}
    assert [op.name for op in shared.ops] == ["sin", "add"]


ERRORS = """func @f(%n: i64, %k: i64, %x: f64[3], %y: f64) -> (f64) {
  %a = LOOP (%i: i64, %u: f64[3], %j: i64, %c: f64) {
    %e = dynamic_index %u, %j {at=[?]} : f64
    %d = mul %c, %e : f64
    yield %d
  } : f64
  return %a
}"""


@pytest.mark.parametrize(
    "header",
    [
        "fori_loop %n, %x, %k, %y {consts=2, carry=1, reverse=false}",
        "scan %x, %k, %y {consts=2, carry=1, length=30}",
        "scan %x, %k, %y {consts=2, carry=1, length=0}",
        "scan %x, %k, %y {consts=2, carry=1, length=2}",
    ],
)
@pytest.mark.parametrize("count", [0, 2])
def test_errors_stay_those_of_the_program(header: str, count: int) -> None:
    """An index out of bounds raises where the loop runs, and nowhere else."""
    before = parse(ERRORS.replace("LOOP", header))
    after = clean(before)
    args = [np.int64(count), np.int64(7), np.arange(3.0), np.float64(2.0)]
    outcomes = []
    for func in (before, after):
        try:
            outcomes.append(str(interpreter.run(func, args)))
        except IndexError:
            outcomes.append("IndexError")
    assert outcomes[0] == outcomes[1]


def test_what_depends_on_what() -> None:
    func = parse(
        "func @f(%n: i64, %x: f64, %p: bool, %v: f64[9]) -> () {\n"
        "  %a, %b, %c = fori_loop %n, %x, %x, %x, %x {consts=1, carry=3, reverse=false} "
        "(%i: i64, %k: f64, %q: f64, %r: f64, %s: f64) {\n"
        "    %t = sin %r : f64\n    yield %t, %k, %s\n  } : f64, f64, f64\n"
        "  %d, %ys = scan %x, %x, %v {consts=1, carry=1, length=9} "
        "(%j: i64, %l: f64, %m: f64, %w: f64) {\n"
        "    %z = mul %l, %w : f64\n    yield %w, %z\n  } : f64, f64[9]\n"
        "  %e, %g = cond %p, %x, %x (%h: f64, %o: f64) {\n    yield %h, %o\n"
        "  } (%h1: f64, %o1: f64) {\n    yield %o1, %o1\n  } : f64, f64\n"
        "  %u = while_loop %x, %x, %x {consts=1, carry=2} (%w1: f64, %w2: f64, %w3: f64) {\n"
        "    %less = less %w1, %w2 : bool\n    yield %less\n"
        "  } (%w4: f64, %w5: f64, %w6: f64) {\n    yield %w5, %w5\n  } : f64, f64\n"
        "  return\n}".replace("%u = while", "%u1, %u2 = while")
    )
    found = {op.name: Dependence().of(op) for op in func.ops}
    # Operands: count, k, then what a, b and c start from. a needs b, which needs k.
    assert found["fori_loop"] == (0b01111, 0b01011, 0b10001)
    assert found["scan"] == (0b110, 0b101)
    assert found["cond"] == (0b111, 0b101)
    # The condition reads the constant and the first carried value: all results need both.
    assert found["while_loop"] == (0b011, 0b111)


def test_programs_with_regions_print_as_before() -> None:
    func = nested(5, 2, 2)
    text = print_func(func)
    clean(func)
    assert print_func(func) == text
