"""Values that cannot be computed element by element at their reads, and so need memory.

Every read is followed from its nest through the inline values, with an index whose entries vary or
are constant. Where a varying index would need a division (a reshape) or a choice among parts (a
concatenation), the value that is read gets memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

import numpy as np

from tapec.ir.affine import ZERO, Affine, Index, var
from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.ops import arith
from tapec.ir.ops.dynamic import DYNAMIC_ADD, DYNAMIC_UPDATE
from tapec.ir.ops.indexing import PLACE, UPDATE
from tapec.ir.ops.shape import CONCATENATE, RESHAPE, STACK
from tapec.ir.places import Entry, is_run
from tapec.ir.regions import RegionOp, region_op
from tapec.ir.types import Type
from tapec.lower.marks import is_data
from tapec.lower.roles import Decided
from tapec.lower.spacekeys import (
    FEW,
    columns,
    joins_even,
    made_key,
    small_key,
    space_key,
    unrolled_from,
)
from tapec.lower.tuning import SMALL
from tapec.lower.views import VIEWS, aligned

_JOINS = frozenset((PLACE, UPDATE, CONCATENATE, STACK))
_PIECES = _JOINS | {RESHAPE}
_WRITES = frozenset((DYNAMIC_UPDATE, DYNAMIC_ADD))
MOVES = var(Value(Type("index"), "any"))
Read = tuple[Value, Index]


def inaccessible(plan: Decided) -> set[Value]:
    """The values of a block that must have memory for this reason."""
    ops = plan.func.ops
    found = {
        op.result for op in ops if op.primitive in _WRITES and 1 < op.result.type.size <= SMALL
    }
    if any(
        op.primitive in _PIECES and not plan.inline.isdisjoint((op.result, *op.operands))
        for op in ops
    ):
        found |= _Reads(plan).run()
    return found


class _Reads:
    """All reads of a block's inline values, from the last op to the first."""

    def __init__(self, plan: Decided) -> None:
        self.plan = plan
        self.indices: dict[Value, dict[Index, None]] = {}
        self.needed: set[Value] = set()
        self.joins = any(op.primitive in _JOINS for op in plan.func.ops)

    def run(self) -> set[Value]:
        """The values that need memory."""
        for op in reversed(self.plan.func.ops):
            for read in [r for v in op.results for r in self.of(op, v)]:
                self.ask(*read)
        return self.needed

    def ask(self, value: Value, index: Index) -> None:
        """Record a read of an inline value."""
        if value in self.plan.inline:
            self.indices.setdefault(value, {})[index] = None

    def of(self, op: Op, value: Value) -> Iterator[Read]:
        """The reads that compute a value."""
        if value in self.plan.inline and value not in self.needed:
            for index in self.indices.get(value, ()):
                yield from self.through(op, index)
        elif op.primitive.kind == "region":
            yield from every(op.operands)
        else:
            yield from self.nest(op)

    def nest(self, op: Op) -> Iterator[Read]:
        """The reads of a nest that computes a value with memory or registers."""
        shape = op.result.type.shape
        if op.result in self.plan.small and small_key(op) == FEW:
            yield from self.through(op, (ZERO,) * len(shape))
        elif op.result in self.plan.small and small_key(op)[0] == "reduce":
            (x,) = op.operands
            for index in summed(x.type.shape, op.attrs["axes"], (ZERO,) * x.type.ndim):
                yield x, index
        elif columns(made := self.plan.made_as(op)) or made_key(op, made) != space_key(op):
            yield from self.made(made)
        elif space_key(op)[0] == "map":
            # Which part of a join is read differs between unrolled elements; nothing else does.
            for index in over(shape) if self.joins else islice(over(shape), 1):
                yield from self.through(op, index)
        elif op.primitive is CONCATENATE and not op.attrs["axis"] and not joins_even(op):
            for v in op.operands:
                yield from self.part(v)
        else:
            rule = OWN.get(op.name)
            yield from rule(op) if rule else every(op.operands)

    def part(self, value: Value) -> Iterator[Read]:
        """The reads of what is stored as it is made."""
        op = self.plan.source.get(value)
        made = op and self.plan.made_as(op)
        if made is None or made is op:
            return ((value, index) for index in over(value.type.shape))
        return self.made(made)

    def made(self, op: Op) -> Iterator[Read]:
        """The reads of all elements, where they are computed."""
        if columns(op):
            return every(op.operands)
        return (read for index in over(op.result.type.shape) for read in self.through(op, index))

    def through(self, op: Op, index: Index) -> Iterator[Read]:
        """The reads that compute one element."""
        view = VIEWS.get(op.name)
        if view is None:
            pointwise = op.primitive.kind == "elementwise" or op.primitive is arith.integer_pow
            yield from _READS.get(op.name, _aligned if pointwise else _every_element)(op, index)
            return
        found = view(op, index)
        if found is not None:
            yield from found
        elif op.primitive is not RESHAPE:
            self.needed.add(op.result)
            yield from self.nest(op)
        elif not self.in_memory(op.operands[0]):
            self.needed.add(op.operands[0])

    def in_memory(self, value: Value) -> bool:
        """Whether a value has memory, as parameters and constant arrays do."""
        source = self.plan.source.get(value)
        return source is None or value in self.plan.roots or is_data(source)


