"""Parts of arrays at places known at run time only: element `i`, a window of fixed size from `i`.

A specification `at` has one entry per axis, as in `index`, where the start may be `RUN`: it is
taken from the next start operand (an i64 number). `RUN` alone is one element (drops the axis),
`(RUN, count, step)` a window. Negative elements count from the end, as in NumPy; what leaves the
array raises IndexError.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tapec.errors import DTypeError, ShapeError
from tapec.ir.build import Expr
from tapec.ir.incidence import Pair, by_axes
from tapec.ir.ops.indexing import selected_shape
from tapec.ir.ops.shape import (
    Array,
    Flags,
    Shape,
    array,
    call,
    joint_jvp,
    lift_all,
    reshaped,
    splat,
    zeros,
)
from tapec.ir.places import RUN, Entry, Spec, runs, selected, slices, triple
from tapec.ir.primitive import linear
from tapec.ir.types import Type


def window_shape(x: Type, at: Spec, starts: tuple[Type, ...]) -> Shape:
    """Shape of the part; raises ShapeError or DTypeError for what cannot fit."""
    axes = runs(at) if len(at) == x.ndim else ()
    if len(axes) != len(starts):
        raise ShapeError(f"{len(starts)} starts for {len(axes)} places of {x}")
    for s in starts:
        if s != Type("i64"):
            raise DTypeError(f"a start must be an i64 number, got {s}")
    fixed = tuple(placed(e, 0, n) if k in axes else e
                  for k, (e, n) in enumerate(zip(at, x.shape, strict=True)))  # fmt: skip
    return selected_shape(x.shape, fixed)


def placed(entry: Entry, start: int, n: int) -> Entry:
    """An entry with its start filled in; raises IndexError where it leaves the axis."""
    if isinstance(entry, int):
        if not -n <= start < n:
            raise IndexError(f"index {start} is out of bounds for axis of size {n}")
        return start % n
    _, count, step = entry
    last = start + (count - 1) * step
    if count and not (0 <= start < n and 0 <= last < n):
        raise IndexError(f"window {start}..{last} is out of bounds for axis of size {n}")
    return (start, count, step)


def numpy_index(at: Spec, starts: tuple[Any, ...], shape: Shape) -> tuple[Any, ...]:
    """NumPy's index once the starts are known."""
    given = iter(starts)
    axes = runs(at)
    return slices(
        tuple(
            placed(e, int(next(given)), n) if k in axes else e
            for k, (e, n) in enumerate(zip(at, shape, strict=True))
        )
    )


# --- dynamic_index, dynamic_update, dynamic_add --------------------------------------------------


def _infer_index(x: Type, *starts: Type, at: Spec) -> Type:
    return x.with_shape(window_shape(x, at, starts))


def _infer_write(x: Type, v: Type, *starts: Type, at: Spec) -> Type:
    expected = x.with_shape(window_shape(x, at, starts))
    if v != expected:
        raise ShapeError(f"{v} written to a part of type {expected}")
    return x


def _update(x: Array, v: Array, *starts: Array, at: Spec) -> Array:
    out = np.array(x)
    out[numpy_index(at, starts, x.shape)] = v
    return out


def _add(x: Array, v: Array, *starts: Array, at: Spec) -> Array:
    out = np.array(x)
    out[numpy_index(at, starts, x.shape)] += v
    return out


def _transpose_index(k: int, ct: Expr, x: Expr, *starts: Expr, at: Spec) -> Expr | None:
    return call("dynamic_add", zeros(ct, x.shape), ct, *starts, at=at) if k == 0 else None


def _transpose_update(k: int, ct: Expr, x: Expr, v: Expr, *starts: Expr, at: Spec) -> Expr | None:
    if k == 0:
        return call("dynamic_update", ct, zeros(ct, v.shape), *starts, at=at)
    return call("dynamic_index", ct, *starts, at=at) if k == 1 else None


def _transpose_add(k: int, ct: Expr, x: Expr, v: Expr, *starts: Expr, at: Spec) -> Expr | None:
    if k == 0:
        return ct
    return call("dynamic_index", ct, *starts, at=at) if k == 1 else None


# --- many points at once -------------------------------------------------------------------------


def _batch(name: str, fixed: int) -> Any:
    """Starts that all points share: a place in every point. Others: one place per point."""

    def batch(xs: tuple[Expr, ...], batched: Flags, size: int, *, at: Spec) -> Expr:
        starts = xs[fixed:]
        if any(batched[fixed:]):
            places = _places(xs[0].shape[batched[0] :], at, starts, batched[fixed:], size)
            return _pointwise(name, xs[:fixed], batched, size, places)
        arrays = lift_all(xs[:fixed], batched[:fixed], size)
        return call(name, *arrays, *starts, at=((0, size, 1), *at))

    return batch


