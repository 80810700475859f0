"""Strong products in loops, computed as plain ones and again where NaN comes out: nothing changes."""

from __future__ import annotations

import random
import warnings
from dataclasses import replace

import numpy as np
import pytest
from support.loop_support import Loops, agree
from support.sampling import sampled

import tapec
from tapec.backends import interpreter
from tapec.backends.llvm import available
from tapec.bench.cases import CASES
from tapec.bench.subject import build
from tapec.errors import BackendWarning
from tapec.ir import PRIMITIVES, Block, Func, Op, Value
from tapec.ir.nested import every
from tapec.ir.parser import parse
from tapec.ir.verify import verify
from tapec.lower.guard import guard_products
from tapec.lower.tuning import GUARDED_PRODUCTS

native = pytest.mark.skipif(not available()[0], reason=available()[1])
EDGES = (0.0, -0.0, 0.0, np.inf, -np.inf, np.nan, 5e-324, 1e300, -1e-300, 1.0, -2.0, 0.5, 3.0)
ROWS, COLUMNS = 24, 4


class Maker:
    """Random scalar programs in loops over rows of numbers, most of their ops strong products."""

    def __init__(self, seed: int) -> None:
        self.pick, self.p = random.Random(seed), Loops()
        self.x, self.y = self.p.buffer("f64", ROWS, COLUMNS), self.p.buffer("f64", ROWS, 3)

    def func(self) -> Func:
        """A loop that carries two numbers; half of the programs have a loop without a count."""
        self.p.loop(0, ROWS, [], self.cleared)
        start = [self.p.const(0.5), self.p.const(0.0)]
        if self.pick.random() < 0.5:
            self.p.loop(0, ROWS, start, self.body)
        else:
            count = self.p("convert", self.p.load(self.x, 0, 0), dtype="i64")
            self.p.repeat(self.p("maximum", self.p("minimum", count, self.p.const(ROWS, "i64")),
                                 self.p.const(3, "i64")), start, self.body)  # fmt: skip
        return self.p.func()

    def cleared(self, i: Value) -> list[Value]:
        """Zeros where nothing may be stored."""
        for k in range(3):
            self.p.store(self.p.const(0.0), self.y, i, k)
        return []

    def body(self, i: Value, *carried: Value) -> list[Value]:
        """Numbers of the row combined, some stored, one branch."""
        values = [self.p.load(self.x, i, k) for k in range(COLUMNS)] + list(carried)
        self.grow(values, self.pick.randint(4, 14))
        if self.pick.random() < 0.4:
            self.p.store(values[-1], self.y, i, 0)
            self.grow(values, self.pick.randint(2, 8))
        if self.pick.random() < 0.4:
            truth = self.p("less", self.pick.choice(values), values[-1])
            values += self.p.branch(truth, *(lambda: [self.side(values)],) * 2)
            self.grow(values, 3)
        self.p.store(values[-1], self.y, i, 1)
        self.p.store(self.pick.choice(values), self.y, i, 2)
        return [self.pick.choice(values), values[-2]]

    def side(self, values: list[Value]) -> Value:
        """One side of a branch."""
        inner = list(values)
        self.grow(inner, self.pick.randint(1, 6))
        return inner[-1]

    def grow(self, values: list[Value], count: int) -> None:
        """More numbers out of the ones there are, rather of the last ones."""
        for _ in range(count):
            a, b = self.pick.choice(values), self.pick.choice(values[-4:])
            values.append(self.one(a, b))

    def one(self, a: Value, b: Value) -> Value:
        p, kind = self.p, self.pick.randrange(12)
        if kind < 5:
            return p("strong_mul", a, b, **({"either": True} if kind == 0 else {}))
        if kind == 5:
            return p("select", p("less", a, b), a, b)
        if kind == 6:
            return p(self.pick.choice(["maximum", "fmin"]), a, b)
        if kind == 7:
            return p("convert", p("isnan", b), dtype="f64")
        if kind == 8:
            return p(self.pick.choice(["sqrt", "neg", "exp"]), b)
        if kind == 9:
            # Zeros may differ in sign, which a quotient would show.
            return p("div", a, p("add", b, p.const(0.0)))
        return p(self.pick.choice(["add", "sub", "mul"]), a, b)


def rows(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).choice(EDGES, (ROWS, COLUMNS))


def interpreted(func: Func, x: np.ndarray) -> np.ndarray:
    y = np.zeros((ROWS, 3))
    with np.errstate(all="ignore"):
        interpreter.run(func, [x, y])
    return y


