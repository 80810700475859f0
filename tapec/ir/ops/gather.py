"""Index arrays: reading and writing the elements of an array at places given at run time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tapec.errors import DTypeError, ShapeError
from tapec.ir.build import Expr
from tapec.ir.incidence import Pair, by_axes
from tapec.ir.ops.shape import (
    Array,
    Flags,
    Shape,
    array,
    broadcasted,
    call,
    check_dtypes,
    joint_jvp,
    lift,
    lift_all,
    listed,
    moved,
    reshaped,
    zeros,
)
from tapec.ir.primitive import linear
from tapec.ir.types import INTEGERS, Type, broadcast_shapes


def _index_shape(x: Type, indices: tuple[Type, ...], what: str) -> Shape:
    if not 1 <= len(indices) <= x.ndim:
        raise ShapeError(f"{what}: {len(indices)} index arrays for {x}")
    if any(i.dtype not in INTEGERS for i in indices):
        raise DTypeError(f"{what}: index arrays must be integers, not {listed(*indices)}")
    return broadcast_shapes(*(i.shape for i in indices))


def _gathered_shape(x: Type, indices: tuple[Type, ...], what: str) -> Shape:
    return (*_index_shape(x, indices, what), *x.shape[len(indices) :])


def _infer_gather(x: Type, *indices: Type) -> Type:
    return x.with_shape(_gathered_shape(x, indices, "gather"))


def _infer_scatter(x: Type, v: Type, *indices: Type) -> Type:
    check_dtypes("scatter", x, v)
    expected = _gathered_shape(x, indices, "scatter")
    if v.shape != expected:
        raise ShapeError(f"scatter: {v} written to places of shape {list(expected)} of {x}")
    return x


def _scatter_add(x: Array, v: Array, *indices: Array) -> Array:
    out = np.array(x)
    np.add.at(out, indices, v)
    return out


def _scatter(x: Array, v: Array, *indices: Array) -> Array:
    out = np.array(x)
    out[indices] = v
    return out


def _aligned(indices: tuple[Expr, ...], batched: Flags, size: int) -> tuple[list[Expr], int]:
    """Index arrays that broadcast with a leading batch axis, and the rank without it."""
    rank = max(len(i.shape) - flag for i, flag in zip(indices, batched, strict=True))
    aligned = []
    for i, flag in zip(indices, batched, strict=True):
        inner = i.shape[flag:]
        pad = (1,) * (rank - len(inner))
        aligned.append(reshaped(i, (size, *pad, *inner)) if flag else i)
    return aligned, rank


def _iota(like: Expr, size: int, rank: int) -> Expr:
    return array(like, np.arange(size).reshape((size, *(1,) * rank)))


def _batch_gather(xs: tuple[Expr, ...], batched: Flags, size: int) -> Expr:
    x, indices = xs[0], xs[1:]
    if not any(batched[1:]):
        count, rank = len(indices), max(len(i.shape) for i in indices)
        return moved(call("gather", moved(lift(x, batched[0], size), 0, count), *indices), rank, 0)
    aligned, rank = _aligned(indices, batched[1:], size)
    if not batched[0]:
        return call("gather", x, *aligned)
    return call("gather", x, _iota(x, size, rank), *aligned)


def _batch_scatter(name: str) -> Any:
    def batch(xs: tuple[Expr, ...], batched: Flags, size: int) -> Expr:
        x, v = lift_all(xs[:2], batched[:2], size)
        indices, count = xs[2:], len(xs) - 2
        if any(batched[2:]):
            aligned, rank = _aligned(indices, batched[2:], size)
            return call(name, x, v, _iota(x, size, rank), *aligned)
        rank = max(len(i.shape) for i in indices)
        return moved(call(name, moved(x, 0, count), moved(v, 0, rank), *indices), count, 0)

    return batch


def _transpose_gather(k: int, ct: Expr, x: Expr, *indices: Expr) -> Expr | None:
    return None if k else call("scatter_add", zeros(ct, x.shape), ct, *indices)


def _transpose_scatter_add(k: int, ct: Expr, x: Expr, v: Expr, *indices: Expr) -> Expr | None:
    return (ct, call("gather", ct, *indices))[k] if k < 2 else None


def _transpose_scatter(k: int, ct: Expr, x: Expr, v: Expr, *indices: Expr) -> Expr | None:
    if k > 1:
        return None
    if k == 0:
        return call("scatter", ct, zeros(v), *indices)
    kept = _survivors(x, v, indices)
    return call("select", kept, call("gather", ct, *indices), zeros(v))


def _survivors(x: Expr, v: Expr, indices: tuple[Expr, ...]) -> Expr:
    """Which writes of a scatter nobody overwrote: write serial numbers, read them back."""
    count = len(indices)
    shape = broadcast_shapes(*(i.shape for i in indices))
    serial = array(x, np.arange(int(np.prod(shape, dtype=int))).reshape(shape))
    written = call("scatter", zeros(serial, x.shape[:count]), serial, *indices)
    kept = call("equal", call("gather", written, *indices), serial)
    return broadcasted(reshaped(kept, (*shape, *(1,) * (len(v.shape) - len(shape)))), v.shape)


def _meet_gathered(k: int, types: Sequence[Type], result: Type) -> Pair:
    """At unknown places: the axes behind the indexed ones stay apart."""
    behind = types[0].ndim - (len(types) - 1)
    return _last_axes(types[0], behind), _last_axes(result, behind)


def _meet_scattered(k: int, types: Sequence[Type], result: Type) -> Pair:
    """What is not written stays; what is may go anywhere along the indexed axes."""
    behind = result.ndim - (len(types) - 2) if k else result.ndim
    return _last_axes(types[k], behind), _last_axes(result, behind)


def _last_axes(t: Type, count: int) -> Array:
    return by_axes(t.shape, range(t.ndim - count, t.ndim))


GATHER = linear(
    "gather",
    _infer_gather,
    lambda x, *indices: np.asarray(x[indices]),
    (_transpose_gather,),
    jvp=joint_jvp("gather", fixed=1),
    batch=_batch_gather,
    sparsity=_meet_gathered,
    raises=True,
    work=lambda op: op.result.type.size,
    places=1,
    lower="loops",
    doc="Integer arrays index the first axes; negative indices count from the end.",
)
SCATTER_ADD = linear(
    "scatter_add",
    _infer_scatter,
    _scatter_add,
    (_transpose_scatter_add,),
    jvp=joint_jvp("scatter_add", fixed=2),
    batch=_batch_scatter("scatter_add"),
    sparsity=_meet_scattered,
    raises=True,
    writes=0,
    rounds=True,
    reader="gather",
    places=2,
    lower="own loops",
    doc="x with v added at the indexed places; repeated places accumulate.",
)
SCATTER = linear(
    "scatter",
    _infer_scatter,
    _scatter,
    (_transpose_scatter,),
    jvp=joint_jvp("scatter", fixed=2),
    batch=_batch_scatter("scatter"),
    sparsity=_meet_scattered,
    raises=True,
    writes=0,
    reader="gather",
    places=2,
    lower="own loops",
    doc="x with x[i1, ..., ik] = v; of repeated places the last write stays.",
)
