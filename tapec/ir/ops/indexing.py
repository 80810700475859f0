"""Reading and writing parts of arrays: views (index, place, update) and index arrays.

A specification `at` has one entry per axis: an int (drops the axis) or `(start, count, step)`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.errors import DTypeError, ShapeError
from tapec.ir.build import Expr
from tapec.ir.ops.shape import (
    Array,
    Flags,
    Shape,
    Tangents,
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
from tapec.ir.primitive import RAISES, linear
from tapec.ir.types import INTEGERS, Type, broadcast_shapes

Entry = int | tuple[int, int, int]
Spec = tuple[Entry, ...]

# --- specifications ------------------------------------------------------------------------------


def selected_shape(shape: Shape, at: Spec, what: str = "index") -> Shape:
    """Shape of the selected part; raises ShapeError for an entry that leaves the array."""
    if len(at) != len(shape):
        raise ShapeError(f"{what}: {len(at)} entries for an array of shape {list(shape)}")
    for axis, (entry, n) in enumerate(zip(at, shape, strict=True)):
        if not _within(entry, n):
            raise ShapeError(
                f"{what}: entry {entry} is out of range for axis {axis} of shape {list(shape)}"
            )
    return tuple(e[1] for e in at if not isinstance(e, int))


def _within(entry: Entry, n: int) -> bool:
    if isinstance(entry, int):
        return 0 <= entry < n
    start, count, step = entry
    if count <= 0:
        return count == 0
    last = start + (count - 1) * step
    return step != 0 and 0 <= start < n and 0 <= last < n


def slices(at: Spec) -> tuple[Any, ...]:
    """The specification as NumPy's basic index."""
    return tuple(e if isinstance(e, int) else _slice(*e) for e in at)


def _slice(start: int, count: int, step: int) -> slice:
    if count == 0:
        return slice(0, 0)
    stop = start + count * step
    return slice(start, stop if stop >= 0 else None, step)


def _batched_at(at: Spec, size: int) -> Spec:
    return ((0, size, 1), *at)


# --- index, place, update ------------------------------------------------------------------------


def _infer_index(x: Type, *, at: Spec) -> Type:
    return x.with_shape(selected_shape(x.shape, at))


def _batch_index(xs: tuple[Expr, ...], batched: Flags, size: int, *, at: Spec) -> Expr:
    return call("index", lift(xs[0], batched[0], size), at=_batched_at(at, size))


linear(
    "index",
    _infer_index,
    lambda x, *, at: np.asarray(x[slices(at)]),
    (lambda k, ct, x, *, at: call("place", ct, at=(at,), shape=x.shape),),
    batch=_batch_index,
    cost=0,
    doc="A view: one element or a strided range per axis.",
)


def _infer_place(*types: Type, at: tuple[Spec, ...], shape: Shape) -> Type:
    if not types or len(types) != len(at):
        raise ShapeError(f"place: {len(types)} contributions at {len(at)} places")
    check_dtypes("place", *types)
    for t, spec in zip(types, at, strict=True):
        expected = selected_shape(shape, spec, "place")
        if t.shape != expected:
            raise ShapeError(f"place: {t} at a part of shape {list(expected)} of {list(shape)}")
    return types[0].with_shape(shape)


def _place(*parts: Array, at: tuple[Spec, ...], shape: Shape) -> Array:
    out = np.zeros(shape, np.asarray(parts[0]).dtype)
    for part, spec in zip(parts, at, strict=True):
        out[slices(spec)] += part
    return out


def _jvp_place(
    operands: tuple[Expr, ...], tangents: Tangents, result: Expr, *, at: Any, shape: Shape
) -> Expr | None:
    moving = [(t, spec) for t, spec in zip(tangents, at, strict=True) if t is not None]
    if not moving:
        return None
    parts, specs = zip(*moving, strict=True)
    return call("place", *parts, at=specs, shape=shape)


def _batch_place(
    xs: tuple[Expr, ...], batched: Flags, size: int, *, at: tuple[Spec, ...], shape: Shape
) -> Expr:
    specs = tuple(_batched_at(spec, size) for spec in at)
    return call("place", *lift_all(xs, batched, size), at=specs, shape=(size, *shape))


linear(
    "place",
    _infer_place,
    _place,
    (lambda k, ct, *parts, at, shape: call("index", ct, at=at[k]),),
    jvp=_jvp_place,
    batch=_batch_place,
    doc="Zeros with every contribution added at its place; the transpose of index.",
)


def _infer_update(x: Type, v: Type, *, at: Spec) -> Type:
    check_dtypes("update", x, v)
    expected = selected_shape(x.shape, at, "update")
    if v.shape != expected:
        raise ShapeError(f"update: {v} written to a part of shape {list(expected)} of {x}")
    return x


def _update(x: Array, v: Array, *, at: Spec) -> Array:
    out = np.array(x)
    out[slices(at)] = v
    return out


def _transpose_update(k: int, ct: Expr, x: Expr, v: Expr, *, at: Spec) -> Expr:
    return call("index", ct, at=at) if k else call("update", ct, zeros(v), at=at)


def _batch_update(xs: tuple[Expr, ...], batched: Flags, size: int, *, at: Spec) -> Expr:
    return call("update", *lift_all(xs, batched, size), at=_batched_at(at, size))


linear(
    "update",
    _infer_update,
    _update,
    (_transpose_update,),
    jvp=joint_jvp("update"),
    batch=_batch_update,
    doc="x with x[at] = v.",
)

# --- index arrays --------------------------------------------------------------------------------


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


linear(
    "gather",
    _infer_gather,
    lambda x, *indices: np.asarray(x[indices]),
    (_transpose_gather,),
    jvp=joint_jvp("gather", fixed=1),
    batch=_batch_gather,
    traits=RAISES,
    doc="Integer arrays index the first axes; negative indices count from the end.",
)
linear(
    "scatter_add",
    _infer_scatter,
    _scatter_add,
    (_transpose_scatter_add,),
    jvp=joint_jvp("scatter_add", fixed=2),
    batch=_batch_scatter("scatter_add"),
    traits=RAISES,
    doc="x with v added at the indexed places; repeated places accumulate.",
)
linear(
    "scatter",
    _infer_scatter,
    _scatter,
    (_transpose_scatter,),
    jvp=joint_jvp("scatter", fixed=2),
    batch=_batch_scatter("scatter"),
    traits=RAISES,
    doc="x with x[i1, ..., ik] = v; of repeated places the last write stays.",
)
