"""Arrays put together from parts: sums of parts at places, writes to a part, parts in a row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from math import prod
from typing import Any

from tapec.ir.affine import Affine, Index, flat
from tapec.ir.core import Op, Value
from tapec.ir.ops.dynamic import DYNAMIC_ADD
from tapec.ir.ops.indexing import UPDATE
from tapec.ir.ops.nest import ACCUMULATE
from tapec.ir.ops.shape import RESHAPE, STACK
from tapec.ir.places import Box, around, cuts, dense, extents, full_range, inside, overlap, size
from tapec.lower.dynamic import put
from tapec.lower.frame import Frame
from tapec.lower.memory import Memory
from tapec.lower.spacekeys import columns, joins_even
from tapec.lower.tuning import EDGE, MOST_BOXES, UNROLLED

Part = tuple[Value, Any]  # what is put, and where: a specification
Body = Callable[[Index], None]


def _fill(n: Frame, shape: tuple[int, ...], value: Value, buffer: Memory) -> None:
    n.over(shape, lambda at: n.save(value, buffer, flat(at, shape)))


def place(n: Frame, op: Op, buffer: Memory) -> None:
    """Every part added at its place, zero elsewhere."""
    shape = op.result.type.shape
    stretches = _stretches(op)
    if stretches is not None:
        _boxes(n, op, buffer, stretches, list(zip(op.operands, op.attrs["at"], strict=True)))
        return
    _fill(n, shape, n.build.zero(op.result.type.dtype), buffer)
    for k, (part, at) in enumerate(zip(op.operands, op.attrs["at"], strict=True)):
        put(n, part, at, (), shape, buffer, add=k > 0)


def _stretches(op: Op) -> Sequence[Box] | None:
    """Per axis, the stretches between where parts begin and end; None where pieces are too many."""
    if not all(map(dense, op.attrs["at"])):
        return None
    found = cuts([extents(at) for at in op.attrs["at"]], op.result.type.shape)
    return None if prod(map(len, found)) * len(op.operands) > MOST_BOXES else found


def _boxes(
    n: Frame, op: Op, buffer: Memory, stretches: Sequence[Box], parts: Sequence[Part]
) -> None:
    """Every piece of the result; pieces side by side on the last axis in one nest."""
    shape = op.result.type.shape
    together = len(shape) > 1 and shape[-1] > UNROLLED
    split = len(shape) - 1 if together else len(shape)
    for outer in product(*stretches[:split]):
        boxes = [(*outer, *rest) for rest in product(*stretches[split:])]
        bodies = [(box, body) for box in boxes if (body := _box(n, op, buffer, box, parts))]
        if not together:
            for box, body in bodies:
                n.over(size(box), body)
        elif bodies:
            n.loops([b - a for a, b in outer], "serial", partial(_side_by_side, n, bodies))


def _side_by_side(n: Frame, bodies: Sequence[tuple[Box, Body]], at: Index) -> None:
    for box, body in bodies:
        width = box[-1][1] - box[-1][0]
        if width <= EDGE:
            for k in range(width):
                body((*at, Affine(k)))
        else:
            n.loops([width], "vector", lambda rest, body=body: body((*at, *rest)))  # type: ignore[misc]


def _box(n: Frame, op: Op, buffer: Memory, box: Box, parts: Sequence[Part]) -> Body | None:
    """One element of the sum of the parts that cover a piece of the result.

    In the result or, of an accumulation, added to it: then a piece that no part covers is None.
    """
    low, shape = [Affine(a) for a, _ in box], op.result.type.shape
    added = op.primitive is ACCUMULATE
    covering = [(part, at) for part, at in parts if inside(box, extents(at))]

    def body(index: Index) -> None:
        where = tuple(i + a for i, a in zip(index, low, strict=True))
        total = n.build.zero(op.result.type.dtype)
        for part, at in covering:
            pairs = zip(at, where, strict=True)
            inner = tuple(w + Affine(-e[0]) for e, w in pairs if isinstance(e, tuple))
            total = n.build.op("add", total, n.pull(part, inner))
        if added:
            old = n.load(buffer, flat(where, shape), stable=False)
            total = n.build.op("add", old, total)
        n.save(total, buffer, flat(where, shape))

    return None if added and not covering else body


def accumulate(n: Frame, op: Op, buffer: Memory) -> None:
    """Parts added to an array in one pass over each piece that the same of them cover.

    Where the pieces would be too many, one pass over what all parts cover, and then each part's
    rest around it.
    """
    start_from(n, op, buffer)
    parts: list[Part] = list(zip(op.operands[1:], op.attrs["at"], strict=True))
    stretches = _stretches(op)
    if stretches is not None:
        _boxes(n, op, buffer, stretches, parts)
        return
    core = _core(op)
    if core is None:
        for part, at in parts:
            put(n, part, at, (), op.result.type.shape, buffer, add=True)
        return
    pieces = [(core, parts), *((box, [p]) for p in parts for box in around(extents(p[1]), core))]
    for box, covering in pieces:
        body = _box(n, op, buffer, box, covering)
        assert body is not None
        n.over(size(box), body)


def _core(op: Op) -> Box | None:
    """What all parts cover; None where that is not most of the smallest, or parts have gaps."""
    specs = op.attrs["at"]
    if not all(map(dense, specs)):
        return None
    core = overlap([extents(at) for at in specs])
    smallest = min(prod(size(extents(at))) for at in specs)
    return core if core is not None and 2 * prod(size(core)) >= smallest else None


def start_from(n: Frame, op: Op, buffer: Memory) -> None:
    """The array before a write, unless the write takes over its memory."""
    if n.shares.get(op.result) is not op.operands[0]:
        n.copy(op.operands[0], buffer)


def _rest(n: Frame, op: Op, buffer: Memory) -> None:
    """What an update leaves as it was, into new memory: copied around a part without gaps."""
    x, at = op.operands[0], op.attrs["at"]
    shape = x.type.shape
    if n.shares.get(op.result) is x or op.primitive is not UPDATE or not dense(at):
        start_from(n, op, buffer)
        return
    for box in around([(0, extent) for extent in shape], extents(at)):

        def body(index: Index, box: Box = box) -> None:
            place = tuple(i + Affine(a) for i, (a, _) in zip(index, box, strict=True))
            n.save(n.pull(x, place), buffer, flat(place, shape))

        n.over(size(box), body)
    n.build.wrote(buffer.buffer)


def update(n: Frame, op: Op, buffer: Memory) -> None:
    """The array with one part of it overwritten, or added to."""
    x, part, *starts = op.operands
    _rest(n, op, buffer)
    put(n, part, op.attrs["at"], starts, x.type.shape, buffer, add=op.primitive is DYNAMIC_ADD)


def concatenate(n: Frame, op: Op, buffer: Memory) -> None:
    """The operands one after the other along an axis, which a stack makes anew.

    Those of one shape are computed together: they often have much in common.
    """
    shape, axis = op.result.type.shape, op.attrs["axis"] % op.result.type.ndim
    if joins_even(op):
        _side_by_side_parts(n, op, axis, buffer)
        return
    start = 0
    for part in op.operands:
        extent = part.type.shape[axis]
        made = None if axis else _reshaped(n, part)
        if made is not None:
            _as_made(n, made, buffer, Affine(start * prod(shape[1:])))
        else:
            at = list(full_range(shape))
            at[axis] = (start, extent, 1)
            put(n, part, at, (), shape, buffer, add=False)
        start += extent


def _reshaped(n: Frame, part: Value) -> Op | None:
    """What a part without memory is a reshape of."""
    op = n.source.get(part)
    if op is None or op.primitive is not RESHAPE or n.placed(part):
        return None
    made = n.made_as(op)
    return None if made is op else made


def _as_made(n: Frame, made: Op, buffer: Memory, first: Affine) -> None:
    """A part that is a reshape, where the elements are computed."""
    space = made.operands[0].type.shape if columns(made) else made.result.type.shape
    n.over(space, lambda at: n.put(made, buffer, at, first))


def _side_by_side_parts(n: Frame, op: Op, axis: int, buffer: Memory) -> None:
    """Parts of one shape in one loop."""
    whole, shape = op.result.type.shape, op.operands[0].type.shape

    def body(index: Index) -> None:
        values = [n.pull(part, index) for part in op.operands]
        for k, value in enumerate(values):
            if op.primitive is STACK:
                place = (*index[:axis], Affine(k), *index[axis:])
            else:
                first = Affine(k * shape[axis])
                place = (*index[:axis], index[axis] + first, *index[axis + 1 :])
            n.save(value, buffer, flat(place, whole))

    n.over(shape, body)