def every(values: Sequence[Value]) -> Iterator[Read]:
    """All elements of these, in loops over all axes."""
    return ((v, tuple(MOVES if n > 1 else ZERO for n in v.type.shape)) for v in values)


def over(shape: tuple[int, ...]) -> Iterator[Index]:
    """The indices in loops over a space, whose last axes are unrolled."""
    cut = unrolled_from(shape)
    moving = tuple(MOVES if n > 1 else ZERO for n in shape[:cut])
    return (moving + tuple(map(Affine, rest)) for rest in np.ndindex(shape[cut:]))


def summed(shape: tuple[int, ...], axes: Sequence[int], index: Index) -> Iterator[Index]:
    """Indices whose entries on these axes run over them."""
    for inside in over(tuple(n if k in axes else 1 for k, n in enumerate(shape))):
        yield tuple(inside[k] if k in axes else i for k, i in enumerate(index))


def _aligned(op: Op, index: Index) -> Iterator[Read]:
    return ((v, aligned(index, v.type.shape)) for v in op.operands)


def _every_element(op: Op, index: Index) -> Iterator[Read]:
    return every(op.operands)


def _gathered(op: Op, index: Index) -> Iterator[Read]:
    x, *arrays = op.operands
    lead = len(index) - (x.type.ndim - len(arrays))
    yield from ((a, aligned(index[:lead], a.type.shape)) for a in arrays)
    yield x, (*(MOVES for _ in arrays), *index[lead:])


def _dynamic(op: Op, index: Index) -> Iterator[Read]:
    x, *starts = op.operands
    yield from ((v, ()) for v in starts)
    rest = iter(index)
    yield x, tuple(_entry(entry, rest) for entry in op.attrs["at"])


def _entry(entry: Entry, rest: Iterator[Affine]) -> Affine:
    """The index at which an entry of a place reads; whether it varies is all that counts."""
    inner = ZERO if isinstance(entry, int) else next(rest)
    return MOVES if is_run(entry) else inner


# The reads of one element, for ops that are not views.
_READS: Mapping[str, Callable[[Op, Index], Iterator[Read]]] = {
    "gather": _gathered,
    "dynamic_index": _dynamic,
}


def _reduced(op: Op) -> Iterator[Read]:
    """A reduction with a large result: in loops over that, then over what is summed."""
    (x,) = op.operands
    axes = op.attrs["axes"]
    yield from ((x, i) for i in summed(x.type.shape, axes, next(every([x]))[1]))


def _parts(op: Op) -> Iterator[Read]:
    """Parts put together one after the other."""
    return ((v, index) for v in op.operands for index in over(v.type.shape))


def _written(op: Op) -> Iterator[Read]:
    """An array, copied around the part that is written, and the part."""
    x, *others = op.operands
    yield from every([x])
    yield from ((v, index) for v in others for index in over(v.type.shape))


# The reads of ops with loops of their own that do not loop over all axes.
OWN: Mapping[str, Callable[[Op], Iterator[Read]]] = {
    **dict.fromkeys(
        ("reduce_sum", "reduce_prod", "reduce_max", "reduce_min", "reduce_any", "reduce_all"),
        _reduced,
    ),
    **dict.fromkeys(("concatenate", "stack"), _parts),
    **dict.fromkeys(("update", "dynamic_update", "dynamic_add"), _written),
}


def reshaped(block: Block | Func, known: dict[Block | Func, set[int]] | None = None) -> set[int]:
    """Numbers of the parameters that a region reshapes, itself or in regions of its own.

    `known` are the regions looked at, as functions are called many times.
    """
    known = {} if known is None else known
    if block not in known:
        number = {p: k for k, p in enumerate(block.params)}
        shaped = {op.operands[0] for op in block.ops if op.primitive is RESHAPE}
        for op in block.ops:
            if op.primitive.form is not None:
                shaped |= _reshaped_inside(region_op(op), known)
        known[block] = {number[v] for v in shaped if v in number}
    return known[block]


def _reshaped_inside(r: RegionOp, known: dict[Block | Func, set[int]]) -> set[Value]:
    """The arguments of a branch, loop or call that one of its regions reshapes."""
    found = {k - r.skip for region in r.op.regions for k in reshaped(region, known)}
    return {r.args[k] for k in found if k >= 0}
