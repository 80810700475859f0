"""From array programs to the loop vocabulary."""

from __future__ import annotations

from collections.abc import Callable

from tapec.errors import UnsupportedLowering
from tapec.ir.core import Func
from tapec.ir.verify import verified
from tapec.lower.choice import estimate, straight
from tapec.lower.filled import filled
from tapec.lower.native import native
from tapec.lower.nests import lower_loops
from tapec.lower.regions import inlined, needs_loops
from tapec.lower.scalars import expand
from tapec.lower.wave import waves

__all__ = ["expand", "lower", "lower_loops"]

# Estimated scalar ops up to which lines are written out where loops cannot do it.
LAST_RESORT = 50_000


@verified
def lower(func: Func, blas: Callable[[], bool] = bool) -> Func:
    """The program in loads, scalar ops, loops and stores; its parameters are buffers.

    Inputs come first, then one output buffer per result. `blas` says, if asked,
    whether `gemm` may be used for large products. Raises UnsupportedLowering for an op
    without a rule.
    """
    func = filled(inlined(native(func)))
    if needs_loops(func):
        return waves(lower_loops(func, blas))
    lines = straight(func)
    if lines is not None:
        return lines
    try:
        return lower_loops(func, blas)
    except UnsupportedLowering:
        if estimate(func) > LAST_RESORT:
            raise
    return expand(func)
