"""Sorting: networks in registers for a few elements, merges in memory for more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tapec.ir.core import Op, Value
from tapec.ir.types import Type
from tapec.lower.affine import Index, flat
from tapec.lower.build import ScalarBuilder
from tapec.lower.memory import Memory
from tapec.lower.scalars import Expansion, Grid, grid, rule

if TYPE_CHECKING:
    from tapec.lower.nests import Nests

NETWORK = 8  # elements up to which exchanges are written out


def argsort(n: Nests, op: Op, memory: Memory) -> None:
    """The permutations that sort along an axis, one row after the other."""
    (x,) = op.operands
    shape, axis = x.type.shape, op.attrs["axis"]
    size = shape[axis]
    if not x.type.size:
        return
    keys = n.room(Type(x.type.dtype, (size,)))
    buffers = [n.build.alloc(Type("i64", (size,))) for _ in range(2)]

    def leaf(outer: Index) -> None:
        def place(k: Index) -> Index:
            return (*outer[:axis], *k, *outer[axis:])

        n.over((size,), lambda k: n.save(n.pull(x, place(k)), keys, flat(k, (size,))))
        n.build.wrote(keys.buffer)
        found = Memory(_merged(n.build, keys.buffer, buffers, size))

        def give(k: Index) -> None:
            value = n.load(found, flat(k, (size,)), stable=False)
            n.save(value, memory, flat(place(k), shape))

        n.over((size,), give)

    n.loops(shape[:axis] + shape[axis + 1 :], "serial", leaf)


def _merged(build: ScalarBuilder, keys: Value, buffers: list[Value], size: int) -> Value:
    """Runs of 1, 2, 4, ... sorted elements are merged two by two, from one buffer into another."""
    source, target = buffers
    with build.loop(size) as loop:
        build.store(_integer(build, loop.index), source, 0, (loop.index,), (1,))
    build.wrote(source)
    width = 1
    while width < size:
        _pass(build, keys, (source, target), width, size)
        build.wrote(target)
        source, target, width = target, source, 2 * width
    return source


def _integer(build: ScalarBuilder, index: Value) -> Value:
    return build.op("convert", index, attrs={"dtype": "i64"}, dtype="i64")


def _pass(
    build: ScalarBuilder, keys: Value, buffers: tuple[Value, Value], width: int, size: int
) -> None:
    """Every place of the result takes the smaller of the heads of two runs, the left if equal."""
    source, target = buffers
    op = build.op

    def number(n: int) -> Value:
        return build.const(n, "i64")

    def read(buffer: Value, at: Value) -> Value:
        return build.load(buffer, 0, (build.index(at),), (1,), stable=False)

    def head(at: Value) -> tuple[Value, Value]:
        where = read(source, op("minimum", at, number(size - 1)))
        return where, read(keys, where)

    with build.loop(size, [number(0), number(0)]) as loop:
        k = _integer(build, loop.index)
        start = op("bitwise_and", k, number(-2 * width))
        middle = op("minimum", op("add", start, number(width)), number(size))
        end = op("minimum", op("add", start, number(2 * width)), number(size))
        fresh = op("equal", k, start)
        left = op("select", fresh, start, loop.carried[0])
        right = op("select", fresh, middle, loop.carried[1])
        (a, key_a), (b, key_b) = head(left), head(right)
        wins = op("logical_or", op("greater_equal", left, middle), before(build, key_b, key_a))
        takes = op("logical_and", op("less", right, end), wins)
        build.store(op("select", takes, b, a), target, 0, (loop.index,), (1,))
        one = number(1)
        loop.yields = [
            op("select", takes, left, op("add", left, one)),
            op("select", takes, op("add", right, one), right),
        ]


def before(build: ScalarBuilder, a: Value, b: Value) -> Value:
    """Whether `a` comes strictly before `b`: NaN come last."""
    smaller = build.op("less", a, b)
    if a.type.dtype not in ("f32", "f64"):
        return smaller
    number = build.op("logical_not", build.op("isnan", a))
    return build.op("logical_or", smaller, build.op("logical_and", number, build.op("isnan", b)))


@rule("argsort")
def _argsort(e: Expansion, op: Op, x: Grid) -> Grid:
    axis = op.attrs["axis"]
    size = x.shape[axis]
    rows = np.moveaxis(x, axis, -1)
    found = [_row(e, op, row.tolist()) for row in rows.reshape(-1, size)] if x.size else []
    flat_rows = grid([v for row in found for v in row], rows.shape)
    return np.moveaxis(flat_rows, -1, axis)


def _row(e: Expansion, op: Op, row: list[Value]) -> list[Value]:
    if len(row) <= NETWORK:
        return _network(e.build, row)
    size = len(row)
    keys = e.spill(grid(row, (size,)), Type(row[0].type.dtype, (size,)))
    buffers = [e.build.alloc(Type("i64", (size,))) for _ in range(2)]
    found: list[Value] = e.read(
        _merged(e.build, keys, buffers, size), (size,), stable=False
    ).tolist()
    return found


def _network(build: ScalarBuilder, row: list[Value]) -> list[Value]:
    """Neighbours are exchanged where they are out of order, until none can be."""
    keys, places = list(row), [build.const(k, "i64") for k in range(len(row))]
    for last in range(len(row) - 1, 0, -1):
        for k in range(last):
            swap = before(build, keys[k + 1], keys[k])
            for items in (keys, places):
                low, high = items[k], items[k + 1]
                items[k] = build.op("select", swap, high, low)
                items[k + 1] = build.op("select", swap, low, high)
    return places
