"""Stencils over recomputed arrays: elements that several slices read.

An element that five slices share would be computed five times, and after three such steps over a
hundred times. Where that costs more than storing it, the array gets memory.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from tapec.ir.core import Func, Value
from tapec.ir.ops.gather import GATHER
from tapec.ir.ops.indexing import INDEX
from tapec.ir.ops.shape import RESHAPE, TRANSPOSE
from tapec.lower.tuning import OVERLAP_COST

_VIEWS = frozenset({INDEX, GATHER, TRANSPOSE, RESHAPE})


def overlapping(func: Func, inline: Collection[Value], costs: Mapping[Value, int]) -> set[Value]:
    """Inline values whose elements several slices or gathers would compute again and again."""
    shared: dict[Value, float] = {}  # reads per element, through views
    direct: set[Value] = set()  # values read where they are
    found: set[Value] = set()
    for op in reversed(func.ops):
        if len(op.results) != 1:
            continue
        value = op.result
        reads = (value in direct) + shared.get(value, 0.0)
        if op.primitive in _VIEWS and value in inline:
            x = op.operands[0]
            share = reads * value.type.size / max(x.type.size, 1)
            shared[x] = shared.get(x, 0.0) + share
            direct.update(op.operands[1:])
            continue
        direct.update(op.operands)
        if value in inline and (reads - 1.0) * costs.get(value, 0) > OVERLAP_COST:
            found.add(value)
    return found
