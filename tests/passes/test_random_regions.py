"""Clean-up of random programs of nested branches and loops changes no value."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from support.sampling import sampled

from tapec.backends import interpreter
from tapec.ir import Block, Builder, Func, Type, Value, lookup
from tapec.ir.parser import parse
from tapec.ir.printer import print_func
from tapec.ir.rewrite import copy_func, copy_op
from tapec.ir.verify import verify
from tapec.passes import CLEAN, run

SCALAR, VECTOR, INDEX, BOOL = Type("f64"), Type("f64", (3,)), Type("i64"), Type("bool")
TYPES = (SCALAR, VECTOR, INDEX, BOOL)


class Random:
    """Random programs whose ops cannot fail: every dynamic place is within bounds."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def pick(self, values: Sequence[Value], type: Type, b: Builder) -> Value:
        fitting = [v for v in values if v.type == type]
        if fitting and self.rng.random() < 0.85:
            return fitting[int(self.rng.integers(len(fitting)))]
        if type.is_float:
            return b.const(float(self.rng.integers(-1, 3)), type)
        return b.const(int(self.rng.integers(0, 2)), type)

    def some(self, values: Sequence[Value], b: Builder, most: int = 3) -> list[Value]:
        types = self.rng.choice(len(TYPES), int(self.rng.integers(0, most + 1)))
        return [self.pick(values, TYPES[t], b) for t in types]

    def block(self, params: Sequence[Type], results: Sequence[Type], depth: int) -> Block:
        """A closed region."""
        b = Builder()
        values = [b.param(t) for t in params]
        self.fill(b, values, depth)
        return b.block([self.pick(values, t, b) for t in results])

    def fill(self, b: Builder, values: list[Value], depth: int) -> None:
        makers: list[Callable[[Builder, list[Value], int], Sequence[Value]]] = [
            self.plain, self.plain, self.plain, self.place, self.again,
        ]  # fmt: skip
        if depth:
            makers += [self.branch, self.scan, self.fori, self.while_loop, self.taped]
        for _ in range(int(self.rng.integers(1, 6))):
            make = makers[int(self.rng.integers(len(makers)))]
            values += make(b, values, depth)

    def plain(self, b: Builder, values: list[Value], depth: int) -> Sequence[Value]:
        type = (SCALAR, VECTOR)[int(self.rng.integers(2))]
        x, y = self.pick(values, type, b), self.pick(values, SCALAR, b)
        kind = self.rng.integers(5)
        if kind == 0:
            return b.emit(lookup("sin"), [x]).results
        if kind == 1:
            return b.emit(lookup("reduce_sum"), [x], {"axes": tuple(range(x.type.ndim))}).results
        if kind == 2:
            return b.emit(lookup("less"), [self.pick(values, SCALAR, b), y]).results
        if kind == 3:
            one = self.pick(values, BOOL, b)
            return b.emit(lookup("select"), [one, x, y]).results
        return b.emit(lookup("add"), [x, y]).results

    def place(self, b: Builder, values: list[Value], depth: int) -> Sequence[Value]:
        x, v = self.pick(values, VECTOR, b), self.pick(values, SCALAR, b)
        number = self.pick(values, INDEX, b)
        two, zero = b.const(2, INDEX), b.const(0, INDEX)
        start = b.emit(lookup("minimum"), [number, two]).result
        start = b.emit(lookup("maximum"), [start, zero]).result
        kind = self.rng.integers(3)
        if kind == 0:
            return b.emit(lookup("dynamic_index"), [x, start], {"at": (-1,)}).results
        name = "dynamic_update" if kind == 1 else "dynamic_add"
        return b.emit(lookup(name), [x, v, start], {"at": (-1,)}).results

    def again(self, b: Builder, values: list[Value], depth: int) -> Sequence[Value]:
        """An op a second time: equal ones become one."""
        known = [o for o in b.ops if not any(v.type.is_tape for v in (*o.operands, *o.results))]
        if not known:
            return ()
        copy = copy_op(known[int(self.rng.integers(len(known)))], {})
        b.ops.append(copy)
        return copy.results

    def types(self, most: int = 3) -> list[Type]:
        return [TYPES[t] for t in self.rng.choice(len(TYPES), int(self.rng.integers(0, most + 1)))]

    def branch(self, b: Builder, values: list[Value], depth: int) -> Sequence[Value]:
        args, results = self.some(values, b), self.types()
        params = [v.type for v in args]
        if self.rng.random() < 0.5:
            name, head, count = "cond", self.pick(values, BOOL, b), 2
        else:
            name, head, count = "switch", self.pick(values, INDEX, b), 3
        if self.rng.random() < 0.3:
            args, params = [*args, head], [*params, head.type]
        regions = tuple(self.block(params, results, depth - 1) for _ in range(count))
        if self.rng.random() < 0.3:
            regions = tuple(Block(r.params, r.ops, r.results * 2) for r in regions)
        return b.emit(lookup(name), [head, *args], {}, regions).results

    def scan(self, b: Builder, values: list[Value], depth: int) -> Sequence[Value]:
        length = int(self.rng.choice([0, 1, 2, 3, 20]))
        consts, carry = self.some(values, b), self.some(values, b)
        xs = [b.emit(lookup("stack"), [v] * length, {"axis": 0}).result
              for v in self.some(values, b, 2) if length]  # fmt: skip
        ys = self.types(2)
        carried = [v.type for v in carry]
        rows = [x.type.with_shape(x.type.shape[1:]) for x in xs]
        params = [INDEX, *(v.type for v in consts), *carried, *rows]
        body = self.block(params, [*carried, *ys], depth - 1)
        attrs = {"consts": len(consts), "carry": len(carry), "length": length,
                 "reverse": bool(self.rng.integers(2))}  # fmt: skip
        found = b.emit(lookup("scan"), [*consts, *carry, *xs], attrs, (body,)).results
        sums = [
            b.emit(lookup("reduce_sum"), [v], {"axes": (0,)}).result
            for v in found[len(carry) :]
            if v.type.is_float
        ]
        return [*found[: len(carry)], *sums]

    def fori(self, b: Builder, values: list[Value], depth: int) -> Sequence[Value]:
        consts, carry = self.some(values, b), self.some(values, b)
        carried = [v.type for v in carry]
        body = self.block([INDEX, *(v.type for v in consts), *carried], carried, depth - 1)
        attrs = {"consts": len(consts), "carry": len(carry), "reverse": bool(self.rng.integers(2))}
        five = b.const(5, INDEX)
        count = b.emit(lookup("minimum"), [self.pick(values, INDEX, b), five]).result
        return b.emit(lookup("fori_loop"), [count, *consts, *carry], attrs, (body,)).results

    def while_loop(self, b: Builder, values: list[Value], depth: int) -> Sequence[Value]:
        """A counted loop: the counter is the first carried value."""
        consts, carry = self.some(values, b), self.some(values, b)
        carried = [INDEX, *(v.type for v in carry)]
        params = [*(v.type for v in consts), *carried]
        test = Builder()
        given = [test.param(t) for t in params]
        limit = test.const(int(self.rng.integers(0, 4)), INDEX)
        go_on = test.emit(lookup("less"), [given[len(consts)], limit]).result
        body = Builder()
        inner = [body.param(t) for t in params]
        found = list(inner)
        one = body.const(1, INDEX)
        count = body.emit(lookup("add"), [inner[len(consts)], one]).result
        self.fill(body, found, depth - 1)
        after = [count, *(self.pick(found, t, body) for t in carried[1:])]
        regions = (test.block([go_on]), body.block(after))
        attrs = {"consts": len(consts), "carry": len(carried)}
        operands = [*consts, b.const(0, INDEX), *carry]
        return b.emit(lookup("while_loop"), operands, attrs, regions).results

    def taped(self, b: Builder, values: list[Value], depth: int) -> Sequence[Value]:
        """What one loop pushes, another pops."""
        x, limit = self.pick(values, SCALAR, b), b.const(4, INDEX)
        count = b.emit(lookup("minimum"), [self.pick(values, INDEX, b), limit]).result
        forward = self.block([INDEX, SCALAR], [SCALAR, SCALAR], depth - 1)
        attrs = {"consts": 0, "carry": 2, "reverse": False}
        tape = b.emit(lookup("tape"), []).result
        tape, y = b.emit(lookup("fori_loop"), [count, tape, x], attrs, (_push(forward),)).results
        reverse = attrs | {"reverse": True}
        loop = b.emit(lookup("fori_loop"), [count, tape, y], reverse, (_pop(),))
        return [y, loop.results[1]]

    def func(self) -> Func:
        b = Builder()
        values = [b.param(t, "x") for t in (*TYPES, *TYPES[:2])]
        self.fill(b, values, 3)
        return b.func("f", [self.pick(values, t, b) for t in (*TYPES, *TYPES)])


