"""From array programs to the loop vocabulary."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from tapec.errors import UnsupportedLowering
from tapec.ir.core import Func, Op
from tapec.lower.filled import filled
from tapec.lower.inplace import SMALL
from tapec.lower.nests import lower_loops
from tapec.lower.plan import COSTLY
from tapec.lower.regions import inlined, needs_loops
from tapec.lower.scalars import expand
from tapec.lower.wave import waves

__all__ = ["expand", "lower", "lower_loops"]

# Scalar ops up to which arrays are expanded element by element, where arrays are few elements
# (unrolled scalar programs have no limit), and where loops cannot do it.
STRAIGHT = 1500
SCALAR_RATIO = 4
LAST_RESORT = 50_000
# What loops save, in scalar ops, for each element of an array taking a costly function: a vector of
# them takes as long as a number.
SCALAR_CALL = 80
MERGE_STEP = 12  # scalar ops to move one element in one of the merges of a sort


def lower(func: Func, blas: Callable[[], bool] = bool) -> Func:
    """The program in loads, scalar ops, loops and stores; its parameters are buffers.

    Inputs come first, then one output buffer per result. `blas` says, if asked,
    whether `gemm` may be used for large products. Raises UnsupportedLowering for an op
    without a rule.
    """
    func = filled(inlined(func))
    if needs_loops(func):
        return waves(lower_loops(func, blas))
    work = sum(_work(op) for op in func.ops) + _moved(func)
    if work <= max(STRAIGHT, SCALAR_RATIO * len(func.ops)):
        return expand(func)
    try:
        return lower_loops(func, blas)
    except UnsupportedLowering:
        if work > LAST_RESORT:
            raise
    return expand(func)


def _moved(func: Func) -> int:
    """Elements that straight lines would load and store one by one."""
    return sum(v.type.size for v in (*func.params, *func.results) if v.type.size > SMALL)


def _work(op: Op) -> int:
    """Scalar ops of one array op, roughly."""
    if op.name == "dot":
        a = op.operands[0].type.shape
        inner: int = prod(a[p[0]] for p in op.attrs["contract"])
        return op.result.type.size * 2 * inner
    if op.name in ("solve", "determinant", "cholesky"):
        unknowns: int = op.operands[0].type.shape[-2]
        return sum(v.type.size for v in op.operands) * unknowns
    if op.name == "argsort":
        merges: int = op.result.type.shape[op.attrs["axis"]].bit_length()
        return op.result.type.size * MERGE_STEP * merges
    largest = max((v.type.size for v in op.operands), default=0)
    size: int = max(op.result.type.size, largest if op.name.startswith("reduce") else 1)
    return size * SCALAR_CALL if size > SMALL and op.primitive.cost >= COSTLY else size
