"""Wavefronts: which double loops are found, and that they compute what their iterations do in turn.

Random loops over tables, vectors and carried numbers, native against interpreted: a loop wrongly
taken for a wave gives other numbers.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from support.loop_support import Loops, agree
from support.sampling import sampled

import tapec
from tapec.backends.llvm import available
from tapec.ir import Func, Op, Value
from tapec.lower.independent import mark_independent
from tapec.lower.wave import wavefronts

native = pytest.mark.skipif(not available()[0], reason=available()[1])
COLUMNS, WIDE = 45, 50


def kinds(ops: Sequence[Op]) -> list[str]:
    """The kinds of all loops."""
    found = []
    for op in ops:
        found += [op.attrs["kind"]] if op.name == "for" else []
        found += [kind for region in op.regions for kind in kinds(region.ops)]
    return found


def found(func: Func) -> bool:
    return "wave" in kinds(wavefronts(mark_independent(func)).ops)


class Maker:
    """Writes a double loop over a table with a margin of two; every number stays bounded."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.p = p = Loops()
        self.rows = self.random.choice([8, 9, 16, 21])
        size = (self.rows + 4) * WIDE
        self.given = p.buffer("f64", size), p.buffer("i64", COLUMNS)
        self.table, self.column, self.row = (
            p.buffer("f64", size),
            *(p.buffer("f64", WIDE) for _ in range(2)),
        )
        for buffer, n in ((self.table, size), (self.column, WIDE), (self.row, WIDE)):
            p.loop(0, n, [], lambda i, b=buffer: self.copy(i, b))
        # Nearby places that are read and written; few of them, or no loop would be a wave.
        near = [(a, b) for a in (-1, 0, 1) for b in (-2, -1, 0, 1, 1)]
        self.places = self.random.sample(near, self.random.randint(1, 3))
        self.sign = self.random.choice([1, -1])

    def copy(self, i: Value, buffer: Value) -> list[Value]:
        self.p.store(self.p.load(self.given[0], i), buffer, i)
        return []

    def func(self) -> Func:
        p = self.p
        carried = self.random.randint(0, 2)

        def rows(i: Value) -> list[Value]:
            floats = [p.const(0.5), p.load(self.given[0], i)]
            if self.random.random() < 0.3:
                floats.append(self.at_table(None, i))
            if self.random.random() < 0.2:
                self.at_table(self.number(floats), i)
            init = [self.number(floats) for _ in range(carried)]
            results = p.loop(0, COLUMNS, init, lambda j, *c: self.cell(i, j, [*floats, *c], c))
            if results and self.random.random() < 0.5:
                self.at_table(results[0], i)
            if results:
                p.op("store", results[-1], self.row, i, offset=0, strides=(1,))
            return []

        p.loop(0, self.rows, [], rows)
        return wavefronts(mark_independent(p.func()))

    def cell(
        self, i: Value, j: Value, floats: list[Value], carried: Sequence[Value]
    ) -> list[Value]:
        p, chance = self.p, self.random.random
        for _ in range(self.random.randint(1, 3)):
            floats.append(self.at_table(None, i, j))
        if chance() < 0.4:
            letter = p("check_index", p("convert", p.load(self.given[1], j), dtype="index"), size=9)
            floats.append(p("load", self.given[0], letter, i, offset=0, strides=(1, 2)))
        if chance() < 0.4:
            old = p.load(self.column, j)
            p.store(self.number([*floats, old]), self.column, j)
        if chance() < 0.2:
            old = p("load", self.row, i, offset=0, strides=(1,))
            p.op("store", self.number([*floats, old]), self.row, i, offset=0, strides=(1,))
        self.at_table(self.number(floats), i, j)
        if chance() < 0.4:
            old = self.at_table(None, i, j)
            self.at_table(p("mul", p("add", old, p("sin", floats[-1])), p.const(0.5)), i, j)
        return [self.number([*floats, c]) for c in carried]

    def at_table(self, value: Value | None, i: Value, j: Value | None = None) -> Value:
        """Read or write near (i, j), in rows that go on or back."""
        down, right = self.random.choice(self.places)
        first = 2 if self.sign > 0 else WIDE - 3
        offset = (2 + down) * WIDE + first + self.sign * right
        indices = (i,) if j is None else (i, j)
        strides = (WIDE,) if j is None else (WIDE, self.sign)
        if j is None:
            offset += self.random.choice([-1, 0, COLUMNS])
        attrs = {"offset": offset, "strides": strides}
        if value is None:
            return self.p("load", self.table, *indices, **attrs)
        self.p.op("store", value, self.table, *indices, **attrs)
        return value

    def number(self, floats: Sequence[Value]) -> Value:
        p = self.p
        a, b = self.random.choice(floats), floats[-1]
        how = self.random.choice(["add", "sub", "minimum", "select"])
        if how == "select":
            return p("select", p("less", a, b), p("mul", a, p.const(0.9)), b)
        return p("mul", p(how, a, b), p.const(0.45))


