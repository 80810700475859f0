"""Shape functions. What NumPy returns as a view is a view here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tapec.errors import ShapeError
from tapec.trace import views
from tapec.trace.dispatch import convert, need_session, operand, session_of, tracer
from tapec.trace.promote import common
from tapec.trace.session import where
from tapec.trace.table import implements
from tapec.trace.tracer import Tracer, is_symbolic, wrap

Shape = tuple[int, ...]


def axis_of(axis: Any, ndim: int) -> int:
    """A normalised axis."""
    i = int(axis)
    if not -ndim <= i < ndim:
        raise np.exceptions.AxisError(i, ndim)
    return i % ndim


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    """Normalised axes; None means all."""
    if axis is None:
        return tuple(range(ndim))
    if isinstance(axis, (tuple, list)):
        return tuple(axis_of(a, ndim) for a in axis)
    return (axis_of(axis, ndim),)


def reshaped(x: Any, shape: Sequence[int]) -> Tracer:
    """A reshape: a view where NumPy's is one, else a copy."""
    seen, target = tracer(x), tuple(shape)
    if not views.reshape_is_view(_base_shape(seen), seen._steps, target):
        seen = _copy(seen)
    return seen._view(("reshape", target), target)


def _base_shape(x: Tracer) -> Shape:
    storage = x._storage
    if storage.array is not None:
        return tuple(storage.array.shape)
    assert storage.value is not None
    return storage.value.type.shape


def _copy(x: Tracer) -> Tracer:
    from tapec.trace.table import TABLE

    return TABLE["copy"](x)  # type: ignore[no-any-return]


