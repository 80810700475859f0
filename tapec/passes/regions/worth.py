"""Which values to pass into a region rather than compute there."""

from __future__ import annotations

from tapec.ir.core import Op
from tapec.ir.ops.shape import BROADCAST_TO

# Results up to this size are carried into the loop at no cost worth counting.
SMALL = 64
# What costs at least so many additions per element is computed once even where that grows data.
DEAR = 4


def worth_passing(op: Op) -> bool:
    """Whether an op's results are better computed once outside and passed in."""
    size = sum(v.type.size for v in op.results)
    if not op.operands or op.primitive is BROADCAST_TO:
        return False
    if size <= SMALL:
        return True
    if op.primitive.view and op.primitive.places is None:
        return False  # an address computation inside the loop
    return size <= sum(v.type.size for v in op.operands) or _dear(op)


def _dear(op: Op) -> bool:
    if op.primitive.kind == "elementwise":
        return op.primitive.cost >= DEAR
    return not op.primitive.separate or bool(op.attrs["contract"])