def _push(work: Block) -> Block:
    b = Builder()
    i, tape, x = b.param(INDEX), b.param(Type("tape")), b.param(SCALAR)
    branch = b.emit(lookup("call"), [i, x], {"name": "work"}, (work,))
    kept, after = branch.results
    return b.block([b.emit(lookup("push"), [tape, kept]).result, after])


def _pop() -> Block:
    b = Builder()
    b.param(INDEX)
    tape, total = b.param(Type("tape")), b.param(SCALAR)
    rest, value = b.emit(lookup("pop"), [tape], {"types": (SCALAR,)}).results
    return b.block([rest, b.emit(lookup("add"), [total, value]).result])


@pytest.mark.parametrize("seed", sampled(range(150), 2))
def test_values_stay(seed: int) -> None:
    func = Random(seed).func()
    verify(func)
    rng = np.random.default_rng(seed)
    before = copy_func(func)
    after = func
    for _ in range(2):
        after = run(CLEAN, after, check=True)
        assert print_func(parse(print_func(after))) == print_func(after)
    assert print_func(func) == print_func(before), "passes change nothing in place"
    for _ in range(2):
        args = [np.asarray(_argument(rng, v.type)) for v in func.params]
        old, new = interpreter.run(func, args), interpreter.run(after, args)
        for x, y in zip(old, new, strict=True):
            np.testing.assert_allclose(y, x, rtol=1e-12, atol=1e-12)


def _argument(rng: np.random.Generator, type: Type) -> object:
    if type.dtype == "bool":
        return bool(rng.integers(2))
    if type.is_float:
        return rng.standard_normal(type.shape)
    return int(rng.integers(-1, 4))
