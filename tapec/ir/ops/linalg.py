"""The general product of two arrays: dot, with contracted and batch axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from typing import Any

import numpy as np

from tapec.errors import ShapeError
from tapec.ir.build import Expr
from tapec.ir.core import Op
from tapec.ir.incidence import Pair, by_axes
from tapec.ir.ops.rules import quiet
from tapec.ir.ops.shape import (
    Array,
    Flags,
    Tangents,
    call,
    check_axis,
    check_dtypes,
    lift,
    moved,
    transposed,
)
from tapec.ir.ops.unread import strong_product
from tapec.ir.primitive import linear
from tapec.ir.types import Type

Pairs = tuple[tuple[int, int], ...]
Multiply = Callable[..., Expr]


def _side(pairs: Pairs, side: int) -> list[int]:
    return [pair[side] for pair in pairs]


def free_axes(ndim: int, contract: Pairs, batch: Pairs, side: int) -> list[int]:
    """Axes of operand `side` that are neither contracted nor batch."""
    used = {*_side(contract, side), *_side(batch, side)}
    return [axis for axis in range(ndim) if axis not in used]


def _infer_dot(a: Type, b: Type, *, contract: Pairs, batch: Pairs = ()) -> Type:
    check_dtypes("dot", a, b)
    for i, j in (*contract, *batch):
        check_axis(i, a.ndim, f"dot of {a} and {b}")
        check_axis(j, b.ndim, f"dot of {a} and {b}")
        if a.shape[i] != b.shape[j]:
            raise ShapeError(
                f"dot: axis {i} of {a} and axis {j} of {b} differ: {a.shape[i]} and {b.shape[j]}"
            )
    for side in (0, 1):
        used = _side((*contract, *batch), side)
        if len(set(used)) != len(used):
            raise ShapeError(f"dot of {a} and {b}: an axis is used twice in {used}")
    free_a, free_b = free_axes(a.ndim, contract, batch, 0), free_axes(b.ndim, contract, batch, 1)
    return a.with_shape(
        [
            *(a.shape[i] for i, _ in batch),
            *(a.shape[i] for i in free_a),
            *(b.shape[j] for j in free_b),
        ]
    )


def _dot(a: Array, b: Array, *, contract: Pairs, batch: Pairs = ()) -> Array:
    """Sorted into stacks of matrices, multiplied by NumPy's matmul."""
    a, b = np.asarray(a), np.asarray(b)
    free_a, free_b = free_axes(a.ndim, contract, batch, 0), free_axes(b.ndim, contract, batch, 1)
    left = np.transpose(a, [*_side(batch, 0), *free_a, *_side(contract, 0)])
    right = np.transpose(b, [*_side(batch, 1), *_side(contract, 1), *free_b])
    stack = left.shape[: len(batch)]
    rows = left.shape[len(batch) : len(batch) + len(free_a)]
    columns = tuple(b.shape[j] for j in free_b)
    m, n = int(np.prod(rows, dtype=int)), int(np.prod(columns, dtype=int))
    k = int(np.prod([a.shape[i] for i, _ in contract], dtype=int))
    product: Array = np.matmul(left.reshape((*stack, m, k)), right.reshape((*stack, k, n)))
    return product.reshape((*stack, *rows, *columns))


def _plain_product(a: Expr, b: Expr, **attrs: Any) -> Expr:
    return call("dot", a, b, **attrs)


def _transpose_dot(
    k: int, ct: Expr, a: Expr, b: Expr, *, contract: Pairs, batch: Pairs = (),
    multiply: Multiply = _plain_product,
) -> Expr:  # fmt: skip
    """Contract the cotangent's axes of the other operand, then restore this operand's order."""
    mine, other = (a, b) if k == 0 else (b, a)
    free_mine = free_axes(len(mine.shape), contract, batch, k)
    free_other = free_axes(len(other.shape), contract, batch, 1 - k)
    first = len(batch) + (len(free_mine) if k == 0 else 0)
    product = multiply(
        ct,
        other,
        contract=tuple((first + i, axis) for i, axis in enumerate(free_other)),
        batch=tuple((i, pair[1 - k]) for i, pair in enumerate(batch)),
    )
    by_other = sorted(contract, key=lambda pair: pair[1 - k])
    order = [*_side(batch, k), *free_mine, *_side(tuple(by_other), k)]
    return transposed(product, [order.index(axis) for axis in range(len(order))])


def _jvp_dot(
    operands: tuple[Expr, ...], tangents: Tangents, result: Expr,
    multiply: Multiply = _plain_product, **attrs: Any,
) -> Expr | None:  # fmt: skip
    (a, b), (ta, tb) = operands, tangents
    left = None if ta is None else multiply(ta, b, **attrs)
    right = None if tb is None else multiply(a, tb, **attrs)
    if left is None or right is None:
        return right if left is None else left
    return left + right


def _batch_dot(
    xs: tuple[Expr, ...], batched: Flags, size: int, *, contract: Pairs, batch: Pairs = ()
) -> Expr:
    a, b = xs
    if not any(batched):
        return lift(call("dot", a, b, contract=contract, batch=batch), False, size)
    da, db = batched
    contract_ = tuple((i + da, j + db) for i, j in contract)
    batch_ = tuple((i + da, j + db) for i, j in batch)
    if da and db:
        return call("dot", a, b, contract=contract_, batch=((0, 0), *batch_))
    product = call("dot", a, b, contract=contract_, batch=batch_)
    position = len(batch)
    if db:
        position += len(free_axes(len(a.shape), contract, batch, 0))
    return moved(product, position, 0)


def _meet(
    k: int, types: Sequence[Type], result: Type, *, contract: Pairs, batch: Pairs = ()
) -> Pair:
    """Batch places and free axes of an operand stay apart."""
    free = [free_axes(t.ndim, contract, batch, side) for side, t in enumerate(types)]
    first = len(batch) + (len(free[0]) if k else 0)
    mine = [*_side(batch, k), *free[k]]
    theirs = [*range(len(batch)), *range(first, first + len(free[k]))]
    return by_axes(types[k].shape, mine), by_axes(result.shape, theirs)


def _terms(op: Op) -> int:
    """The products that are added."""
    shape = op.operands[0].type.shape
    return int(op.result.type.size * prod(shape[k] for k, _ in op.attrs["contract"]))


DOT = linear(
    "dot",
    _infer_dot,
    quiet(_dot),
    (_transpose_dot,),
    jvp=_jvp_dot,
    strong={
        "transpose": (partial(_transpose_dot, multiply=strong_product),),
        "jvp": partial(_jvp_dot, multiply=strong_product),
    },
    batch=_batch_dot,
    cost=2,
    rounds=True,
    separate=True,
    work=_terms,
    lower="loops",
    reduces=True,
    sparsity=_meet,
    doc="Sum of products over the contracted axes; batch axes go first, then those left over.",
)