@native
@pytest.mark.parametrize("seed", sampled(range(40), 2))
def test_random_double_loops(seed: int) -> None:
    func, rng = Maker(seed).func(), np.random.default_rng(seed)
    x = rng.uniform(-1.0, 1.0, func.params[0].type.size)
    agree(func, 3, x, rng.integers(-9, 9, COLUMNS), rtol=1e-12, atol=1e-13)


@native
@pytest.mark.parametrize("width", [2, 4])
def test_narrower_machines(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tapec.backends.llvm.emit.vector_width", lambda dtype: width)
    for seed in range(width, 40, 10):
        test_random_double_loops(seed)


def test_many_random_loops_are_waves() -> None:
    share = np.mean([found(Maker(seed).func()) for seed in range(40)])
    assert 0.2 < share < 0.9


Cell = Callable[[Loops, Value, Value, Value], None]


def table_loop(cell: Cell, rows: int = 20, columns: int = 40) -> Func:
    """A loop over the places (i, j) of a table of rows of 50 numbers."""
    p = Loops()
    table = p.buffer("f64", 2000)

    def body(i: Value, j: Value) -> list[Value]:
        cell(p, table, i, j)
        return []

    p.loop(0, rows, [], lambda i: p.loop(0, columns, [], lambda j: body(i, j)) and [])
    return p.func()


def moved(*shifts: tuple[int, int]) -> Cell:
    """Each cell becomes the sum of those at the shifts."""

    def cell(p: Loops, table: Value, i: Value, j: Value) -> None:
        at = [
            p("load", table, i, j, offset=200 + WIDE * a + b, strides=(WIDE, 1)) for a, b in shifts
        ]
        total = at[0]
        for other in at[1:]:
            total = p("add", total, other)
        p.op("store", total, table, i, j, offset=200, strides=(WIDE, 1))

    return cell


@pytest.mark.parametrize(
    ("shifts", "expected"),
    [
        ([(0, -1), (-1, 0), (-1, -1)], True),
        ([(-1, 0), (0, -1), (1, 0), (0, 1), (0, 0)], True),  # Gauss and Seidel's
        ([(1, -1), (0, -1)], True),  # still old on the same diagonal
        ([(-1, 1), (-1, -1), (0, -1), (1, 1), (1, -1)], True),  # two columns behind
        ([(0, -1), (-1, 2)], True),
        ([(0, -1), (-1, 3)], False),
        ([(0, -1), (-1, 0), (-3, 2)], True),
        ([(0, -1), (1, -2)], True),
        ([(0, -1), (1, -3)], True),
        ([(0, -1), (1, -4)], False),  # overwritten too early
    ],
)
def test_neighbours_of_a_wave(shifts: list[tuple[int, int]], expected: bool) -> None:
    assert found(table_loop(moved(*shifts))) is expected


def test_small_tables_are_no_waves() -> None:
    assert not found(table_loop(moved((0, -1)), rows=7))
    assert not found(table_loop(moved((0, -1)), columns=20))


def test_a_total_over_all_cells_is_no_wave() -> None:
    def cell(p: Loops, table: Value, i: Value, j: Value) -> None:
        p.store(p("add", p.load(table, 0), p.load(table, j)), table, 0)

    assert not found(table_loop(cell))


def test_rows_met_by_columns_are_no_wave() -> None:
    def cell(p: Loops, table: Value, i: Value, j: Value) -> None:
        old = p("load", table, i, j, offset=0, strides=(1, WIDE))
        p.op("store", old, table, i, j, offset=0, strides=(WIDE, 1))

    assert not found(table_loop(cell))


def test_addresses_that_are_data_are_no_wave() -> None:
    def cell(p: Loops, table: Value, i: Value, j: Value) -> None:
        at = p("remainder", p("mul", i, j), p.const(9, "index"))
        p.store(p.load(table, i), table, at)

    assert not found(table_loop(cell))


def longest(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Needleman and Wunsch's table, with a smooth score."""
    n, m = len(x), len(y)
    t = np.zeros((n + 1, m + 1))
    for i in range(1, n + 1):
        t[i, 0] = -0.3 * i
        for j in range(1, m + 1):
            match = t[i - 1, j - 1] + np.cos(x[i - 1] - y[j - 1])
            t[i, j] = max(match, t[i - 1, j] - 0.3, t[i, j - 1] - 0.3)
    return t[n, m]


def swept(a: np.ndarray) -> np.ndarray:
    """Sweeps in place, over neighbours that are new and old."""
    a = a.copy()
    for _ in range(3):
        for i in range(1, a.shape[0] - 1):
            for j in range(1, a.shape[1] - 1):
                a[i, j] = 0.3 * np.sin(a[i - 1, j] + a[i, j - 1] + a[i + 1, j] + a[i, j + 1])
    return np.sum(a**2)


def swept_widely(a: np.ndarray) -> np.ndarray:
    """The same over corners: the one at the upper right is new as well."""
    a = a.copy()
    for _ in range(3):
        for i in range(1, a.shape[0] - 1):
            for j in range(1, a.shape[1] - 1):
                above = a[i - 1, j - 1] + a[i - 1, j] + a[i - 1, j + 1]
                below = a[i + 1, j - 1] + a[i + 1, j] + a[i + 1, j + 1]
                a[i, j] = 0.3 * np.sin(above + a[i, j - 1] + a[i, j + 1] + below)
    return np.sum(a**2)


@native
@pytest.mark.parametrize("swept", [swept, swept_widely])
def test_sweeps_and_their_gradient(swept: Callable[[np.ndarray], np.ndarray]) -> None:
    a = np.random.default_rng(6).normal(size=(19, 90))
    gradient = tapec.value_and_grad(swept)
    assert str(gradient.ir("loops", a)).count('kind="wave"') >= 2
    value, da = gradient(a)
    np.testing.assert_allclose(value, swept(a), rtol=1e-13)
    for k in (0, 91, 200, 1700, 1709):
        step = np.zeros(a.size)
        step[k] = 1e-6
        step = step.reshape(a.shape)
        slope = (swept(a + step) - swept(a - step)) / 2e-6
        np.testing.assert_allclose(da.ravel()[k], slope, rtol=1e-6, atol=1e-8)


@native
@pytest.mark.parametrize("shape", [(16, 40), (37, 53), (135, 130)])
def test_a_table_and_its_gradient(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=shape[0]), rng.normal(size=shape[1])
    gradient = tapec.value_and_grad(longest, argnums=(0, 1))
    assert 'kind="wave"' in str(gradient.ir("loops", x, y))
    value, (dx, dy) = gradient(x, y)
    np.testing.assert_allclose(value, longest(x, y), rtol=1e-13)
    for k in (0, shape[0] - 1):
        step = np.zeros(shape[0])
        step[k] = 1e-6
        slope = (longest(x + step, y) - longest(x - step, y)) / 2e-6
        np.testing.assert_allclose(dx[k], slope, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(dx.sum(), -dy.sum(), rtol=1e-9, atol=1e-9)
