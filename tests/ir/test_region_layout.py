"""How operands and results of branches, loops and calls stand to those of their regions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapec.backends import interpreter
from tapec.ir import Block, Builder, Func, Op, Type, Value, lookup
from tapec.ir.dependence import Dependence
from tapec.ir.regions import (
    branch_or_loop,
    pick,
    rebuilt,
    region_op,
    split,
    with_consts,
    with_ops,
)

F, INT, BOOL = Type("f64"), Type("i64"), Type("bool")
LENGTH = 5
KINDS = ("cond", "switch", "call", "scan", "fori_loop", "while_loop")
LOOPS = ("scan", "fori_loop", "while_loop")
LEADS = {"cond": BOOL, "switch": INT, "fori_loop": INT}


@dataclass(frozen=True)
class Shape:
    """How many there are of each kind, and what every result of every body sums up."""

    kind: str
    consts: int
    carry: int
    arrays: int
    sums: tuple[tuple[tuple[int, ...], ...], ...]  # per body and result: numbers of arguments


@st.composite
def shapes(draw: st.DrawFn, kinds: Sequence[str] = KINDS) -> Shape:
    kind = draw(st.sampled_from(kinds))
    consts = draw(st.integers(0, 2))
    carry = draw(st.integers(1, 3)) if kind in LOOPS else 0
    arrays = draw(st.integers(0, 2)) if kind == "scan" else 0
    more = 0 if kind in ("fori_loop", "while_loop") else draw(st.integers(0, 2))
    args = consts + carry + arrays
    numbers = st.lists(st.integers(0, args - 1), unique=True, max_size=3) if args else st.just([])
    bodies = {"cond": 2, "switch": 3}.get(kind, 1)
    one = st.tuples(*[numbers.map(tuple)] * (carry + more))
    return Shape(kind, consts, carry, arrays, draw(st.tuples(*[one] * bodies)))


def body(s: Shape, sums: tuple[tuple[int, ...], ...]) -> Block:
    b = Builder()
    if s.kind in ("scan", "fori_loop"):
        b.param(INT)
    args = [b.param(F) for _ in range(s.consts + s.carry + s.arrays)]
    results = []
    for chosen in sums:
        total = b.const(0.5, F)
        for k in chosen:
            total = b.emit(lookup("add"), (total, args[k])).result
        results.append(total)
    if s.kind == "while_loop":  # the first carried value counts
        results[0] = b.emit(lookup("add"), (args[s.consts], b.const(1.0, F))).result
    return Block(tuple(b.params), tuple(b.ops), tuple(results))


def goes_on(s: Shape) -> Block:
    b = Builder()
    args = [b.param(F) for _ in range(s.consts + s.carry)]
    go_on = b.emit(lookup("less"), (args[s.consts], b.const(float(LENGTH), F))).result
    return Block(tuple(b.params), tuple(b.ops), (go_on,))


def program(s: Shape, length: int = LENGTH) -> tuple[Func, Op]:
    """The op, its operands being the program's parameters."""
    b = Builder()
    lead = [b.param(LEADS[s.kind])] if s.kind in LEADS else []
    args = [b.param(F) for _ in range(s.consts + s.carry)]
    arrays = [b.param(Type("f64", (length,))) for _ in range(s.arrays)]
    attrs: dict[str, Any] = {"consts": s.consts, "carry": s.carry} if s.kind in LOOPS else {}
    if s.kind == "scan":
        attrs["length"] = length
    if s.kind == "call":
        attrs["name"] = "f"
    regions = tuple(body(s, sums) for sums in s.sums)
    if s.kind == "while_loop":
        regions = (goes_on(s), *regions)
    op = b.emit(lookup(s.kind), (*lead, *args, *arrays), attrs, regions)
    return b.func("f", list(op.results)), op


def arguments(func: Func, seed: int) -> list[Any]:
    rng = np.random.default_rng(seed)
    values = {BOOL: rng.random() < 0.5, INT: np.int64(rng.integers(1, 4))}
    return [values.get(p.type, rng.random(p.type.shape)) for p in func.params]


def changed(value: Any, type: Type) -> Any:
    return not value if type == BOOL else value + np.ones((), type.numpy)


@given(shapes())
def test_operands_and_parameters_correspond(s: Shape) -> None:
    func, op = program(s)
    r = region_op(op)
    assert len(r.args) == s.consts + s.carry + s.arrays
    assert len(r.groups(r.args)[0]) == (s.consts if s.kind in LOOPS else len(r.args))
    assert r.starts == op.operands[r.first : r.first + s.carry] == r.groups(r.args)[1]
    assert r.starts == pick(r.args, r.carried)
    for region in op.regions:
        pairs = zip(r.params(region), r.args, strict=True)
        assert all(p.type.dtype == a.type.dtype for p, a in pairs)
        assert r.state(region) == r.groups(r.params(region))[1]
    for block in r.bodies:
        assert len(block.results) == len(op.results)
        assert [v.type for v in r.state(block)] == [v.type for v in block.results[: s.carry]]
    assert (branch_or_loop(op) is None) == (s.kind == "call")
    for k, p in enumerate(r.params(r.bodies[0])):
        mask = 1 << r.bodies[0].params.index(p)
        assert r.operands_of(mask) == 1 << func.params.index(r.args[k])


