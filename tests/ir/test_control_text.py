"""Control flow as text and what the verifier demands of it."""

from __future__ import annotations

from pathlib import Path

import pytest

import tapec.ir
from tapec.errors import TapecError, VerifyError
from tapec.ir import Block, Builder, Func, Op, Type, lookup
from tapec.ir.parser import parse
from tapec.ir.printer import print_func
from tapec.ir.rewrite import copy_func
from tapec.ir.verify import verify

EVERYTHING = """func @all(%n: i64, %x: f64[4]) -> (f64, f64[4], f64, f64, f64) {
  %t = tape : tape
  %z = const {value=0.0} : f64
  %t1, %s = fori_loop %n, %x, %t, %z {consts=1, carry=2} (%i: i64, %u: f64[4], %ta: tape, %a: f64) {
    %e = dynamic_index %u, %i {at=[?]} : f64
    %w = dynamic_index %u, %i {at=[?:1:1]} : f64[1]
    %b = add %a, %e : f64
    %tb = push %ta, %w, %b : tape
    yield %tb, %b
  } : tape, f64
  %t2, %p = fori_loop %n, %t1, %z {consts=0, carry=2, reverse=true} (%j: i64, %tc: tape, %c: f64) {
    %td, %w1, %q = pop %tc {types=[f64[1], f64]} : tape, f64[1], f64
    %m = add %c, %q : f64
    yield %td, %m
  } : tape, f64
  %c1, %ys = scan %z, %x {consts=0, carry=1, length=4, reverse=false} (%k: i64, %d: f64, %f: f64) {
    %o = add %d, %f : f64
    yield %o, %o
  } : f64, f64[4]
  %l = while_loop %s, %z {consts=1, carry=1} (%g: f64, %h: f64) {
    %go = less %h, %g : bool
    yield %go
  } (%g1: f64, %h1: f64) {
    %one = const {value=1.0} : f64
    %h2 = add %h1, %one : f64
    yield %h2
  } : f64
  %y = switch %n, %z (%v: f64) {
    yield %v
  } (%v1: f64) {
    %v2 = cos %v1 : f64
    yield %v2
  } : f64
  %r = call %y {name="g"} (%p1: f64) {
    %p2 = sin %p1 : f64
    yield %p2
  } : f64
  return %s, %ys, %p, %l, %r
}"""


def test_programs_of_the_readme_are_as_printed() -> None:
    text = (Path(tapec.ir.__file__).parent / "README.md").read_text()
    blocks = [b.strip() for b in text.split("```")[1::2] if b.strip().startswith("func @")]
    assert len(blocks) == 2
    for block in blocks:
        func = parse(block)
        verify(func)
        assert print_func(func) == block


def test_every_op_round_trips() -> None:
    func = parse(EVERYTHING)
    verify(func)
    assert print_func(func) == EVERYTHING
    assert print_func(copy_func(func)) == EVERYTHING


def regions(header: str, *lines: str) -> str:
    return "\n".join([f"func @f{header} {{", *lines, "}"])


REFUSED = [
    (
        regions(
            "(%p: bool, %x: f64) -> (f64)",
            "  %y = cond %p () {",
            "    yield %x",
            "  } () {",
            "    yield %x",
            "  } : f64",
            "  return %y",
        ),
        "the result %x is not defined here",
    ),
    (
        regions(
            "(%x: f64) -> (tape, tape)",
            "  %t = tape : tape",
            "  %a = push %t, %x : tape",
            "  %b = push %t, %x : tape",
            "  return %a, %b",
        ),
        "the tape %t is used twice",
    ),
    (
        regions(
            "(%x: f64) -> (tape, tape)",
            "  %t = tape : tape",
            "  return %t, %t",
        ),
        "the tape %t is used twice",
    ),
    (
        regions(
            "(%n: i64) -> (i64)",
            "  %t = tape : tape",
            "  %m = fori_loop %n, %t, %n {consts=1, carry=1} (%i: i64, %u: tape, %k: i64) {",
            "    yield %k",
            "  } : i64",
            "  return %m",
        ),
        "a tape changes, it cannot be a constant",
    ),
    (
        regions(
            "(%x: f64) -> (f64)",
            "  %y = while_loop %x {consts=0, carry=1} (%a: f64) {",
            "    yield %a",
            "  } (%b: f64) {",
            "    yield %b",
            "  } : f64",
            "  return %y",
        ),
        "the condition returns (f64)",
    ),
    (
        regions(
            "(%n: i64, %x: f64) -> (f64)",
            "  %y = fori_loop %n, %x {consts=0, carry=1} (%i: i64, %a: f64) {",
            '    %c = convert %a {dtype="f32"} : f32',
            "    yield %c",
            "  } : f64",
            "  return %y",
        ),
        "carried value 0 is f64 before the body and f32 after it",
    ),
    (
        regions(
            "(%p: bool, %x: f64) -> (f64)",
            "  %y = cond %p, %x (%a: f64) {",
            "    yield %a",
            "  } (%b: f64) {",
            "    yield",
            "  } : f64",
            "  return %y",
        ),
        "branch 0 returns (f64), branch 1 ()",
    ),
    (
        regions(
            "(%x: f64) -> (f64)",
            "  %y = scan %x {consts=0, carry=1, length=-3} (%i: i64, %a: f64) {",
            "    yield %a",
            "  } : f64",
            "  return %y",
        ),
        "the length -3 is negative",
    ),
]


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=[m[:24] for _, m in REFUSED])
def test_refusals(text: str, message: str) -> None:
    with pytest.raises(TapecError) as raised:
        verify(parse(text))
    assert message in str(raised.value)


def test_calls_share_their_function() -> None:
    inner = Builder()
    x = inner.param(Type("f64"), "x")
    body = inner.block([inner.emit(lookup("sin"), [x]).result])
    outer = Builder()
    y = outer.param(Type("f64"), "y")
    for _ in range(2):
        y = outer.emit(lookup("call"), [y], {"name": "g"}, (body,)).result
    func = outer.func("f", [y])
    verify(func)
    copied = copy_func(func)
    assert {region for op in copied.ops for region in op.regions} == {body}
    assert print_func(parse(print_func(func))) == print_func(func)


def test_only_closed_regions_are_shared() -> None:
    b = Builder()
    buffer = b.param(Type("f64", (2,), buffer=True), "y")
    zero = b.const(0.0)
    c = Builder()
    i = c.param(Type("index"), "i")
    c.emit(lookup("store"), [zero, buffer, i], {"offset": 0, "strides": (1,)})
    attrs = {"lower": 0, "upper": 2, "kind": "serial", "reduce": ()}
    loop = Op(lookup("for"), (), attrs, (), (c.block([]),))
    with pytest.raises(VerifyError, match="defined twice"):
        verify(Func("f", Block(tuple(b.params), (*b.ops, loop, loop), ())))
