"""Which values to pass into a region rather than compute there."""

from __future__ import annotations

from tapec.ir.core import Op

# Results up to this size are carried into the loop at no cost worth counting.
SMALL = 64
# What costs at least so many additions per element is computed once even where that grows data.
DEAR = 4
# Other names for elements that are there already: an address computation inside the loop.
_VIEWS = frozenset({"reshape", "transpose", "broadcast_to", "index"})


def worth_passing(op: Op) -> bool:
    """Whether an op's results are better computed once outside and passed in."""
    size = sum(v.type.size for v in op.results)
    if not op.operands or op.primitive.name == "broadcast_to":
        return False
    if size <= SMALL:
        return True
    if op.primitive.name in _VIEWS:
        return False
    return size <= sum(v.type.size for v in op.operands) or _dear(op)


def _dear(op: Op) -> bool:
    if op.primitive.kind == "elementwise":
        return op.primitive.cost >= DEAR
    return op.primitive.name != "dot" or bool(op.attrs["contract"])