_POINTWISE = {"dynamic_update": "scatter", "dynamic_add": "scatter_add"}


def _pointwise(
    name: str, arrays: tuple[Expr, ...], batched: Flags, size: int, places: list[Expr]
) -> Expr:
    if name == "dynamic_index" and not batched[0]:
        return call("gather", arrays[0], *places)
    lifted = lift_all(arrays, batched[: len(arrays)], size)
    rank = max(len(p.shape) for p in places)
    points = array(arrays[0], np.arange(size).reshape((size, *(1,) * (rank - 1))))
    return call(_POINTWISE.get(name, "gather"), *lifted, points, *places)


def _places(
    shape: Shape, at: Spec, starts: tuple[Expr, ...], batched: Flags, size: int
) -> list[Expr]:
    """Index arrays of the first axes, (points, *selected); the axes left out are taken whole."""
    partial = [k for k, (e, n) in enumerate(zip(at, shape, strict=True)) if e != (0, n, 1)]
    at = at[: partial[-1] + 1]
    rank = len(selected(at))
    given = iter(zip(starts, batched, strict=True))
    axes = runs(at)
    places: list[Expr] = []
    axis = 0
    for k, (entry, n) in enumerate(zip(at, shape, strict=False)):
        place = _steps(starts[0], entry, rank, axis)
        if k in axes:
            start, flag = next(given)
            start = _refuse_wrapping(start, entry, n)
            place = place + (reshaped(start, (size, *(1,) * rank)) if flag else start)
        places.append(place)
        axis += not isinstance(entry, int)
    return places


def _steps(like: Expr, entry: Entry, rank: int, axis: int) -> Expr:
    """What an entry selects, along its axis of the selection; from 0 where the start is open."""
    start, count, step = triple(entry)
    shape = [1] * (rank + 1)
    if not isinstance(entry, int):
        shape[axis + 1] = count
    offsets = (0 if start == RUN else start) + step * np.arange(count)
    return array(like, offsets.reshape(shape))


def _refuse_wrapping(start: Expr, entry: Entry, n: int) -> Expr:
    """The start, or one that fails where a window would wrap around below zero."""
    if isinstance(entry, int):
        return start
    _, count, step = entry
    lowest = start + min(0, (count - 1) * step) if count else start
    return call("select", lowest < 0, splat(start, n, ()), start)


# --- which elements meet -------------------------------------------------------------------------


def _apart(shape: Shape, at: Spec) -> tuple[Array, tuple[Any, ...]]:
    """One label for each place along the axes whose places are known, and where a part may be."""
    open_axes = runs(at)
    known = [axis for axis in range(len(shape)) if axis not in open_axes]
    return by_axes(shape, known), numpy_index(at, (0,) * len(open_axes), shape)


def _meet_read(k: int, types: Sequence[Type], result: Type, *, at: Spec) -> Pair:
    labels, part = _apart(types[0].shape, at)
    return labels, labels[part]


def _meet_written(k: int, types: Sequence[Type], result: Type, *, at: Spec) -> Pair:
    """What was there may stay."""
    if k == 0:
        every = by_axes(result.shape, range(result.ndim))
        return every, every
    labels, part = _apart(result.shape, at)
    return labels[part], labels


DYNAMIC_INDEX = linear(
    "dynamic_index",
    _infer_index,
    lambda x, *starts, at: np.asarray(x[numpy_index(at, starts, x.shape)]),
    (_transpose_index,),
    batch=_batch("dynamic_index", 1),
    sparsity=_meet_read,
    jvp=joint_jvp("dynamic_index", fixed=1),
    cost=1,
    raises=True,
    view={0: 0},
    work=lambda op: op.result.type.size,
    places=1,
    static="index",
    lower="loops",
    doc="One element or a window of fixed size per axis, from starts known at run time.",
)
DYNAMIC_UPDATE = linear(
    "dynamic_update",
    _infer_write,
    _update,
    (_transpose_update,),
    batch=_batch("dynamic_update", 2),
    sparsity=_meet_written,
    jvp=joint_jvp("dynamic_update", fixed=2),
    cost=1,
    raises=True,
    writes=0,
    reader="dynamic_index",
    places=2,
    static="update",
    lower="loops",
    doc="An array with one element or window replaced; in place where the array dies.",
)
DYNAMIC_ADD = linear(
    "dynamic_add",
    _infer_write,
    _add,
    (_transpose_add,),
    batch=_batch("dynamic_add", 2),
    sparsity=_meet_written,
    jvp=joint_jvp("dynamic_add", fixed=2),
    cost=1,
    raises=True,
    writes=0,
    rounds=True,
    reader="dynamic_index",
    places=2,
    lower="loops",
    doc="An array with values added to one element or window; in place where the array dies.",
)
