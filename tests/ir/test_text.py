"""Printing and parsing are inverse; the verifier and the parser say what is wrong and where."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapec import ir
from tapec.errors import ParseError, VerifyError
from tapec.ir import Block, Builder, Dense, Func, Loc, Op, Type, Value, lookup
from tapec.ir.graph import to_networkx
from tapec.ir.parser import parse
from tapec.ir.printer import print_func
from tapec.ir.verify import verify

LOOP = """func @scale(%x: buf f64[8], %y: buf f64[8]) -> () {
  %two = const {value=2.0} : f64
  %s = for %two {lower=0, upper=8, step=1, kind="serial", reduce=["add"]} (%i: index, %acc: f64) {
    %a = load %x, %i {offset=0, strides=[1]} : f64
    %b = mul %a, %two : f64
    store %b, %y, %i {offset=0, strides=[1]}
    %t = add %acc, %b : f64
    yield %t
  } : f64
  store %s, %y {offset=0, strides=[]}
  return
}"""


def test_loops_round_trip() -> None:
    func = parse(LOOP)
    verify(func)
    assert print_func(func) == LOOP


def test_names_from_hints_with_numbers_at_clashes() -> None:
    b = Builder()
    x = b.param(Type("f64"), "x")
    y = b.emit(lookup("sin"), [x], hint="x").result
    z = b.emit(lookup("sin"), [y], hint="x").result
    w = b.emit(lookup("add"), [y, z]).result
    text = print_func(b.func("f", [w]))
    assert text == (
        "func @f(%x: f64) -> (f64) {\n  %x_1 = sin %x : f64\n  %x_2 = sin %x_1 : f64\n"
        "  %0 = add %x_1, %x_2 : f64\n  return %0\n}"
    )
    assert print_func(parse(text)) == text


def test_locations_are_comments() -> None:
    b = Builder()
    x = b.param(Type("f64"), "x")
    b.loc = Loc("model.py", 14)
    y = b.emit(lookup("sin"), [x], hint="y").result
    func = b.func("f", [y])
    assert "%y = sin %x : f64  # model.py:14:" in print_func(func, locs=True)
    assert print_func(parse(print_func(func, locs=True))) == print_func(func)


def constant(array: np.ndarray) -> Func:
    b = Builder()
    type = Type(
        {"float64": "f64", "float32": "f32", "int64": "i64", "bool": "bool"}[str(array.dtype)],
        array.shape,
    )
    op = b.emit(lookup("const"), [], {"value": Dense(array), "type": type})
    return b.func("c", [op.result])


ODD_NAN = np.array([1.0, np.nan]).view(np.uint64) ^ np.uint64(5)


@pytest.mark.parametrize(
    "array",
    [
        np.array([1.0, -0.0, np.nan, np.inf, -np.inf, 5e-324]),
        np.array([[True, False]]),
        np.arange(65, dtype=np.int64),
        np.linspace(0, 1, 100).reshape(4, 25).astype(np.float32),
        np.zeros((0, 3)),
        ODD_NAN.view(np.float64),
    ],
    ids=["special", "bool", "long", "long-f32", "empty", "odd-nan"],
)
def test_arrays_round_trip_bit_for_bit(array: np.ndarray) -> None:
    func = constant(array)
    again = parse(print_func(func))
    assert again.ops[0].attrs == func.ops[0].attrs
    assert print_func(again) == print_func(func)


@given(st.floats(allow_nan=True), st.floats(width=32))
def test_floats_round_trip(x: float, y: float) -> None:
    b = Builder()
    values = [b.const(x, Type("f64")), b.const(y, Type("f32"))]
    again = parse(print_func(b.func("f", values)))
    for given_value, op in zip((x, y), again.ops, strict=True):
        assert np.float64(op.attrs["value"]).tobytes() == np.float64(given_value).tobytes() or (
            np.isnan(given_value) and np.isnan(op.attrs["value"])
        )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("func @f() -> () {\n  return", "line 2: expected '}', found 'end of text'"),
        ("func @f(%x: f63) -> () {\n  return\n}", "line 1: 'f63' is not a type"),
        ("func @f(%x: f64) -> () {\n  return %x\n}", "line 3: returns (f64), the header says ()"),
        ("func @f() -> () {\n  !\n}", "line 2: unexpected character '!'"),
        ("func @f(%x: f64) -> (f64) {\n  %y = sin %x {k=1} : f64\n  return %y\n}", None),
        (
            "func @f(%x: f64) -> (f64) {\n  %y = sin %x {k=what} : f64\n  return %y\n}",
            "line 2: 'what' is not a literal",
        ),
        (
            "func @f(%x: f64[2]) -> (f64) {\n  %y = index %x {at=[3]} : f64\n  return %y\n}",
            "line 2: index: entry 3",
        ),
        ('func @f() -> (f64) {\n  %c = const {value=dense("!")} : f64\n  return %c\n}', "line 2: "),
        (
            "func @f(%x: f64) -> (f64) {\n  %y = sin : f64\n  return %y\n}",
            "line 2: sin takes 1 operands, not 0",
        ),
    ],
)
def test_parse_errors_name_the_line(text: str, message: str | None) -> None:
    if message is None:
        parse(text)
        return
    with pytest.raises(ParseError) as error:
        parse(text)
    assert message in str(error.value)


def op(name: str, operands: list[Value], result: Value, **attrs: object) -> Op:
    return Op(lookup(name), tuple(operands), attrs, (result,))


def test_verify_finds_misuse() -> None:
    x, y, z = Value(Type("f64"), "x"), Value(Type("f64"), "y"), Value(Type("f64"), "z")
    sin = op("sin", [x], y)

    def check(ops: list[Op], results: list[Value], message: str) -> None:
        with pytest.raises(VerifyError, match=message):
            verify(Func("f", Block((x,), tuple(ops), tuple(results))))

    check([op("sin", [z], y)], [y], "used before it is defined")
    check([sin, sin], [y], "defined twice")
    check([sin], [z], "result .* is not defined")
    check([op("sin", [x], Value(Type("f32")))], [x], "inference gives f64")
    check([op("convert", [x], y, dtype=["f64"])], [y], "not a literal")
    check([op("index", [x], y, at=(1,))], [y], "index %x")


def test_graph_has_ops_params_and_uses() -> None:
    graph = to_networkx(parse(LOOP))
    assert nx.is_directed_acyclic_graph(graph)
    assert graph.has_edge(("param", 0), 1)
    assert graph.has_edge(1, 2)
    assert graph.nodes[0]["label"] == "const {value=2.0}"


def test_programs_in_the_readme_are_programs() -> None:
    text = (Path(ir.__file__).parent / "README.md").read_text()
    programs = [block for block in text.split("```\n") if block.startswith("func @")]
    assert programs
    for program in programs:
        assert print_func(parse(program)) == program.rstrip()
