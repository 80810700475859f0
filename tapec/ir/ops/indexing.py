"""Reading and writing parts of arrays that are known in advance: index, place, update.

A specification `at` has one entry per axis: an int (drops the axis) or `(start, count, step)`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.errors import ShapeError
from tapec.ir.build import Expr
from tapec.ir.ops.shape import (
    Array,
    Flags,
    Shape,
    Tangents,
    call,
    check_dtypes,
    joint_jvp,
    lift,
    lift_all,
    zeros,
)
from tapec.ir.places import Spec, fits, selected, slices
from tapec.ir.primitive import linear
from tapec.ir.types import Type


def selected_shape(shape: Shape, at: Spec, what: str = "index") -> Shape:
    """Shape of the selected part; raises ShapeError for an entry that leaves the array."""
    if len(at) != len(shape):
        raise ShapeError(f"{what}: {len(at)} entries for an array of shape {list(shape)}")
    for axis, (entry, n) in enumerate(zip(at, shape, strict=True)):
        if not fits(entry, n):
            raise ShapeError(
                f"{what}: entry {entry} is out of range for axis {axis} of shape {list(shape)}"
            )
    return selected(at)


def _batched_at(at: Spec, size: int) -> Spec:
    return ((0, size, 1), *at)


# --- index, place, update ------------------------------------------------------------------------


def _infer_index(x: Type, *, at: Spec) -> Type:
    return x.with_shape(selected_shape(x.shape, at))


def _batch_index(xs: tuple[Expr, ...], batched: Flags, size: int, *, at: Spec) -> Expr:
    return call("index", lift(xs[0], batched[0], size), at=_batched_at(at, size))


INDEX = linear(
    "index",
    _infer_index,
    lambda x, *, at: np.asarray(x[slices(at)]),
    (lambda k, ct, x, *, at: call("place", ct, at=(at,), shape=x.shape),),
    batch=_batch_index,
    cost=0,
    view={0: 0},
    work=lambda op: op.result.type.size,
    lower="loops",
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


PLACE = linear(
    "place",
    _infer_place,
    _place,
    (lambda k, ct, *parts, at, shape: call("index", ct, at=at[k]),),
    jvp=_jvp_place,
    batch=_batch_place,
    lower="loops",
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


UPDATE = linear(
    "update",
    _infer_update,
    _update,
    (_transpose_update,),
    jvp=joint_jvp("update"),
    batch=_batch_update,
    writes=0,
    reader="index",
    lower="loops",
    doc="x with x[at] = v.",
)
