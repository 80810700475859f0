"""Which values to compute outside of a region and pass in."""

from __future__ import annotations

from tapec.ir.core import Op
from tapec.ir.ops.shape import BROADCAST_TO
from tapec.passes.tuning import DEAR_COST, FREE_ELEMENTS


def worth_passing(op: Op) -> bool:
    """Whether an op's results are better computed once outside and passed in."""
    size = sum(v.type.size for v in op.results)
    if not op.operands or op.primitive is BROADCAST_TO:
        return False
    if size <= FREE_ELEMENTS:
        return True
    if op.primitive.view and op.primitive.places is None:
        return False  # an address computation inside the loop
    return size <= sum(v.type.size for v in op.operands) or _dear(op)


def _dear(op: Op) -> bool:
    if op.primitive.kind == "elementwise":
        return op.primitive.cost >= DEAR_COST
    return not op.primitive.separate or bool(op.attrs["contract"])
