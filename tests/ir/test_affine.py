"""Affine forms compute what the integers they stand for compute."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from tapec.ir import Builder, Op, Type, Value, lookup
from tapec.ir.addresses import address
from tapec.ir.affine import (
    ZERO,
    Affine,
    AffineForms,
    affine_sum,
    contiguous,
    flat,
    ravel,
    regroup,
    unravel,
    var,
)
from tapec.ir.core import Block

INT = Type("i64")
VALUES = tuple(Value(INT, name) for name in "ijkn")
small = st.integers(-9, 9)
environments = st.fixed_dictionaries({v: small for v in VALUES})
forms = st.builds(affine_sum, small, st.lists(st.tuples(st.sampled_from(VALUES), small)))
shapes = st.lists(st.integers(1, 4), max_size=4).map(tuple)


@given(forms, forms, small, environments)
def test_arithmetic_is_that_of_integers(
    a: Affine, b: Affine, factor: int, env: Mapping[Value, int]
) -> None:
    assert (a + b).at(env) == a.at(env) + (b).at(env)
    assert (a - b).at(env) == a.at(env) - (b).at(env)
    assert (a + factor).at(env) == a.at(env) + factor
    assert (a - factor).at(env) == a.at(env) - factor
    assert a.times(factor).at(env) == factor * a.at(env)


@given(forms, forms)
def test_forms_are_equal_where_they_are_the_same_function(a: Affine, b: Affine) -> None:
    """However the terms came up; no term is zero and none comes up twice."""
    assert (a + b) - b == a
    assert hash((a + b) - b) == hash(a)
    assert a + b == b + a
    assert (a == b) == ((a - b) == ZERO)
    assert all(c for _, c in (a + b).terms)
    assert len(dict((a - b).terms)) == len((a - b).terms)


@given(forms, st.sampled_from(VALUES), environments)
def test_a_form_is_its_coefficient_and_the_rest(
    a: Affine, value: Value, env: Mapping[Value, int]
) -> None:
    rest = a.without(value)
    assert not rest.depends({value})
    assert a.at(env) == a.coefficient(value) * env[value] + rest.at(env)
    assert a.depends({value}) == bool(a.coefficient(value))


@given(forms, small)
def test_numbers_and_offsets_are_found(a: Affine, number: int) -> None:
    (i, *_) = VALUES
    assert (a - a + number).number() == number
    assert a.number() == (None if a.terms else a.const)
    assert Affine(number).offset() == (None, number)
    assert (var(i) + number).offset() == (i, number)
    assert (var(i).times(2) + number).offset() is None


@given(forms, environments, environments)
def test_ranges_hold_every_value(
    a: Affine, one: Mapping[Value, int], other: Mapping[Value, int]
) -> None:
    ranges = {v: (min(one[v], other[v]), max(one[v], other[v])) for v in VALUES}
    low, high = a.range(ranges)
    assert low <= a.at(one) <= high
    ends = {v: ranges[v][c < 0] for v, c in a.terms}  # where it is smallest
    assert low == a.at(ends)


def test_ranges_are_open_where_nothing_is_known() -> None:
    assert var(VALUES[0]).range({}) == (float("-inf"), float("inf"))


class Program:
    """Random integer arithmetic, with the number that every value is."""

    def __init__(self, env: Mapping[Value, int]) -> None:
        self.builder = Builder()
        self.numbers = dict(env)

    def emit(self, name: str, *operands: Value, **attrs: object) -> Value:
        op = self.builder.emit(lookup(name), operands, attrs)
        inputs = [np.int64(self.numbers[v]) for v in operands]
        self.numbers[op.result] = int(op.primitive.evaluate(*inputs, **attrs))
        return op.result


def drawn(data: st.DataObject, p: Program) -> Value:
    """A value over a few ops."""
    for _ in range(data.draw(st.integers(1, 8))):
        values = st.sampled_from(list(p.numbers))
        name = data.draw(st.sampled_from(["const", "add", "sub", "mul", "neg", "maximum"]))
        if name == "const":
            p.emit("const", value=data.draw(small), type=INT)
        else:
            p.emit(name, *(data.draw(values) for _ in range(1 if name == "neg" else 2)))
    return p.builder.ops[-1].result


@given(st.data(), environments)
def test_forms_of_programs_are_what_these_compute(
    data: st.DataObject, env: Mapping[Value, int]
) -> None:
    p = Program(env)
    value = drawn(data, p)
    found = AffineForms({op.result: op for op in p.builder.ops}.get)
    assert found.of(value).at(p.numbers) == p.numbers[value]
    shallow = AffineForms({op.result: op for op in p.builder.ops}.get, depth=1)
    assert shallow.of(value).at(p.numbers) == p.numbers[value]


def test_what_wraps_elsewhere_is_a_number_of_its_own() -> None:
    """A sum of 32 bits wraps at 2**31, and what is broadcast is no multiple of its parts."""
    b, i, row = Builder(), Value(Type("i32")), Value(Type("i64", (3,)))
    one = b.emit(lookup("const"), (), {"value": 1, "type": Type("i32")}).result
    after = b.emit(lookup("add"), (i, one)).result
    wide = b.emit(lookup("convert"), (after,), {"dtype": "i64"}).result
    rows = b.emit(lookup("add"), (row, wide)).result
    forms = AffineForms({op.result: op for op in b.ops}.get)
    assert forms.of(after) == var(i) + 1
    assert forms.of(wide) == var(wide)
    assert forms.of(rows) == var(rows)


def test_chains_end_at_the_depth() -> None:
    b, (i, *_) = Builder(), VALUES
    one = b.emit(lookup("const"), (), {"value": 1, "type": INT}).result
    value = i
    for _ in range(100):
        value = b.emit(lookup("add"), (value, one), {}).result
    found = AffineForms({op.result: op for op in b.ops}.get, depth=10).of(value)
    assert found.const == 10
    assert found.offset() is not None


@given(st.data(), shapes)
def test_positions_are_those_of_numpy(data: st.DataObject, shape: tuple[int, ...]) -> None:
    place = tuple(data.draw(st.integers(0, n - 1)) for n in shape)
    strides = tuple(s // 8 for s in np.empty(shape).strides)
    assert contiguous(shape) == strides
    position = int(np.arange(prod(shape)).reshape(shape)[place])
    assert ravel(place, shape) == position
    assert flat(tuple(map(Affine, place)), shape) == Affine(position)
    assert unravel(position, shape) == place


@given(st.data(), shapes)
def test_regrouped_indices_reach_the_same_element(
    data: st.DataObject, old: tuple[int, ...]
) -> None:
    """Counters where axes are kept or merged, numbers where they are split."""
    sizes = data.draw(st.permutations(old))
    cut = data.draw(st.integers(0, len(sizes)))
    new = (*sizes[:cut], prod(sizes[cut:])) if data.draw(st.booleans()) else tuple(sizes)
    counters = tuple(Value(INT) for _ in new)
    env = {v: data.draw(st.integers(0, n - 1)) for v, n in zip(counters, new, strict=True)}
    index = tuple(var(v) if data.draw(st.booleans()) else Affine(env[v]) for v in counters)
    found = regroup(index, old, new)
    assume(found is not None)
    assert found is not None
    place = tuple(a.at(env) for a in found)
    assert ravel(place, old) == ravel([env[v] for v in counters], new)
    assert all(0 <= k < n for k, n in zip(place, old, strict=True))


def test_regrouping_that_takes_a_division_is_none() -> None:
    i = VALUES[0]
    assert regroup((var(i),), (2, 3), (6,)) is None
    assert regroup((Affine(5),), (2, 3), (6,)) == (Affine(1), Affine(2))
    assert regroup((var(i), Affine(2)), (6,), (2, 3)) == (var(i).times(3) + 2,)


def test_addresses_of_loads_and_stores() -> None:
    buffer, (i, j, *_) = Value(Type("f64", (9,), buffer=True)), VALUES
    attrs = {"offset": 4, "strides": (3, 2, 1)}
    load = Op(lookup("load"), (buffer, i, j, i), attrs, (Value(Type("f64")),))
    store = Op(lookup("store"), (Value(Type("f64")), buffer, i, j, i), attrs, ())
    expected = var(i).times(4) + var(j).times(2) + 4
    assert address(load) == (buffer, expected)
    assert address(store) == (buffer, expected)


def test_a_program_without_indices_has_constant_addresses() -> None:
    buffer = Value(Type("f64", (9,), buffer=True))
    load = Op(lookup("load"), (buffer,), {"offset": 7}, (Value(Type("f64")),))
    assert address(Block((buffer,), (load,), ()).ops[0])[1].number() == 7