def plain(block: Block) -> Block:
    """The block with plain products only."""
    mul = PRIMITIVES["mul"]
    ops = [
        Op(mul, op.operands, {}, op.results) if op.name == "strong_mul"
        else replace(op, regions=tuple(map(plain, op.regions)))
        for op in block.ops
    ]  # fmt: skip
    return Block(block.params, tuple(ops), block.results)


def guards(func: Func) -> int:
    return sum(op.name == "if" for op in every(func.ops))


@pytest.mark.parametrize("chunk", sampled(range(10), 3))
def test_random_programs(chunk: int) -> None:
    guarded, mattered = 0, 0
    for seed in range(60 * chunk, 60 * (chunk + 1)):
        func, x = Maker(seed).func(), rows(seed)
        after = guard_products(func)
        verify(after)
        expected = interpreted(func, x)
        np.testing.assert_array_equal(interpreted(after, x), expected, err_msg=f"seed {seed}")
        if guards(after) > guards(func):
            guarded += 1
            weak = interpreted(Func("f", plain(func.block)), x)
            mattered += not np.array_equal(weak, expected, equal_nan=True)
    assert guarded > 20
    assert mattered > 10  # plain products alone would have been wrong


@native
@pytest.mark.parametrize("seed", range(16))
def test_machine_code(seed: int) -> None:
    agree(guard_products(Maker(seed).func()), 1, rows(seed), rtol=1e-12)


def test_few_products_stay() -> None:
    p = Loops()
    x, y = p.buffer("f64", 9, 2), p.buffer("f64", 9)

    def body(i: Value) -> list[Value]:
        total = p.load(x, i, 0)
        for _ in range(GUARDED_PRODUCTS - 1):
            total = p("strong_mul", total, p.load(x, i, 1))
        p.store(total, y, i)
        return []

    p.loop(0, 9, [], body)
    func = p.func()
    assert guard_products(func) is func


def test_vector_loops_stay() -> None:
    p = Loops()
    x, y = p.buffer("f64", 64), p.buffer("f64", 64)

    def body(i: Value) -> list[Value]:
        total = p.load(x, i)
        for _ in range(GUARDED_PRODUCTS + 1):
            total = p("strong_mul", total, total)
        p.store(total, y, i)
        return []

    p.loop(0, 64, [], body, kind="vector")
    func = p.func()
    assert guard_products(func) is func


@pytest.mark.parametrize("kind", ["vector", "wave"])
@pytest.mark.parametrize("depth", [1, 2])
def test_serial_loops_in_lanes_stay(kind: str, depth: int) -> None:
    """Their iterations are those of all lanes, so a branch in them has no vector form."""
    p = Loops()
    x, y = p.buffer("f64", 64, 9), p.buffer("f64", 64, 9)

    def nest(outer: Value, levels: int) -> list[Value]:
        def body(j: Value) -> list[Value]:
            total = p.load(x, outer, j)
            for _ in range(GUARDED_PRODUCTS + 1):
                total = p("strong_mul", total, total)
            p.store(total, y, outer, j)
            return []

        p.loop(0, 9, [], body if levels == 1 else lambda _: nest(outer, levels - 1))
        return []

    p.loop(0, 64, [], lambda i: nest(i, depth), kind=kind)
    func = p.func()
    assert guard_products(func) is func


@native
@pytest.mark.parametrize("task", ["value", "gradient"])
def test_recurrences_over_tables_stay_native(task: str) -> None:
    (case,) = (c for c in CASES if c.name == "dp_table")
    args = case.draw()
    with warnings.catch_warnings():
        warnings.simplefilter("error", BackendWarning)
        assert build(case, task, "auto").specialization(*args).compiled is not None


@native
@pytest.mark.parametrize("mode", ["fwd", "rev"])
def test_a_zero_met_on_the_way(mode: str) -> None:
    """Steps through a place where an inverse root is infinite and its weight is zero."""

    def walk(p: np.ndarray) -> object:
        x, v = p[0], p[1]
        while x < 3.5:
            r = np.sqrt((x - 2.0) ** 2)
            v = v + np.where(x == 2.0, 0.0, 1.0) * (np.sqrt(r) + 1.0 / np.sqrt(r + (x == 2.0)))
            x = x + 0.5
        return v * v

    kernel = tapec.compile(tapec.jacobian(walk, mode=mode))
    at, near = np.array([0.0, 1.0]), np.array([1e-9, 1.0])
    text = parse(kernel.ir("guard_products", at))
    assert any(op.name == "strong_mul" for op in every(text.ops))
    got = kernel(at)
    assert np.isfinite(got).all()
    assert np.isfinite(kernel(near)).all()
    np.testing.assert_allclose(got[1], 2.0 * np.sqrt(walk(at)), rtol=1e-12)
