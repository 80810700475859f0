"""Where the rows of a result come from: per op, the axes of operands that one of its axes is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

from tapec.ir.core import Op
from tapec.ir.ops.linalg import free_axes
from tapec.ir.places import kept
from tapec.ir.types import Type

# Per operand the axis that the rows of a result are along, None where all of it is read.
Axes = Sequence[int | None]
Row = Callable[[Op, int], Axes | None]


def passes_rows(op: Op) -> bool:
    """Whether it is known where rows of its result come from."""
    known = op.primitive.kind == "elementwise" or op.name in _ROWS
    return known and bool(op.operands) and not op.regions and not op.primitive.raises


def operand_axes(op: Op, axis: int) -> Axes | None:
    """The axes of the operands; None where rows do not come from rows."""
    if not passes_rows(op):
        return None
    if op.primitive.kind == "elementwise":
        return [_aligned(v.type, op.result.type, axis) for v in op.operands]
    return _ROWS[op.name](op, axis)


def _aligned(given: Type, result: Type, axis: int) -> int | None:
    """The axis of an operand that is broadcast to the result."""
    own = axis - (result.ndim - given.ndim)
    return own if own >= 0 and given.shape[own] == result.shape[axis] else None


def _transposed(op: Op, axis: int) -> Axes:
    return [op.attrs["perm"][axis]]


def _spread(op: Op, axis: int) -> Axes:
    return [_aligned(op.operands[0].type, op.result.type, axis)]


def _reshaped(op: Op, axis: int) -> Axes | None:
    """An axis that stays as it is, with as much before it."""
    (given,), new = (v.type.shape for v in op.operands), op.result.type.shape
    rows, before = new[axis], prod(new[:axis])
    found = (k for k, n in enumerate(given) if n == rows and prod(given[:k]) == before)
    axis_before = next(found, None)
    return None if axis_before is None else [axis_before]


def _viewed(op: Op, axis: int) -> Axes | None:
    """An axis of which a slice takes all."""
    own, shape = kept(op.attrs["at"])[axis], op.operands[0].type.shape
    return [own] if op.attrs["at"][own] == (0, shape[own], 1) else None


def _multiplied(op: Op, axis: int) -> Axes:
    contract, batch = op.attrs["contract"], op.attrs["batch"]
    if axis < len(batch):
        return list(batch[axis])
    axis -= len(batch)
    left, right = (free_axes(v.type.ndim, contract, batch, k) for k, v in enumerate(op.operands))
    return [left[axis], None] if axis < len(left) else [None, right[axis - len(left)]]


def _reduced(op: Op, axis: int) -> Axes:
    return [[k for k in range(op.operands[0].type.ndim) if k not in op.attrs["axes"]][axis]]


_ROWS: dict[str, Row] = {
    "transpose": _transposed,
    "reshape": _reshaped,
    "index": _viewed,
    "broadcast_to": _spread,
    "dot": _multiplied,
    "reduce_sum": _reduced,
    "reduce_prod": _reduced,
    "reduce_max": _reduced,
    "reduce_min": _reduced,
    "reduce_any": _reduced,
    "reduce_all": _reduced,
}


def works(op: Op) -> bool:
    """Whether its rows cost more than reading them."""
    return _ROWS.get(op.name) in (_multiplied, _reduced)


def _new_shape(op: Op, axis: int, type: Type) -> Mapping[str, Any]:
    return {**op.attrs, "shape": type.shape}


def _new_place(op: Op, axis: int, type: Type) -> Mapping[str, Any]:
    at = list(op.attrs["at"])
    at[kept(op.attrs["at"])[axis]] = (0, type.shape[axis], 1)
    return {"at": tuple(at)}


# Attributes that know how many rows there are.
NEW_ATTRS = {"broadcast_to": _new_shape, "reshape": _new_shape, "index": _new_place}
