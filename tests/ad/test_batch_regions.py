"""Batching through regions: every program over lanes agrees with the program run lane by lane."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from tapec.ad.batching import batch
from tapec.backends.interpreter import run
from tapec.ir import Func
from tapec.ir.parser import parse
from tapec.ir.verify import verify

SIZE = 5
Array = Any


def ints(*numbers: int) -> Array:
    return np.array(numbers)


# name -> (program, arguments of all lanes: leading axis SIZE)
PROGRAMS: dict[str, tuple[str, tuple[Array, ...]]] = {}


def program(name: str, text: str, *args: Array) -> None:
    PROGRAMS[name] = (f"func @{name}{text}", args)


rng = np.random.default_rng(11)
FLOATS = rng.uniform(0.5, 2.0, SIZE)
ROWS = rng.standard_normal((SIZE, 4))

program(
    "scan",
    """(%x: f64[4], %k: f64, %a: f64) -> (f64, f64, f64[4], f64[4]) {
  %n = const {value=0.0} : f64
  %s, %m, %y, %z = scan %k, %a, %n, %x {consts=1, carry=2, length=4, reverse=true}
      (%i: i64, %c: f64, %s0: f64, %n0: f64, %xi: f64) {
    %p = mul %s0, %xi : f64
    %q = add %p, %c : f64
    %f = convert %i {dtype="f64"} : f64
    %n1 = add %n0, %f : f64
    yield %q, %n1, %p, %f
  } : f64, f64, f64[4], f64[4]
  return %s, %m, %y, %z
}""",
    ROWS, FLOATS, FLOATS[::-1].copy(),
)  # fmt: skip

program(
    "fori",
    """(%n: i64, %c: f64, %a: f64, %b: f64) -> (f64, f64) {
  %r, %s = fori_loop %n, %c, %a, %b {consts=1, carry=2, reverse=true}
      (%i: i64, %k: f64, %u: f64, %v: f64) {
    %f = convert %i {dtype="f64"} : f64
    %w = mul %u, %k : f64
    %x = add %w, %f : f64
    yield %x, %v
  } : f64, f64
  return %r, %s
}""",
    ints(3, 0, 5, -1, 2), FLOATS, FLOATS[::-1].copy(), FLOATS + 1,
)  # fmt: skip

# Halves until below the limit; the index runs past the end of the array in a lane that is done.
program(
    "halve",
    """(%x: f64[4], %limit: f64, %a: f64) -> (f64, i64, f64) {
  %z = const {value=0} : i64
  %o = const {value=0.0} : f64
  %h, %j, %t = while_loop %x, %limit, %a, %z, %o {consts=2, carry=3}
      (%u: f64[4], %l: f64, %b: f64, %i: i64, %s: f64) {
    %go = greater %b, %l : bool
    yield %go
  } (%u1: f64[4], %l1: f64, %b1: f64, %i1: i64, %s1: f64) {
    %two = const {value=2.0} : f64
    %one = const {value=1} : i64
    %h1 = div %b1, %two : f64
    %e = gather %u1, %i1 : f64
    %t1 = add %s1, %e : f64
    %k = add %i1, %one : i64
    yield %h1, %k, %t1
  } : f64, i64, f64
  return %h, %j, %t
}""",
    ROWS, np.array([1.0, 0.5, 3.0, 0.1, 0.3]), np.array([15.9, 3.9, 2.0, 0.3, 4.7]),
)  # fmt: skip

program(
    "choose",
    """(%p: bool, %i: i64, %x: f64[4], %c: f64) -> (f64, f64, i64) {
  %y, %z, %j = cond %p, %i, %x, %c (%i0: i64, %x0: f64[4], %c0: f64) {
    %e = gather %x0, %i0 : f64
    %s = sqrt %e : f64
    yield %s, %c0, %i0
  } (%i1: i64, %x1: f64[4], %c1: f64) {
    %t = mul %c1, %c1 : f64
    yield %t, %c1, %i1
  } : f64, f64, i64
  return %y, %z, %j
}""",
    np.array([True, False, True, False, True]), ints(0, 9, -1, 4, 3), np.abs(ROWS), FLOATS,
)  # fmt: skip

program(
    "pick",
    """(%i: i64, %x: f64[4]) -> (f64[4], f64) {
  %y, %z = switch %i, %x (%x0: f64[4]) {
    %o = const {value=1.0} : f64
    yield %x0, %o
  } (%x1: f64[4]) {
    %s = sin %x1 : f64[4]
    %o1 = const {value=2.0} : f64
    yield %s, %o1
  } (%x2: f64[4]) {
    %s1 = cos %x2 : f64[4]
    %o2 = const {value=3.0} : f64
    yield %s1, %o2
  } : f64[4], f64
  return %y, %z
}""",
    ints(-3, 0, 1, 2, 7), ROWS,
)  # fmt: skip

# A loop in a branch: lanes elsewhere would run for ever.
program(
    "nested",
    """(%p: bool, %a: f64, %s: f64) -> (f64, i64) {
  %z = const {value=0} : i64
  %y, %m = cond %p, %a, %s, %z (%b: f64, %t: f64, %n: i64) {
    %h, %k = while_loop %t, %b, %n {consts=1, carry=2} (%t1: f64, %c: f64, %i: i64) {
      %l = const {value=0.1} : f64
      %go = greater %c, %l : bool
      yield %go
    } (%t2: f64, %c1: f64, %i1: i64) {
      %one = const {value=1} : i64
      %d = mul %c1, %t2 : f64
      %j = add %i1, %one : i64
      yield %d, %j
    } : f64, i64
    yield %h, %k
  } (%b1: f64, %t3: f64, %n1: i64) {
    yield %t3, %n1
  } : f64, i64
  return %y, %m
}""",
    np.array([True, False, False, True, True]), FLOATS, np.array([0.5, 1.0, 0.9, 0.7, 0.1]),
)  # fmt: skip

program(
    "inner",
    """(%n: i64, %m: i64, %a: f64) -> (f64) {
  %r = fori_loop %n, %m, %a {consts=1, carry=1} (%i: i64, %m0: i64, %b: f64) {
    %k = add %m0, %i : i64
    %c = fori_loop %k, %b {consts=0, carry=1} (%j: i64, %d: f64) {
      %f = convert %j {dtype="f64"} : f64
      %s = sin %d : f64
      %e = add %s, %f : f64
      yield %e
    } : f64
    yield %c
  } : f64
  return %r
}""",
    ints(2, 0, 1, 3, 1), ints(0, 3, 1, 2, -2), FLOATS,
)  # fmt: skip

program(
    "twice",
    """(%x: f64[4], %c: f64) -> (f64[4], f64[4]) {
  %y, %u = call %x, %c {name="g"} (%a: f64[4], %b: f64) {
    %s = mul %a, %b : f64[4]
    yield %s, %a
  } : f64[4], f64[4]
  return %y, %u
}""",
    ROWS, FLOATS,
)  # fmt: skip

program(
    "ruled",
    """(%n: i64, %x: f64[4], %c: f64) -> (f64, i64) {
  %y, %m = custom %n, %x, %c {rules=["vjp"]} (%k: i64, %a: f64[4], %b: f64) {
    %s = reduce_sum %a {axes=[0]} : f64
    %t = mul %s, %b : f64
    yield %t, %k
  } (%k1: i64, %a1: f64[4], %b1: f64, %ct: f64) {
    %d = mul %a1, %ct : f64[4]
    yield %d, %ct
  } : f64, i64
  return %y, %m
}""",
    ints(1, 2, 3, 4, 5), ROWS, FLOATS,
)  # fmt: skip

# Values kept by one loop and used backwards by the next, as the reverse sweeps of loops do.
TAPED = """(%n: i64, %m: i64, %x: f64, %g: f64) -> (f64) {
  %t = tape : tape
  %t0 = push %t, %g : tape
  %t1, %y = fori_loop %n, %t0, %x {consts=0, carry=2} (%i: i64, %u: tape, %a: f64) {
    %v = push %u, %a : tape
    %b = sin %a : f64
    yield %v, %b
  } : tape, f64
  %t2, %z = fori_loop %n, %t1, %g {consts=0, carry=2, reverse=true}
      (%i1: i64, %u1: tape, %c: f64) {
    %v1, %a1 = pop %u1 {types=[f64]} : tape, f64
    %d = cos %a1 : f64
    %e = mul %c, %d : f64
    yield %v1, %e
  } : tape, f64
  %t3, %first = pop %t2 {types=[f64]} : tape, f64
  %s = add %z, %first : f64
  %r = mul %s, %y : f64
  return %r
}"""
program("taped", TAPED, ints(2, 0, 4, 1, 3), ints(1, 1, 1, 1, 1), FLOATS, FLOATS[::-1].copy())

# The same, the loops inside branches: the second goes through them in the other order.
program(
    "taped_branches",
    """(%p: bool, %q: f64, %x: f64, %g: f64) -> (f64) {
  %t = tape : tape
  %t1, %y = cond %p, %t, %x (%u: tape, %a: f64) {
    %v = push %u, %a : tape
    %b = sin %a : f64
    yield %v, %b
  } (%u1: tape, %a1: f64) {
    %b1 = exp %a1 : f64
    %v1 = push %u1, %a1, %b1 : tape
    yield %v1, %b1
  } : tape, f64
  %t2, %z = cond %p, %t1, %g (%u2: tape, %c: f64) {
    %v2, %a2 = pop %u2 {types=[f64]} : tape, f64
    %d = cos %a2 : f64
    %e = mul %c, %d : f64
    yield %v2, %e
  } (%u3: tape, %c1: f64) {
    %v3, %a3, %b2 = pop %u3 {types=[f64, f64]} : tape, f64, f64
    %e1 = mul %c1, %b2 : f64
    yield %v3, %e1
  } : tape, f64
  %r = mul %y, %z : f64
  return %r
}""",
    np.array([True, False, True, False, True]), FLOATS, FLOATS, FLOATS[::-1].copy(),
)  # fmt: skip


def cases() -> list[tuple[str, tuple[bool, ...]]]:
    found = []
    for name, (_, args) in PROGRAMS.items():
        found += [(name, flags) for flags in product((True, False), repeat=len(args))]
    return found


def lanes(func: Func, args: list[Array], flags: tuple[bool, ...]) -> list[list[Array]]:
    return [
        run(func, [a[k] if f else a for a, f in zip(args, flags, strict=True)]) for k in range(SIZE)
    ]


@pytest.mark.parametrize(("name", "flags"), cases())
def test_lanes_are_independent(name: str, flags: tuple[bool, ...]) -> None:
    text, full = PROGRAMS[name]
    func = parse(text)
    args = [a if f else np.asarray(a[2]) for a, f in zip(full, flags, strict=True)]
    made = batch(func, flags, SIZE)
    verify(made)
    try:
        expected_lanes = lanes(func, args, flags)
    except IndexError:
        with pytest.raises(IndexError):
            run(made, args)
        return
    found = run(made, args)
    for k, wanted in enumerate(expected_lanes):
        for got, expected in zip(found, wanted, strict=True):
            np.testing.assert_array_equal(got[k], expected)


def names(func: Func) -> list[str]:
    found = []
    pending = list(func.ops)
    while pending:
        op = pending.pop()
        found.append(op.name)
        for region in op.regions:
            pending.extend(region.ops)
    return found


def test_one_decision_for_all_lanes_stays_a_branch() -> None:
    func = parse(PROGRAMS["choose"][0])
    assert "cond" in names(batch(func, (False, False, True, True), SIZE))
    assert "cond" not in names(batch(func, (True, False, False, False), SIZE))


def test_what_is_not_batched_stays_single() -> None:
    text, _ = PROGRAMS["fori"]
    made = batch(parse(text), (False, False, False, True), SIZE)
    (loop,) = [op for op in made.ops if op.name == "fori_loop"]
    assert [v.type.shape for v in loop.results] == [(), (SIZE,)]


def test_a_tape_stays_single_where_only_later_values_are_batched() -> None:
    text, _ = PROGRAMS["taped"]
    made = batch(parse(text), (False, False, False, True), SIZE)
    first = next(op for op in made.ops if op.name == "fori_loop")
    assert first.results[1].type.shape == ()


def test_masked_lanes_do_not_factor_singular_matrices() -> None:
    text = """func @f(%p: bool, %a: f64[2,2], %b: f64[2,1]) -> (f64[2,1]) {
  %y = cond %p, %a, %b (%m: f64[2,2], %c: f64[2,1]) {
    %s = solve %m, %c : f64[2,1]
    yield %s
  } (%m1: f64[2,2], %c1: f64[2,1]) {
    yield %c1
  } : f64[2,1]
  return %y
}"""
    func = parse(text)
    a = np.array([[[2.0, 1.0], [0.0, 4.0]], np.zeros((2, 2))])
    b = np.array([[[1.0], [2.0]], [[3.0], [4.0]]])
    (found,) = run(batch(func, (True, True, True), 2), [np.array([True, False]), a, b])
    np.testing.assert_allclose(found, [np.linalg.solve(a[0], b[0]), b[1]])
    with pytest.raises(np.linalg.LinAlgError):
        run(batch(func, (True, True, True), 2), [np.array([True, True]), a, b])
