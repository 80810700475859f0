"""Stacks of matrices, one after the other, and the determinants of their factors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import prod

from tapec.ir.core import Op, Value
from tapec.ir.types import Type
from tapec.lower.build import ScalarBuilder
from tapec.lower.memory import Factors, Memory
from tapec.lower.solve import factor, pivots_of


def slogdet(
    build: ScalarBuilder, op: Op, given: Sequence[Value], results: Sequence[Memory]
) -> None:
    """From the diagonals of the factors; a matrix and its transpose have the same determinant."""
    *lead, size, _ = op.operands[0].type.shape
    type = Type(given[0].type.dtype, (size, size))
    with each(build, given, lead, [type]) as (at, (square,)):
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


@contextmanager
def each(
    build: ScalarBuilder, given: Sequence[Value], lead: Sequence[int], types: Sequence[Type]
) -> Iterator[tuple[tuple[Value, ...], Sequence[Value]]]:
    """The operands of each matrix of a stack, in memory that may be overwritten, and its number."""
    if not lead:
        yield (), given
        return
    rooms = [build.alloc(t) for t in types]
    with build.loop(prod(lead)) as loop:
        for source, room in zip(given, rooms, strict=True):
            with build.loop(room.type.size) as inner:
                places, strides = (loop.index, inner.index), (room.type.size, 1)
                value = build.load(source, 0, places, strides, stable=False)
                build.store(value, room, 0, (inner.index,), (1,))
            build.wrote(room)
        yield (loop.index,), rooms


def put(
    build: ScalarBuilder, value: Value, memory: Memory, at: Sequence[Value],
    places: Sequence[Value] = (), strides: Sequence[int] = (), size: int = 1,
) -> None:  # fmt: skip
    """Store an element of the array that begins there, of matrix `at` of a stack of such a size."""
    base = memory.base
    indices = (*places, *at, *(v for v, _ in base.terms))
    factors = (*strides, *(size for _ in at), *(c for _, c in base.terms))
    build.store(value, memory.buffer, base.const, indices, factors)
