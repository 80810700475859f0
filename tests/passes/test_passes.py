"""The driver and what file tests cannot say: licences, cost per op, nothing done in vain."""

from __future__ import annotations

import time

import numpy as np
import pytest

from tapec.backends import interpreter
from tapec.errors import VerifyError
from tapec.ir import Block, Builder, Func, Loc, Type, lookup
from tapec.ir.parser import parse
from tapec.ir.printer import print_func
from tapec.passes import CLEAN, cse, dce, fold, hoist, narrow, run, simplify


def program(*lines: str) -> Func:
    return parse("\n".join(lines))


def chain(n: int) -> Func:
    """n ops with something for every pass to do."""
    b = Builder()
    x = b.param(Type("f64", (8,)), "x")
    one, y = b.const(1.0), x
    for _ in range(n // 4):
        s = b.emit(lookup("sin"), [y]).result
        t = b.emit(lookup("sin"), [y]).result
        b.emit(lookup("cos"), [t])
        y = b.emit(lookup("mul"), [b.emit(lookup("add"), [s, t]).result, one]).result
    return b.func("chain", [y])


def test_run_reports_every_pass() -> None:
    seen: list[tuple[str, bool]] = []
    func = chain(20)
    after = run(
        CLEAN, func, watch=lambda name, a, b, s: seen.append((name, a is not b)), check=True
    )
    assert [name for name, _ in seen] == ["fold", "simplify", "cse", "hoist", "narrow", "dce"]
    assert [changed for _, changed in seen] == [False, True, True, False, False, True]
    assert run(CLEAN, after) is after, "a clean program is returned as it is"


def test_run_names_the_culprit() -> None:
    def broken(func: Func) -> Func:
        return Func(func.name, Block((), func.ops, func.results))

    with pytest.raises(VerifyError, match="after broken"):
        run([broken], chain(4), check=True)


def test_passes_are_pure() -> None:
    func = chain(40)
    text = print_func(func)
    run(CLEAN, func)
    assert print_func(func) == text


def test_licences_open_more_rules() -> None:
    func = program(
        "func @f(%x: f64) -> (f64, f64, f64) {",
        "  %z = const {value=0.0} : f64",
        "  %c = const {value=3.0} : f64",
        "  %a = mul %x, %z : f64",
        "  %b = add %x, %z : f64",
        "  %d = mul %x, %c : f64",
        "  %e = mul %d, %c : f64",
        "  return %a, %b, %e",
        "}",
    )
    assert simplify(func) is func
    text = print_func(dce(simplify(func, licences=frozenset({"exact", "finite", "reassoc"}))))
    assert "add" not in text
    assert text.count("mul") == 1
    assert "9.0" in text


def test_locations_survive() -> None:
    b = Builder()
    x = b.param(Type("f64"), "x")
    b.loc = Loc("model.py", 3)
    y = b.emit(lookup("integer_pow"), [x], {"n": -1}, hint="y").result
    after = run(CLEAN, b.func("f", [y]))
    assert all(op.loc == b.loc for op in after.ops)
    assert after.ops[-1].result is y


def test_effects_stay() -> None:
    text = (
        "func @f(%x: buf f64[2]) -> () {\n  %c = const {value=2.0} : f64\n"
        "  store %c, %x {offset=0, strides=[]}\n  store %c, %x {offset=0, strides=[]}\n  return\n}"
    )
    assert print_func(run(CLEAN, parse(text))) == text


def test_values_used_in_regions_are_kept_and_renamed() -> None:
    func = program(
        "func @f(%y: buf f64[4]) -> () {",
        "  %a = const {value=2.0} : f64",
        "  %b = const {value=2.0} : f64",
        '  for {lower=0, upper=4, step=1, kind="serial", reduce=[]} (%i: index) {',
        "    store %b, %y, %i {offset=0, strides=[1]}",
        "  }",
        "  return",
        "}",
    )
    after = run(CLEAN, func, check=True)
    assert [op.name for op in after.ops] == ["const", "for"]


@pytest.mark.parametrize(
    "step", [fold, simplify, cse, hoist, narrow, dce], ids=lambda p: p.__name__
)
def test_cost_is_linear_and_small(step: object) -> None:
    assert callable(step)
    func = chain(20_000)
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        step(func)
        seconds.append(time.perf_counter() - start)
    # About 1-3 us on an idle machine; the bound only catches a change of order.
    assert min(seconds) / len(func.ops) < 40e-6


def test_unrolled_reads_and_writes_stay_linear() -> None:
    b = Builder()
    n = 3000
    x = b.param(Type("f64", (n,)), "x")
    total = None
    for i in range(n):
        piece = b.emit(lookup("index"), [x], {"at": (i,)}).result
        placed = b.emit(lookup("place"), [piece], {"at": ((n - 1 - i,),), "shape": (n,)}).result
        total = placed if total is None else b.emit(lookup("add"), [total, placed]).result
    assert total is not None
    start = time.perf_counter()
    after = run(CLEAN, b.func("f", [total]))
    assert time.perf_counter() - start < 5.0
    assert after.ops[-1].name == "stack"


def test_a_write_is_read_back() -> None:
    func = program(
        "func @f(%x: f64[4], %v: f64) -> (f64, f64) {",
        "  %y = update %x, %v {at=[1]} : f64[4]",
        "  %a = index %y {at=[1]} : f64",
        "  %b = index %y {at=[2]} : f64",
        "  return %a, %b",
        "}",
    )
    after = run(CLEAN, func, check=True)
    assert [op.name for op in after.ops] == ["index"]
    args = [np.arange(4.0), np.float64(7.0)]
    assert [float(r) for r in interpreter.run(after, args)] == [7.0, 2.0]
