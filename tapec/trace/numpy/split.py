"""Splitting, repeating, shifting, padding: composites of shape primitives."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.trace.arrays.cures import unsupported
from tapec.trace.arrays.operands import as_tracer
from tapec.trace.arrays.table import TABLE, implements
from tapec.trace.arrays.tracer import Tracer, is_symbolic
from tapec.trace.numpy.conversions import copy_method
from tapec.trace.numpy.join import joined
from tapec.trace.numpy.shape import (
    axes_of,
    axis_of,
    broadcast_arrays,
    broadcast_to,
    moveaxis,
    ravel,
    reshaped,
)


def along(x: Any, axis: int, key: Any) -> Any:
    """``x[..., key, ...]`` at one axis."""
    return x[(slice(None),) * axis + (key,)]


@implements("split")
def split(x: Any, sections: Any, axis: int = 0) -> list[Any]:
    """``np.split``: views, as many as divide the axis."""
    x = as_tracer(x)
    axis = axis_of(axis, x.ndim)
    return _parts(x, np.split(np.arange(x.shape[axis]), sections), axis)


@implements("array_split")
def array_split(x: Any, sections: Any, axis: int = 0) -> list[Any]:
    """``np.array_split``: views."""
    x = as_tracer(x)
    axis = axis_of(axis, x.ndim)
    return _parts(x, np.array_split(np.arange(x.shape[axis]), sections), axis)


def _parts(x: Any, parts: Any, axis: int) -> list[Any]:
    made = []
    for part in parts:
        start = int(part[0]) if len(part) else 0
        made.append(along(x, axis, slice(start, start + len(part))))
    return made


def _split_like(name: str, least: int, axis: int) -> None:
    def function(x: Any, sections: Any) -> list[Any]:
        rank = as_tracer(x).ndim
        if rank < least:
            raise ValueError(f"{name} only works on arrays of {least} or more dimensions")
        return split(x, sections, min(axis, rank - 1))

    TABLE[name] = function


_split_like("hsplit", 1, 1)
_split_like("vsplit", 2, 0)
_split_like("dsplit", 3, 2)


@implements("unstack")
def unstack(x: Any, *, axis: int = 0) -> Any:
    """The slices along an axis."""
    return tuple(moveaxis(x, axis, 0))


@implements("tile")
def tile(x: Any, reps: Any) -> Any:
    """``np.tile``."""
    x = as_tracer(x)
    counts = tuple(map(int, np.atleast_1d(np.asarray(reps))))
    rank = max(x.ndim, len(counts))
    counts = (1,) * (rank - len(counts)) + counts
    shape = (1,) * (rank - x.ndim) + x.shape
    apart = [n for c, s in zip(counts, shape, strict=True) for n in (1, s)]
    spread = [n for c, s in zip(counts, shape, strict=True) for n in (c, s)]
    repeated = broadcast_to(reshaped(x, apart), spread)
    return reshaped(repeated, [c * s for c, s in zip(counts, shape, strict=True)])


@implements("repeat")
def repeat(x: Any, repeats: Any, axis: Any = None) -> Any:
    """``np.repeat`` with constant counts."""
    x = ravel(x) if axis is None or not as_tracer(x).ndim else as_tracer(x)
    axis = axis_of(0 if axis is None else axis, x.ndim)
    places = np.repeat(np.arange(x.shape[axis]), np.asarray(repeats))
    return along(x, axis, places)


@implements("flip")
def flip(x: Any, axis: Any = None) -> Any:
    """Reversed axes: a view."""
    x = as_tracer(x)
    axes = axes_of(axis, x.ndim)
    return x[tuple(slice(None, None, -1 if i in axes else 1) for i in range(x.ndim))]


TABLE["flipud"] = lambda x: flip(x, 0)
TABLE["fliplr"] = lambda x: flip(x, 1)


@implements("rot90")
def rot90(x: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    """``np.rot90``."""
    made = as_tracer(x)[:]
    if len(set(axes_of(tuple(axes), made.ndim))) != 2 or len(axes) != 2:
        raise ValueError("len(axes) must be 2.")
    for _ in range(k % 4):
        made = flip(TABLE["swapaxes"](made, *axes), axes[0])
    return made


@implements("roll")
def roll(x: Any, shift: Any, axis: Any = None) -> Any:
    """``np.roll`` with constant shifts."""
    x = as_tracer(x)
    if axis is None:
        return reshaped(roll(ravel(x), shift, 0), x.shape)
    axes = [axis_of(a, x.ndim) for a in (axis if isinstance(axis, (tuple, list)) else (axis,))]
    shifts = list(shift) if np.ndim(shift) else [shift]
    if len(shifts) != len(axes) and 1 not in (len(shifts), len(axes)):
        raise ValueError("'shift' and 'axis' should be scalars or sequences of one length")
    if len(shifts) == 1:
        shifts *= len(axes)
    if len(axes) == 1:
        axes *= len(shifts)
    for s, a in zip(shifts, axes, strict=True):
        n = x.shape[a]
        s = int(s) % n if n else 0
        if s:
            x = joined([along(x, a, slice(n - s, n)), along(x, a, slice(0, n - s))], a)
    return x


@implements("diff")
def diff(x: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """Differences of neighbours."""
    x = as_tracer(x)
    if not n:
        return x
    axis = axis_of(axis, x.ndim)
    prepend, append = (None if e is np._NoValue else e for e in (prepend, append))
    ends = [_end(e, x, axis) for e in (prepend, x, append) if e is not None]
    if len(ends) > 1:
        x = joined(ends, axis)
    if n < 0:
        raise ValueError(f"order must be non-negative but got {n}")
    step = TABLE["not_equal" if as_tracer(x)._dtype == "bool" else "subtract"]
    for _ in range(n):
        x = step(along(x, axis, slice(1, None)), along(x, axis, slice(None, -1)))
    return x


def _end(e: Any, x: Tracer, axis: int) -> Any:
    if e is x or np.ndim(e):
        return e
    return broadcast_to(e, tuple(1 if i == axis else n for i, n in enumerate(x.shape)))


@implements("ediff1d")
def ediff1d(x: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """Differences of the flattened array, with numbers before and after them."""
    x = ravel(x)
    parts = [to_begin, TABLE["subtract"](x[1:], x[:-1]), to_end]
    for p in (to_begin, to_end):
        if p is not None and not np.can_cast(as_tracer(p).dtype, x.dtype, "same_kind"):
            raise TypeError("dtype of `to_begin` and `to_end` must be compatible with `ary`")
    given = [TABLE["astype"](ravel(p), x.dtype) for p in parts if p is not None]
    return joined(given, 0)


@implements("meshgrid")
def meshgrid(*xs: Any, indexing: str = "xy", sparse: bool = False, copy: bool = True) -> Any:
    """Coordinate grids."""
    rank = len(xs)
    if indexing not in ("xy", "ij"):
        raise ValueError("Valid values for `indexing` are 'xy' and 'ij'.")
    made = [reshaped(x, [as_tracer(x).size if j == i else 1 for j in range(rank)])
            for i, x in enumerate(xs)]  # fmt: skip
    if indexing == "xy" and rank > 1:
        made[:2] = (reshaped(m, (*m.shape[1::-1], *m.shape[2:])) for m in made[:2])
    if not sparse:
        made = list(broadcast_arrays(*made))
    return tuple(copy_method(m) for m in made) if copy else tuple(made)


@implements("ix_")
def ix_(*args: Any) -> Any:
    """An open mesh: each vector along an axis of its own."""
    vectors = [as_tracer(x) for x in args]
    if any(v.ndim != 1 for v in vectors):
        raise ValueError("Cross index must be 1 dimensional")
    for k, v in enumerate(vectors):
        if v.dtype == np.bool_ and is_symbolic(v):
            raise unsupported(np.ix_, " of traced booleans")
        if v.dtype == np.bool_:
            vectors[k] = as_tracer(np.flatnonzero(v._array))
    rank = range(len(vectors))
    return tuple(
        reshaped(v, [v.size if j == i else 1 for j in rank]) for i, v in enumerate(vectors)
    )
