"""Operands of large products copied into the layout that a call of a BLAS can read.

Packing moves every element once, and the product reads each of them many times.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from tapec.ir.build import Builder, Expr
from tapec.ir.core import Op, Value
from tapec.ir.ops.linalg import free_axes
from tapec.ir.ops.shape import call, reshaped, transposed
from tapec.lower.tuning import CALL_FLOPS, PACKED_REUSE

Axes = tuple[list[int], list[int], list[int]]  # of one operand: batch, free, contracted


def packed(op: Op) -> Sequence[Op]:
    """The same product of stacks of dense matrices; none where packing is not worth its while."""
    pairs, batch = op.attrs["contract"], op.attrs["batch"]
    build = Builder()
    groups: list[Axes] = []
    for side, value in enumerate(op.operands):
        free = free_axes(value.type.ndim, pairs, batch, side)
        groups.append(([p[side] for p in batch], free, [p[side] for p in pairs]))
    m, n = (_size(v, g[1]) for v, g in zip(op.operands, groups, strict=True))
    k = _size(op.operands[0], groups[0][2])
    floats = op.result.type.dtype in ("f32", "f64")
    if not floats or k == 1 or min(m, n) < PACKED_REUSE or 2 * m * n * k < CALL_FLOPS:
        return ()
    a, b = (_dense(Expr(build, v), g) for v, g in zip(op.operands, groups, strict=True))
    if (a.value, b.value) == op.operands:
        return ()
    stack = tuple((j, j) for j in range(len(batch)))
    rows, columns = (
        len(batch) + _contracted_last(v, g) for v, g in zip(op.operands, groups, strict=True)
    )
    found = call("dot", a, b, contract=((rows, columns),), batch=stack)
    reshaped(found, op.result.type.shape)
    *before, made = build.ops
    return (*before, Op(made.primitive, made.operands, made.attrs, op.results, (), op.loc))


def _size(value: Value, axes: Sequence[int]) -> int:
    return prod(value.type.shape[k] for k in axes)


def _contracted_last(value: Value, groups: Axes) -> bool:
    """Whether the axis whose elements lie side by side is contracted: it stays the last one."""
    return value.type.ndim - 1 in groups[2]


def _dense(x: Expr, groups: Axes) -> Expr:
    """The batch axes, free axes as one and contracted axes as one, or those two the other way.

    In memory of its own if it was not so: only a reshape of an array in another order needs
    memory, a transpose alone is a view.
    """
    batch, free, contract = groups
    matrix = (free, contract) if _contracted_last(x.value, groups) else (contract, free)
    shape = (*(x.shape[k] for k in batch), *(_size(x.value, g) for g in matrix))
    moved = transposed(x, [k for g in (batch, *matrix) for k in g])
    if moved is not x:
        moved = reshaped(moved, (prod(shape),))
    return reshaped(moved, shape)
