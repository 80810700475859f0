"""Ops that are factorisations with several results, by calls of LAPACK: matrix after matrix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import prod

from tapec.ir.core import Op, Value
from tapec.ir.ops.library import GELQF, ORGLQ
from tapec.ir.types import Type
from tapec.lower.build import ScalarBuilder
from tapec.lower.memory import Factors, Memory
from tapec.lower.solve import factor, pivots_of
from tapec.lower.tuning import LAPACK_BLOCK


def slogdet(
    build: ScalarBuilder, op: Op, given: Sequence[Value], results: Sequence[Memory]
) -> None:
    """From the diagonals of the factors; a matrix and its transpose have the same determinant."""
    *lead, size, _ = op.operands[0].type.shape
    with _each(build, given[0], lead, (size, size)) as (at, square):
        made = Factors(square, pivots_of(build, size), checked=False)
        if size:
            factor(build, made)
        found = (sign(build, made, size), log_size(build, made, size))
        for k, memory in zip(op.attrs["wanted"], results, strict=True):
            put(build, found[k], memory, at)


def sign(build: ScalarBuilder, f: Factors, size: int) -> Value:
    """The sign of a determinant: that of the diagonal, times that of the row permutation."""
    with build.loop(size, [build.const(1.0, f.square.type.dtype)]) as loop:
        part = build.op("sign", pivot(build, f, size, loop.index))
        loop.yields = [build.op("mul", loop.carried[0], signed(build, f, loop.index, part))]
    return loop.results[0]


def log_size(build: ScalarBuilder, f: Factors, size: int) -> Value:
    """The logarithm of the size of a determinant."""
    with build.loop(size, [build.const(0.0, f.square.type.dtype)]) as loop:
        part = build.op("log", build.op("abs", pivot(build, f, size, loop.index)))
        loop.yields = [build.op("add", loop.carried[0], part)]
    return loop.results[0]


def pivot(build: ScalarBuilder, f: Factors, size: int, index: Value) -> Value:
    """An element of the diagonal of the factors."""
    return build.load(f.square, 0, (index,), (size + 1,), stable=False)


def signed(build: ScalarBuilder, f: Factors, index: Value, value: Value) -> Value:
    """The value, negated where a row was exchanged; row numbers count from 1."""
    row = build.load(f.pivots, 0, (index,), (1,), stable=False)
    here = build.op("convert", index, attrs={"dtype": "i32"}, dtype="i32")
    stays = build.op("equal", row, build.op("add", here, build.const(1, "i32")))
    return build.op("select", stays, value, build.op("neg", value))


def qr(build: ScalarBuilder, op: Op, given: Sequence[Value], results: Sequence[Memory]) -> None:
    """The reflections replace the matrix, with R above them; Q is made of a copy of them."""
    *lead, m, n = op.operands[0].type.shape
    rank = min(m, n)
    columns = m if op.attrs["mode"] == "complete" else rank
    dtype = op.operands[0].type.dtype
    tau, flag = build.alloc(Type(dtype, (rank,))), build.alloc(Type("i32", (1,)))
    scratch = build.alloc(Type(dtype, (LAPACK_BLOCK * max(m, n, 1),)))
    wanted = dict(zip(op.attrs["wanted"], results, strict=True))
    with _each(build, given[0], lead, (m, n)) as (at, matrix):
        if rank:
            _run(build, Op(GELQF, (matrix, tau, scratch, flag), {}, ()))
        if 1 in wanted:
            _upper(build, matrix, wanted[1], (columns, n), at)
        if 0 in wanted and columns:
            q = build.alloc(Type(dtype, (m, columns)))
            _copy(build, (matrix, n), (Memory(q), columns), (m, rank), ())
            _run(build, Op(ORGLQ, (q, tau, scratch, flag), {}, ()))
            _copy(build, (q, columns), (wanted[0], columns), (m, columns), at)


@contextmanager
def _each(
    build: ScalarBuilder, given: Value, lead: Sequence[int], shape: tuple[int, int]
) -> Iterator[tuple[tuple[Value, ...], Value]]:
    """Each matrix of a stack, in memory that may be overwritten, and its number."""
    if not lead:
        yield (), given
        return
    matrix = build.alloc(Type(given.type.dtype, shape))
    size = prod(shape)
    with build.loop(prod(lead)) as loop:
        with build.loop(size) as inner:
            places, strides = (loop.index, inner.index), (size, 1)
            value = build.load(given, 0, places, strides, stable=False)
            build.store(value, matrix, 0, (inner.index,), (1,))
        build.wrote(matrix)
        yield (loop.index,), matrix


def _run(build: ScalarBuilder, op: Op) -> None:
    """Append a call, which may write all buffers it is given."""
    build.append(op)
    for buffer in op.operands:
        build.wrote(buffer)


def _upper(
    build: ScalarBuilder, matrix: Value, memory: Memory, shape: tuple[int, int], at: Sequence[Value]
) -> None:
    """R: the upper triangle of the matrix, zeros below it and in additional rows."""
    rows, columns = shape
    dtype = matrix.type.dtype
    known = min(rows, matrix.type.shape[0])
    zero = build.const(0.0, dtype)
    with build.loop(known) as i, build.loop(columns) as j:
        value = build.load(matrix, 0, (i.index, j.index), (columns, 1), stable=False)
        row, column = (
            build.op("convert", k.index, attrs={"dtype": "i64"}, dtype="i64") for k in (i, j)
        )
        value = build.op("select", build.op("less_equal", row, column), value, zero)
        put(build, value, memory, at, (i.index, j.index), (columns, 1), rows * columns)


def _copy(
    build: ScalarBuilder, source: tuple[Value, int], target: tuple[Memory, int],
    shape: tuple[int, int], at: Sequence[Value],
) -> None:  # fmt: skip
    """A part of a matrix to the corner of another one; both come with their row strides."""
    (buffer, stride), (memory, other) = source, target
    with build.loop(shape[0]) as i, build.loop(shape[1]) as j:
        places = (i.index, j.index)
        value = build.load(buffer, 0, places, (stride, 1), stable=False)
        put(build, value, memory, at, places, (other, 1), shape[0] * other)
    build.wrote(memory.buffer)


def put(
    build: ScalarBuilder, value: Value, memory: Memory, at: Sequence[Value],
    places: Sequence[Value] = (), strides: Sequence[int] = (), size: int = 1,
) -> None:  # fmt: skip
    """Store an element of the array that begins there, of matrix `at` of a stack of such a size."""
    base = memory.base
    indices = (*places, *at, *(v for v, _ in base.terms))
    factors = (*strides, *(size for _ in at), *(c for _, c in base.terms))
    build.store(value, memory.buffer, base.const, indices, factors)
