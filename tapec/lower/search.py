"""Binary search, with the same number of steps for every element, so that it vectorises."""

from __future__ import annotations

import numpy as np

from tapec.ir.affine import Affine, Index, flat, var
from tapec.ir.core import Op, Value
from tapec.lower.build import ScalarBuilder
from tapec.lower.frame import Frame
from tapec.lower.memory import Memory
from tapec.lower.scalars import Grid, Grids, rule
from tapec.lower.sorting import before


def search(n: Frame, op: Op, memory: Memory) -> None:
    """Of `size` candidates one half goes in each step, until one is left."""
    a, v = op.operands
    *lead, size = a.type.shape
    build = n.build

    def comes_before(at: Index, place: Affine, value: Value) -> Value:
        return precedes(build, n.pull(a, (*at[: len(lead)], place)), value, op.attrs["right"])

    def leaf(at: Index) -> None:
        value = n.pull(v, at)
        zero, one = build.const(0, "i64"), build.const(1, "i64")
        with build.loop((size - 1).bit_length(), [zero, build.const(size, "i64")]) as loop:
            start, count = loop.carried
            half = build.op("right_shift", count, one)
            middle = build.op("add", start, half)
            before_it = comes_before(at, var(build.index(middle)) + Affine(-1), value)
            start = build.op("select", before_it, middle, start)
            loop.yields = [start, build.op("sub", count, half)]
        start = loop.results[0]
        last = comes_before(at, var(build.index(start)), value)
        found = build.op("select", last, build.op("add", start, one), start)
        n.save(found, memory, flat(at, v.type.shape))

    def nothing(at: Index) -> None:
        n.save(build.const(0, "i64"), memory, flat(at, v.type.shape))

    n.loops(v.type.shape, "vector", leaf if size else nothing)


def precedes(build: ScalarBuilder, element: Value, value: Value, right: bool) -> Value:
    """Whether an element of the sorted array stands before the place of `value`."""
    if not right:
        return before(build, element, value)
    return build.op("logical_not", before(build, value, element))


@rule("search")
def _search(e: Grids, op: Op, a: Grid, v: Grid) -> Grid:
    """The elements that come before it, counted."""
    out = np.empty(v.shape, object)
    for at in np.ndindex(v.shape):
        total = e.build.const(0, "i64")
        value: Value = v[at]  # type: ignore[assignment]
        for element in a[at[: a.ndim - 1]].tolist():
            truth = precedes(e.build, element, value, op.attrs["right"])
            one = e.build.op("convert", truth, attrs={"dtype": "i64"}, dtype="i64")
            total = e.build.op("add", total, one)
        out[at] = total
    return out
