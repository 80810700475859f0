"""Determinants and Cholesky factors: calls of LAPACK, and loops over the diagonals of factors."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np

from tapec.ir.affine import ZERO, Index, flat, var
from tapec.ir.core import Op, Value
from tapec.ir.ops.library import POTRF
from tapec.ir.types import Type
from tapec.lower.build import ScalarBuilder
from tapec.lower.factors import pivot, signed
from tapec.lower.frame import Frame
from tapec.lower.memory import Factors, Memory
from tapec.lower.products import layout
from tapec.lower.scalars import Grid, Grids, rule
from tapec.lower.solve import copy_transposed, factor, known, pivots_of, room


def determinant(n: Frame, op: Op, memory: Memory) -> None:
    """One number per matrix; systems with the same matrix reuse the factors."""
    (a,) = op.operands
    *lead, size, _ = a.type.shape
    found = None if lead else known(n, a)
    made = found or replace(room(n.build, a.type.dtype, size), checked=False)

    def leaf(at: Index) -> None:
        if found is None:
            copy_transposed(n, a, at, Memory(made.square), (size, size))
            factor(n.build, made)
        value = _of_factors(n.build, made, size)
        n.save(value, memory, flat(at, tuple(lead)))

    n.loops(lead, "serial", leaf)
    if not lead and found is None:
        n.factors[layout(a, n.source)] = made


def _of_factors(build: ScalarBuilder, f: Factors, size: int) -> Value:
    """The product of the diagonal, with the sign of the row permutation."""
    with build.loop(size, [build.const(1.0, f.square.type.dtype)]) as loop:
        part = signed(build, f, loop.index, pivot(build, f, size, loop.index))
        loop.yields = [build.op("mul", loop.carried[0], part)]
    return loop.results[0]


@rule("determinant")
def _determinant(e: Grids, op: Op, a: Grid) -> Grid:
    *lead, size, _ = a.shape
    out = np.empty(tuple(lead), object)
    for at in product(*(range(n) for n in lead)):
        square = e.spill(a[at].T, Type(op.result.type.dtype, (size, size)))
        made = Factors(square, pivots_of(e.build, size), checked=False)
        factor(e.build, made)
        out[at] = _of_factors(e.build, made, size)
    return out


def cholesky(n: Frame, op: Op, memory: Memory) -> None:
    """The factors, one after the other."""
    (a,) = op.operands
    *lead, size, _ = a.type.shape
    square = Memory(n.build.alloc(Type(a.type.dtype, (size, size))))

    def leaf(at: Index) -> None:
        def take(place: Index) -> None:
            n.save(n.pull(a, (*at, *place)), square, flat(place, (size, size)))

        n.over((size, size), take)
        _factored(n.build, square.buffer)
        _give(n, square, memory.part(flat((*at, ZERO, ZERO), op.result.type.shape)), size)

    n.loops(lead, "serial", leaf)


def _give(n: Frame, square: Memory, memory: Memory, size: int) -> None:
    """The lower triangle, zeros above."""
    build, dtype = n.build, square.buffer.type.dtype
    with build.loop(size) as rows, build.loop(size) as columns:
        row, column = (
            build.op("convert", loop.index, attrs={"dtype": "i64"}, dtype="i64")
            for loop in (rows, columns)
        )
        place = flat((var(rows.index), var(columns.index)), (size, size))
        value = n.load(square, place, stable=False)
        below = build.op("less_equal", column, row)
        n.save(build.op("select", below, value, build.const(0.0, dtype)), memory, place)


def _factored(build: ScalarBuilder, square: Value) -> None:
    flag = build.alloc(Type("i32", (1,)))
    build.append(Op(POTRF, (square, flag), {}, ()))
    build.wrote(square)
    build.wrote(flag)


@rule("cholesky")
def _cholesky(e: Grids, op: Op, a: Grid) -> Grid:
    *lead, size, _ = a.shape
    out = np.empty(a.shape, object)
    for at in product(*(range(n) for n in lead)):
        square = e.spill(a[at], Type(op.result.type.dtype, (size, size)))
        _factored(e.build, square)
        out[at] = e.read(square, (size, size), stable=False)
        for i, j in zip(*np.triu_indices(size, 1), strict=True):
            out[at][i, j] = e.build.zero(op.result.type.dtype)
    return out