@given(shapes())
def test_rebuilt_with_everything_it_is_the_same(s: Shape) -> None:
    _, op = program(s)
    r = region_op(op)
    again = rebuilt(r, range(len(r.args)), range(len(op.results)))
    assert (again.operands, again.results, dict(again.attrs)) == (
        op.operands, op.results, dict(op.attrs))  # fmt: skip
    for old, new in zip(op.regions, again.regions, strict=True):
        assert (old.params, old.ops, old.results) == (new.params, new.ops, new.results)


def run(func: Func, op: Op, args: Sequence[Any]) -> list[Any]:
    return interpreter.run(Func("f", Block(func.params, (op,), op.results)), args)


@given(shapes(), st.data(), st.integers(0, 9))
def test_fewer_results_are_the_same_ones(s: Shape, data: st.DataObject, seed: int) -> None:
    """Results that are not carried can go, and then arguments that nothing reads."""
    func, op = program(s)
    r, args = region_op(op), arguments(func, seed)
    extra = range(s.carry, len(op.results))
    kept = [k for k in extra if data.draw(st.booleans())]
    results = [*range(s.carry), *kept]
    used = {v for region in op.regions for o in region.ops for v in o.operands}
    read = [k for k in range(len(r.args))
            if k in r.carried or any(r.params(b)[k] in used for b in op.regions)]  # fmt: skip
    new = rebuilt(r, read, results)
    assert len(new.operands) == r.lead + len(read)
    expected = run(func, op, args)
    for k, found in zip(results, run(func, new, args), strict=True):
        np.testing.assert_array_equal(found, expected[k])


@given(shapes(), st.integers(0, 9))
def test_further_constants_reach_every_region(s: Shape, seed: int) -> None:
    func, op = program(s)
    r = region_op(op)
    given, args = Value(F, "given"), arguments(func, seed)
    inner = [{0: Value(F)} for _ in op.regions]
    new = with_consts(r, (given,), inner, frozenset())
    after = region_op(new)
    position = after.args.index(given)
    assert all(after.params(b)[position] is known[0]
               for b, known in zip(new.regions, inner, strict=True))  # fmt: skip
    assert (after.starts, after.carry) == (r.starts, r.carry)
    wider = Func("f", Block((*func.params, given), (new,), new.results))
    for a, b in zip(interpreter.run(wider, [*args, 7.0]), run(func, op, args), strict=True):
        np.testing.assert_array_equal(a, b)


@given(shapes(LOOPS))
def test_a_carried_value_that_is_frozen_becomes_a_constant(s: Shape) -> None:
    _, op = program(s)
    r = region_op(op)
    last = r.carried[-1]
    results = [k for k in range(len(op.results)) if k != s.carry - 1]
    new = region_op(rebuilt(r, range(len(r.args)), results, frozen={last}))
    assert (new.consts, new.carry) == (s.consts + 1, s.carry - 1)
    assert new.args[s.consts] is r.args[last]
    assert new.params(new.body)[s.consts] is r.params(r.body)[last]


@given(shapes(), st.integers(0, 9))
def test_whatever_changes_a_result_is_among_what_it_depends_on(s: Shape, seed: int) -> None:
    func, op = program(s)
    args = arguments(func, seed)
    before = run(func, op, args)
    masks = Dependence().of(op)
    for k, p in enumerate(func.params):
        other = [changed(a, p.type) if j == k else a for j, a in enumerate(args)]
        for mask, old, new in zip(masks, before, run(func, op, other), strict=True):
            assert mask >> k & 1 or np.array_equal(old, new)


@given(shapes(("scan",)), st.integers(0, 9))
def test_dependence_through_scans_is_exact(s: Shape, seed: int) -> None:
    """What is said to change a result does, after some number of iterations: none, one, several."""
    said, seen = set(), set()
    for length in range(LENGTH):
        func, op = program(s, length)
        args = arguments(func, seed)
        masks, before = Dependence().of(op), run(func, op, args)
        for k, p in enumerate(func.params):
            other = [changed(a, p.type) if j == k else a for j, a in enumerate(args)]
            after = run(func, op, other)
            said |= {(k, n) for n, mask in enumerate(masks) if mask >> k & 1}
            seen |= {(k, n) for n, old in enumerate(before) if not np.array_equal(old, after[n])}
    assert said == seen


@given(st.lists(st.integers()), st.integers(0, 3), st.integers(0, 3))
def test_groups_are_all_there_is(items: list[int], consts: int, carry: int) -> None:
    groups = split(items, consts, carry)
    assert [x for group in groups for x in group] == items
    assert len(groups[0]) == min(consts, len(items))


def test_ops_without_a_form_have_no_view() -> None:
    b = Builder()
    x = b.param(F)
    op = b.emit(lookup("sin"), (x,))
    assert branch_or_loop(op) is None
    with pytest.raises(AssertionError, match="sin"):
        region_op(op)


def test_ops_in_front_of_a_block() -> None:
    _, op = program(Shape("call", 1, 0, 0, (((0,),),)))
    block = op.regions[0]
    head = Op(lookup("const"), (), {"value": 1.0, "type": F}, (Value(F),))
    assert with_ops(block, []) is block
    assert with_ops(block, [head]).ops == (head, *block.ops)
