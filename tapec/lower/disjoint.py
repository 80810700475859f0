"""Whether the iterations of a loop touch memory that others of them write, loops inside included.

What an iteration touches is `stride * i + inner terms`. Two iterations never meet in a buffer if
its inner terms reach less far than the stride, but for those that are multiples of more than all
iterations reach together: rows of a matrix, or columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import gcd, inf

from tapec.ir.addresses import address
from tapec.ir.affine import Affine
from tapec.ir.core import Block, Op, Value
from tapec.ir.nested import every
from tapec.ir.ops.const import is_const
from tapec.ir.ops.loop import EXPECT, FOR, IF, REPEAT, WHILE
from tapec.ir.ops.memory import CHECK, LOAD, STORE

_KNOWN = frozenset((FOR, IF, REPEAT, WHILE, LOAD, STORE, CHECK, EXPECT))
Ranges = Mapping[Value, tuple[float, float]]


def meeting(loop: Op) -> set[Value] | None:
    """The buffers in which an iteration of a counted loop touches what another one writes; None
    where ops are in it of which that is not known."""
    (body,) = loop.regions
    inside = list(every(body.ops))
    if not all(o.primitive in _KNOWN or o.primitive.kind == "elementwise" or is_const(o)
               for o in inside):  # fmt: skip
        return None
    trips = loop.attrs["upper"] - loop.attrs["lower"]
    ranges = dict(_counters(inside))
    made = {v for block in _blocks(loop) for v in _values(block)} - {body.params[0]}
    found: dict[Value, list[Affine | None]] = {}
    for o in inside:
        if o.primitive in (LOAD, STORE):
            buffer, place = address(o)
            unknown = any(v in made and v not in ranges for v, _ in place.terms)
            found.setdefault(buffer, []).append(None if unknown else place)
    written = {o.operands[1] for o in inside if o.primitive is STORE}
    return {b for b in written if not _apart(found[b], body.params[0], trips, ranges)}


def _blocks(op: Op) -> Iterator[Block]:
    for inner in every([op]):
        yield from inner.regions


def _values(block: Block) -> Iterator[Value]:
    yield from block.params
    for op in block.ops:
        yield from op.results


def _counters(ops: list[Op]) -> Iterator[tuple[Value, tuple[float, float]]]:
    """The counters of loops inside, with their ranges."""
    for op in ops:
        if op.primitive is FOR:
            yield op.regions[0].params[0], (op.attrs["lower"], op.attrs["upper"] - 1)


def _apart(places: list[Affine | None], counter: Value, trips: int, ranges: Ranges) -> bool:
    """Whether iterations touch different elements of a buffer."""
    known = [p for p in places if p is not None]
    strides = {p.coefficient(counter) for p in known}
    if len(known) < len(places) or len(strides) != 1:
        return False
    stride = abs(strides.pop())
    if not stride:
        return False
    rests = [p.without(counter) for p in known]
    outer = {Affine(0, tuple(t for t in r.terms if t[0] not in ranges)) for r in rests}
    if len(outer) > 1:
        return False
    reach, far = _reach(rests, stride, ranges)
    return reach < stride and (not far or far > stride * (trips - 1) + reach)


def _reach(rests: list[Affine], stride: int, ranges: Ranges) -> tuple[float, int]:
    """How far the terms below the stride reach from each other, and the greatest common divisor of
    the other ones (0 where there are none)."""
    lowest, highest, far = inf, -inf, 0
    for rest in rests:
        inner = [(v, c) for v, c in rest.terms if v in ranges]
        far = gcd(far, *(c for _, c in inner if abs(c) >= stride))
        low, high = Affine(rest.const, tuple(t for t in inner if abs(t[1]) < stride)).range(ranges)
        lowest, highest = min(lowest, low), max(highest, high)
    return highest - lowest, far