@implements("reshape")
def reshape(
    x: Any, *sizes_or_shape: Any, order: str = "C", newshape: Any = None, copy: Any = None
) -> Any:
    """``np.reshape`` and ``x.reshape``, with one -1 allowed."""
    x = tracer(x)
    shape: Any = sizes_or_shape
    if newshape is not None:
        shape = (newshape,)
    if len(shape) == 2 and isinstance(shape[0], (tuple, list)) and isinstance(shape[1], str):
        shape, order = (shape[0],), shape[1]
    target = shape[0] if len(shape) == 1 else shape
    target = (target,) if not isinstance(target, (tuple, list)) else tuple(target)
    sizes = tuple(int(n) for n in target)
    if -1 in sizes:
        known = -math.prod(sizes)
        sizes = tuple((x.size // known if known else 0) if n == -1 else n for n in sizes)
    if math.prod(sizes) != x.size:
        raise ShapeError(
            f"cannot reshape array of size {x.size} into shape {tuple(target)}", where=where()
        )
    if order == "F":
        return transpose(reshaped(transpose(x), sizes[::-1]))
    return reshaped(x, sizes)


@implements("ravel")
def ravel(x: Any, order: str = "C") -> Any:
    """One axis; a view of contiguous arrays."""
    x = tracer(x)
    return reshaped(transpose(x) if order == "F" else x, (x.size,))


@implements("flatten")
def flatten(x: Any, order: str = "C") -> Any:
    """One axis, copied."""
    return _copy(ravel(x, order))


@implements("transpose", "permute_dims", "matrix_transpose")
def transpose(x: Any, *axes: Any) -> Any:
    """Permuted axes (reversed by default)."""
    x = tracer(x)
    order = axes[0] if len(axes) == 1 else (axes or None)
    perm = tuple(range(x.ndim))[::-1] if order is None else axes_of(tuple(order), x.ndim)
    if perm == tuple(range(x.ndim)):
        return x._view(("reshape", x.shape), x.shape)
    return x._view(("transpose", perm), tuple(x.shape[p] for p in perm))


@implements("moveaxis")
def moveaxis(x: Any, source: Any, destination: Any) -> Any:
    """``np.moveaxis``."""
    x = tracer(x)
    src, dst = axes_of(source, x.ndim), axes_of(destination, x.ndim)
    order = [i for i in range(x.ndim) if i not in src]
    for d, s in sorted(zip(dst, src, strict=True)):
        order.insert(d, s)
    return transpose(x, order)


@implements("rollaxis")
def rollaxis(x: Any, axis: int, start: int = 0) -> Any:
    """``np.rollaxis``."""
    x = tracer(x)
    axis, start = axis_of(axis, x.ndim), start % (x.ndim + 1)
    return moveaxis(x, axis, start - (axis < start))


@implements("swapaxes")
def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Two axes exchanged."""
    x = tracer(x)
    perm = list(range(x.ndim))
    i, j = axis_of(axis1, x.ndim), axis_of(axis2, x.ndim)
    perm[i], perm[j] = perm[j], perm[i]
    return transpose(x, perm)


@implements("squeeze")
def squeeze(x: Any, axis: Any = None) -> Any:
    """Axes of size one removed."""
    x = tracer(x)
    gone = [i for i, n in enumerate(x.shape) if n == 1] if axis is None else axes_of(axis, x.ndim)
    if any(x.shape[i] != 1 for i in gone):
        raise ShapeError(
            "cannot select an axis to squeeze out whose size is not one", where=where()
        )
    return reshaped(x, [n for i, n in enumerate(x.shape) if i not in gone])


@implements("expand_dims")
def expand_dims(x: Any, axis: Any) -> Any:
    """New axes of size one."""
    x = tracer(x)
    count = len(axis) if isinstance(axis, (tuple, list)) else 1
    new = axes_of(axis, x.ndim + count)
    rest = iter(x.shape)
    return reshaped(x, [1 if i in new else next(rest) for i in range(x.ndim + count)])


@implements("atleast_1d")
def atleast_1d(*xs: Any) -> Any:
    """At least one axis."""
    made = [reshaped(t, (1,)) if not (t := tracer(x)).shape else t for x in xs]
    return made[0] if len(made) == 1 else tuple(made)


@implements("atleast_2d")
def atleast_2d(*xs: Any) -> Any:
    """At least two axes."""
    made = []
    for x in xs:
        t = tracer(x)
        made.append(reshaped(t, (1,) * (2 - t.ndim) + t.shape) if t.ndim < 2 else t)
    return made[0] if len(made) == 1 else tuple(made)


@implements("atleast_3d")
def atleast_3d(x: Any) -> Any:
    """At least three axes."""
    x = tracer(x)
    shape = {0: (1, 1, 1), 1: (1, *x.shape, 1), 2: (*x.shape, 1)}.get(x.ndim)
    return reshaped(x, shape) if shape else x


@implements("broadcast_to")
def broadcast_to(x: Any, shape: Any, subok: bool = False) -> Any:
    """``np.broadcast_to``."""
    x = tracer(x)
    target = (int(shape),) if isinstance(shape, int) else tuple(int(n) for n in shape)
    if target == x.shape:
        return x
    if np.broadcast_shapes(x.shape, target) != target:
        raise ShapeError(f"cannot broadcast {x.shape} to {target}", where=where())
    session = session_of(x) or need_session()
    return wrap(session, session.emit("broadcast_to", x._value(session), shape=target))


@implements("broadcast_arrays")
def broadcast_arrays(*xs: Any, subok: bool = False) -> Any:
    """All in their common shape."""
    made = [tracer(x) for x in xs]
    shape = np.broadcast_shapes(*(t.shape for t in made))
    return tuple(broadcast_to(t, shape) for t in made)


def joined(xs: Sequence[Any], axis: int, dtype: Any = None) -> Any:
    """Concatenation in the common element type."""
    parts = [tracer(x) for x in xs]
    session = session_of(*parts) or need_session()
    target = common(*((p._dtype, p._weak) for p in parts))[0]
    values = [operand(session, p, target) for p in parts]
    made = session.emit("concatenate", *values, axis=axis) if len(values) > 1 else values[0]
    if dtype is not None:
        from tapec.ir.types import dtype_name

        made = convert(session, made, dtype_name(dtype))
    return wrap(session, made)


@implements("concatenate", "concat")
def concatenate(xs: Any, axis: Any = 0, out: Any = None, dtype: Any = None, **kw: Any) -> Any:
    """``np.concatenate``."""
    parts = [tracer(x) for x in xs]
    if axis is None:
        return joined([ravel(p) for p in parts], 0, dtype)
    return joined(parts, axis_of(axis, parts[0].ndim), dtype)


@implements("append")
def append(x: Any, values: Any, axis: Any = None) -> Any:
    """``np.append``."""
    return concatenate([x, values], axis)


@implements("stack")
def stack(xs: Any, axis: int = 0, out: Any = None, dtype: Any = None, **kw: Any) -> Any:
    """``np.stack``: one new axis."""
    parts = [tracer(x) for x in xs]
    i = axis_of(axis, parts[0].ndim + 1)
    session = session_of(*parts) or need_session()
    target = common(*((p._dtype, p._weak) for p in parts))[0]
    return wrap(
        session, session.emit("stack", *(operand(session, p, target) for p in parts), axis=i)
    )


@implements("hstack")
def hstack(xs: Any, **kw: Any) -> Any:
    """``np.hstack``."""
    parts = [atleast_1d(x) for x in xs]
    return concatenate(parts, 0 if parts[0].ndim == 1 else 1)


@implements("vstack", "row_stack")
def vstack(xs: Any, **kw: Any) -> Any:
    """``np.vstack``."""
    return concatenate([atleast_2d(x) for x in xs], 0)


@implements("dstack")
def dstack(xs: Any) -> Any:
    """``np.dstack``."""
    return concatenate([atleast_3d(x) for x in xs], 2)


@implements("column_stack")
def column_stack(xs: Any) -> Any:
    """``np.column_stack``."""
    return concatenate([transpose(atleast_2d(x)) if tracer(x).ndim < 2 else x for x in xs], 1)


@implements("block")
def block(xs: Any) -> Any:
    """``np.block``."""
    depth = _depth(xs)
    rank = max(depth, max(t.ndim for t in _flat(xs)))

    def build(x: Any, level: int) -> Any:
        if not isinstance(x, list):
            t = tracer(x)
            return reshaped(t, (1,) * (rank - t.ndim) + t.shape)
        return concatenate([build(item, level + 1) for item in x], rank - depth + level)

    return build(xs, 0)


def _depth(x: Any) -> int:
    return 1 + max(map(_depth, x)) if isinstance(x, list) else 0


def _flat(x: Any) -> list[Tracer]:
    return [t for item in x for t in _flat(item)] if isinstance(x, list) else [tracer(x)]


__all__ = ["axes_of", "axis_of", "is_symbolic", "joined", "reshaped"]
