"""Sorting: networks in registers for a few elements, merges in memory for more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tapec.ir.affine import Affine, Index, flat
from tapec.ir.core import Op, Value
from tapec.ir.types import Type
from tapec.lower.build import ScalarBuilder
from tapec.lower.frame import Frame
from tapec.lower.memory import Memory
from tapec.lower.scalars import Grid, Grids, grid, rule
from tapec.lower.tuning import NETWORK


@dataclass(frozen=True)
class _Room:
    """Memory for keys and their places, twice: merges go from one half into the other.

    One element beyond the end may be read; its value is not used.
    """

    keys: Value
    places: Value
    size: int


def _room(build: ScalarBuilder, dtype: str, size: int) -> _Room:
    shape = (2 * size + 1,)
    return _Room(build.alloc(Type(dtype, shape)), build.alloc(Type("i64", shape)), size)


def argsort(n: Frame, op: Op, memory: Memory) -> None:
    """The permutations that sort along an axis, one row after the other."""
    (x,) = op.operands
    shape, axis = x.type.shape, op.attrs["axis"]
    size = shape[axis]
    if not x.type.size:
        return
    room = _room(n.build, x.type.dtype, size)
    keys = Memory(room.keys)

    def leaf(outer: Index) -> None:
        def place(k: Index) -> Index:
            return (*outer[:axis], *k, *outer[axis:])

        n.over((size,), lambda k: n.save(n.pull(x, place(k)), keys, flat(k, (size,))))
        n.build.wrote(room.keys)
        found = Memory(room.places, Affine(_merged(n.build, room)))

        def give(k: Index) -> None:
            value = n.load(found, flat(k, (size,)), stable=False)
            n.save(value, memory, flat(place(k), shape))

        n.over((size,), give)

    n.loops(shape[:axis] + shape[axis + 1 :], "serial", leaf)


def _merged(build: ScalarBuilder, room: _Room) -> int:
    """Merge runs of 1, 2, 4, ... sorted keys two by two; in which half the places are then."""
    with build.loop(room.size) as loop:
        build.store(_integer(build, loop.index), room.places, 0, (loop.index,), (1,))
    build.wrote(room.places)
    passes = (room.size - 1).bit_length()
    start = [build.const(k, "i64") for k in (1, 0, room.size)]
    with build.loop(passes, start) as loop:
        width, source, target = loop.carried
        _pass(build, room, width, source, target)
        loop.yields = [build.op("add", width, width), target, source]
    build.wrote(room.keys)
    build.wrote(room.places)
    return room.size if passes % 2 else 0


def _integer(build: ScalarBuilder, index: Value) -> Value:
    return build.op("convert", index, attrs={"dtype": "i64"}, dtype="i64")


def _pass(build: ScalarBuilder, room: _Room, width: Value, source: Value, target: Value) -> None:
    """Every place of the result takes the smaller of the heads of two runs, the left if equal."""
    op, size = build.op, build.const(room.size, "i64")
    zero, one = (build.const(k, "i64") for k in (0, 1))
    double = op("add", width, width)
    mask = op("neg", double)

    def at(half: Value, k: Value) -> Value:
        return build.index(op("add", half, k))

    def read(buffer: Value, where: Value) -> Value:
        return build.load(buffer, 0, (where,), (1,), stable=False)

    with build.loop(room.size, [zero, zero]) as loop:
        k = _integer(build, loop.index)
        start = op("bitwise_and", k, mask)
        middle = op("minimum", op("add", start, width), size)
        end = op("minimum", op("add", start, double), size)
        fresh = op("equal", k, start)
        left = op("select", fresh, start, loop.carried[0])
        right = op("select", fresh, middle, loop.carried[1])
        a, b = at(source, left), at(source, right)
        key_a, key_b = read(room.keys, a), read(room.keys, b)
        wins = op("logical_or", op("greater_equal", left, middle), before(build, key_b, key_a))
        takes = op("logical_and", op("less", right, end), wins)
        here = at(target, k)
        build.store(op("select", takes, key_b, key_a), room.keys, 0, (here,), (1,))
        smaller = op("select", takes, read(room.places, b), read(room.places, a))
        build.store(smaller, room.places, 0, (here,), (1,))
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
def _argsort(e: Grids, op: Op, x: Grid) -> Grid:
    axis = op.attrs["axis"]
    size = x.shape[axis]
    rows = np.moveaxis(x, axis, -1)
    found = [_row(e, op, row.tolist()) for row in rows.reshape(-1, size)] if x.size else []
    flat_rows = grid([v for row in found for v in row], rows.shape)
    return np.moveaxis(flat_rows, -1, axis)


def _row(e: Grids, op: Op, row: list[Value]) -> list[Value]:
    if len(row) <= NETWORK:
        return _network(e.build, row)
    room = _room(e.build, row[0].type.dtype, len(row))
    for k, value in enumerate(row):
        e.build.store(value, room.keys, k)
    e.build.wrote(room.keys)
    start = _merged(e.build, room)
    return [e.build.load(room.places, start + k, stable=False) for k in range(len(row))]


def _network(build: ScalarBuilder, row: list[Value]) -> list[Value]:
    """A bubble-sort network: neighbours are exchanged by `select` where they are out of order."""
    keys, places = list(row), [build.const(k, "i64") for k in range(len(row))]
    for last in range(len(row) - 1, 0, -1):
        for k in range(last):
            swap = before(build, keys[k + 1], keys[k])
            for items in (keys, places):
                low, high = items[k], items[k + 1]
                items[k] = build.op("select", swap, high, low)
                items[k + 1] = build.op("select", swap, low, high)
    return places
