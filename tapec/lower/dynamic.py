"""Parts of arrays at run-time places: the address of a start, reads, and writes to one part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tapec.errors import UnsupportedLowering
from tapec.ir.affine import Affine, Index, flat, var
from tapec.ir.core import Op, Value
from tapec.ir.ops.dynamic import DYNAMIC_UPDATE
from tapec.ir.places import RUN
from tapec.lower.frame import Frame, element
from tapec.lower.memory import Memory

Steps = Sequence[tuple[Affine, int | None]]  # per axis: first place, step (None: one element)


def single(p: Frame, start: Value, extent: int) -> Affine:
    """The place of one element; checked where the counters' ranges do not prove it."""
    raw = p.pull(start, ())
    known = p.build.affine(raw)
    low, high = known.range(p.build.ranges)
    if low >= 0 and high < extent:
        return known
    if low >= -extent and high < 0:
        return known + Affine(extent)
    return var(p.build.check(raw, extent))


def window(p: Frame, start: Value, count: int, step: int, extent: int) -> Affine:
    """The first place of a window, which must lie inside the axis (nothing wraps)."""
    raw, reach = p.pull(start, ()), (count - 1) * step
    least, most = max(0, -reach), extent - 1 - max(0, reach)
    known = p.build.affine(raw)
    low, high = known.range(p.build.ranges)
    if not count or (low >= least and high <= most):
        return known if count else Affine()
    size = p.build.const(most - least + 1, "i64")
    moved = p.build.op("sub", raw, p.build.const(least, "i64")) if least else raw
    below = p.build.op("less", moved, p.build.const(0, "i64"))
    tested = p.build.op("select", below, size, moved)
    return var(p.build.check(tested, most - least + 1)) + Affine(least)


def steps(p: Frame, at: Sequence[Any], starts: Sequence[Value], shape: Sequence[int]) -> Steps:
    """A specification with its starts placed."""
    given, found = iter(starts), []
    for entry, extent in zip(at, shape, strict=True):
        if entry == RUN:
            found.append((single(p, next(given), extent), None))
        elif not isinstance(entry, tuple):
            found.append((Affine(entry), None))
        elif entry[0] == RUN:
            _, count, step = entry
            found.append((window(p, next(given), count, step, extent), step))
        else:
            found.append((Affine(entry[0]), entry[2]))
    return found


def within(places: Steps, index: Index) -> Index:
    """The place in the whole array of element `index` of the part."""
    rest = iter(index)
    return tuple(a if step is None else next(rest).times(step) + a for a, step in places)


@element("dynamic_index")
def _index(p: Frame, op: Op, index: Index) -> Value:
    x, *starts = op.operands
    return p.pull(x, within(steps(p, op.attrs["at"], starts, x.type.shape), index))


@element("dynamic_update", "dynamic_add")
def _written(p: Frame, op: Op, index: Index) -> Value:
    """Of one element; larger arrays are memory."""
    x, v, *starts = op.operands
    if x.type.size != 1:
        raise UnsupportedLowering("a write that no memory was chosen for", where=op.loc)
    steps(p, op.attrs["at"], starts, x.type.shape)  # for the checks
    new = p.pull(v, (Affine(),) * v.type.ndim)
    return new if op.primitive is DYNAMIC_UPDATE else p.build.op("add", p.pull(x, index), new)


def put(
    n: Frame, part: Value, at: Sequence[Any], starts: Sequence[Value], shape: tuple[int, ...],
    memory: Memory, *, add: bool,
) -> None:  # fmt: skip
    """Store a part at its place, or add it to what is there."""
    places = steps(n, at, starts, shape)

    def body(index: Index) -> None:
        position = flat(within(places, index), shape)
        value = n.pull(part, index)
        if add:
            value = n.build.op("add", n.load(memory, position, stable=False), value)
        n.save(value, memory, position)

    n.over(part.type.shape, body)
