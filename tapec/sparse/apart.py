"""Numbers that are joined from others, taken apart again.

A stack of four columns that is then scaled and cut is four columns, each of them scaled and cut: of
those that are zero nothing is computed, and the others go where they belong without a copy between.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, pairwise

import numpy as np

from tapec.ad.rules import reshape
from tapec.ir import Op
from tapec.ir.build import Builder
from tapec.ir.core import Value
from tapec.ir.ops.indexing import INDEX, PLACE
from tapec.ir.ops.shape import CONCATENATE, RESHAPE, STACK
from tapec.ir.places import full_range, kept, slices
from tapec.sparse.facts import Array
from tapec.sparse.tuning import MOST_PARTS

Cuts = tuple[int, ...]  # the first elements of parts along an axis, and behind the last


class Joined:
    """The parts of values of one program on its way."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.source: dict[Value, Op] = {r: op for op in builder.ops for r in op.results}
        self.cut: dict[tuple[Value, int, int, int], Value] = {}
        self.joints: dict[Value, tuple[int, Cuts] | None] = {}

    def of(self, value: Value, at: Array) -> Iterator[tuple[Value, Array]]:
        """The parts that a value is joined from, or is the sum of, and of `at`, which has its
        shape."""
        op = self.source.get(value)
        if op is not None and op.primitive is RESHAPE:
            (given,) = op.operands
            yield from self.of(given, at.reshape(given.type.shape))
            return
        if op is not None and op.primitive is PLACE:
            for given, spec in zip(op.operands, op.attrs["at"], strict=True):
                yield from self.of(given, np.asarray(at[slices(spec)]))
            return
        found = self.joined(value)
        if found is None:
            yield value, at
            return
        axis, cuts = found
        for first, last in pairwise(cuts):
            own = np.take(at, np.arange(first, last), axis=axis)
            if (own >= 0).any():
                yield from self.of(self.part(value, axis, first, last), own)

    def joined(self, value: Value) -> tuple[int, Cuts] | None:
        """The axis along which a value is joined from others, and where these begin."""
        if value not in self.joints:
            self.joints[value] = self._joined(value, self.source.get(value))
        return self.joints[value]

    def _joined(self, value: Value, op: Op | None) -> tuple[int, Cuts] | None:
        if op is None:
            return None
        if op.primitive in (STACK, CONCATENATE):
            cuts = _bounds(op)
            return (op.attrs["axis"], cuts) if len(cuts) <= MOST_PARTS else None
        if op.primitive is INDEX:
            return self._cut_whole(op)
        if op.primitive.kind == "elementwise" and not op.primitive.raises:
            full = (v for v in op.operands if v.type.shape == value.type.shape)
            return next(filter(None, map(self.joined, full)), None)
        return None

    def _cut_whole(self, op: Op) -> tuple[int, Cuts] | None:
        """The same of a view that has all of the axis."""
        found = self.joined(op.operands[0])
        if found is None:
            return None
        axis, cuts = found
        whole = op.attrs["at"][axis] == (0, cuts[-1], 1)
        return (kept(op.attrs["at"]).index(axis), cuts) if whole else None

    def part(self, value: Value, axis: int, first: int, last: int) -> Value:
        """Elements from first to last along an axis, computed from the same of the operands."""
        if (first, last) == (0, value.type.shape[axis]):
            return value
        key = value, axis, first, last
        if key not in self.cut:
            known = len(self.builder.ops)
            self.cut[key] = self._part(value, axis, first, last)
            self.source.update((r, op) for op in self.builder.ops[known:] for r in op.results)
        return self.cut[key]

    def _part(self, value: Value, axis: int, first: int, last: int) -> Value:
        op = self.source.get(value)
        if op is None or self.joined(value) is None:
            return self._sliced(value, axis, first, last)
        if op.primitive in (STACK, CONCATENATE):
            return self._operand(op, axis, first, last)
        if op.primitive is INDEX:
            at = list(op.attrs["at"])
            own = kept(op.attrs["at"])[axis]
            if at[own] != (0, op.operands[0].type.shape[own], 1):
                return self._sliced(value, axis, first, last)
            at[own] = (0, last - first, 1)
            given = self.part(op.operands[0], own, first, last)
            return self._emit(op, (given,), {"at": tuple(at)})
        operands = (self._aligned(v, value, axis, first, last) for v in op.operands)
        return self._emit(op, tuple(operands), op.attrs)

    def _operand(self, op: Op, axis: int, first: int, last: int) -> Value:
        """One of the arrays that are joined, if the part is one."""
        bounds = list(pairwise(_bounds(op)))
        if axis != op.attrs["axis"] or (first, last) not in bounds:
            return self._sliced(op.result, axis, first, last)
        given = op.operands[bounds.index((first, last))]
        shape = list(op.result.type.shape)
        shape[axis] = last - first
        return reshape(self.builder, given, tuple(shape))

    def _aligned(self, v: Value, result: Value, axis: int, first: int, last: int) -> Value:
        """The part of an operand that is broadcast to the result."""
        own = axis - (result.type.ndim - v.type.ndim)
        if own < 0 or v.type.shape[own] != result.type.shape[axis]:
            return v
        return self.part(v, own, first, last)

    def _sliced(self, value: Value, axis: int, first: int, last: int) -> Value:
        at = list(full_range(value.type.shape))
        at[axis] = (first, last - first, 1)
        return self.builder.emit(INDEX, (value,), {"at": tuple(at)}).result

    def _emit(self, op: Op, operands: Sequence[Value], attrs: Mapping[str, object]) -> Value:
        return self.builder.emit(op.primitive, tuple(operands), dict(attrs)).result


def _bounds(op: Op) -> Cuts:
    """Where the arrays that are joined begin, and where the last ends."""
    if op.primitive is STACK:
        return tuple(range(len(op.operands) + 1))
    axis = op.attrs["axis"]
    return tuple(accumulate((v.type.shape[axis] for v in op.operands), initial=0))
