"""Random loops and branches over arrays written in place: lowered against the array program."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.lowering_regions import at, cond, fori, lowered, program, put, scan, while_loop
from support.lowering_support import compiled
from support.sampling import sampled

from tapec.backends import interpreter
from tapec.backends.llvm import available
from tapec.ir import PRIMITIVES as P
from tapec.ir import Builder, Expr, Type
from tapec.ir.verify import verify
from tapec.lower import lower

N = 20
Array = Expr


class Maker:
    """Appends random ops on vectors of N elements and scalars to one block."""

    def __init__(self, rng: Any, depth: int) -> None:
        self.rng, self.depth = rng, depth

    def pick(self, values: list[Expr]) -> Expr:
        return values[int(self.rng.integers(len(values)))]

    def number(self, like: Expr, value: int) -> Expr:
        return Expr(like.builder, like.builder.const(value, Type("i64")))

    def place(self, i: Expr, x: Expr) -> Expr:
        """A run-time place inside the vectors; `i` is below 6."""
        kind = int(self.rng.integers(4))
        if kind == 0:
            return i + int(self.rng.integers(10))
        if kind == 1:
            return i * 2 - 12  # negative: counted from the end
        if kind == 2:
            return self.number(i, int(self.rng.integers(-N, N)))
        seen = P["convert"](P["greater"](P["index"](x, at=(3,)), 0.1), dtype="i64")
        found: Expr = seen * 7 + i
        return found

    def slice(self, width: int) -> tuple[int, int, int]:
        step = int(self.rng.choice([1, 1, 2, -1])) if width < 9 else 1
        reach = abs(step) * (width - 1)
        start = int(self.rng.integers(0, N - reach))
        return (start + reach if step < 0 else start, width, step)

    def part(self, i: Expr, x: Expr, width: int) -> Expr:
        """`width` neighbouring elements of a vector."""
        if self.rng.random() < 0.4:
            return at(x, (i + int(self.rng.integers(N - width - 5)), width, 1))
        found: Expr = P["index"](x, at=(self.slice(width),))
        return found

    def vector(self, i: Expr, xs: list[Expr], s: Expr) -> Expr:
        kind = int(self.rng.integers(6))
        x, y = self.pick(xs), self.pick(xs)
        found: Expr
        if kind == 0:
            found = x * 0.5 + y * s
        elif kind == 1:
            found = P["sin"](P["exp"](P["sin"](x))) - y
        elif kind == 2:
            found = P["index"](x, at=((N - 1, N, -1),)) * 0.5
        elif kind == 3:
            found = P["place"](self.part(i, x, 5), y.__neg__(), at=(((4, 5, 2),), ((0, N, 1),)),
                               shape=(N,))  # fmt: skip
        elif kind == 4:
            v = self.part(i, y, 6)
            found = x + P["place"](v, v * s, at=((self.slice(6),), (self.slice(6),)), shape=(N,))
        else:
            found = P["select"](P["greater"](x, y), x, y * 0.9)
        return found

    def scalar(self, i: Expr, xs: list[Expr], s: Expr) -> Expr:
        x = self.pick(xs)
        kind = int(self.rng.integers(3))
        if kind == 0:
            found = at(x, self.place(i, x)) * 0.5 + s * 0.3
            return found
        if kind == 1:
            found: Expr = P["reduce_sum"](x * self.pick(xs), axes=(0,)) * 0.01
            return found
        return s * 0.7 - P["index"](x, at=(int(self.rng.integers(N)),)) * 0.1

    def write(self, i: Expr, xs: list[Expr], s: Expr) -> Expr:
        x, kind = self.pick(xs), int(self.rng.integers(5))
        if kind == 0:
            return put(x, s, self.place(i, self.pick(xs)), add=bool(self.rng.random() < 0.5))
        width = int(self.rng.integers(2, 12))
        v = self.part(i, self.pick(xs), width) * 0.6 + self.part(i, self.pick(xs), width) * 0.3
        if kind == 1:
            return put(x, v, (i + int(self.rng.integers(3)), width, 1), add=True)
        found: Expr
        if kind == 2:
            found = P["dynamic_add"](x, v, at=(self.slice(width),))
            return found
        if kind == 3:
            picks = Expr(x.builder, x.builder.const(self.rng.integers(-N, N, width)))
            found = P[str(self.rng.choice(["scatter_add", "scatter"]))](x, v, picks)
            return found
        found = P["update"](x, v, at=(self.slice(width),))
        return found

    def block(self, i: Expr, xs: list[Expr], s: Expr, length: int) -> tuple[list[Expr], Expr]:
        """The present arrays and scalar after some ops."""
        xs, old = list(xs), list(xs)
        for _ in range(length):
            k = int(self.rng.integers(len(xs)))
            choice = self.rng.random()
            if choice < 0.45:
                xs[k] = self.write(i, xs if self.rng.random() < 0.7 else old, s)
            elif choice < 0.6:
                xs[k] = self.vector(i, [*xs, *old], s)
            elif choice < 0.75:
                s = self.scalar(i, [*xs, *old], s)
            elif choice < 0.8:
                j = int(self.rng.integers(len(xs)))
                xs[k], xs[j] = xs[j], xs[k]
            elif self.depth:
                xs, s = self.nested(i, xs, s)
            old += xs
        return xs, s

    def nested(self, i: Expr, xs: list[Expr], s: Expr) -> tuple[list[Expr], Expr]:
        inner, kind = Maker(self.rng, self.depth - 1), int(self.rng.integers(4))
        seed = int(self.rng.integers(1 << 30))

        def body(i: Expr, *values: Expr) -> tuple[Expr, ...]:
            inner.rng = np.random.default_rng(seed)
            found, number = inner.block(i, list(values[:-1]), values[-1], 4)
            return (*found, number)

        if kind == 0:
            pred = P["greater"](s, 0.2)

            def otherwise(i: Expr, *values: Expr) -> tuple[Expr, ...]:
                return (*values[1:-1], values[0], values[-1])

            *out, s = cond(pred, body, otherwise, i, *xs, s)
        elif kind == 1:
            *out, s = fori(body, i - 1, (*xs, s), reverse=bool(self.rng.random() < 0.5))
        elif kind == 2:

            def stacking(i: Expr, *values: Expr) -> tuple[Expr, ...]:
                after = body(i, *values)
                return (*after, values[0], after[1], after[-1])

            *out, s, a, b, c = scan(stacking, (*xs, s), 3, reverse=bool(self.rng.random() < 0.5))
            out[0] = out[0] + P["reduce_sum"](a * b, axes=(0,)) * 0.1
            s = s + P["reduce_sum"](c, axes=(0,))
        else:

            def test(k: Expr, *values: Expr) -> Expr:
                less: Expr = P["less"](k, 3)
                return less

            def step(k: Expr, *values: Expr) -> tuple[Expr, ...]:
                return (k + 1, *body(k, *values))

            _, *out, s = while_loop(test, step, (i * 0, *xs, s))
        return out, P["sin"](s)


def make(seed: int, depth: int = 2, length: int = 7) -> Any:
    def build(x: Expr, y: Expr, s: Expr) -> tuple[Expr, ...]:
        maker = Maker(np.random.default_rng(seed), depth)
        builder: Builder = x.builder
        z = Expr(builder, builder.const(0.0, Type("f64", (N,))))

        def body(i: Expr, *values: Expr) -> tuple[Expr, ...]:
            maker.rng = np.random.default_rng(seed + 10**6)
            found, number = maker.block(i, list(values[:-1]), values[-1], length)
            return (*found, number)

        *out, s = scan(body, (x, y, z, s), 6)
        found, s = maker.block(Expr(builder, builder.const(2, Type("i64"))), [*out, x], s, 3)
        return (*found, s)

    return build


def check(seed: int, *, native: bool) -> None:
    rng = np.random.default_rng(seed)
    args = [rng.normal(size=N), rng.normal(size=N), np.array(0.3)]
    func = program(make(seed), *args)
    verify(func)
    with np.errstate(all="ignore"):
        want = interpreter.run(func, args)
    if not all(np.all(np.abs(w) < 1e6) for w in want):
        return
    verify(lower(func))
    results = compiled(func, *args) if native else lowered(func, *args)
    for got, expected in zip(results, want, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("seed", sampled(range(25), 4))
def test_interpreted(seed: int) -> None:
    check(seed, native=False)


@pytest.mark.skipif(not available()[0], reason=available()[1])
@pytest.mark.parametrize("seed", range(40, 52))
def test_native(seed: int) -> None:
    check(seed, native=True)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000, 1300))
def test_many(seed: int) -> None:
    check(seed, native=False)
