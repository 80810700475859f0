"""Results that a region only passes through: an argument, or a constant."""

from __future__ import annotations

from collections.abc import Sequence

from tapec.ir.core import Block, Op, Value
from tapec.ir.ops.const import number_of
from tapec.ir.regions import RegionOp
from tapec.passes.support import attr_key

# An argument by its position, the constant, or None where the region computes the result.
Source = int | Op | None


def passed_by_all(form: RegionOp) -> list[Source]:
    """Per result, what all bodies return for it."""
    return [
        _agreed(found)
        for found in zip(*(passed_through(form, body) for body in form.bodies), strict=True)
    ]


def passed_through(form: RegionOp, body: Block) -> list[Source]:
    """Per result, what one body returns for it."""
    known: dict[Value, int | Op] = {p: k for k, p in enumerate(form.params(body))}
    for op in body.ops:
        if number_of(op) is not None:
            known[op.results[0]] = op
    return [known.get(v) for v in body.results]


def _agreed(found: Sequence[Source]) -> Source:
    first, *others = found
    if isinstance(first, Op):
        key = attr_key(first.attrs)
        same = all(isinstance(o, Op) and attr_key(o.attrs) == key for o in others)
        return first if same else None
    return first if all(o == first for o in others) else None
