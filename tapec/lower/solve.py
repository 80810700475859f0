"""Linear systems: tiny ones by elimination in registers, others by a call of LAPACK."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from tapec.ir.affine import Affine, Index, flat
from tapec.ir.core import Op, Value
from tapec.ir.ops.library import GETRF, GETRS
from tapec.ir.ops.loop import EXPECT, SINGULAR
from tapec.ir.types import Type
from tapec.lower.build import ScalarBuilder
from tapec.lower.frame import Frame
from tapec.lower.memory import Factors, Memory
from tapec.lower.products import layout
from tapec.lower.scalars import Grid, Grids, grid, rule
from tapec.lower.tuning import TINY, WRITTEN_OPS


def solve(n: Frame, op: Op, memory: Memory) -> None:
    """The solutions in memory, one matrix after the other (tiny ones: side by side)."""
    *lead, size, columns = op.result.type.shape
    if size <= TINY:
        _tiny(n, op, memory)
        return
    a, b = op.operands
    right = n.room(Type(op.result.type.dtype, (columns, size)))
    factors = None if lead else known(n, a)
    made = factors or room(n.build, a.type.dtype, size)
    if factors is not None and not factors.checked:
        _check(n.build, factors)
        n.factors[layout(a, n.source)] = replace(factors, checked=True)

    def leaf(at: Index) -> None:
        if factors is None:
            copy_transposed(n, a, at, Memory(made.square), (size, size))
            factor(n.build, made)
        copy_transposed(n, b, at, right, (columns, size))
        _apply(n.build, made, right.buffer)

        def back(place: Index) -> None:
            i, c = place
            value = n.load(right, flat((c, i), (columns, size)), stable=False)
            n.save(value, memory, flat((*at, i, c), op.result.type.shape))

        n.over((size, columns), back)

    n.loops(lead, "serial", leaf)
    if not lead and factors is None:
        n.factors[layout(a, n.source)] = made


def known(n: Frame, a: Value) -> Factors | None:
    """The factors of a matrix where it, or its transpose, was factored in this block before."""
    base, strides = layout(a, n.source)
    if (base, strides) in n.factors:
        return n.factors[base, strides]
    transposed = n.factors.get((base, strides[::-1]))
    return transposed and replace(transposed, transposed=not transposed.transposed)


def room(build: ScalarBuilder, dtype: str, size: int) -> Factors:
    """Memory for a matrix and its factors."""
    return Factors(build.alloc(Type(dtype, (size, size))), pivots_of(build, size))


def pivots_of(build: ScalarBuilder, size: int) -> Value:
    """Memory for row numbers and a flag."""
    return build.alloc(Type("i32", (size + 1,)))


def copy_transposed(
    n: Frame, value: Value, at: Index, memory: Memory, shape: tuple[int, int]
) -> None:
    """Copy a matrix, column after column."""

    def body(place: Index) -> None:
        n.save(n.pull(value, (*at, place[1], place[0])), memory, flat(place, shape))

    n.over(shape, body)


def factor(build: ScalarBuilder, f: Factors) -> None:
    """Factor the matrix that is in memory."""
    build.append(Op(GETRF, (f.square, f.pivots), {"strict": f.checked}, ()))
    build.wrote(f.square)
    build.wrote(f.pivots)


def _check(build: ScalarBuilder, f: Factors) -> None:
    """End the kernel where a matrix that was factored before is singular."""
    flag = build.load(f.pivots, f.pivots.type.size - 1, stable=False)
    regular = build.op("equal", flag, build.const(0, "i32"))
    build.append(Op(EXPECT, (regular,), {"status": SINGULAR}, ()))


def _apply(build: ScalarBuilder, f: Factors, right: Value) -> None:
    attrs = {"transposed": f.transposed}
    build.append(Op(GETRS, (f.square, f.pivots, right), attrs, ()))
    build.wrote(right)


def _tiny(n: Frame, op: Op, memory: Memory) -> None:
    """Elimination in registers, once for each matrix; many columns are solved in a loop."""
    a, b = op.operands
    *lead, size, columns = op.result.type.shape
    looped = columns * _written(size) > WRITTEN_OPS

    def leaf(at: Index) -> None:
        places = product(range(size), range(size))
        square = [n.pull(a, (*at, Affine(i), Affine(k))) for i, k in places]
        steps = eliminated(n.build, grid(square, (size, size)))

        def column(c: Affine) -> None:
            right = [n.pull(b, (*at, Affine(i), c)) for i in range(size)]
            for i, value in enumerate(steps.solution(right)):
                n.save(value, memory, flat((*at, Affine(i), c), op.result.type.shape))

        if looped:
            n.loops([columns], "vector", lambda c: column(*c))
        else:
            for c in range(columns):
                column(Affine(c))

    n.loops(lead, "serial" if looped else "vector", leaf)


def _written(size: int) -> int:
    """Scalar ops for one column."""
    return 3 * size * size


@rule("solve")
def _expanded(e: Grids, op: Op, a: Grid, b: Grid) -> Grid:
    *lead, size, columns = b.shape
    out = np.empty(b.shape, object)
    for at in product(*(range(n) for n in lead)):
        out[at] = _one(e, op, a[at], b[at]) if size and columns else b[at]
    return out


def _one(e: Grids, op: Op, a: Grid, b: Grid) -> Grid:
    """One system over grids."""
    if len(a) <= TINY:
        steps = eliminated(e.build, a)
        return np.array([steps.solution(column.tolist()) for column in b.T], object).T
    dtype = op.result.type.dtype
    square, right = (e.spill(g.T, Type(dtype, g.T.shape)) for g in (a, b))
    factors = Factors(square, pivots_of(e.build, len(a)))
    factor(e.build, factors)
    _apply(e.build, factors, right)
    return e.read(right, b.T.shape, stable=False).T


@dataclass(frozen=True)
class Elimination:
    """A matrix made triangular in registers, with the row operations that did it.

    `swaps` and `factors` have the steps in order: rows i > j changed places where the condition
    holds; then row i lost a multiple of row j.
    """

    build: ScalarBuilder
    rows: Grid
    swaps: Mapping[tuple[int, int], Value]
    factors: Mapping[tuple[int, int], Value]

    def solution(self, column: Sequence[Value]) -> list[Value]:
        """The same steps on a right side, then substitution from the last unknown back."""
        op, less, x, size = self.build.op, self.build.accumulate, list(column), len(column)
        for j in range(size):
            for i in range(j + 1, size):
                x[j], x[i] = exchanged(self.build, self.swaps[i, j], x[j], x[i])
            for i in range(j + 1, size):
                x[i] = less("sub", x[i], op("mul", self.factors[i, j], x[j]))
        for i in reversed(range(size)):
            for k in range(i + 1, size):
                x[i] = less("sub", x[i], op("mul", self.rows[i, k], x[k]))
            x[i] = op("div", x[i], self.rows[i, i])
        return x


def eliminated(build: ScalarBuilder, a: Grid) -> Elimination:
    """Elimination with partial pivoting; rows change places by `select`."""
    op, size, rows = build.op, len(a), a.copy()
    swaps, factors = {}, {}
    regular: Value | None = None
    for j in range(size):
        for i in range(j + 1, size):
            larger = op("greater", op("abs", rows[i, j]), op("abs", rows[j, j]))
            swaps[i, j] = larger
            for k in range(j, size):
                rows[j, k], rows[i, k] = exchanged(build, larger, rows[j, k], rows[i, k])
        pivot = rows[j, j]
        fine = op("not_equal", pivot, build.const(0.0, pivot.type.dtype))
        regular = fine if regular is None else op("logical_and", regular, fine)
        for i in range(j + 1, size):
            factors[i, j] = op("div", rows[i, j], pivot)
            for k in range(j + 1, size):
                rows[i, k] = build.accumulate(
                    "sub", rows[i, k], op("mul", factors[i, j], rows[j, k])
                )
    if regular is not None:
        build.append(Op(EXPECT, (regular,), {"status": SINGULAR}, ()))
    return Elimination(build, rows, swaps, factors)


def exchanged(build: ScalarBuilder, truth: Value, a: Value, b: Value) -> tuple[Value, Value]:
    """The two values, exchanged where the condition holds."""
    return build.op("select", truth, b, a), build.op("select", truth, a, b)
