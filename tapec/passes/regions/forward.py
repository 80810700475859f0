"""Results that are no work of the region: an argument handed through, or a constant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tapec.ir.core import Block, Dense, Op, Value
from tapec.passes.regions.site import Site
from tapec.passes.support import attr_key

# An argument by its position, the constant, or None where the region computes the result.
Source = int | Op | None


def sources(s: Site) -> list[Source]:
    """Per result, what all bodies return for it."""
    tables = [_handed(s, body) for body in s.bodies]
    count = len(s.op.results)
    found = [
        [table.get(body.results[k]) for table, body in zip(tables, s.bodies, strict=True)]
        for k in range(count)
    ]
    return [_agreed(each) for each in found]


def _handed(s: Site, body: Block) -> Mapping[Value, int | Op]:
    handed: dict[Value, int | Op] = {p: k for k, p in enumerate(s.params(body))}
    for op in body.ops:
        if op.primitive.name == "const" and not isinstance(op.attrs["value"], Dense):
            handed[op.results[0]] = op
    return handed


def _agreed(found: Sequence[Source]) -> Source:
    first, *others = found
    if isinstance(first, Op):
        key = attr_key(first.attrs)
        same = all(isinstance(o, Op) and attr_key(o.attrs) == key for o in others)
        return first if same else None
    return first if all(o == first for o in others) else None
