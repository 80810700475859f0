"""The structure of seeds: what is done with all unit vectors is done with the diagonal alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.ir.core import Dense, Op, Value
from tapec.ir.ops.const import SEED, is_const
from tapec.ir.types import Type
from tapec.passes.rewriter import Rewriter, remade, rule
from tapec.passes.tuning import SEED_DEPTH

Result = Op | Value | None
# Ops of diagonal matrices with such results: the operands of which one being so is enough, if any.
_ENOUGH: dict[str, tuple[int, ...]] = {
    "mul": (0, 1), "strong_mul": (0, 1), "div": (0,), "add": (), "sub": (), "neg": (),
}  # fmt: skip


@rule("dot")
def dot_with_seeds(op: Op, cx: Rewriter) -> Result:
    """A product with all unit vectors is the other operand, with its axis where theirs is left."""
    contract = op.attrs["contract"]
    if op.attrs.get("batch") or len(contract) != 1:
        return None
    for side, value in enumerate(op.operands):
        other = op.operands[1 - side]
        if _unit_vectors(cx, value):
            axis = contract[0][1 - side]
            perm = [k for k in range(other.type.ndim) if k != axis]
            perm.insert(len(perm) * side, axis)
            return remade(op, "transpose", (other,), perm=tuple(perm))
    return None


def _unit_vectors(cx: Rewriter, value: Value) -> bool:
    """Whether a value is an identity matrix that seeds a derivative: its zeros are structural."""
    op = cx.defs.get(value)
    if op is None or value.type.ndim != 2:
        return False
    if is_const(op):
        data = op.attrs["value"]
        return SEED in op.attrs and isinstance(data, Dense) and _is_eye(data.array)
    same = cx.defined(op.operands[0], "equal") if cx.defined(value, "convert") else None
    counts = [cx.defs.get(v) for v in same.operands] if same is not None else []
    return bool(counts) and all(is_const(c) and SEED in c.attrs for c in counts if c is not None)


def _is_eye(array: np.ndarray[Any, Any]) -> bool:
    return array.shape[0] == array.shape[1] and np.array_equal(array, np.eye(len(array)))


@rule("reduce_sum")
def sum_of_diagonal(op: Op, cx: Rewriter) -> Result:
    """The rows or columns of a diagonal matrix have one element each that is not a zero."""
    (x,) = op.operands
    shape = x.type.shape
    if len(shape) != 2 or shape[0] != shape[1] or op.attrs["axes"] not in ((0,), (1,)):
        return None
    return _diagonal(x, cx, SEED_DEPTH)


def _diagonal(x: Value, cx: Rewriter, depth: int) -> Value | None:
    """The diagonal of a matrix whose other elements are zeros of seeds; None for other matrices."""
    inner = cx.defs.get(x)
    if inner is None or not depth:
        return None
    vector = Type(x.type.dtype, x.type.shape[:1])
    if _unit_vectors(cx, x):
        return cx.const(1.0, vector)
    enough = _ENOUGH.get(inner.name)
    if x.type.ndim != 2 or enough is None:
        return None
    parts = [_diagonal(v, cx, depth - 1) for v in inner.operands]
    if any(parts[k] is not None for k in enough):
        parts = [
            _along_diagonal(v, vector, cx) if p is None else p
            for p, v in zip(parts, inner.operands, strict=True)
        ]
    if any(p is None for p in parts):
        return None
    return cx.emit(inner.name, [p for p in parts if p is not None], **inner.attrs)


def _along_diagonal(v: Value, vector: Type, cx: Rewriter) -> Value | None:
    """The diagonal of what is the same in all rows or in all columns."""
    (n,) = vector.shape
    if v.type.shape == vector.shape or not v.type.shape:
        return v
    if v.type.shape in ((1, n), (n, 1)):
        return cx.emit("reshape", [v], shape=(n,))
    return None
