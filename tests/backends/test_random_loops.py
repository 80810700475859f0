"""Random nests of loops and branches over buffers and a tape, native against interpreted."""

from __future__ import annotations

import random

import numpy as np
import pytest
from support.loop_support import Loops, agree

from tapec.backends.llvm import available
from tapec.ir import Func, Type, Value

pytestmark = pytest.mark.skipif(not available()[0], reason=available()[1])

SIZE = 12


class Maker:
    """Writes a random program: floats that stay bounded, indices that stay inside."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.p = p = Loops()
        self.inputs = [p.buffer("f64", SIZE), p.buffer("i64")]
        self.output = p.buffer("f64", SIZE)
        self.work = p("alloc", type=Type("f64", (SIZE,)))
        self.tape = p("tape_open")
        self.count = p.load(self.inputs[1])
        self.floats: list[Value] = [p.const(0.5), p.load(self.inputs[0], 1)]
        self.indices: list[Value] = [p.const(2, "index")]
        p.loop(0, SIZE, [], self.copy, kind="vector")

    def copy(self, i: Value) -> list[Value]:
        value = self.p.load(self.inputs[0], i)
        self.p.store(value, self.work, i)
        self.p.store(value, self.output, i)
        return []

    def func(self) -> Func:
        self.statements(0)
        self.p.store(self.number(), self.output, 0)
        return self.p.func()

    # ---- expressions ----

    def number(self) -> Value:
        p, pick = self.p, self.random.choice
        a, b = pick(self.floats), pick(self.floats)
        value = p(pick(["add", "sub", "mul", "minimum", "maximum"]), a, b)
        return p("sin", value) if self.random.random() < 0.3 else p("mul", value, p.const(0.5))

    def truth(self) -> Value:
        return self.p("less", self.random.choice(self.floats), self.number())

    def place(self) -> Value:
        """Some index, wrapped into the buffers or shifted and checked."""
        p, i = self.p, self.random.choice(self.indices)
        if self.random.random() < 0.5:
            i = p("remainder", p("mul", i, p.const(3, "index")), p.const(SIZE, "index"))
            return p("check_index", p("sub", i, p.const(SIZE - 1, "index")), size=SIZE)
        return p("check_index", p("minimum", i, p.const(SIZE - 1, "index")), size=SIZE)

    # ---- statements ----

    def statements(self, depth: int) -> None:
        kinds = [self.store, self.store, self.load, self.accumulate, self.swept]
        if depth < 4:
            kinds += [self.counted, self.repeated, self.searched, self.branched, self.taped]
        for _ in range(self.random.randint(1, 3)):
            self.random.choice(kinds)(depth + 1)

    def scoped(self, depth: int, *given: Value) -> list[Value]:
        """A body that sees more values, and yields one number."""
        floats, indices = self.floats, self.indices
        self.floats, self.indices = list(floats), list(indices)
        for value in given:
            (self.floats if value.type.dtype == "f64" else self.indices).append(value)
        self.statements(depth)
        result = self.number()
        self.floats, self.indices = floats, indices
        return [result]

    def store(self, depth: int) -> None:
        self.p.store(self.number(), self.random.choice([self.work, self.output]), self.place())

    def load(self, depth: int) -> None:
        self.floats.append(self.p.load(self.random.choice([self.work, self.output]), self.place()))

    def accumulate(self, depth: int) -> None:
        """What a store leaves is loaded by the next iteration."""
        p = self.p
        shift = self.random.choice([-1, 1])
        first = 1 if shift < 0 else 0

        def body(i: Value) -> list[Value]:
            old = p("load", self.work, i, offset=first + shift, strides=(1,))
            value = p("mul", p("add", old, self.number()), p.const(0.5))
            p.op("store", value, self.work, i, offset=first, strides=(1,))
            return []

        p.loop(0, SIZE - 1, [], body)

    def swept(self, depth: int) -> None:
        """A vector loop of any length, with a gather, a serial loop in it, and a reduction."""
        p, pick = self.p, self.random.choice
        how, nested = pick(["", "add", "max", "min"]), self.random.random() < 0.5
        uniform, shift = self.number(), p.const(self.random.randint(0, 5), "index")
        source = self.inputs[0]

        def inner(k: Value, s: Value) -> list[Value]:
            return [p("mul", p("add", s, p.load(source, k)), p.const(0.5))]

        def body(i: Value, *carried: Value) -> list[Value]:
            far = p("remainder", p("mul", i, p.const(5, "index")), p.const(SIZE, "index"))
            at = p("check_index", p("sub", far, shift), size=SIZE)
            value = p("add", p.load(source, at), p("mul", uniform, p.load(source, i)))
            if nested:
                (value,) = p.loop(0, 3, [value], inner)
            p.store(value, self.output, i)
            combine = {"add": "add", "max": "maximum", "min": "minimum"}
            return [p(combine[how], c, value) for c in carried]

        init = [self.number()] if how else []
        trips = self.random.randint(0, SIZE)
        self.floats += p.loop(0, trips, init, body, "vector", [how] if how else [])

    def counted(self, depth: int) -> None:
        trips = self.random.choice([0, 1, 2, 5, 9])
        init = [self.number()]
        self.floats += self.p.loop(0, trips, init, lambda i, s: self.scoped(depth, i, s))

    def repeated(self, depth: int) -> None:
        init = [self.number()]
        self.floats += self.p.repeat(self.count, init, lambda i, s: self.scoped(depth, i, s))

    def searched(self, depth: int) -> None:
        p, limit = self.p, self.p.const(self.random.randint(0, 4), "index")
        one = p.const(1, "index")

        def test(i: Value, s: Value) -> list[Value]:
            bounded = p("less", s, p.const(3.0))
            return [p("logical_and", p("less", i, limit), bounded)]

        def body(i: Value, s: Value) -> list[Value]:
            return [p("add", i, one), *self.scoped(depth, i, s)]

        _, s = p.loop_while([p.const(0, "index"), self.number()], test, body)
        self.floats.append(s)

    def branched(self, depth: int) -> None:
        self.floats += self.p.branch(
            self.truth(), lambda: self.scoped(depth), lambda: self.scoped(depth)
        )

    def taped(self, depth: int) -> None:
        p = self.p
        at = p("tape_push", self.tape, slots=2)
        p.op("tape_store", self.number(), self.tape, at, offset=1, strides=(1,))
        p.op("tape_store", self.number(), self.tape, at, offset=0, strides=(1,))
        self.statements(depth)
        at = p("tape_pop", self.tape, slots=2)
        for k in (0, 1):
            self.floats.append(p("tape_load", self.tape, at, dtype="f64", offset=k, strides=(1,)))


@pytest.mark.parametrize("seed", range(30))
def test_random_program(seed: int) -> None:
    func = Maker(seed).func()
    xs = np.random.default_rng(seed).normal(size=SIZE)
    for count in (0, 3):
        agree(func, 1, xs, count, rtol=1e-9, atol=1e-12)
